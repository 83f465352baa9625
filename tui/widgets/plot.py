"""A plot as lines of cells: grid, series, error bars, cursor, axis labels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from deepdive.tui.shown.ink import MUTED, RULE, TEXT, Ink
from deepdive.tui.shown.lines import Line, fit
from deepdive.tui.shown.marks import Mark
from deepdive.tui.shown.readings import label
from deepdive.tui.widgets.axes import Scale, place_labels, ticks
from deepdive.tui.widgets.canvas import PIXELS, Grid, Layer, Mode
from deepdive.tui.widgets.series import Bin, Trace, decimate

MARKS: dict[Mark, str] = {
    "line": "━",
    "triangle": "▲",
    "dots": "●",
    "dashes": "╌",
    "diamond": "◆",
    "square": "■",
}
ASCII_MARKS: dict[Mark, str] = {
    "line": "*",
    "triangle": "^",
    "dots": "o",
    "dashes": "-",
    "diamond": "+",
    "square": "#",
}
# A mark stands on a point; these marks are the line itself.
_LINES = ("line", "dashes")
# Pixels on and off along a dashed line.
_DASH_ON, _DASH_OFF = 4, 2
_MARK_GAP = 2
_FADE = 0.5
GRID_EVERY = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a plot's parts lie: label gutter, plot cells, and whether there is a row for x labels."""

    gutter: int
    columns: int
    rows: int
    x_labels: bool

    @classmethod
    def of(cls, width: int, height: int, y_label_width: int) -> Frame:
        """Split `width` by `height` cells; small plots do without x labels, tiny ones without a gutter."""
        x_labels = height >= 5
        gutter = y_label_width + 1 if width >= 12 else 0
        return cls(gutter, max(1, width - gutter), max(1, height - x_labels), x_labels)


def mark_of(mark: Mark, mode: Mode) -> str:
    """The character that stands for a series in legend and plot."""
    return ASCII_MARKS[mark] if mode == "ascii" else MARKS[mark]


def y_ticks(scale: Scale, rows: int) -> list[float]:
    """Tick values of the y axis for a plot of `rows` rows; the two ends where there is no room for more."""
    count = max(1, min(6, (rows - 1) // 2))
    found = ticks(scale.low, scale.high, count)
    return found if len(found) > 1 and rows > 3 else [scale.low, scale.high]


def x_ticks(scale: Scale, columns: int) -> list[float]:
    """Tick values of the x axis. Four even parts if they are whole numbers, else nice steps."""
    if scale.stops:
        return list(scale.stops)
    return ticks(scale.low, scale.high, max(1, min(8, columns // 12)))


def labels_of(values: Sequence[float], scale: Scale) -> list[str]:
    """The labels of an axis, all with the decimals of its step."""
    if scale.stops or len(values) < 2:
        return [label(value, abs(value) if 0 < abs(value) < 1 else 1) for value in values]
    step = min(after - before for before, after in pairwise(values))
    return [label(value, step) for value in values]


class Painter:
    """Draws onto one grid with one pair of scales."""

    def __init__(self, columns: int, rows: int, x: Scale, y: Scale, mode: Mode) -> None:
        self.grid = Grid(columns, rows)
        self.x, self.y, self.mode = x, y, mode
        self.across, self.down = PIXELS[mode]
        self.width, self.height = columns * self.across, rows * self.down
        # Columns' borders in data units. Values sit on pixel centres, so that both ends of the axis are on the plot.
        self._slope = (self.height - 1) / (y.low - y.high)
        self._offset = -self._slope * y.high
        last = max(1, self.width - 1)
        self.edges = [x.value((pixel - 0.5) / last) for pixel in range(self.width + 1)]
        if x.stops:
            self.edges[0], self.edges[-1] = x.stops[0], x.stops[-1]

    def column_of(self, x: float) -> int | None:
        """The cell column of an x; None where it is off the plot."""
        share = self.x.share(x)
        if share is None or not -1e-9 <= share <= 1 + 1e-9:
            return None
        return round(share * (self.width - 1)) // self.across

    def pixel_y(self, y: float) -> int:
        """The pixel row of a y, which may lie outside the plot."""
        pixel = self._slope * y + self._offset
        return round(pixel if -9e3 < pixel < 9e3 else (9e3 if pixel > 0 else -9e3))

    def row_of(self, y: float) -> int | None:
        """The cell row of a y, clamped to the plot by no more than rounding."""
        pixel = self.pixel_y(y)
        return pixel // self.down if 0 <= pixel < self.height else None

    def lattice(self, values: Sequence[float]) -> None:
        """Faint dots along the rows of the ticks."""
        dot = "." if self.mode == "ascii" else "·"
        for value in values:
            row = self.row_of(value)
            if row is not None:
                for column in range(0, self.grid.columns, GRID_EVERY):
                    self.grid.put(column, row, dot, RULE)

    def cursor(self, x: float, ink: Ink) -> None:
        """A vertical line at x, under the series."""
        column = self.column_of(x)
        if column is not None:
            for row in range(self.grid.rows):
                self.grid.put(column, row, "|" if self.mode == "ascii" else "│", ink)

    def lines_of(self, trace: Trace) -> None:
        """The series' line over what is there."""
        smoothing = trace.smoothing
        mark = mark_of(trace.mark, self.mode)
        for stretch in trace.stretches:
            if smoothing:
                self._line(stretch.xs, stretch.ys, Ink(trace.color, fade=_FADE), trace.mark, ".")
            values = stretch.smoothed if smoothing else stretch.ys
            under = mark if trace.mark in _LINES or self.mode != "ascii" else "."
            self._line(stretch.xs, values, Ink(trace.color), trace.mark, under)

    def _line(self, xs: Sequence[float], ys: Sequence[float], ink: Ink, mark: Mark, character: str) -> None:
        layer = Layer(self.grid.columns, self.grid.rows, self.mode)
        self._join(layer, decimate(xs, ys, self.edges), dashed=mark == "dashes" and self.mode != "ascii")
        self.grid.lay(layer, ink, character)

    def _join(self, layer: Layer, bins: Sequence[Bin], dashed: bool) -> None:
        """Light each column from its lowest to its highest value and the line to the next column's first."""
        before: tuple[int, int] | None = None
        for column, *values in bins:
            first, low, high, last = map(self.pixel_y, values)
            if before is not None:
                _segment(layer, before, (column, first), dashed)
            if not dashed or _dash_on(column):
                layer.column(column, high, low)
            before = column, last

    def bars_of(self, trace: Trace) -> None:
        """Error bars, to half a cell."""
        ink = Ink(trace.color)
        for x, low, high in trace.ranges:
            column, top, bottom = self.column_of(x), self.pixel_y(high), self.pixel_y(low)
            if column is None:
                continue
            half = max(1, self.down // 2)
            per_row = self.down // half
            first, last = max(0, top) // half, min(self.height - 1, bottom) // half
            for row in range(first // per_row, last // per_row + 1):
                upper = per_row == 1 or first <= row * per_row
                lower = per_row == 1 or last >= row * per_row + 1
                if self.mode == "ascii":
                    glyph = "|"
                else:
                    glyph = "│" if upper and lower else ("╵" if upper else "╷")
                self.grid.put(column, row, glyph, ink)

    def marks_of(self, trace: Trace) -> None:
        """A mark on each point, thinned where they would touch."""
        if trace.mark in _LINES:
            return
        mark = mark_of(trace.mark, self.mode)
        free_from = -1
        for x, y in zip(trace.xs, trace.ys, strict=True):
            column = self.column_of(x)
            if y is None or column is None or column < free_from:
                continue
            row = self.row_of(y)
            if row is not None:
                self.grid.put(column, row, mark, Ink(trace.color))
                free_from = column + _MARK_GAP


def _dash_on(x: int) -> bool:
    return x % (_DASH_ON + _DASH_OFF) < _DASH_ON


def _segment(layer: Layer, start: tuple[int, int], end: tuple[int, int], dashed: bool) -> None:
    """A straight line between pixels of two columns, both of them lit already: each column gets the rows it crosses."""
    (x0, y0), (x1, y1) = start, end
    reach, rise = x1 - x0, y1 - y0
    if reach == 1 and -2 < rise < 2:
        return
    previous = y0
    for x in range(x0, x1 + 1):
        # The line's height at the border to the next column, which begins one row further: steep lines stay thin.
        y = y1 if x == x1 else round(y0 + rise * (x - x0 + 0.5) / reach)
        first = previous if x == x0 or y == previous else previous + (1 if y > previous else -1)
        if not dashed or _dash_on(x):
            layer.column(x, min(first, y), max(first, y))
        previous = y


def draw_plot(
    traces: Sequence[Trace],
    x: Scale,
    y: Scale,
    frame: Frame,
    *,
    cursor: float | None = None,
    cursor_ink: Ink = MUTED,
    mode: Mode = "dots",
) -> list[Line]:
    """The plot area with its axis labels, `frame.rows` lines and one more for x labels."""
    painter = Painter(frame.columns, frame.rows, x, y, mode)
    values = y_ticks(y, frame.rows)
    painter.lattice(values)
    if cursor is not None:
        painter.cursor(cursor, cursor_ink)
    for trace in traces:
        painter.lines_of(trace)
    for trace in traces:
        painter.bars_of(trace)
    for trace in traces:
        painter.marks_of(trace)
    names: dict[int, str] = {}
    for value, text in zip(values, labels_of(values, y), strict=True):
        row = painter.row_of(value)
        if row is not None:
            names[row] = text
    lines: list[Line] = []
    for row, line in enumerate(painter.grid.lines()):
        if frame.gutter:
            text = names.get(row, "").rjust(frame.gutter - 1)[: frame.gutter - 1] + " "
            line = ((text, MUTED), *line)
        lines.append(fit(line, frame.gutter + frame.columns))
    if frame.x_labels:
        lines.append(_x_label_line(painter, frame))
    return lines


def _x_label_line(painter: Painter, frame: Frame) -> Line:
    values = x_ticks(painter.x, frame.columns)
    known = [
        (column, text)
        for value, text in zip(values, labels_of(values, painter.x), strict=True)
        if (column := painter.column_of(value)) is not None
    ]
    runs = [(" " * frame.gutter, TEXT)]
    at = 0
    for start, text in place_labels([column for column, _ in known], [text for _, text in known], frame.columns):
        runs += [(" " * (start - at), TEXT), (text, MUTED)]
        at = start + len(text)
    return fit(runs, frame.gutter + frame.columns)
