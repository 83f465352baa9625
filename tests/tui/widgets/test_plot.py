"""The plot's pixels: each point in its column, spikes kept, gaps open, no colour spilt."""

from __future__ import annotations

import math
import random
import time
from itertools import pairwise

import pytest
from deepdive.tui.shown.ink import RULE, Ink
from deepdive.tui.shown.lines import cells_of, text_of, width_of
from deepdive.tui.shown.marks import Bar, Mark, Series
from deepdive.tui.widgets.axes import Scale
from deepdive.tui.widgets.bars import bar_lines
from deepdive.tui.widgets.canvas import Layer, Mode
from deepdive.tui.widgets.curve import CurveChart
from deepdive.tui.widgets.plot import Frame, Painter, draw_plot
from deepdive.tui.widgets.series import Trace, decimate
from hypothesis import given, settings
from hypothesis import strategies as st

values = st.floats(0, 8)
MODES: list[Mode] = ["dots", "blocks", "ascii"]


def trace_of(ys: list[float | None], mark: Mark = "line", smooth: bool | None = False) -> Trace:
    return Trace(Series("a", [(float(x), y) for x, y in enumerate(ys)], mark, smooth=smooth))


def drawn_by(painter: Painter) -> set[tuple[int, int]]:
    """The cells in which something stands."""
    rows = enumerate(painter.grid.lines())
    return {(column, row) for row, line in rows for column, (text, _) in enumerate(cells_of(line)) if text != " "}


@given(st.lists(values, min_size=1, max_size=400), st.integers(4, 60))
def test_decimation_keeps_extremes_and_ends_of_each_column(ys: list[float], columns: int) -> None:
    xs = [float(x) for x in range(len(ys))]
    edges = [(column - 0.5) * len(ys) / columns for column in range(columns + 1)]
    edges[-1] = float(len(ys))
    bins = decimate(xs, ys, edges)
    assert sum(1 for _ in bins) <= columns
    assert [found.column for found in bins] == sorted({found.column for found in bins})
    for found in bins:
        part = [
            y
            for x, y in zip(xs, ys, strict=True)
            if edges[found.column] <= x and (x < edges[found.column + 1] or found.column == columns - 1)
        ]
        assert (found.first, found.low, found.high, found.last) == (part[0], min(part), max(part), part[-1])
    assert min(found.low for found in bins) == min(ys)
    assert max(found.high for found in bins) == max(ys)


@given(st.lists(values, min_size=2, max_size=120), st.integers(8, 60), st.integers(3, 20), st.sampled_from(MODES))
def test_every_point_lights_a_cell_in_its_own_column_and_row(
    ys: list[float], columns: int, rows: int, mode: Mode
) -> None:
    painter = Painter(columns, rows, Scale(0, len(ys) - 1), Scale(0, 8), mode)
    painter.lines_of(trace_of(list(ys)))
    taken = drawn_by(painter)
    for x, y in enumerate(ys):
        pixel = round(x / (len(ys) - 1) * (painter.width - 1))
        row = painter.row_of(y)
        assert row is not None
        near = {(column // painter.across, row) for column in (pixel - 1, pixel, pixel + 1)}
        assert near & taken


@given(st.lists(values, min_size=2, max_size=60), st.integers(10, 40), st.integers(3, 12))
def test_a_line_is_unbroken(ys: list[float], columns: int, rows: int) -> None:
    painter = Painter(columns, rows, Scale(0, len(ys) - 1), Scale(0, 8), "dots")
    painter.lines_of(trace_of(list(ys)))
    taken = drawn_by(painter)
    for before, after in pairwise(sorted({column for column, _ in taken})):
        assert after - before == 1
        left = {row for column, row in taken if column == before}
        right = {row for column, row in taken if column == after}
        assert min(abs(a - b) for a in left for b in right) <= 1


@pytest.mark.parametrize("hole", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_leaves_a_gap(hole: float | None) -> None:
    trace = trace_of([4.0] * 20 + [hole] * 20 + [4.0] * 20)
    painter = Painter(60, 5, Scale(0, 59), Scale(0, 8), "dots")
    painter.lines_of(trace)
    columns = {column for column, _ in drawn_by(painter)}
    assert columns == {*range(20), *range(40, 60)}
    assert trace.high == 4.0


def test_the_top_series_replaces_cells_and_never_mixes() -> None:
    below = Trace(Series("below", [(0, 4.0), (10, 4.0)], "line", "training", smooth=False))
    above = Trace(Series("above", [(0, 4.0), (10, 4.0)], "line", "validation", smooth=False))
    lines = draw_plot([below, above], Scale(0, 10), Scale(0, 8), Frame(0, 20, 5, False))
    inks = {ink.color for line in lines for text, ink in line if text.strip() and ink != RULE}
    assert inks == {"validation"}


def test_marks_stand_on_their_points_over_every_line() -> None:
    dots = Trace(Series("dots", [(0.0, 2.0), (5.0, 4.0), (10.0, 6.0)], "triangle", "validation"))
    line = Trace(Series("line", [(0.0, 4.0), (10.0, 4.0)], "line", "training"))
    plot = draw_plot([dots, line], Scale(0, 10), Scale(0, 8), Frame(0, 21, 9, False))
    marks = [
        (column, row)
        for row, drawn in enumerate(plot)
        for column, (text, _) in enumerate(cells_of(drawn))
        if text == "▲"
    ]
    assert sorted(marks) == [(0, 6), (10, 4), (20, 2)]


def test_error_bars_reach_from_low_to_high() -> None:
    trace = Trace(Series("a", [(5.0, 4.0)], "dots", ranges=[(5.0, 2.0, 6.0)]))
    plot = draw_plot([trace], Scale(0, 10), Scale(0, 8), Frame(0, 21, 9, False))
    column = [cells_of(line)[10][0] for line in plot]
    assert column[4] == "●"
    assert column[3] in "│╷"
    assert column[2] in "│╷"
    assert column[5] == "│"
    assert set(column[:2] + column[8:]) <= {" ", "·"}


@settings(max_examples=40)
@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), max_size=50),
    st.integers(1, 40),
    st.integers(1, 14),
    st.sampled_from(MODES),
    st.sampled_from(["line", "triangle", "dots", "dashes"]),
)
def test_any_data_at_any_size_fill_the_frame_exactly(
    ys: list[float | None], width: int, height: int, mode: Mode, mark: Mark
) -> None:
    frame = Frame.of(width, height, 3)
    lines = draw_plot([trace_of(ys, mark, smooth=None)], Scale(0, 50), Scale(0, 8), frame, cursor=3.0, mode=mode)
    assert len(lines) == frame.rows + frame.x_labels
    assert {width_of(line) for line in lines} == {frame.gutter + frame.columns}


def test_ascii_mode_draws_ascii_only() -> None:
    traces = [trace_of([1.0, 5.0, 3.0]), trace_of([2.0, 2.0, 7.0], "triangle"), trace_of([1.0, 1.0], "dashes")]
    lines = draw_plot(traces, Scale(0, 2), Scale(0, 8), Frame.of(40, 10, 2), cursor=1.0, mode="ascii")
    assert all(text_of(line).isascii() for line in lines)


def test_block_mode_uses_quadrants() -> None:
    layer = Layer(1, 1, "blocks")
    layer.column(0, 0, 0)
    layer.column(1, 1, 1)
    assert layer.glyph(layer.bits[0, 0], "*") == "▚"


def test_smoothing_is_faded_points_under_a_debiased_average() -> None:
    noise = random.Random(0)
    flat = [4 + noise.gauss(0, 0.5) for _ in range(400)]
    trace = trace_of(list(flat), smooth=None)
    assert trace.smoothing
    assert trace.stretches[0].smoothed[0] == pytest.approx(flat[0])
    assert trace.stretches[0].smoothed[-1] == pytest.approx(4, abs=0.4)
    assert not trace_of([8 * 0.99**step for step in range(400)], smooth=None).smoothing
    plot = draw_plot([trace], Scale(0, 400), Scale(0, 8), Frame(0, 60, 12, False))
    fades = {ink.fade for line in plot for text, ink in line if ink.color == "training"}
    assert fades == {0.0, Ink(fade=0.5).fade}


def test_a_growing_series_costs_only_its_new_points_and_draws_the_same() -> None:
    ys = [math.sin(step / 9) + 4 for step in range(300)]
    grown = trace_of(list(ys[:200]))
    longer = Series("a", [(float(x), y) for x, y in enumerate(ys)], smooth=False)
    assert grown.continues(longer)
    grown.extend(longer.points[200:])
    whole = Trace(longer)
    assert grown.stretches == whole.stretches
    assert not grown.continues(Series("a", longer.points[:250], smooth=False))
    assert not grown.continues(Series("a", [(x, 1.0) for x, _ in longer.points], smooth=False))


def test_ten_thousand_points_redraw_in_fifteen_milliseconds() -> None:
    noise = random.Random(1)
    points = [(float(x), 2 + 5 * math.exp(-x / 2000) + noise.gauss(0, 0.2)) for x in range(10_000)]
    traces = [Trace(Series("training", points)), Trace(Series("validation", points[::100], "triangle"))]
    frame = Frame.of(80, 24, 3)
    spent = []
    for _ in range(7):
        start = time.process_time()
        draw_plot(traces, Scale(0, 10_000), Scale(0, 8), frame, cursor=5000.0)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.015


sizes = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**400), 10**400)


@given(st.lists(st.tuples(sizes, sizes | st.none()), max_size=12), st.sampled_from(MODES))
def test_points_of_any_size_are_drawn_or_left_out(points: list[tuple[float, float | None]], mode: Mode) -> None:
    chart = CurveChart([Series("a", points)], mode=mode)
    for width, height in ((60, 14), (9, 3)):
        assert len(chart.draw(width, height)) == height
    for step in (1, -1, -20, 20):
        chart.move_cursor(step)
        chart.draw(60, 14)


@given(st.lists(sizes | st.none(), max_size=5), st.sampled_from(MODES))
def test_bars_of_any_size_are_drawn(values: list[float | None], mode: Mode) -> None:
    lines = bar_lines([Bar(str(at), value) for at, value in enumerate(values)], 50, mode=mode)
    assert all(width_of(line) == 50 for line in lines)
    assert len(lines) == len(values)
