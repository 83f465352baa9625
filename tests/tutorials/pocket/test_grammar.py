"""The true distribution of a gap: it is a distribution, and it is what the drawn sentences show."""

import random
from collections import Counter

import pytest
from deepdive.tutorials.pocket import tables
from deepdive.tutorials.pocket.checks import total_variation
from deepdive.tutorials.pocket.grammar import Frame, Grammar, uniform
from deepdive.tutorials.pocket.sentences import sentences, village_grammar
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


def test_known_gaps_of_the_newspaper():
    grammar = village_grammar()
    assert grammar.gap("Life is like a", "of chocolates.") == pytest.approx(tables.CONTAINERS["chocolates"])
    assert grammar.gap("life is like a", ".") == pytest.approx(tables.LIFE_ALONE)
    assert grammar.gap("Swimming at the beach is a") == pytest.approx(tables.PRAISE)


@pytest.mark.parametrize("left", ["The", "Life is like a", "On Sunday", "Order"])
def test_gap_sums_to_one(left: str):
    assert sum(village_grammar().gap(left).values()) == pytest.approx(1)


@given(st.integers(0, 10_000), st.data())
def test_every_word_of_a_drawn_sentence_is_possible_in_its_place(seed: int, data: st.DataObject):
    words = SMALL.sample(random.Random(seed)).removesuffix(".").split()
    place = data.draw(st.integers(1, len(words) - 1))
    right = " ".join(words[place + 1 :]) + "."
    assert words[place] in SMALL.gap(" ".join(words[:place]), right)


def test_gap_agrees_with_counts():
    lines = [line.lower().rstrip(".").split() for line in sentences(20_000)]
    for start in ("life is like a", "swimming at the beach is", "there was a"):
        words = start.split()
        drawn = Counter(line[len(words)] for line in lines if line[: len(words)] == words)
        shares = {word: count / drawn.total() for word, count in drawn.items()}
        assert total_variation(shares, village_grammar().gap(start)) < 0.1, start


@pytest.mark.parametrize(
    "shares", [*tables.CONTAINERS.values(), tables.LIFE, tables.LIFE_ALONE, tables.PRAISE, tables.OPINIONS]
)
def test_tables_are_distributions(shares: dict[str, float]):
    assert sum(shares.values()) == pytest.approx(1)


def test_total_variation():
    assert total_variation({"a": 1.0}, {"a": 1.0}) == 0
    assert total_variation({"a": 1.0}, {"b": 1.0}) == 1
    assert total_variation({"a": 0.5}, {"a": 0.5, "b": 0.5}) == pytest.approx(0.5)
