"""The people and things of the pocket world: a valley of twelve small towns, and facts about them that agree.

Everything follows from one seed. The sentences of the village newspaper (`village/sentences.py`) only ever say what
this world holds: a shop has one owner, one town and its own goods, a film one director, a team one captain and one
colour. The name lists are wider than the valley, so that the encyclopedia (`village/articles.py`) can write about
people who are no villagers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

SEED = 2024


def words(text: str) -> tuple[str, ...]:
    """The words of a list that is easier to read as text."""
    return tuple(text.split())


WOMEN = words(
    "Ada Agnes Alice Anna Beth Clara Cora Daisy Dora Edith Ella Emma Esther Eva Flora Grace Hanna Helen Ida Irene "
    "Jane Julia Laura Lucy Mabel Martha Mary Nora Olive Rose Ruth Vera"
)
MEN = words(
    "Adam Albert Arthur Ben Carl Daniel David Edgar Edwin Felix Frank Fred George Hans Harold Henry Hugo Jack James "
    "John Karl Leo Martin Oscar Otto Paul Peter Ralph Robert Simon Thomas Walter"
)
SURNAMES = words(
    "Abbot Archer Barlow Bell Bennet Birch Blake Bolton Brook Burton Carter Chapman Clay Cole Cooper Crane "
    "Cross Dale Dawson Dixon Drake Ellis Farrow Field Finch Ford Foster Fox Frost Gale Garner Gibbs Grant "
    "Gray Green Hale Hardy Harper Heath Hill Holt Hood Hunt Kemp Kent King Knight Lamb Lane Marsh Mason Mercer "
    "Moss Nash North Page Palmer Park Pearce Pike Porter Price Quinn Reed Rice Shaw Stone Swift Tanner Todd "
    "Turner Vale Wade Walker Ward Webb Wells West Winter Wood Young"
)
VALLEY = words("Alder Barton Colby Denham Elmford Farley Hayfield Linton Marlow Norton Selby Wickham")
TOWNS = (
    *VALLEY,
    *words(
        "Ashby Bexley Bradwell Brigham Burford Carlow Clifton Corby Dalton Dunmore Eastbury Fairfield Grimsby Halton "
        "Holford Kelso Kirkby Lambton Langley Milford Newbury Oakham Penrith Ripley Rowden Sedgeley Stanton Thornton "
        "Upton Walford Weston Whitby Winslow Woodley"
    ),
)
MONTHS = words("January February March April May June July August September October November December")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
COLOURS = words("red blue green yellow black white")
NUMBERS = words("two three four five six seven eight nine ten eleven twelve")


@dataclass(frozen=True)
class Person:
    first: str
    last: str
    woman: bool
    town: str
    job: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def their(self) -> str:
        return "her" if self.woman else "his"


@dataclass(frozen=True)
class Shop:
    kind: str
    goods: tuple[str, ...]
    """What one buys there, each with its own article or number: "a loaf of bread"."""
    sold: tuple[str, ...]
    """What the sign says, without an article: "bread"."""
    town: str
    owner: Person
    opens: str


@dataclass(frozen=True)
class Film:
    title: str
    genre: str
    about: str
    director: Person
    star: Person
    town: str
    """Where the film was made."""


@dataclass(frozen=True)
class Team:
    town: str
    sport: str
    colour: str
    captain: Person
    day: str
    """The day of the week on which it trains."""


_SHOPS = {
    "bakery": ("a loaf of bread|six rolls|an apple cake|a plum tart", "bread|rolls|cakes"),
    "bookshop": ("a cookery book|an old map|a novel|a book of poems", "books|maps|cards"),
    "hardware shop": ("a hammer|a garden hose|a box of nails|an oil lamp", "tools|nails|paint"),
    "flower shop": ("a bunch of roses|a pot of ivy|ten tulips|a rose bush", "roses|tulips|seeds"),
    "toy shop": ("a wooden train|a kite|a doll|a blue ball", "toys|kites|games"),
    "tea room": ("a pot of tea|a slice of cake|a warm scone|a cup of cocoa", "tea|coffee|cake"),
    "shoe shop": ("a pair of boots|a pair of sandals|new laces|a pair of slippers", "boots|shoes|laces"),
    "cheese shop": ("a piece of cheese|a jar of honey|some butter|a dozen eggs", "cheese|butter|eggs"),
    "fish shop": ("a fresh trout|a smoked herring|two salmon|a pound of mussels", "trout|herring|mussels"),
    "music shop": ("a violin|a set of strings|an old flute|a book of songs", "violins|flutes|strings"),
    "repair shop": ("a used radio|a new plug|an electric kettle|a desk lamp", "radios|lamps|kettles"),
    "wool shop": ("a ball of wool|a pair of needles|a warm scarf|a grey blanket", "wool|buttons|scarves"),
}
_FILMS = (
    ("The Long Winter", "drama", "a family in the snow"),
    ("Two Brothers", "comedy", "a shop that sells nothing"),
    ("The Last Train", "thriller", "a letter that comes too late"),
    ("Summer Rain", "love story", "a summer by the sea"),
    ("The Lost Key", "mystery", "an empty house"),
    ("A Night in Marlow", "comedy", "a wedding without a cake"),
    ("The Quiet Hill", "drama", "a farmer and his daughter"),
    ("Under the Bridge", "thriller", "a stolen boat"),
)
_JOBS = words(
    "doctor teacher nurse farmer carpenter postman gardener painter plumber librarian singer driver clerk photographer"
)
SPORTS = words("football cricket hockey tennis")


@dataclass(frozen=True)
class World:
    people: tuple[Person, ...]
    shops: tuple[Shop, ...]
    films: tuple[Film, ...]
    teams: tuple[Team, ...]

    def opponents(self, team: Team) -> tuple[Team, ...]:
        """The other teams of the same sport."""
        return tuple(other for other in self.teams if other.sport == team.sport and other != team)


def make_world(seed: int = SEED) -> World:
    """The valley: 60 people, a shop and two teams in each of 12 towns, eight films."""
    rng = random.Random(seed)
    firsts = [(name, True) for name in WOMEN] + [(name, False) for name in MEN]
    rng.shuffle(firsts)
    lasts = rng.sample(SURNAMES, 60)
    people = tuple(
        Person(first, last, woman, VALLEY[index % len(VALLEY)], _JOBS[index % len(_JOBS)])
        for index, ((first, woman), last) in enumerate(zip(firsts, lasts, strict=False))
    )
    kinds = list(_SHOPS)
    rng.shuffle(kinds)
    shops = []
    for index, (kind, town) in enumerate(zip(kinds, VALLEY, strict=True)):
        goods, sold = (tuple(words.split("|")) for words in _SHOPS[kind])
        owner = Person(**{**people[index].__dict__, "job": "shopkeeper"})
        shops.append(Shop(kind, goods, sold, town, owner, rng.choice(("seven", "eight", "nine", "ten"))))
    people = (*(shop.owner for shop in shops), *people[len(shops) :])
    makers = rng.sample(people[len(shops) :], 2 * len(_FILMS))
    films = tuple(
        Film(title, genre, about, makers[2 * i], makers[2 * i + 1], rng.choice(VALLEY))
        for i, (title, genre, about) in enumerate(_FILMS)
    )
    teams = []
    for index, town in enumerate(VALLEY):
        locals_ = [person for person in people if person.town == town]
        for offset in (0, 1):
            sport = SPORTS[(index + offset) % len(SPORTS)]
            teams.append(Team(town, sport, rng.choice(COLOURS), rng.choice(locals_), rng.choice(DAYS[:5])))
    return World(people, tuple(shops), films, tuple(teams))
