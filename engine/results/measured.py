"""What a run measured, beside what the book reports, and which claims held: `deepdive results RUN --json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
from deepdive.engine.lessons.language import REDUCTIONS, Wrong
from deepdive.engine.lessons.pages import PLAIN_NAME
from deepdive.engine.lessons.tutorial import BookFigure, Tutorial
from deepdive.engine.results.claims import evaluate, expression
from deepdive.engine.results.evidence import (
    CURVES,
    Evidence,
    Measured,
    Missing,
    Points,
    Value,
    gather,
    identifier,
    middle,
)
from deepdive.engine.results.scope import reduced
from deepdive.engine.runs.events import Case, Figure, Scalar
from deepdive.engine.runs.view import RunView

Key = tuple[str, tuple[tuple[str, Any], ...]]  # a figure's name and its sorted case


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one step under one case.

    `measured` is a number or a short text: of several seeds the mean (of texts the commonest). (`low`, `high`) is the
    range over the seeds or, of one seed, the sampling interval over `n` items; `over` says which. `values` has one
    value per seed of `seeds`.
    """

    step: str
    name: str
    case: Case
    measured: float | str | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    over: Literal["seeds", "items"] | None = None
    seeds: list[int] = []
    values: list[float | str | None] = []
    unit: str = ""
    book: float | str | None = None
    note: str = ""


class Held(msgspec.Struct, frozen=True):
    """A claim. `held` is None while it is not yet measured; `evidence` has the numbers."""

    step: str
    text: str
    held: bool | None
    evidence: str


class Results(msgspec.Struct, frozen=True):
    run: str
    tutorial: str
    scale: str
    results: list[Result]
    claims: list[Held]

    def figure(self, name: str, step: str = "") -> Result | None:
        """The figure of that name: the given step's, else the first one's."""
        named = [result for result in self.results if identifier(result.name) == identifier(name)]
        return next((result for result in named if result.step == step), named[0] if named else None)

    def on_page(self, name: str, evidence: Evidence, step: str = "") -> Value | bool | None:
        """What a page's `{{figure NAME}}` stands for: NAME is a figure, or an expression as in a claim.

        `{{figure accuracy(method='prompt', k=16)}}` is the mean over the seeds; None: not yet measured.
        """
        if PLAIN_NAME.fullmatch(name):
            found = self.figure(name, step)
            return found.measured if found is not None else None
        try:
            return expression(name, evidence, step)[0]
        except (Missing, Wrong):
            return None


def results(tutorial: Tutorial, scale: str, view: RunView, run: str = "") -> Results:
    """Every figure of the steps at this scale, in the order of the lesson, and every claim that is for this scale."""
    evidence = gather(tutorial, view)
    here = {step.id for step in tutorial.steps if step.at(scale)}
    found = [result for step in tutorial.steps if step.id in here for result in _of_step(evidence, step.id)]
    claims = [
        Held(claim.step, claim.text, verdict.held, verdict.evidence)
        for claim in tutorial.claims
        if claim.scale in ("", scale) and claim.step in here
        for verdict in (evaluate(claim, evidence),)
    ]
    return Results(run, tutorial.id, scale, found, claims)


def _of_step(evidence: Evidence, step: str) -> Iterator[Result]:
    """What the step measured, then what only the book reports (the end of a curve among it)."""
    measured, groups = evidence.steps[step], _grouped(evidence.steps[step])
    book = _of_book(evidence.book, step)
    own = [(name, next(iter(by_seed.values())).case) for (name, _), by_seed in groups.items()]
    for (name, case), by_seed in zip(own, groups.values(), strict=True):
        key = _counterpart(name, case, own, list(book))
        yield _measured(step, name, case, by_seed, book.pop(key) if key else None)
    for (name, case_text), value in book.items():
        ends = {} if case_text else _ends(measured, name)
        yield _only_in_book(step, name, dict(case_text), ends, value)


def _grouped(measured: Measured) -> dict[Key, dict[int, Figure]]:
    """The figures by name and case in the order of their first telling, each by seed."""
    groups: dict[Key, dict[int, Figure]] = {}
    for seed, job in measured.jobs.items():
        for key, figure in job.figures.items():
            groups.setdefault(key, {})[seed] = figure
    return groups


def _measured(step: str, name: str, case: Case, by_seed: Mapping[int, Figure], book: float | str | None) -> Result:
    figures = list(by_seed.values())
    first = figures[0]
    values = [_plain(figure.value) for figure in figures]
    low, high, over = _interval(values, first.low, first.high)
    missing = [str(seed) for seed, value in zip(by_seed, values, strict=True) if value is None]
    note = next((figure.note for figure in figures if figure.note), "")
    if missing and len(values) > 1:
        note = "; ".join(filter(None, [note, f"not a number with seed {', '.join(missing)}"]))
    return Result(
        step=step,
        name=name,
        case=case,
        measured=middle(values),
        low=low,
        high=high,
        over=over,
        n=first.n if len({f.n for f in figures}) == 1 else None,
        seeds=list(by_seed),
        values=values,
        unit=first.unit,
        book=book,
        note=note,
    )


def _only_in_book(step: str, name: str, case: Case, ends: Mapping[int, float], book: float | str) -> Result:
    """A figure that the step did not measure; `ends` has it where it is a curve's."""
    values: list[float | str | None] = list(ends.values())
    low, high, over = _interval(values, None, None)
    return Result(
        step=step,
        name=name,
        case=case,
        measured=middle(values),
        low=low,
        high=high,
        over=over,
        seeds=list(ends),
        values=values,
        unit=_unit(name),
        book=book,
    )


def _interval(
    values: Sequence[float | str | None], low: float | None, high: float | None
) -> tuple[float | None, float | None, Literal["seeds", "items"] | None]:
    """Over several seeds their range, of one seed its sampling interval."""
    if len(values) > 1:
        numbers = [value for value in values if isinstance(value, (int, float))]
        return (min(numbers), max(numbers), "seeds") if numbers else (None, None, None)
    return (low, high, "items") if low is not None and high is not None else (None, None, None)


def _plain(value: Scalar) -> float | str | None:
    return int(value) if isinstance(value, bool) else value


# ---- the book's side --------------------------------------------------------------------------------------------


def _of_book(book: Sequence[BookFigure], step: str) -> dict[Key, float | str]:
    """What the book reports for a step, by name and case; of a curve the last value."""
    last: dict[Key, BookFigure] = {}
    for figure in book:
        key = (figure.name, tuple(sorted(figure.case.items())))
        if figure.step == step and (key not in last or (figure.x or 0.0) >= (last[key].x or 0.0)):
            last[key] = figure
    return {key: figure.value for key, figure in last.items()}


def _counterpart(name: str, case: Case, own: Sequence[tuple[str, Case]], book: Sequence[Key]) -> Key | None:
    """The book's figure of the same case; where one side has no case, the only one of that name on both sides."""
    named = [key for key in book if identifier(key[0]) == identifier(name)]
    for key in named:
        if dict(key[1]) == case:
            return key
    alone = len(named) == 1 and len([n for n, _ in own if identifier(n) == identifier(name)]) == 1
    return named[0] if alone and (not case or not named[0][1]) else None


def _ends(measured: Measured, name: str) -> dict[int, float]:
    """What a book's figure is called after a curve: `validation_loss` (its end) or `at_lowest(validation_loss)`."""
    function, _, rest = name.partition("(")
    curve, reduction = (rest.rstrip(")"), function) if rest and function in REDUCTIONS else (name, "last")
    by_seed: Mapping[int, Points] = measured.curves(identifier(curve))
    return {seed: reduced(reduction, series) for seed, series in by_seed.items()}


def _unit(name: str) -> str:
    """The two losses of a Trainer are cross-entropies."""
    function, _, rest = name.partition("(")
    return "nats" if (rest.rstrip(")") or function) in CURVES and not function.startswith("at_") else ""
