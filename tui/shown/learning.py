"""Figures over a numeric condition (accuracy by number of examples) as curves over that condition. Pure.

A figure's name makes a learning curve where one key of its cases is a number that varies; what is left of the case
names the series. Several seeds of the step with the same settings are a mean with its range, and the book's figures
of the same name and case stand behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import is_number
from deepdive.engine.results.evidence import identifier, middle
from deepdive.engine.runs.events import Figure
from deepdive.engine.runs.view import JobView

from .lesson import Lesson
from .marks import Mark, Series
from .readings import label
from .seeds import siblings

MARKS: tuple[Mark, ...] = ("dots", "triangle", "diamond", "square")
COLORS = ("training", "validation", "held", "accent", "stale", "text-2")  # purple is the book's
MOST = 6  # series that can still be told apart

Rest = tuple[tuple[str, Any], ...]  # what is left of a case without its numeric key


@dataclass(frozen=True)
class Learned:
    """One figure's curves. `stops` are the places of the x axis, `told` what is to be said about each of them."""

    name: str
    title: str
    unit: str
    axis: str
    stops: tuple[float, ...]
    series: tuple[Series, ...]
    seeds: int = 1
    told: Mapping[float, tuple[str, ...]] = field(default_factory=dict)
    left_out: int = 0  # series beyond MOST

    @property
    def subtitle(self) -> str:
        """Its unit and what a point is: the mean over so many seeds."""
        spread = f"mean and range of {self.seeds} seeds" if self.seeds > 1 else ""
        return ", ".join(filter(None, [self.unit, spread]))


def names(lesson: Lesson, job: JobView) -> tuple[str, ...]:
    """The figures of a job (and its other seeds) that make learning curves, in the order told."""
    jobs = siblings(lesson.view, job)
    told = dict.fromkeys(name for one in jobs.values() for name, _ in one.figures)
    return tuple(name for name in told if learned(lesson, job, name) is not None)


def learned(lesson: Lesson, job: JobView, name: str) -> Learned | None:
    """The curves of a figure, or None where its cases have no number that varies."""
    jobs = siblings(lesson.view, job)
    figures = {seed: _figures(one, name) for seed, one in jobs.items()}
    told = [figure for of_seed in figures.values() for figure in of_seed]
    if not told:
        return None
    book = [b for b in lesson.tutorial.book if b.step == job.step and identifier(b.name) == identifier(name)]
    pairs = [({**b.case, "": b.x} if b.x is not None else b.case, b.value) for b in book if is_number(b.value)]
    axis = _axis([figure.case for figure in told], [case for case, _ in pairs], job.settings)
    if axis is None:
        return None
    measured = _by_series(((seed, f.case, f) for seed, of_seed in figures.items() for f in of_seed), axis)
    behind = _book_series(pairs, axis, measured)
    stops = {x for points in measured.values() for x in points} | {x for points in behind.values() for x in points}
    planned = _planned(job.settings, {x for points in measured.values() for x in points})
    title = visible(name, False).replace("_", " ")
    series = _series(measured)
    return Learned(
        name,
        title[:1].upper() + title[1:],
        visible(told[0].unit, False),
        axis,
        tuple(sorted(stops | planned)),
        (*_drawn_book(behind, len(measured)), *series[:MOST]),
        max(len(seeds) for points in measured.values() for seeds in points.values()),
        _told(measured),
        max(0, len(series) - MOST),
    )


def _figures(job: JobView, name: str) -> list[Figure]:
    return [figure for (told, _), figure in job.figures.items() if told == name and is_number(figure.value)]


def _axis(
    cases: Sequence[Mapping[str, Any]], book: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> str | None:
    """The numeric key of the cases with the most values, counting what the book and the job's lists announce."""
    best, most = None, 1
    for key in dict.fromkeys(key for case in cases for key in case):
        if not all(is_number(case.get(key)) for case in cases):
            continue
        values = {float(case[key]) for case in cases}
        announced = {float(case[key]) for case in book if is_number(case.get(key))}
        count = len(values | announced | _planned(settings, values))
        if count > most:
            best, most = key, count
    return best


def _planned(settings: Mapping[str, Any], known: set[float]) -> set[float]:
    """The places still to come: a list of numbers among the settings that has all known ones in it."""
    for value in settings.values():
        if isinstance(value, (list, tuple)) and len(value) > 1 and all(map(is_number, value)):
            listed = {float(item) for item in value}
            if known and known <= listed:
                return listed
    return set()


def _rest(case: Mapping[str, Any], axis: str) -> Rest:
    return tuple((key, value) for key, value in case.items() if key != axis)


def _by_series(
    figures: Iterable[tuple[int, Mapping[str, Any], Figure]], axis: str
) -> dict[Rest, dict[float, dict[int, Figure]]]:
    """{what is left of the case: {x: {seed: figure}}}"""
    found: dict[Rest, dict[float, dict[int, Figure]]] = {}
    for seed, case, figure in figures:
        key = tuple(sorted(_rest(case, axis)))
        found.setdefault(key, {}).setdefault(float(case[axis]), {})[seed] = figure
    return found


def _series(measured: Mapping[Rest, Mapping[float, Mapping[int, Figure]]]) -> list[Series]:
    called = _names(list(measured))
    found = []
    for at, (rest, points) in enumerate(measured.items()):
        means = [(x, middle(f.value for f in seeds.values())) for x, seeds in sorted(points.items())]
        found.append(
            Series(
                called[rest],
                [(x, float(mean)) for x, mean in means if isinstance(mean, (int, float))],
                MARKS[at % len(MARKS)],
                COLORS[at % len(COLORS)],
                [(x, *spread) for x, seeds in sorted(points.items()) if (spread := _spread(seeds)) is not None],
                smooth=False,
            )
        )
    return found


def _spread(seeds: Mapping[int, Figure]) -> tuple[float, float] | None:
    """The range over the seeds; of one seed its own interval."""
    values = [float(figure.value) for figure in seeds.values() if is_number(figure.value)]
    if len(values) > 1:
        return min(values), max(values)
    figure = next(iter(seeds.values()))
    return None if figure.low is None or figure.high is None else (float(figure.low), float(figure.high))


def _names(rests: Sequence[Rest]) -> dict[Rest, str]:
    """A series by what sets it apart: texts alone, numbers and truths with their key."""
    varies = {key for rest in rests for key, _ in rest if len({dict(other).get(key) for other in rests}) > 1}
    return {rest: _called([(key, value) for key, value in rest if key in varies]) or "measured" for rest in rests}


def _called(rest: Iterable[tuple[str, Any]]) -> str:
    words = [value if isinstance(value, str) else f"{key.replace('_', ' ')} {_plain(value)}" for key, value in rest]
    return visible(", ".join(words), False)


def _plain(value: Any) -> str:
    return label(value, abs(value) or 1) if is_number(value) else str(value).lower()


def _book_series(
    pairs: Sequence[tuple[Mapping[str, Any], Any]], axis: str, measured: Mapping[Rest, Any]
) -> dict[Rest, dict[float, float]]:
    """The book's points by what is left of their case; only of series that are measured, where any is."""
    found: dict[Rest, dict[float, float]] = {}
    for case, value in pairs:
        at = case.get(axis, case.get(""))
        if at is None or not is_number(at):
            continue
        rest = tuple(sorted((key, item) for key, item in case.items() if key not in (axis, "")))
        found.setdefault(rest, {})[float(at)] = float(value)
    mine = {rest: points for rest, points in found.items() if any(_same(rest, other) for other in measured)}
    return mine or found


def _same(book: Rest, measured: Rest) -> bool:
    """Whether one case has the other in it."""
    return set(book) <= set(measured) or set(measured) <= set(book)


def _drawn_book(behind: Mapping[Rest, Mapping[float, float]], beside: int) -> list[Series]:
    called = _names(list(behind))
    return [
        Series(
            "book" if len(behind) == 1 else f"book, {called[rest]}",
            sorted(points.items()),
            "dashes",
            "book",
            smooth=False,
        )
        for rest, points in list(behind.items())[: max(2, beside)]
    ]


def _told(measured: Mapping[Rest, Mapping[float, Mapping[int, Figure]]]) -> dict[float, tuple[str, ...]]:
    """What a point rests on: its seeds, the items of each."""
    told = {}
    for x in sorted({x for points in measured.values() for x in points}):
        here = [points[x] for points in measured.values() if x in points]
        counts = {len(seeds) for seeds in here}
        items = {figure.n for seeds in here for figure in seeds.values() if figure.n is not None}
        words = []
        if max(counts) > 1:
            words.append(f"{max(counts)} seeds" if len(counts) == 1 else f"{min(counts)} to {max(counts)} seeds")
        if items:
            words.append(f"n {max(items):,}" if len(items) == 1 else f"n {min(items):,} to {max(items):,}")
        told[x] = tuple(words)
    return told
