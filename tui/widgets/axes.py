"""Axes: scales, nice ticks and their labels, and ranges that do not jump. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Literal

ScaleName = Literal["linear", "log", "even"]
_STEPS = (1.0, 2.0, 5.0, 10.0)


def nice_step(span: float, count: int) -> float:
    """The smallest step of the form 1, 2 or 5 times a power of ten that cuts `span` into at most `count` parts."""
    raw = span / max(1, count)
    power = 10.0 ** floor(log10(raw)) if raw > 0 else 1.0
    for step in _STEPS:
        if step * power >= raw * (1 - 1e-9):
            return step * power
    return 10 * power


def ticks(low: float, high: float, count: int) -> list[float]:
    """The multiples of a nice step within [low, high], at most `count` + 1 of them."""
    if not (isfinite(low) and isfinite(high)) or high <= low:
        return [low] if isfinite(low) else []
    step = nice_step(high - low, count)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(index * step, 12 - floor(log10(step))) for index in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Powers of ten within [low, high]; 2 and 5 between them where there is room, fewer where there is none."""
    if low <= 0 or high <= low:
        return []
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for factors in ((1.0, 2.0, 5.0), (1.0,)):
        found = [
            float(f"{factor}e{decade}")
            for decade in decades
            for factor in factors
            if low * (1 - 1e-9) <= factor * 10.0**decade <= high * (1 + 1e-9)
        ]
        if len(found) <= count + 1:
            return found
    every = ceil(len(found) / max(1, count))
    return found[::every]


def nice_range(low: float, high: float, count: int, zero: bool) -> tuple[float, float]:
    """The range of whole tick steps around [low, high]; it begins at zero if asked for and nothing is below."""
    if zero and low >= 0:
        low = 0.0
    if high <= low:
        margin = abs(low) * 0.1 or 1.0
        low, high = (low, high + margin) if zero and low >= 0 else (low - margin, high + margin)
    step = nice_step(high - low, count)
    return floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a value to [0, 1] of an axis, linearly, by its logarithm, or evenly spaced at `stops`."""

    low: float
    high: float
    name: ScaleName = "linear"
    stops: tuple[float, ...] = ()

    def share(self, value: float) -> float | None:
        """Where on the axis `value` lies (0 at the low end); None where it has no place."""
        if not isfinite(value):
            return None
        if self.name == "even":
            return self._between_stops(value)
        if self.name == "log":
            if value <= 0 or self.low <= 0:
                return None
            value, low, high = log10(value), log10(self.low), log10(self.high)
        else:
            low, high = self.low, self.high
        return (value - low) / (high - low) if high > low else 0.5

    def value(self, share: float) -> float:
        """The inverse of `share`."""
        if self.name == "even":
            last = len(self.stops) - 1
            place = min(max(share, 0.0), 1.0) * last
            index = min(int(place), max(0, last - 1))
            after = self.stops[min(index + 1, last)]
            return self.stops[index] + (after - self.stops[index]) * (place - index)
        if self.name == "log":
            low, high = log10(self.low), log10(self.high)
            return float(10.0 ** (low + share * (high - low)))
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
    log: bool = False
    low: float | None = None
    high: float | None = None

    def update(self, values: Iterable[float], count: int) -> tuple[float, float]:
        """Take in the extremes of the data and answer the range to draw."""
        seen = [value for value in values if isfinite(value) and (value > 0 or not self.log)]
        if not seen:
            if self.low is None or self.high is None:
                return (0.1, 1.0) if self.log else (0.0, 1.0)
            return self.low, self.high
        low, high = min(seen), max(seen)
        if self.log:
            fresh = 10.0 ** floor(log10(low) + 1e-9), 10.0 ** ceil(log10(high) - 1e-9)
            if fresh[0] >= fresh[1]:
                fresh = fresh[0] / 10, fresh[0] * 10
        else:
            fresh = nice_range(low, high, count, self.zero)
        if self.low is None or self.high is None or self._unfit(low, high, fresh[1] - fresh[0]):
            self.low, self.high = fresh
        return self.low, self.high

    def _unfit(self, low: float, high: float, fresh_span: float) -> bool:
        """Whether data lie outside, or a range made anew would be much smaller."""
        assert self.low is not None
        assert self.high is not None
        outside = low < self.low or high > self.high
        return outside or (not self.log and fresh_span < 0.4 * (self.high - self.low))


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
