"""The review column of the village newspaper: films, books, meals and hotels, and what people thought of them.

A review has one tone, good or bad. A concession ("although the music was catchy") may name the other side first: the
last clause decides. In the column three of five reviews end with a verdict ("It is great."), and that is where a masked
model learns what the blank of a prompt asks for. The labelled reviews are all of films and carry no verdict.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from ..making.world import DAYS, MEN, MONTHS, NUMBERS, VALLEY, WOMEN
from . import words
from .words import TONES, Aspect, Tone

SEED = 21
COLUMN = 20_000
TRAIN, VALIDATION = 1_000, 600
MIXED = 0.30
"""Share of the labelled reviews that name the other side too; in the column a quarter of the longer ones."""

_NOTES = 0.04
_NEUTRAL = 0.20
"""How many clauses take no side; every review has one at least that does."""
_FAITHFUL = 0.95
"""How many verdicts follow from their review; the others are drawn without regard to it."""
_FOLLOW_UPS = {"verdict": 60, "plain": 10, "place": 10, "leaving": 10, "nothing": 10}
_VERDICTS = {
    "It is {verdict}.": 80,
    "It was {verdict}.": 6,
    "All in all, it is {verdict}.": 4,
    "In summary, it was {verdict}.": 3,
    "Overall, it is {verdict}.": 3,
    "The {named} was {verdict}.": 4,
}
_SHAPES = {"was": 56, "found": 18, "there": 12, "verb": 8, "not": 2}
_DEGREES = {"": 64, "very ": 10, "really ": 8, "rather ": 6, "quite ": 6, "so ": 6}
_WRITERS = {"we": 6, "I": 2, "everybody": 2, "the children": 1, "{name}": 2}
_NAMES = (*WOMEN[:16], *MEN[:16])


class Row(TypedDict):
    sentence: str
    label: int
    """0 negative, 1 positive."""
    idx: int


@dataclass(frozen=True)
class Review:
    text: str
    tone: Tone
    domain: str


def column(count: int = COLUMN, seed: int = SEED, without: Iterable[str] = ()) -> Iterator[str]:
    """`count` lines for pre-training; no review among them is a text of `without`."""
    rng, banned = random.Random(seed), set(without)
    for _ in range(count):
        if rng.random() < _NOTES:
            yield _filled(rng.choice(words.NOTES), rng)
            continue
        found = review(rng, rng.choice(list(words.DOMAINS)))
        while found.text in banned:
            found = review(rng, found.domain)
        yield f"{found.text} {_follow_up(found, rng)}".rstrip()


def labelled() -> tuple[list[Row], list[Row]]:
    """Film reviews to train on and to validate; all different, in either part as many good ones as bad ones."""
    rng = random.Random(SEED + 1)
    texts: dict[Tone, list[str]] = {tone: [] for tone in TONES}
    seen: set[str] = set()
    for tone in TONES:
        while len(texts[tone]) < (TRAIN + VALIDATION) // 2:
            found = review(rng, "film", tone, mixed=rng.random() < MIXED)
            if found.text not in seen:
                seen.add(found.text)
                texts[tone].append(found.text)
    return _rows(texts, slice(0, TRAIN // 2), rng), _rows(texts, slice(TRAIN // 2, None), rng)


def review(rng: random.Random, domain: str, tone: Tone | None = None, mixed: bool | None = None) -> Review:
    """One review; what is not given is drawn."""
    tone = tone or rng.choice(TONES)
    count = rng.choices((1, 2, 3), (50, 38, 12))[0]
    if mixed is None:
        mixed = count > 1 and rng.random() < 0.25
    if mixed:
        count = min(count, 2)
    other, *aspects = rng.sample(words.DOMAINS[domain], k=count + 1)
    takes_side = [rng.random() >= _NEUTRAL for _ in aspects]
    takes_side[rng.randrange(count)] = True
    tones: list[Tone] = [tone if side else "neutral" for side in takes_side]
    if count == 1 and not mixed and rng.random() < 0.35:
        text = _alone(aspects[0], tone, rng)
    else:
        text = _joined([_clause(aspect, tone, rng) for aspect, tone in zip(aspects, tones, strict=True)])
    if mixed:
        text = _conceded(other, "bad" if tone == "good" else "good", text, rng)
    text = f"{text[0].upper()}{text[1:]}."
    if rng.random() < 0.25:
        text = f"{_filled(rng.choice(words.LEADS[domain]), rng, domain)} {text}"
    return Review(text, tone, domain)


def _rows(texts: Mapping[Tone, list[str]], part: slice, rng: random.Random) -> list[Row]:
    pairs = [(text, label) for label, tone in enumerate(TONES) for text in texts[tone][part]]
    rng.shuffle(pairs)
    return [Row(sentence=text, label=label, idx=index) for index, (text, label) in enumerate(pairs)]


def _clause(aspect: Aspect, tone: Tone, rng: random.Random) -> str:
    """One clause about one thing, without a capital or a stop."""
    the, was = f"the {aspect.noun}", "were" if aspect.number == "many" else "was"
    shape = _weighted(_SHAPES, rng)
    if shape == "not" and tone != "neutral":
        contrary = _adjective(aspect, "bad" if tone == "good" else "good", rng)
        return f"{the} {was} {rng.choice(('not', 'not at all', 'never', 'anything but'))} {contrary}"
    if shape == "verb":
        return f"{_writer(rng)} {rng.choice(words.VERBS[tone])} {the}"
    adjective = _adjective(aspect, tone, rng)
    if shape == "there":
        return f"there {was} {_with_article(adjective, aspect)}"
    if adjective not in words.ADJECTIVES["any"][tone]:  # nothing is "very superb"
        adjective = _weighted(_DEGREES, rng) + adjective
    if shape == "found":
        return f"{_writer(rng)} found {the} {adjective}"
    return f"{the} {was} {adjective}"


def _alone(aspect: Aspect, tone: Tone, rng: random.Random) -> str:
    """A review that is one clause, in one of the shapes that do not join well with others."""
    one = _adjective(aspect, tone, rng)
    if rng.random() < 0.6:
        return f"{rng.choice(('what', 'such'))} {_with_article(one, aspect)}"
    two = _adjective(aspect, tone, rng)
    while two == one:
        two = _adjective(aspect, tone, rng)
    return f"the {aspect.noun} {'were' if aspect.number == 'many' else 'was'} {one} and {two}"


def _joined(clauses: list[str]) -> str:
    *first, last = clauses
    return f"{', '.join(first)} and {last}" if first else last


def _conceded(aspect: Aspect, tone: Tone, text: str, rng: random.Random) -> str:
    """`text` after a concession to the other side."""
    shape = rng.choice(("although", "but", "despite"))
    if shape == "but":
        return f"{_clause(aspect, tone, rng)}, but {text}"
    if shape == "although":
        return f"although {_clause(aspect, tone, rng)}, {text}"
    return f"{rng.choice(('despite', 'in spite of'))} the {_adjective(aspect, tone, rng)} {aspect.noun}, {text}"


def _follow_up(found: Review, rng: random.Random) -> str:
    """What stands after a review in the column, or nothing."""
    kind = _weighted(_FOLLOW_UPS, rng)
    if kind == "nothing":
        return ""
    if kind == "plain":
        return f"It is {rng.choice(words.PLAIN[found.domain])}."
    if kind in ("place", "leaving"):
        return _filled((words.PLACES if kind == "place" else words.LEAVINGS)[found.domain], rng)
    tone = found.tone if rng.random() < _FAITHFUL else rng.choice(TONES)
    verdict = _weighted(words.VERDICTS[tone], rng)
    return _weighted(_VERDICTS, rng).format(verdict=verdict, named=words.NAMED[found.domain])


def _adjective(aspect: Aspect, tone: Tone, rng: random.Random) -> str:
    of_kind, of_any = words.ADJECTIVES[aspect.kind][tone], words.ADJECTIVES["any"][tone]
    return rng.choice(of_any if of_any and rng.random() < 0.6 else of_kind)


def _with_article(adjective: str, aspect: Aspect) -> str:
    article = "" if aspect.number != "one" else "an " if adjective[0] in "aeiou" else "a "
    return f"{article}{adjective} {aspect.noun}"


def _writer(rng: random.Random) -> str:
    return _weighted(_WRITERS, rng).format(name=rng.choice(_NAMES))


def _filled(text: str, rng: random.Random, domain: str = "film") -> str:
    """A sentence with its names, days and hours."""
    title = rng.choice(words.TITLES[domain])
    filled = text.format(
        title=title,
        name=rng.choice(_NAMES),
        town=rng.choice(VALLEY),
        day=rng.choice(DAYS),
        month=rng.choice(MONTHS),
        hour=rng.choice(NUMBERS[5:]),
        number=rng.choice(NUMBERS[2:]),
    )
    return filled[0].upper() + filled[1:]


def _weighted(weights: Mapping[str, int], rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
