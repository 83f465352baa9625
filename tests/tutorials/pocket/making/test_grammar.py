"""The true distribution of a gap: it weighs what is known, and what was drawn is possible."""

import random

import pytest
from deepdive.tutorials.pocket.making.grammar import Frame, Grammar, uniform
from hypothesis import given
from hypothesis import strategies as st

SMALL = Grammar(
    [
        Frame(
            "a",
            3.0,
            "the {animal} {sound}.",
            {"animal": {"cat": 0.25, "dog": 0.75}, "sound": lambda b: SOUNDS[b["animal"]]},
        ),
        Frame("b", 1.0, "the {thing} fell.", {"thing": uniform(("cat", "cup"))}),
    ]
)
SOUNDS = {"cat": {"purred": 1.0}, "dog": {"barked": 0.5, "fell": 0.5}}


def test_gap_weighs_frames_and_slots():
    assert SMALL.gap("The", "fell.") == pytest.approx(
        {"dog": 0.375 * 0.75 / (0.28125 + 0.25), "cat": 0.2353, "cup": 0.2353}, abs=1e-3
    )
    assert SMALL.gap("the") == pytest.approx({"dog": 0.5625, "cat": 0.3125, "cup": 0.125})
    assert SMALL.gap("the dog") == {"barked": 0.5, "fell": 0.5}
    assert SMALL.gap("a dog") == {}


@given(st.integers(0, 10_000), st.data())
def test_every_word_of_a_drawn_sentence_is_possible_in_its_place(seed: int, data: st.DataObject):
    words = SMALL.sample(random.Random(seed)).removesuffix(".").split()
    place = data.draw(st.integers(1, len(words) - 1))
    right = " ".join(words[place + 1 :]) + "."
    assert words[place] in SMALL.gap(" ".join(words[:place]), right)
