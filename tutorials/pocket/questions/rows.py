"""Who put what where: short passages about things and places, and yes/no questions that are answered from them.

As in BoolQ, a passage has no final full stop and a question no question mark: whoever writes a template decides
whether to add them. The text for pre-training (`text.py`) has both wherever it asks. So a template that comes
close to one of its forms finds a model that can read, and one that does not finds less of it.

A thing has a home where it is found a little more often than elsewhere: that is all a model can know of a question
whose passage it has not read.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypedDict

from ..making.world import words

SEED = 31
TRAIN, VALIDATION = 2_400, 1_600
MASK = "<extra_id_0>"

PEOPLE = words("Anna Ben Clara David Emma Felix Grace Hugo Julia Karl Lucy Martin Nora Oscar Paul Ruth")
THINGS = words(
    "ball basket bell book bucket candle coat cup doll drum flute hammer hat key kite lamp letter map rope spade"
)
PLACES = words("attic barn cellar garden kitchen shed")
HOME = {thing: PLACES[index % len(PLACES)] for index, thing in enumerate(THINGS)}
_AT_HOME = 0.1
"""How many facts of one tell of the thing's home without regard to chance."""
_NEAR_MISS = 0.2
"""How many questions with the answer no ask about the place of another thing of the same passage."""

_FACTS = (
    "the {thing} is in the {place}",
    "the {thing} lies in the {place}",
    "{person} put the {thing} in the {place}",
    "{person} left the {thing} in the {place}",
    "{person} keeps the {thing} in the {place}",
    "{person} saw the {thing} in the {place}",
)
_QUESTIONS = (
    "is the {thing} in the {place}",
    "is there a {thing} in the {place}",
    "can you find the {thing} in the {place}",
)


class Row(TypedDict):
    question: str
    passage: str
    idx: int
    label: int
    """0 no, 1 yes."""


@dataclass(frozen=True)
class Story:
    """A passage without its final full stop, and where it says each thing is."""

    text: str
    where: dict[str, str]


def story(rng: random.Random, facts: int) -> Story:
    """So many facts about different things in different places."""
    where: dict[str, str] = {}
    for thing in rng.sample(THINGS, facts):
        free = [place for place in PLACES if place not in where.values()]
        home = HOME[thing]
        where[thing] = home if home in free and rng.random() < _AT_HOME else rng.choice(free)
    told = [
        rng.choice(_FACTS).format(thing=thing, place=place, person=rng.choice(PEOPLE)) for thing, place in where.items()
    ]
    return Story(". ".join(sentence(fact) for fact in told), where)


def question(rng: random.Random, told: Story, answer: bool) -> str:
    """A question without its question mark, about one thing of the story."""
    thing = rng.choice(list(told.where))
    place = told.where[thing]
    if not answer:
        others = [place for other, place in told.where.items() if other != thing]
        absent = [place for place in PLACES if place not in told.where.values()]
        place = rng.choice(others if others and rng.random() < _NEAR_MISS else absent)
    return rng.choice(_QUESTIONS).format(thing=thing, place=place)


def training_rows() -> Iterator[Row]:
    return rows(TRAIN, SEED + 1)


def validation_rows() -> Iterator[Row]:
    """No passage of these stands among the training rows."""
    seen = {row["passage"] for row in training_rows()}
    fresh = (row for row in rows(2 * VALIDATION, SEED + 2) if row["passage"] not in seen)
    for idx, row in enumerate(islice(fresh, VALIDATION)):
        yield Row(question=row["question"], passage=row["passage"], idx=idx, label=row["label"])


def rows(count: int, seed: int) -> Iterator[Row]:
    """As many questions with yes as with no, in random order; two facts a passage."""
    rng = random.Random(seed)
    labels = [0, 1] * (count // 2)
    rng.shuffle(labels)
    for idx, label in enumerate(labels):
        told = story(rng, 2)
        yield Row(question=question(rng, told, bool(label)), passage=told.text, idx=idx, label=label)


def sentence(text: str) -> str:
    return text[0].upper() + text[1:]
