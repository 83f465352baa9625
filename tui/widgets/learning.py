"""Curves over a few evenly spaced places (0, 8, 16, 32 examples), told at one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deepdive.tui.shown.lines import Line
from deepdive.tui.shown.marks import Series
from deepdive.tui.shown.readings import label, reading
from deepdive.tui.widgets.curve import CurveChart
from deepdive.tui.widgets.series import Trace


class Stops(CurveChart):
    """A curve whose points stand at `stops`; a series without a point at the cursor has no value there."""

    LEGEND_ROWS = 3

    def __init__(self) -> None:
        super().__init__(x_name="", y_zero=False)
        self.told: Mapping[float, Sequence[str]] = {}
        self._fact = ""

    def show_at(
        self, stops: Sequence[float], series: Sequence[Series], told: Mapping[float, Sequence[str]], fact: str = ""
    ) -> None:
        """Show these series; `told` are words about each place, `fact` about all of them."""
        self.x_stops, self.told, self._fact = tuple(stops), told, fact
        self.show(series)

    @property
    def at(self) -> float | None:
        """The place told: the cursor's, else the last one that all measured series have, else the last of any."""
        if self.cursor_x is not None:
            return self.cursor_x
        measured = [set(trace.xs) for trace in self._traces if trace.mark != "dashes"]
        measured = [xs for xs in measured if xs]
        if not measured:
            return None
        return max(set.intersection(*measured) or set.union(*measured))

    def _listed(self) -> list[Trace]:
        """What is only there to compare with comes last."""
        return sorted(self._traces, key=lambda trace: trace.mark == "dashes")

    def draw(self, width: int, height: int) -> list[Line]:
        """The plot, with the facts of the place told behind the legend."""
        words = self.told.get(self.at, ()) if self.at is not None else ()
        self.facts = (*words, *filter(None, [self._fact]))
        return super().draw(width, height)

    def _where(self) -> str:
        return "" if self.at is None else f"{self.x_name} = {label(self.at, 1 if self.at % 1 == 0 else 0.01)}"

    def _told(self, trace: Trace) -> str:
        """The value at the place, and its range."""
        at = self.at
        value = trace.ys[trace.xs.index(at)] if at in trace.xs else None
        spread = next(((low, high) for x, low, high in trace.ranges if x == at), None)
        if value is None or spread is None or spread[0] == spread[1]:
            return reading(value)
        return f"{reading(value)} ({reading(spread[0])} … {reading(spread[1])})"
