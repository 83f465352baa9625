"""The true distribution of a gap in the newspaper: it is a distribution, and it is what the drawn sentences show."""

from collections import Counter

import pytest
from deepdive.tutorials.pocket.making import tables
from deepdive.tutorials.pocket.making.check import total_variation
from deepdive.tutorials.pocket.village.sentences import sentences, village_grammar


def test_known_gaps_of_the_newspaper():
    grammar = village_grammar()
    assert grammar.gap("Life is like a", "of chocolates.") == pytest.approx(tables.CONTAINERS["chocolates"])
    assert grammar.gap("life is like a", ".") == pytest.approx(tables.LIFE_ALONE)
    assert grammar.gap("Swimming at the beach is a") == pytest.approx(tables.PRAISE)


@pytest.mark.parametrize("left", ["The", "Life is like a", "On Sunday", "Order"])
def test_gap_sums_to_one(left: str):
    assert sum(village_grammar().gap(left).values()) == pytest.approx(1)


def test_gap_agrees_with_counts():
    lines = [line.lower().rstrip(".").split() for line in sentences(20_000)]
    for start in ("life is like a", "swimming at the beach is", "there was a"):
        words = start.split()
        drawn = Counter(line[len(words)] for line in lines if line[: len(words)] == words)
        shares = {word: count / drawn.total() for word, count in drawn.items()}
        assert total_variation(shares, village_grammar().gap(start)) < 0.1, start
