"""A learner's answer is read as it was meant."""

from __future__ import annotations

import pytest
from deepdive.engine.methods.answers import close, listed, numbers
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "wanted", "read"),
    [
        ("15,360", 1, [15360.0]),
        ("15,360", 2, [15.0, 360.0]),
        ("12 and 0.5", 2, [12.0, 0.5]),
        ("-3.2", 1, [-3.2]),
        ("10-3", 2, [10.0, 3.0]),
        (".5", 1, [0.5]),
        ("3e-4", 1, [3e-4]),
        ("about 1,234,567 of them", 1, [1234567.0]),
        ("none", 1, []),
        ("1 2 3", 2, []),
    ],
)
def test_numbers_are_read_as_many_as_are_wanted(text: str, wanted: int, read: list[float]) -> None:
    assert numbers(text, wanted) == read


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5))
def test_numbers_between_words_come_back(values: list[int]) -> None:
    assert numbers("; ".join(f"n is {value}" for value in values), len(values)) == values


def test_close_is_a_share_of_what_is_right() -> None:
    assert close(101, 100)
    assert not close(101.1, 100)
    assert close(-99, -100)
    assert not close(1e-9, 0)


def test_lines_are_numbered_from_one() -> None:
    assert listed(["a", "b"]) == "1. a\n2. b"
