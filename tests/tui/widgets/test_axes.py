"""Axes: nice ticks, labels, scales that invert, ranges that do not jump."""

from __future__ import annotations

import math

import pytest
from deepdive.tui.widgets.axes import CalmRange, Scale, nice_range, nice_step, place_labels, ticks
from hypothesis import given
from hypothesis import strategies as st

finite = st.floats(-1e6, 1e6)
spans = st.floats(1e-4, 1e6)


@given(spans, st.integers(1, 10))
def test_steps_are_one_two_or_five_times_a_power_of_ten(span: float, count: int) -> None:
    step = nice_step(span, count)
    digit = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(math.isclose(digit, nice) for nice in (1, 2, 5))
    assert step * count >= span * (1 - 1e-6)


@given(finite, spans, st.integers(1, 8), st.booleans())
def test_a_nice_range_and_its_ticks_cover_the_data(low: float, span: float, count: int, zero: bool) -> None:
    high = low + span
    bottom, top = nice_range(low, high, count, zero)
    slack = 1e-6 * nice_step(max(span, abs(low), abs(high)), count)
    assert bottom <= low + slack
    assert top >= high - slack
    found = ticks(bottom, top, count)
    assert len(found) <= count + 2
    assert all(bottom - slack <= tick <= top + slack for tick in found)
    assert found == sorted(set(found))


@given(st.floats(0.001, 100), st.floats(1.01, 1000), st.floats(0, 1))
def test_scales_invert(low: float, factor: float, share: float) -> None:
    scale = Scale(low, low * factor)
    assert scale.share(scale.value(share)) == pytest.approx(share, abs=1e-6)


def test_the_even_scale_gives_each_stop_the_same_room() -> None:
    stops = (0.0, 8.0, 16.0, 32.0, 64.0)
    scale = Scale(0, 64, stops)
    assert [scale.share(stop) for stop in stops] == [0, 0.25, 0.5, 0.75, 1]
    assert scale.share(48) == 0.875
    assert scale.share(65) is None
    assert [scale.value(share) for share in (0, 0.25, 0.875, 1)] == [0, 8, 48, 64]


@given(st.lists(st.floats(0.5, 9), min_size=1, max_size=60))
def test_the_axis_jumps_at_most_a_few_times_while_a_curve_grows(values: list[float]) -> None:
    calm = CalmRange()
    drawn: list[tuple[float, float]] = []
    for end in range(1, len(values) + 1):
        seen = values[:end]
        drawn.append(calm.update([min(seen), max(seen)], 4))
        assert drawn[-1][0] <= min(seen)
        assert max(seen) <= drawn[-1][1]
    tops = [top for _, top in drawn]
    assert tops == sorted(tops)
    assert len(set(tops)) <= 6


def test_the_axis_shrinks_when_it_is_mostly_empty() -> None:
    calm = CalmRange()
    assert calm.update([0, 95], 4)[1] == 100
    assert calm.update([0, 60], 4)[1] == 100
    assert calm.update([0, 7], 4)[1] == 8


@given(st.lists(st.integers(0, 79), min_size=1, max_size=12, unique=True), st.integers(8, 80))
def test_axis_labels_never_touch_nor_leave_the_plot(places: list[int], width: int) -> None:
    places = sorted(min(place, width - 1) for place in places)
    labels = [f"{place:,}" for place in places]
    end = -2
    for start, text in place_labels(places, labels, width):
        assert start >= end + 2
        end = start + len(text)
        assert end <= width


anything = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(anything, max_size=4), st.integers(1, 8), st.booleans())
def test_numbers_of_any_size_get_a_range_and_ticks(values: list[float], count: int, zero: bool) -> None:
    low, high = CalmRange(zero).update(values, count)
    assert math.isfinite(low)
    assert low < high < math.inf
    assert len(ticks(low, high, count)) <= count + 2
    assert all(-0.1 <= (Scale(low, high).share(tick) or 0) <= 1.1 for tick in ticks(low, high, count))


@given(anything, anything, st.integers(1, 8))
def test_no_ends_of_an_axis_are_too_far_apart_for_ticks(low: float, high: float, count: int) -> None:
    assert len(ticks(low, high, count)) <= count + 2
