"""A few hundred small encyclopedia articles of our own making, with the columns and order of wikimedia/wikipedia."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

SHARDS = 41
ARTICLES_PER_SHARD = 8

FIRST = "Anna Bela Carl Dora Emil Frida Georg Hanna Ivo Jana Karl Lena Marek Nora Otto Paula Rolf Sonja Tomas Vera"
LAST = "Abel Brand Corvin Dahl Eriks Falk Graven Holm Ising Jensen Kroll Lund Moreau Novak Olden Petri Quist Rask"
TOWNS = "Alder Birken Calder Dorum Elsing Fennby Garsted Hollen Inver Jarrow Kelby Lowick Marden Norby Oxley Pell"
TRADES = "weaver printer botanist teacher surveyor glassmaker painter doctor composer engineer baker miller"
WORKS = "maps songs bridges essays clocks gardens letters plays portraits ovens"

SENTENCES = (
    "{she_} was born in {town} on {day} {month} {year}, the {nth} child of a {trade}.",
    "After school in {town} {she} worked for {n} years as a {trade} and read at night.",
    "In {year} {she} moved to {town}, where the mill by the river needed a {trade}.",
    "The town council of {town} ordered from {her} shop in {year} a set of {works}, still kept in the hall.",
    "{her_} best known {works} were shown in {town} in {year} and later in {town2}.",
    "A letter of {year} tells that {she} walked from {town} to {town2} in {n} days because the train did not run.",
    "Critics in {town} wrote that the {works} were careful and plain, and that nothing in them was borrowed.",
    "{she_} taught at the school of {town} from {year} and had {n} pupils in the first year.",
    "In the winter of {year} the river rose over the lower streets of {town} and {her} workshop was lost.",
    "With {friend}, a {trade} from {town}, {she} opened a small shop for {works} in {year}.",
    "The two of them did not agree about money, and the shop was closed after {n} years.",
    "{she_} married in {year} and lived in a house near the old bridge of {town2}.",
    "A street in {town} and a medal of the society of {town2} carry {her} name.",
    "{she_} died in {town2} in {year} and left {her} papers to the library of {town}.",
)


@dataclass(frozen=True, slots=True)
class Article:
    id: str
    url: str
    title: str
    text: str


def articles(seed: int = 7) -> Iterator[list[Article]]:
    """Yield the shards in order. As in the real data the oldest pages, in shard 0, are far longer than average."""
    random_ = random.Random(seed)
    page = 12
    for shard in range(SHARDS):
        rows = []
        for position in range(ARTICLES_PER_SHARD):
            page += random_.randint(1, 4000)
            if (shard, position) == (17, 3):
                title, text = "William Edward Whitehouse", WHITEHOUSE
            else:
                title, text = _life(random_, sentences=random_.randint(27, 33) * (4 if shard == 0 else 1))
            url = "https://en.wikipedia.org/wiki/" + title.replace(" ", "_")
            rows.append(Article(str(page), url, title, text))
        yield rows


def _life(random_: random.Random, sentences: int) -> tuple[str, str]:
    name = f"{random_.choice(FIRST.split())} {random_.choice(LAST.split())}"
    she, her = random_.choice((("she", "her"), ("he", "his")))
    opening = f"{name} was a {random_.choice(TRADES.split())} from {random_.choice(TOWNS.split())}."
    lines = [opening]
    for index in range(sentences):
        if index and index % 12 == 0:
            lines.append("\n\nLater life\n")
        town, town2 = random_.sample(TOWNS.split(), 2)
        lines.append(
            random_.choice(SENTENCES).format(
                she=she,
                her=her,
                she_=she.capitalize(),
                her_=her.capitalize(),
                town=town,
                town2=town2,
                day=random_.randint(1, 28),
                month=random_.choice(("March", "May", "June", "October")),
                year=random_.randint(1790, 1938),
                nth=random_.choice(("first", "second", "third")),
                n=random_.randint(2, 30),
                trade=random_.choice(TRADES.split()),
                works=random_.choice(WORKS.split()),
                friend=f"{random_.choice(FIRST.split())} {random_.choice(LAST.split())}",
            )
        )
    return name, " ".join(lines).replace(" \n", "\n").replace("\n ", "\n")


WHITEHOUSE = (
    "William Edward Whitehouse (20 May 1859 – 12 January 1935) was an English cellist.\n\n"
    "Career\nHe studied for one year with Alfredo Piatti, the best known cellist in London at that time. "
    + " ".join(
        f"In {year} he gave {count} concerts, {share} of them with a string quartet, and in the same year he taught."
        for year, count, share in (
            (1883, 21, 9),
            (1886, 34, 12),
            (1889, 28, 11),
            (1892, 40, 18),
            (1895, 31, 14),
        )
    )
    + " He taught for many years, and several of his pupils became teachers in their turn."
)
