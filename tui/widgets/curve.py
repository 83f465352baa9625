"""The plot panel: several series over x with calm axes, a legend with values, and a cursor along x."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from deepdive.tui.shown.ink import FAINT, MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, fit, heading, spread, width_of
from deepdive.tui.shown.marks import Series
from deepdive.tui.shown.readings import label, reading
from deepdive.tui.widgets.axes import CalmRange, Scale
from deepdive.tui.widgets.canvas import Mode
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.plot import Frame, Painter, draw_plot, labels_of, mark_of, y_ticks
from deepdive.tui.widgets.series import Trace
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

# Rows from which heading and legend have lines of their own.
_ROOMY = 8


class CurveChart(Drawn, can_focus=True):
    """Series over x. Hand it data with `show`.

    The x axis is pinned to `planned` where that is known. The cursor follows the newest point while it stands on it.
    """

    INTERVAL = 0.5
    LEGEND_ROWS: ClassVar[int] = 2
    DEFAULT_CSS = "CurveChart { height: 1fr; min-height: 4; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "along the curve", show=False, id="curve.left"),
        Binding("right", "move(1)", "along the curve", show=False, id="curve.right"),
        Binding("shift+left", "move(-10)", "ten steps back", show=False, id="curve.far_left"),
        Binding("shift+right", "move(10)", "ten steps on", show=False, id="curve.far_right"),
        Binding("home", "home", "first point", show=False, id="curve.home"),
        Binding("end", "end", "last point", show=False, id="curve.end"),
    ]

    class CursorMoved(Message):
        """The cursor stands at another x."""

        def __init__(self, curve: CurveChart, x: float) -> None:
            super().__init__()
            self.curve = curve
            self.x = x

        def can_replace(self, message: Message) -> bool:
            """Only the newest place matters."""
            return isinstance(message, CurveChart.CursorMoved) and message.curve is self.curve

    def __init__(
        self,
        series: Sequence[Series] = (),
        *,
        title: str = "",
        unit: str = "",
        x_name: str = "update",
        planned: float | None = None,
        y_zero: bool = True,
        facts: Sequence[str] = (),
        mode: Mode = "dots",
    ) -> None:
        """`y_zero` lets the y axis begin at zero, `facts` are muted words behind the legend."""
        super().__init__()
        self.title, self.unit, self.x_name = title, unit, x_name
        self.planned, self.facts, self.mode = planned, tuple(facts), mode
        self.x_stops: tuple[float, ...] = ()  # evenly spaced places such as 0, 8, 16, 32
        self.cursor_x: float | None = None
        self._y_zero = y_zero
        self._traces: list[Trace] = []
        self._following = False
        self._legend_rows = 0
        self._plot_at = (0, Frame(0, 1, 1, False))
        self._reset_axes()
        self.show(series)

    # Data

    def show(
        self,
        series: Sequence[Series],
        *,
        planned: float | None = None,
        facts: Sequence[str] | None = None,
    ) -> None:
        """Show these series; one that only grew since last time costs only its new points."""
        if planned is not None:
            self.planned = planned
        if facts is not None:
            self.facts = tuple(facts)
        known = {trace.name: trace for trace in self._traces}
        if not known.keys() & {one.name for one in series}:
            self._reset_axes()
        traces = []
        for one in series:
            trace = known.get(one.name)
            if trace is not None and trace.continues(one):
                trace.extend(one.points[len(trace.xs) :])
                trace.ranges = list(one.ranges)
            else:
                trace = Trace(one, self._smoothing_span(len(one.points)))
            traces.append(trace)
        self._traces = traces
        self._data_changed()

    def _smoothing_span(self, count: int) -> float:
        """Points averaged over: a fortieth of the plan, so that the curve drawn does not change as it grows."""
        return min(200.0, max(10.0, (self.planned or max(count, 800)) / 40))

    def _reset_axes(self) -> None:
        self._y, self._x = CalmRange(zero=self._y_zero), CalmRange()
        self._gutter = 0
        self._legend_rows = 0

    def _data_changed(self) -> None:
        xs = self._xs()
        if xs and self._following and self.cursor_x != xs[-1]:
            self._stand_at(xs[-1])
        self.redraw(urgent=False)

    # Cursor

    def _xs(self) -> list[float]:
        """Every x where a series has a point, rising."""
        if len(self._traces) == 1:
            return self._traces[0].xs
        return sorted({x for trace in self._traces for x in trace.xs})

    def move_cursor(self, steps: int) -> None:
        """Move by that many steps; a step is the next point that is at least a cell away."""
        xs = self._xs()
        if not xs:
            return
        if self.cursor_x is None:
            self._place(xs, len(xs) - 1)
            if steps > 0:
                return
            steps += 1
        assert self.cursor_x is not None
        index = bisect_left(xs, self.cursor_x)
        for _ in range(abs(steps)):
            index = self._next_index(xs, min(index, len(xs) - 1), 1 if steps > 0 else -1)
        self._place(xs, index)

    def _next_index(self, xs: Sequence[float], index: int, direction: int) -> int:
        """The next point in another cell; of a cell's points one that carries a mark, for its text was kept."""
        painter = self._painter()
        here = painter.column_of(xs[index])
        after = index + direction
        while 0 < after < len(xs) - 1 and painter.column_of(xs[after]) == here:
            after += direction
        if not 0 <= after < len(xs):
            return index
        there = painter.column_of(xs[after])
        marked = {x for trace in self._traces if trace.mark not in ("line", "dashes") for x in trace.xs}
        look = after
        while 0 <= look < len(xs) and painter.column_of(xs[look]) == there:
            if xs[look] in marked:
                return look
            look += direction
        return after

    def cursor_home(self) -> None:
        """To the first point."""
        if xs := self._xs():
            self._place(xs, 0)

    def cursor_end(self) -> None:
        """To the last point; the cursor then follows what comes."""
        if xs := self._xs():
            self._place(xs, len(xs) - 1)

    def set_cursor(self, x: float) -> None:
        """To the point nearest to x."""
        xs = self._xs()
        if not xs:
            return
        index = bisect_left(xs, x)
        if index == len(xs) or (index and x - xs[index - 1] <= xs[index] - x):
            index -= 1
        self._place(xs, index)

    def clear_cursor(self) -> None:
        """No cursor: the legend shows the last values."""
        self.cursor_x, self._following = None, False
        self.redraw()

    def _place(self, xs: Sequence[float], index: int) -> None:
        self._following = index == len(xs) - 1
        self._stand_at(xs[index])

    def _stand_at(self, x: float) -> None:
        if x != self.cursor_x:
            self.cursor_x = x
            if self.is_attached:
                self.post_message(self.CursorMoved(self, x))
            self.redraw()

    def action_move(self, steps: int) -> None:
        """Key: along the curve."""
        self.move_cursor(steps)

    def action_home(self) -> None:
        """Key: first point."""
        self.cursor_home()

    def action_end(self) -> None:
        """Key: last point."""
        self.cursor_end()

    def on_focus(self) -> None:
        """The cursor takes the accent while keys reach it."""
        self.redraw()

    def on_blur(self) -> None:
        """The cursor turns grey."""
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Stand where the learner clicks."""
        self._point_at(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the pointer while a button is held: passing over the panel changes nothing."""
        if event.button:
            self._point_at(event)

    def _point_at(self, event: events.MouseEvent) -> None:
        place = event.get_content_offset(self)
        _, frame = self._plot_at
        if place is None or not frame.gutter <= place.x < frame.gutter + frame.columns:
            return
        painter = self._painter()
        share = ((place.x - frame.gutter + 0.5) * painter.across - 0.5) / max(1, painter.width - 1)
        self.set_cursor(painter.x.value(min(max(share, 0.0), 1.0)))

    # Drawing

    def _painter(self) -> Painter:
        frame = self._plot_at[1]
        return Painter(frame.columns, frame.rows, self._x_axis(), self._y_axis(), self.mode)

    def _x_axis(self) -> Scale:
        if self.x_stops:
            return Scale(self.x_stops[0], self.x_stops[-1], self.x_stops)
        ends = [end for trace in self._traces if trace.xs for end in (trace.xs[0], trace.xs[-1])]
        if self.planned is not None:
            return Scale(min([0.0, *ends]), max([self.planned, *ends]))
        return Scale(*self._x.update(ends, 6))

    def _y_axis(self) -> Scale:
        extremes = [edge for trace in self._traces if trace.stretches for edge in (trace.low, trace.high)]
        extremes += [edge for trace in self._traces for _, low, high in trace.ranges for edge in (low, high)]
        return Scale(*self._y.update(extremes, 4))

    def draw(self, width: int, height: int) -> list[Line]:
        """Heading, plot, x labels, legend; a small panel puts the values into its heading."""
        roomy = height >= _ROOMY
        top: list[Line] = []
        if self.title or not roomy:
            top = [self._roomy_heading(width) if roomy else self._small_heading(width)]
        below = self._legend_lines(width, roomy)
        rows = max(2, height - len(top) - len(below))
        y = self._y_axis()
        self._gutter = max([self._gutter, *(len(text) for text in labels_of(y_ticks(y, rows), y))])
        frame = Frame.of(width, rows, self._gutter)
        self._plot_at = len(top), frame
        plot = draw_plot(
            self._traces,
            self._x_axis(),
            y,
            frame,
            cursor=self.cursor_x,
            cursor_ink=Ink("accent") if self.has_focus else MUTED,
            mode=self.mode,
        )
        return [*top, *plot, *below]

    def _roomy_heading(self, width: int) -> Line:
        return heading(self.title, self.unit, self._where(), width)

    def _where(self) -> str:
        """The fact at the heading's right edge: where the cursor stands."""
        if self.cursor_x is None:
            return ""
        return f"cursor at {self.x_name} {label(self.cursor_x, 1 if self.cursor_x % 1 == 0 else 0.01)}".strip()

    def _listed(self) -> list[Trace]:
        """The series in the order of the legend."""
        return self._traces

    def _told(self, trace: Trace) -> str:
        """A series' value as legend and small heading tell it."""
        return reading(trace.at(self.cursor_x))

    def _small_heading(self, width: int) -> Line:
        runs: list[Run] = [(self.title, STRONG)] if self.title else []
        for trace in self._listed():
            piece = f"{mark_of(trace.mark, self.mode)} {self._told(trace)}"
            if width_of(runs) + 2 + len(piece) <= width:
                runs += [("  " if runs else "", TEXT), (piece, Ink(trace.color))]
        where = "" if self.cursor_x is None else f"{self.cursor_x:,.10g}"
        return spread(runs, [(where, FAINT)] if where else [], width)

    def _legend_lines(self, width: int, roomy: bool) -> list[Line]:
        """Series with their value at the cursor, then the facts, flowing over at most `LEGEND_ROWS` lines."""
        if not roomy:
            return []
        items: list[Run] = [
            (f"{mark_of(trace.mark, self.mode)} {trace.name} {self._told(trace)}", Ink(trace.color))
            for trace in self._listed()
        ]
        items += [(fact, MUTED) for fact in self.facts]
        lines: list[list[Run]] = [[]]
        for text, ink in items:
            if lines[-1] and width_of(lines[-1]) + 3 + width_of([(text, ink)]) > width:
                lines.append([])
            lines[-1] += [("   " if lines[-1] else "", TEXT), (text, ink)]
        kept = [fit(line, width) for line in lines[: self.LEGEND_ROWS]] if items else []
        self._legend_rows = max(self._legend_rows, len(kept))  # rows once given stay: the plot does not jump
        return kept + [fit((), width)] * (self._legend_rows - len(kept))
