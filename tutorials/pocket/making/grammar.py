"""Sentence frames with known probabilities: draw from them, or ask what a gap in a sentence holds.

A frame is a text with slots. Its slots are filled from left to right, each from a distribution that may depend on
the slots filled before it. So the probability of every sentence is known, and with it the true answer to the
question that a language model is trained on: which word stands here, given what stands around it?
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

Bindings = dict[str, Any]
Distribution = Mapping[Any, float]
Options = Distribution | Callable[[Bindings], Distribution]

_WORD = re.compile(r"[\w'’-]+")


def uniform(values: Collection[Any]) -> dict[Any, float]:
    """Each value equally likely."""
    return dict.fromkeys(values, 1 / len(values))


@dataclass(frozen=True)
class Frame:
    topic: str
    weight: float
    text: str
    """A format string, such as "{person.first} bought a {container} of {content}."."""
    slots: Mapping[str, Options]

    def options(self, slot: str, bindings: Bindings) -> Distribution:
        options = self.slots[slot]
        return options(bindings) if callable(options) else options


class Grammar:
    """Weighted frames. Weights need not sum to 1."""

    def __init__(self, frames: Sequence[Frame]):
        self.frames = tuple(frames)
        self._weights = [frame.weight for frame in frames]

    def sample(self, rng: random.Random) -> str:
        """One sentence."""
        frame = rng.choices(self.frames, self._weights)[0]
        bindings: Bindings = {}
        for slot in frame.slots:
            options = frame.options(slot, bindings)
            bindings[slot] = rng.choices(list(options), list(options.values()))[0]
        return _sentence(frame.text.format(**bindings))

    def gap(self, left: str, right: str | None = None) -> dict[str, float]:
        """The true distribution of the one word between `left` and `right`, in lower case; most likely first.

        `right` is the whole rest of the sentence ("of chocolates."); None stands for any rest, which is what a causal
        model knows. Empty when the grammar has no such sentence.
        """
        left = " ".join(left.lower().split())
        start = left + " " if left else ""
        rest = None if right is None else _spaced(right)
        found: dict[str, float] = defaultdict(float)
        for frame in self.frames:
            for sentence, probability in _sentences(frame, start):
                word = _WORD.match(sentence, len(start))
                if word and (rest is None or _spaced(sentence[word.end() :]) == rest):
                    found[word.group()] += frame.weight * probability
        total = sum(found.values())
        return {word: found[word] / total for word in sorted(found, key=lambda word: -found[word])}


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _spaced(text: str) -> str:
    """Lower case, words and stops apart, so that "of chocolates." and "of chocolates ." are the same."""
    return " ".join(re.findall(r"[\w'’-]+|[^\w\s]", text.lower()))


def _sentences(frame: Frame, start: str) -> Iterator[tuple[str, float]]:
    """All sentences of a frame that begin with `start`, in lower case, with their probability in the frame.

    Branches are cut as soon as the known beginning of a sentence contradicts `start`.
    """
    parts = list(Formatter().parse(frame.text))
    names = list(frame.slots)

    def known(bindings: Bindings) -> str:
        text = ""
        for literal, field, _, _ in parts:
            text += literal
            if field is not None:
                if re.split(r"[.\[]", field)[0] not in bindings:
                    break
                text += f"{{{field}}}".format(**bindings)
        return text.lower()

    def fill(index: int, bindings: Bindings, probability: float) -> Iterator[tuple[str, float]]:
        text = known(bindings)
        if text[: len(start)] != start[: len(text)]:
            return
        if index == len(names):
            if len(text) > len(start):
                yield text, probability
            return
        for value, share in frame.options(names[index], bindings).items():
            yield from fill(index + 1, {**bindings, names[index]: value}, probability * share)

    return fill(0, {}, 1.0)
