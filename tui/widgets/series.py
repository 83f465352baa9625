"""What is prepared of a series once, to draw it: finite stretches, smoothing, decimation by column. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from deepdive.tui.shown.marks import Mark, Point, Series

# What is not below this in size (infinite and NaN among it) is a gap; single precision ends at 3.4e38.
LIMIT = 1e38
# Below this many points a series is shown as it is; above, a noisy one is faded under its average.
SMOOTH_FROM = 40
# Mean bend from point to point, as a share of the series' own span, from which it counts as noisy: the bend of a
# smooth descent is next to nothing, that of noise about twice its standard deviation.
NOISY = 0.02


class Bin(NamedTuple):
    """The points that fall into one pixel column: first, lowest, highest and last value, in that order of x."""

    column: int
    first: float
    low: float
    high: float
    last: float


@dataclass(slots=True)
class Stretch:
    """Consecutive points with finite y."""

    xs: list[float] = field(default_factory=list)
    ys: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)


def decimate(xs: Sequence[float], ys: Sequence[float], edges: Sequence[float]) -> list[Bin]:
    """Reduce sorted points to one bin for each pixel column that has any.

    `edges` holds the columns' left borders and, last, the right border of the last one. Minimum and maximum of a
    column are kept, so that no spike is lost. Points outside the edges are left out.
    """
    bins: list[Bin] = []
    start, stop = bisect_left(xs, edges[0]), bisect_right(xs, edges[-1])
    last_column = len(edges) - 2
    while start < stop:
        column = min(bisect_right(edges, xs[start]) - 1, last_column)
        end = stop if column == last_column else bisect_left(xs, edges[column + 1], start, stop)
        part = ys[start:end]
        bins.append(Bin(column, part[0], min(part), max(part), part[-1]))
        start = end
    return bins


class Trace:
    """A series prepared for drawing; appending points costs only the new ones."""

    def __init__(self, series: Series, span: float = 20.0) -> None:
        self.name = series.name
        self.mark: Mark = series.mark
        self.color = series.color
        self.smooth = series.smooth
        self.ranges = list(series.ranges)
        self.stretches: list[Stretch] = []
        self.xs: list[float] = []  # every x, gaps included: where a cursor may stand
        self.ys: list[float | None] = []
        self.low = float("inf")
        self.high = float("-inf")
        self._decay = 1.0 - 2.0 / (span + 1.0)
        self._sum = self._weight = 0.0
        self._bend = 0.0
        self._count = 0
        self._noisy = False
        self._open = False
        self.extend(series.points)

    def extend(self, points: Sequence[Point]) -> None:
        """Append points. A point at or before the last x is left out: a restart is a new series."""
        last = self.xs[-1] if self.xs else float("-inf")
        for x, y in points:
            if not (last < x and abs(x) < LIMIT):
                continue
            last = x
            self.xs.append(x)
            if y is None or not abs(y) < LIMIT:
                self.ys.append(None)
                self._open = False
                continue
            self.ys.append(y)
            self._add(x, y)

    def _add(self, x: float, y: float) -> None:
        if not self._open:
            self.stretches.append(Stretch())
            self._open = True
        stretch = self.stretches[-1]
        # Exponential moving average with the start-up bias removed (Kingma and Ba 2015, section 3).
        self._sum = self._decay * self._sum + (1 - self._decay) * y
        self._weight = self._decay * self._weight + (1 - self._decay)
        average = self._sum / self._weight
        stretch.xs.append(x)
        stretch.ys.append(y)
        stretch.smoothed.append(average)
        if len(stretch.ys) > 2:
            self._bend += abs(stretch.ys[-1] - 2 * stretch.ys[-2] + stretch.ys[-3])
        self._count += 1
        self.low = min(self.low, y)
        self.high = max(self.high, y)

    @property
    def smoothing(self) -> bool:
        """Whether the average is drawn over the faded points. Once noisy, a series stays so."""
        if self.smooth is not None:
            return self.smooth
        if not self._noisy and self._count >= SMOOTH_FROM and self.high > self.low:
            self._noisy = self._bend / self._count > NOISY * (self.high - self.low)
        return self._noisy

    def continues(self, series: Series) -> bool:
        """Whether `series` is this one with points appended (its first and its formerly last point are the same)."""
        if (self.name, self.mark, self.color, self.smooth) != (
            series.name,
            series.mark,
            series.color,
            series.smooth,
        ):
            return False
        count = len(self.xs)
        if count > len(series.points):
            return False
        return all(self._same(series.points[at], at) for at in {0, count // 2, count - 1} if 0 <= at < count)

    def _same(self, point: Point, index: int) -> bool:
        x, y = point
        return x == self.xs[index] and (y if y is not None and abs(y) < LIMIT else None) == self.ys[index]

    def at(self, x: float | None) -> float | None:
        """The value at the last point at or before x (None: the last of all), as measured."""
        index = len(self.xs) if x is None else bisect_right(self.xs, x)
        return self.ys[index - 1] if index else None
