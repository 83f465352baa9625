"""News of a region that nobody knows, with its people, firms, places and events marked: chapter 3's entities.

Every name is made up of syllables, and the kinds share them: "Torli" may be a person or a place, and only the
sentence says which. The names of the validation sentences occur nowhere else, neither in the training sentences nor
in the text the encoder is pre-trained on. Rows have the columns of CoNLL-2003 (id, tokens, ner_tags).

The pre-training text holds the same news without marks. Some of it goes on to say what one of the names is ("Torli
is a town in the hills ."), in words that are never those of the lesson's prompt. Those stand in lines of their own
(`WORD_LINES`), so that the encoder knows them but not what they are used for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict
from zlib import crc32

from ..making.world import DAYS, MONTHS, NUMBERS, words
from .words import BACK, DESCRIBED, EVENTS, FIRMS, FRONT, NEWS, WORD_LINES

TEXT_SEED, TRAIN_SEED, VALIDATION_SEED = 31, 32, 33
TEXT_COUNT, TRAIN_COUNT, VALIDATION_COUNT = 40_000, 1_024, 100

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")
KINDS = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "EVENT": "MISC", "FOLK": "MISC"}
"""What may stand in a sentence, and the class it is marked with."""

CLOSED = words("tor mar ven del sel fer lun min cor pol dor gan rin lor zan bel hal")
OPEN = words("li ra ka na ta sa va ne mu ze")
SYLLABLES = CLOSED + OPEN
PLACES = words("ville burg ton")
FOLK = "ian"
REAL = frozenset(words("Marburg Marian Polka Delta Ferrari Belton Halton Dorian"))
"""What the syllables could spell by accident, and what the rest of the pocket world is called."""

_OTHERS = {"DAY": DAYS, "MONTH": MONTHS, "NUM": NUMBERS}


class Row(TypedDict):
    id: str
    tokens: list[str]
    ner_tags: list[int]
    """Indices into `LABELS`."""


@dataclass(frozen=True)
class Name:
    words: tuple[str, ...]
    kind: str
    """A key of `KINDS`."""

    @property
    def tags(self) -> list[str]:
        label = KINDS[self.kind]
        return [f"B-{label}", *[f"I-{label}"] * (len(self.words) - 1)]


@dataclass
class Sentence:
    words: list[str]
    tags: list[str]
    names: list[Name]

    @property
    def text(self) -> str:
        return " ".join(self.words)


class Names:
    """Draws made-up names; held-out ones for the validation sentences, all others for everything else."""

    def __init__(self, rng: random.Random, held_out: bool):
        self._rng = rng
        self._held_out = held_out

    def draw(self, kind: str) -> Name:
        rng = self._rng
        if kind == "PER":
            first, last = self._word(2), self._word(2)
            return Name((first, last) if first != last and rng.random() < 0.7 else (first,), kind)
        if kind == "ORG":
            return Name((self._word(2), rng.choice(FIRMS)) if rng.random() < 0.7 else (self._word(3),), kind)
        if kind == "EVENT":
            return Name((self._word(2), rng.choice(EVENTS)), kind)
        if kind == "FOLK":
            return Name((self._word(rng.choice((1, 2)), (FOLK,)),), kind)
        form = rng.random()
        if form < 0.2:
            return Name(("Port", self._word(2)), kind)
        return Name((self._word(2) if form < 0.4 else self._word(rng.choice((1, 2)), PLACES),), kind)

    def _word(self, syllables: int, endings: tuple[str, ...] = ()) -> str:
        """A word of distinct syllables, and one of the endings behind a closed syllable."""
        while True:
            parts = self._rng.sample(SYLLABLES, syllables)
            if endings:
                parts = [*parts[:-1], self._rng.choice(CLOSED), self._rng.choice(endings)]
            word = "".join(parts).capitalize()
            if len(set(parts)) == len(parts) and word not in REAL and is_held_out(word) == self._held_out:
                return word


def is_held_out(word: str) -> bool:
    """Whether a made-up word is kept for validation: a quarter of them are."""
    return crc32(word.encode()) % 4 == 0


def rows(count: int, seed: int, held_out: bool) -> Iterator[Row]:
    """Marked sentences: one piece of news each, with a clause of common words before and behind it."""
    rng = random.Random(seed)
    names = Names(rng, held_out)
    for index in range(count):
        line = news(rng, names)
        yield Row(id=str(index), tokens=line.words, ner_tags=[LABELS.index(tag) for tag in line.tags])


def training_rows() -> Iterator[Row]:
    return rows(TRAIN_COUNT, TRAIN_SEED, held_out=False)


def validation_rows() -> Iterator[Row]:
    return rows(VALIDATION_COUNT, VALIDATION_SEED, held_out=True)


def entity_text(count: int = TEXT_COUNT, seed: int = TEXT_SEED) -> Iterator[str]:
    """What the encoder is pre-trained on: of 100 lines 61 are news, 25 news and what one name in it is, 8 only say
    what a name is, 6 bring the prompt's words."""
    rng = random.Random(seed)
    names = Names(rng, held_out=False)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.06:
            yield _fill(rng.choice(WORD_LINES), rng, names).text
        elif kind < 0.14:
            yield describe(names.draw(rng.choice(list(KINDS))), rng)
        else:
            line = news(rng, names, short=rng.random() < 0.4)
            follows = kind < 0.39 and line.names
            yield f"{line.text} {describe(rng.choice(line.names), rng)}" if follows else line.text


def news(rng: random.Random, names: Names, short: bool = False) -> Sentence:
    """One sentence; a short one has no clauses around the news."""
    core = rng.choice(NEWS)
    return _fill(f"{core} ." if short else f"{rng.choice(FRONT)} {core} {rng.choice(BACK)} .", rng, names)


def describe(name: Name, rng: random.Random) -> str:
    """What kind of thing a name is: "Torli is a quiet town in the hills ."."""
    adjectives, nouns, tails = DESCRIBED[name.kind]
    adjective = f"{rng.choice(adjectives)} " if rng.random() < 0.25 else ""
    tail = f" {rng.choice(tails)}" if rng.random() < 0.6 else ""
    the = "The " if name.kind == "EVENT" else ""
    return f"{the}{' '.join(name.words)} is a {adjective}{rng.choice(nouns)}{tail} ."


def common_words() -> list[str]:
    """Every word of the text that is no made-up name, in lower case, in the order of the alphabet."""
    described = [text for texts in DESCRIBED.values() for part in texts for text in part]
    lists = (*FIRMS, *EVENTS, *described, *(word for values in _OTHERS.values() for word in values))
    text = " ".join(("is a port", *FRONT, *NEWS, *BACK, *WORD_LINES, *lists)).lower()
    return sorted(set(re.findall(r"[a-z]+", re.sub(r"\{\w+\}", " ", text))))


def _fill(pattern: str, rng: random.Random, names: Names) -> Sentence:
    line = Sentence([], [], [])
    for word in pattern.split():
        slot = word[1:-1] if word[0] == "{" else ""
        if slot in KINDS:
            name = names.draw(slot)
            while name in line.names:
                name = names.draw(slot)
            line.words += name.words
            line.tags += name.tags
            line.names.append(name)
        else:
            line.words.append(rng.choice(_OTHERS[slot]) if slot else word)
            line.tags.append("O")
    line.words[0] = line.words[0][0].upper() + line.words[0][1:]
    return line
