"""Axes: scales, nice ticks and their labels, and ranges that do not jump. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

_STEPS = (1.0, 2.0, 5.0, 10.0)
# Ends of an axis beyond the first, and spans below the second, can't be divided into steps of floating point.
_FAR, _NARROW = 1e300, 1e-280


def _near(end: float) -> float:
    return min(max(end, -_FAR), _FAR)


def nice_step(span: float, count: int) -> float:
    """The smallest step of the form 1, 2 or 5 times a power of ten that cuts `span` into at most `count` parts."""
    raw = span / max(1, count)
    power = 10.0 ** floor(log10(raw)) if raw > _NARROW / 1e9 else 1.0
    for step in _STEPS:
        if step * power >= raw * (1 - 1e-9):
            return step * power
    return 10 * power


def ticks(low: float, high: float, count: int) -> list[float]:
    """The multiples of a nice step within [low, high], at most `count` + 1 of them."""
    if not (isfinite(low) and isfinite(high)) or high <= low:
        return [low] if isfinite(low) else []
    low, high = _near(low), _near(high)
    if high <= low:
        return [low]
    step = nice_step(high - low, count)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(index * step, 12 - floor(log10(step))) for index in range(first, last + 1)]


def nice_range(low: float, high: float, count: int, zero: bool) -> tuple[float, float]:
    """The range of whole tick steps around [low, high]; it begins at zero if asked for and nothing is below."""
    low, high = _near(low), _near(high)
    if zero and low >= 0:
        low = 0.0
    if high - low < _NARROW:
        margin = abs(low) * 0.1 if abs(low) > 10 * _NARROW else 1.0
        low, high = (low, high + margin) if zero and low >= 0 else (low - margin, high + margin)
    step = nice_step(high - low, count)
    return floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a value to [0, 1] of an axis, linearly, or evenly spaced at `stops` where there are any."""

    low: float
    high: float
    stops: tuple[float, ...] = ()

    def share(self, value: float) -> float | None:
        """Where on the axis `value` lies (0 at the low end); None where it has no place."""
        if not isfinite(value):
            return None
        if self.stops:
            return self._between_stops(value)
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5

    def value(self, share: float) -> float:
        """The inverse of `share`."""
        if self.stops:
            last = len(self.stops) - 1
            place = min(max(share, 0.0), 1.0) * last
            index = min(int(place), max(0, last - 1))
            after = self.stops[min(index + 1, last)]
            return self.stops[index] + (after - self.stops[index]) * (place - index)
        return self.low + share * (self.high - self.low)

    def _between_stops(self, value: float) -> float | None:
        last = len(self.stops) - 1
        if last < 1:
            return 0.5
        if not self.stops[0] <= value <= self.stops[-1]:
            return None
        index = min(bisect_right(self.stops, value) - 1, last - 1)
        before, after = self.stops[index], self.stops[index + 1]
        return (index + (value - before) / (after - before)) / last


@dataclass(slots=True)
class CalmRange:
    """A range with hysteresis: it grows by whole steps when data leave it and shrinks only when mostly empty."""

    zero: bool = True
    low: float | None = None
    high: float | None = None

    def update(self, values: Iterable[float], count: int) -> tuple[float, float]:
        """Take in the extremes of the data and answer the range to draw."""
        seen = [value for value in values if isfinite(value)]
        if not seen:
            if self.low is None or self.high is None:
                return 0.0, 1.0
            return self.low, self.high
        low, high = min(seen), max(seen)
        fresh = nice_range(low, high, count, self.zero)
        if self.low is None or self.high is None or self._unfit(low, high, fresh[1] - fresh[0]):
            self.low, self.high = fresh
        return self.low, self.high

    def _unfit(self, low: float, high: float, fresh_span: float) -> bool:
        """Whether data lie outside, or a range made anew would be much smaller."""
        assert self.low is not None
        assert self.high is not None
        outside = low < self.low or high > self.high
        return outside or fresh_span < 0.4 * (self.high - self.low)


def place_labels(places: Sequence[int], labels: Sequence[str], width: int, gap: int = 2) -> list[tuple[int, str]]:
    """Start columns for labels centred on `places`, kept within `width`; one that would touch its neighbour goes.

    The last label is kept in preference to the one before it.
    """
    placed: list[tuple[int, str]] = []
    for index, (place, text) in enumerate(zip(places, labels, strict=True)):
        start = max(0, min(place - len(text) // 2, width - len(text)))
        if len(text) > width:
            continue
        if index == len(labels) - 1:
            while len(placed) > 1 and _ends(placed) + gap > start:
                placed.pop()
        if not placed or _ends(placed) + gap <= start:
            placed.append((start, text))
    return placed


def _ends(placed: Sequence[tuple[int, str]]) -> int:
    return placed[-1][0] + len(placed[-1][1])
