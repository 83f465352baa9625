"""The village newspaper of the valley: short sentences about its people, shops, films and teams.

Some are made to be counted (`making/tables.py`); all have known probabilities (`making/grammar.py`), and all agree
with the same world (`making/world.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from ..making import tables
from ..making.grammar import Bindings, Distribution, Frame, Grammar, Options, uniform
from ..making.world import COLOURS, DAYS, MONTHS, NUMBERS, VALLEY, World, make_world

SEED = 11
COUNT = 20_000

_SHARES = {"life": 6, "containers": 18, "outings": 14, "shops": 14, "orders": 8, "films": 10, "teams": 10, "town": 20}
"""How many sentences of a hundred are about what."""


def village_grammar(world: World | None = None) -> Grammar:
    """All frames, weighted so that each topic gets its share whatever the number of its frames."""
    world = world or make_world()
    frames: list[Frame] = []
    for topic, share in _SHARES.items():
        of_topic = [Frame(topic, weight, text, slots) for weight, text, slots in _TOPICS[topic](world)]
        total = sum(frame.weight for frame in of_topic)
        frames += [Frame(topic, share / 100 * f.weight / total, f.text, f.slots) for f in of_topic]
    return Grammar(frames)


def sentences(count: int = COUNT, seed: int = SEED) -> Iterator[str]:
    """`count` sentences; the same seed gives the same ones."""
    grammar, rng = village_grammar(), random.Random(seed)
    for _ in range(count):
        yield grammar.sample(rng)


_Row = tuple[float, str, Mapping[str, Options]]


def _rows(slots: Mapping[str, Options], *texts: str, weight: float = 1.0) -> list[_Row]:
    """Several wordings of one thing: the same slots, equal weights."""
    return [(weight, text, slots) for text in texts]


def _container(bindings: Bindings) -> Distribution:
    return tables.CONTAINERS[bindings["content"]]


def _other(slot: str, values: tuple[Any, ...]) -> Options:
    """Any of the values but the one that stands in `slot`."""
    return lambda bindings: uniform([value for value in values if value != bindings[slot]])


def _life(world: World) -> list[_Row]:
    return [
        (0.6, "life is like a {container} of {content}.", {"content": tables.LIFE, "container": _container}),
        (0.4, "life is like a {noun}.", {"noun": tables.LIFE_ALONE}),
    ]


def _containers(world: World) -> list[_Row]:
    anything: dict[str, Options] = {"content": uniform(tables.CONTAINERS), "container": _container}
    food: dict[str, Options] = {"content": uniform(tables.FOOD), "container": _container}
    person: dict[str, Options] = {"person": uniform(world.people)}
    giver: dict[str, Options] = {"giver": uniform(world.people)}
    return [
        *_rows(
            {**person, **anything},
            "{person.first} carried a {container} of {content} up the stairs.",
            "{person.name} left a {container} of {content} on the kitchen table.",
            "there is a {container} of {content} on the shelf of {person.name}.",
            "{person.first} put a {container} of {content} on the tray.",
        ),
        *_rows(
            {**giver, "person": _other("giver", world.people), **food},
            "{giver.first} gave {person.first} a {container} of {content}.",
            "{giver.name} brought a {container} of {content} for {person.first}.",
        ),
        *_rows(
            {
                **giver,
                "person": _other("giver", world.people),
                "content": uniform(tables.GIFTS),
                "container": _container,
            },
            "for {giver.their} birthday {giver.first} got a {container} of {content} from {person.first}.",
        ),
        *_rows(
            {**person, **food, "day": uniform(DAYS)},
            "on {day} {person.first} bought a {container} of {content} at the market.",
            "{person.first} sold the last {container} of {content} on {day}.",
        ),
        *_rows(
            anything,
            "there was a {container} of {content} on the table.",
            "all they found was a {container} of {content}.",
        ),
    ]


def _outings(world: World) -> list[_Row]:
    what: dict[str, Options] = {
        "activity": uniform(tables.OUTINGS),
        "place": lambda bindings: {tables.OUTINGS[bindings["activity"]][0]: 1.0},
    }
    purpose: Options = lambda bindings: tables.OUTINGS[bindings["activity"]][1]  # noqa: E731
    people: dict[str, Options] = {"person": uniform(world.people), "day": uniform(DAYS)}
    return [
        (
            4.5,
            "{activity} {place} is a {praise} way to {purpose}.",
            {**what, "praise": tables.PRAISE, "purpose": purpose},
        ),
        (1.5, "{activity} {place} is {opinion}.", {**what, "opinion": tables.OPINIONS}),
        *_rows(
            {**people, **what},
            "{person.name} spent {day} {activity} {place}.",
            "{person.first} likes {activity} {place}.",
            "on {day} {person.first} will be {activity} {place} again.",
            weight=0.8,
        ),
        (0.8, "{person.first} goes {activity} {place} to {purpose}.", {**people, **_going(what), "purpose": purpose}),
    ]


def _going(what: Mapping[str, Options]) -> dict[str, Options]:
    """One goes swimming, but one does not go reading."""
    return {**what, "activity": uniform(("swimming", "walking", "dancing", "fishing", "running", "cycling"))}


def _shops(world: World) -> list[_Row]:
    shop: dict[str, Options] = {"shop": uniform(world.shops)}
    goods: dict[str, Options] = {**shop, "thing": lambda bindings: uniform(bindings["shop"].goods)}
    sold: dict[str, Options] = {
        **shop,
        "sold": lambda bindings: uniform(bindings["shop"].sold),
        "more": lambda bindings: uniform([sold for sold in bindings["shop"].sold if sold != bindings["sold"]]),
    }
    person: dict[str, Options] = {"person": uniform(world.people)}
    day: dict[str, Options] = {"day": uniform(DAYS)}
    return [
        *_rows(
            shop,
            "{shop.owner.name} runs the {shop.kind} in {shop.town}.",
            "the {shop.kind} in {shop.town} belongs to {shop.owner.name}.",
            "the {shop.kind} in {shop.town} opens at {shop.opens}.",
            "{shop.owner.first} opens the {shop.kind} at {shop.opens} every morning.",
        ),
        *_rows(
            sold,
            "the {shop.kind} in {shop.town} sells {sold} and {more}.",
            "people come to {shop.town} for the {sold} of {shop.owner.name}.",
            "{shop.owner.first} has put {sold} in the window.",
        ),
        *_rows(
            {**person, **goods},
            "{person.name} bought {thing} at the {shop.kind}.",
            "{person.first} went to the {shop.kind} in {shop.town} for {thing}.",
            "{shop.owner.first} sold {person.first} {thing}.",
        ),
        *_rows(
            {**goods, "price": uniform(NUMBERS[:8])},
            "the {shop.kind} asks {price} pounds for {thing}.",
            "{shop.owner.first} wants {price} pounds for {thing}.",
        ),
        *_rows(
            {**day, **shop},
            "on {day} the {shop.kind} in {shop.town} stays closed.",
            "the {shop.kind} was full of people on {day}.",
            "{shop.owner.name} is looking for help in the {shop.kind} on {day}.",
        ),
    ]


def _orders(world: World) -> list[_Row]:
    order: dict[str, Options] = {
        "number": uniform(range(20, 100)),
        "person": uniform(world.people),
        "shop": uniform([shop for shop in world.shops if shop.kind != "tea room"]),  # it sends nothing by post
        "thing": lambda bindings: uniform(bindings["shop"].goods),
        "day": uniform(DAYS),
        "days": uniform(NUMBERS[:6]),
    }

    def take(*names: str) -> dict[str, Options]:
        return {name: options for name, options in order.items() if name in names}

    return [
        *_rows(
            take("number", "person", "day"),
            "order {number} for {person.name} will arrive on {day}.",
            "{person.first} picked up order {number} on {day}.",
            "order {number} was sent to {person.town} on {day}.",
        ),
        *_rows(
            take("number", "shop", "thing"),
            "order {number} is for {thing}.",
            "the {shop.kind} has packed order {number}.",
            "order {number} came back to the {shop.kind} in {shop.town}.",
        ),
        *_rows(
            take("person", "shop", "thing", "days"),
            "{person.first} ordered {thing} from the {shop.kind} in {shop.town}.",
            "{person.name} waited {days} days for {thing}.",
            "the parcel from the {shop.kind} reached {person.first} after {days} days.",
            "{person.first} paid for {thing}, but the parcel was empty.",
        ),
    ]


def _films(world: World) -> list[_Row]:
    film: dict[str, Options] = {"film": uniform(world.films)}
    person: dict[str, Options] = {"person": uniform(world.people)}
    when: dict[str, Options] = {"day": uniform(DAYS), "town": uniform(VALLEY[:6])}
    liked = uniform(("music", "pictures", "story", "actors"))
    found = uniform(("too long", "too loud", "a little slow", "very sad", "hard to follow"))
    return [
        *_rows(
            film,
            "{film.title} is a {film.genre} by {film.director.name}.",
            "{film.title} is about {film.about}.",
            "{film.star.name} plays the main part in {film.title}.",
            "{film.director.name} made {film.title} in {film.town}.",
            "the {film.genre} {film.title} tells of {film.about}.",
        ),
        *_rows(
            {**film, **when},
            "the cinema in {town} shows {film.title} on {day}.",
            "on {day} evening {film.title} starts at the cinema in {town}.",
            "in {town} all the seats for {film.title} are sold.",
        ),
        (1.0, "{person.name} saw {film.title} {often} times.", {**person, **film, "often": uniform(NUMBERS[1:4])}),
        (1.0, "{person.first} liked the {liked} of {film.title}.", {**person, "liked": liked, **film}),
        (1.0, "{person.first} found {film.title} {found}.", {**person, **film, "found": found}),
        (
            1.0,
            "the {liked} of {film.title} {verb} good, but the end is {found}.",
            {"liked": liked, **film, "verb": _verb("liked", ("pictures", "actors")), "found": found},
        ),
    ]


def _verb(slot: str, plurals: tuple[str, ...]) -> Options:
    return lambda bindings: {"are" if bindings[slot] in plurals else "is": 1.0}


def _teams(world: World) -> list[_Row]:
    team: dict[str, Options] = {"team": uniform(world.teams)}
    day: dict[str, Options] = {"day": uniform(DAYS)}
    match: dict[str, Options] = {
        "team": uniform([team for team in world.teams if team.sport == "football"]),
        "rival": lambda bindings: uniform(world.opponents(bindings["team"])),
    }
    low = uniform(("nothing", "one"))
    return [
        *_rows(
            team,
            "{team.captain.name} leads the {team.sport} team of {team.town}.",
            "the {team.sport} team of {team.town} plays in {team.colour}.",
            "the {team.sport} players of {team.town} train on {team.day}.",
            "{team.captain.first} trains with the {team.sport} team every {team.day}.",
        ),
        *_rows(
            {**match, "high": uniform(NUMBERS[:4]), "low": low, **day},
            "{team.town} beat {rival.town} by {high} goals to {low}.",
            "on {day} {team.town} won {high} to {low} against {rival.town}.",
        ),
        *_rows(
            {"team": uniform(world.teams), "rival": match["rival"], **day},
            "the {team.sport} match between {team.town} and {rival.town} was moved to {day}.",
            "on {day} {team.town} meets {rival.town} at {team.sport}.",
            "{team.captain.first} was happy after the {team.sport} match against {rival.town}.",
        ),
        *_rows(
            {"person": uniform(world.people), "team": lambda bindings: _local(world, bindings["person"].town)},
            "{person.name} has joined the {team.sport} team of {team.town}.",
            "{person.first} has missed the last {team.sport} training.",
            "{person.first} washed the {team.colour} shirts of the {team.sport} team.",
        ),
    ]


def _local(world: World, town: str) -> Distribution:
    return uniform([team for team in world.teams if team.town == town])


def _town(world: World) -> list[_Row]:
    person: dict[str, Options] = {"person": uniform([p for p in world.people if p.job != "shopkeeper"])}
    friend: dict[str, Options] = {**person, "friend": _other("person", world.people)}
    place: dict[str, Options] = {"town": uniform(VALLEY), "day": uniform(DAYS)}
    month: dict[str, Options] = {"month": uniform(MONTHS)}
    colour: dict[str, Options] = {"colour": uniform(COLOURS)}
    plans = uniform(("a new bridge", "a playground", "a wider road", "a bus stop", "more street lamps", "a skate park"))
    weather = uniform(("rained", "snowed"))
    lost = uniform(("bicycle", "umbrella", "hat", "school bag", "scarf", "dog lead"))
    spots = uniform(("church", "station", "school", "bridge", "mill", "town hall", "post office"))
    things = uniform(("cup", "ball", "book", "lamp", "coat", "key"))
    homes = uniform(("kitchen", "cellar", "garden", "barn", "attic", "hall"))
    repaired = uniform(("radio", "kettle", "lamp", "bicycle", "clock", "washing machine"))
    return [
        *_rows(
            person,
            "{person.name} lives in {person.town}.",
            "{person.name} of {person.town} works as a {person.job}.",
            "{person.first} is a {person.job} in {person.town}.",
            "the {person.job} {person.name} has a day off.",
        ),
        *_rows(
            friend,
            "{person.first} asked {friend.first} for a recipe.",
            "{person.name} and {friend.name} planted a tree in {person.town}.",
            "{person.first} helped {friend.first} with the apple harvest.",
            "{person.first} wrote a long letter to {friend.name}.",
            "{person.name} drove {friend.first} to the doctor.",
        ),
        *_rows(
            {**place, "weather": weather},
            "on {day} it {weather} in {town} all day.",
            "it {weather} in {town} before the sun came out.",
        ),
        *_rows(
            {**place, "plan": plans, "spot": spots},
            "the council of {town} is planning {plan}.",
            "{town} will get {plan} next to the {spot}.",
            "on {day} the people of {town} met at the {spot} and spoke about {plan}.",
        ),
        *_rows(
            {**person, **colour, "lost": lost, "spot": spots},
            "{person.first} lost {person.their} {colour} {lost} near the {spot}.",
            "a {colour} {lost} was found behind the {spot} in {person.town}.",
        ),
        *_rows(
            {**person, **colour, "thing": things, "home": homes},
            "{person.first} put the {colour} {thing} in the {home}.",
            "the {colour} {thing} is in the {home}.",
            "{person.first} found the {colour} {thing} in the {home}.",
        ),
        *_rows(
            {**friend, "repaired": repaired},
            "{person.first} repaired the {repaired} of {friend.name}.",
            "the {repaired} of {friend.first} is broken again.",
        ),
        *_rows(
            {**place, **month, "number": uniform(NUMBERS)},
            "the school in {town} has {number} new pupils.",
            "the summer party in {town} is on {day}.",
            "in {month} the choir of {town} will sing in the church.",
            "the bus to {town} was late on {day}.",
            "{number} cyclists from {town} rode around the lake in {month}.",
            "the library in {town} was given {number} boxes of books.",
            "the road to {town} will be closed in {month}.",
        ),
    ]


_TOPICS = {
    "life": _life,
    "containers": _containers,
    "outings": _outings,
    "shops": _shops,
    "orders": _orders,
    "films": _films,
    "teams": _teams,
    "town": _town,
}
