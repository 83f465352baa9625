"""Numbers, sizes and times are written in one way everywhere."""

from __future__ import annotations

import time

import pytest
from deepdive.engine.common.words import ago, dollars, duration, gigabytes, label, number, short_name, shown, size
from hypothesis import given
from hypothesis import strategies as st


def test_sizes_have_three_figures() -> None:
    amounts = (0, 999, 1000, 12_600_000, 548_000_000, 999_600_000, 31 * 10**9, 10**16)
    told = ["0 B", "999 B", "1 kB", "12.6 MB", "548 MB", "1 GB", "31 GB", "10,000 TB"]
    assert [size(amount) for amount in amounts] == told


@given(st.integers(0, 10**15))
def test_a_size_read_back_is_right_to_half_a_per_cent(amount: int) -> None:
    value, unit = size(amount).split()
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert float(value.replace(",", "")) * factor == pytest.approx(amount, rel=0.0051)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (3.21, "3.2 s"), (38, "0:38"), (64, "1:04"), (3723, "1:02:03"), (-1, "0.0 s")],
)
def test_durations_read_as_clocks(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_of_today_yesterday_or_a_date() -> None:
    noon = time.mktime((2026, 11, 25, 12, 0, 0, 0, 0, -1))
    assert ago(noon - 3600, noon) == "11:00"
    assert ago(noon - 86400, noon) == "yesterday"
    assert ago(noon - 9 * 86400, noon) == "16 Nov"
    assert ago(noon - 366 * 86400, noon) == "24 Nov 2025"


def test_numbers_have_the_digits_that_a_reader_needs() -> None:
    values = (None, True, 3.3841, 0.17643, 15000, 124_439_808, 138.5, 2050.4, float("nan"), "two\x1b[31m")
    told = ["–", "yes", "3.38", "0.1764", "15,000", "124,439,808", "138.5", "2,050", "nan", "two␛[31m"]
    assert [number(value) for value in values] == told


def test_values_are_written_as_a_learner_would() -> None:
    assert [shown(value) for value in (3e-05, 2000.0, 1.0, True, "text", 5)] == [
        "3e-5",
        "2000",
        "1.0",
        "true",
        "text",
        "5",
    ]


def test_names_money_and_memory() -> None:
    assert label("share_recited", {"k": 16, "method": "prompt"}) == "share recited (k 16, method prompt)"
    assert [short_name(name) for name in ("learning_rate", "top_k")] == ["lr", "top k"]
    amounts = (0, 0.000012, 0.001, 0.0042, 0.03, 0.42, 12.3)
    told = ["$0.00", "$0.000012", "$0.0010", "$0.0042", "$0.03", "$0.42", "$12.30"]
    assert [dollars(amount) for amount in amounts] == told
    assert [gigabytes(amount) for amount in (107.8e9, 4.8e9, 67e6)] == ["107.8", "4.8", "0.067"]


@given(st.floats() | st.integers(-(10**400), 10**400) | st.booleans() | st.none() | st.text())
def test_a_number_of_any_size_is_a_few_words(value: object) -> None:
    told = number(value)
    assert isinstance(value, str) or 0 < len(told) < 25


def test_numbers_that_are_too_large_to_write_out() -> None:
    wide = (1e15, -1.5e20, 10**18, 10**400, -(10**400), float("nan"), float("-inf"))
    assert [number(value) for value in wide] == ["1e15", "-1.5e20", "1e18", "over 1e308", "under -1e308", "nan", "-inf"]
