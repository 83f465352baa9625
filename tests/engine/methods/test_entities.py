"""Entities are the spans that a strict reading of B- and I- tags gives."""

from __future__ import annotations

import pytest
from deepdive.engine.methods.entities import f1, spans
from hypothesis import given
from hypothesis import strategies as st

PER, ORG, LOC = 1, 2, 3


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([], set()),
        ([0, 0], set()),
        ([1, 2, 2, 0, 5], {(0, 3, PER), (4, 5, LOC)}),
        ([1, 1, 2], {(0, 1, PER), (1, 3, PER)}),  # a B- tag begins the next one
        ([1, 4, 0], {(0, 1, PER)}),  # an I- tag of another class ends it
        ([2, 2, 0, 4], set()),  # an I- tag that continues nothing
        ([3, 4, 0, 4], {(0, 2, ORG)}),
    ],
)
def test_spans_by_hand(tags: list[int], found: set[tuple[int, int, int]]) -> None:
    assert spans(tags) == found


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), max_size=8))
def test_tags_made_of_entities_give_them_back(parts: list[tuple[int, int]]) -> None:
    """(class, words); class 0 is so many words outside of entities."""
    tags: list[int] = []
    wanted = set()
    for kind, words in parts:
        if kind:
            wanted.add((len(tags), len(tags) + words, kind))
        tags += [2 * kind - 1] * (kind > 0) + [2 * kind] * (words - (kind > 0))
    assert spans(tags) == wanted


def test_f1_by_hand() -> None:
    """Two of three said are right, two of four are found: P = 2/3, R = 1/2."""
    assert f1(2, 3, 4) == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))
    assert f1(0, 0, 0) == f1(0, 5, 5) == 0
    assert f1(4, 4, 4) == 1
