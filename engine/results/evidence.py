"""What counts as measured: of every step the latest finished job of each seed, beside what the book reports.

Claims, results and predictions look their figures up here, so that a name means the same in all three.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deepdive.engine.lessons.tutorial import BookFigure, Tutorial
from deepdive.engine.runs.events import Case, Figure, Number, Scalar
from deepdive.engine.runs.view import Curve, JobView, RunView

Value = float | str
Points = list[tuple[float, float]]  # (x, value), in order of x, without gaps

CURVES = {"training_loss": ("training", "loss"), "validation_loss": ("validation", "eval_loss")}
NOT_FINISHED = {
    "": "is still running",
    "cut": "was finished early",
    "stopped": "was stopped",
    "refused": "was refused",
    "failed": "failed",
    "diverged": "diverged: its loss is not a number",
}


class Missing(Exception):
    """Not yet measured; the message says what is missing and why."""


class Diverged(Missing):
    """The training that was to show it diverged."""


@dataclass(frozen=True)
class Measured:
    """The jobs of one step that count, by seed; `seeds` is how many the step has by default.

    `why` says why there is none ("has not run").
    """

    step: str
    jobs: Mapping[int, JobView] = field(default_factory=dict)
    seeds: int = 1
    why: str = "has not run"

    def figures(self, name: str, case: Case) -> dict[int, Figure]:
        """The figure under these conditions, by seed. Raises Missing where several figures fit."""
        found = {seed: _fitting(job, name, case) for seed, job in self.jobs.items()}
        return {seed: figure for seed, figure in found.items() if figure is not None}

    def curves(self, name: str) -> dict[int, Points]:
        """The curve that `name` stands for, by seed."""
        found = {seed: points(job.curves, name) for seed, job in self.jobs.items()}
        return {seed: series for seed, series in found.items() if series}


@dataclass(frozen=True)
class Evidence:
    """Everything that a claim may speak of."""

    steps: Mapping[str, Measured]
    book: tuple[BookFigure, ...] = ()

    def figures(self, step: str, name: str, case: Case) -> tuple[Measured, dict[int, Figure]]:
        """The figure by seed, and the step that measured it. Raises Missing."""
        case, candidates = self._candidates(step, case)
        for group in candidates:
            found = [(measured, figures) for measured in group if (figures := measured.figures(name, case))]
            if len(found) == 1:
                return found[0]
            if found:
                steps = ", ".join(measured.step for measured, _ in found)
                raise Missing(f"{name} was measured by {steps}: say which with step=")
        raise Missing(f"{candidates[0][0].step} did not measure {called(name, case)}")

    def curves(self, step: str, name: str, case: Case) -> tuple[Measured, dict[int, Points]]:
        """The curve by seed, and the step that it belongs to. Raises Missing."""
        _, candidates = self._candidates(step, case)
        for group in candidates:
            found = [(measured, curves) for measured in group if (curves := measured.curves(name))]
            if len(found) == 1:
                return found[0]
            if found:
                steps = ", ".join(measured.step for measured, _ in found)
                raise Missing(f"{name} is a curve of {steps}: say which with step=")
        raise Missing(f"{candidates[0][0].step} has no curve {name}")

    def in_book(self, step: str, name: str, case: Case) -> list[BookFigure]:
        """What the book reports: one figure, or a curve's in order of x. Empty if it reports none."""
        step, case = self._elsewhere(step, case)
        named = [b for b in self.book if b.step == step and identifier(b.name) == identifier(name)]
        exact = [b for b in named if b.case == case]
        wider = [b for b in named if includes(b.case, case)]
        found = exact or (wider if len({called("", b.case) for b in wider}) == 1 else [])
        return sorted(found, key=lambda b: (b.x is not None, b.x or 0.0))

    def _elsewhere(self, step: str, case: Case) -> tuple[str, Case]:
        """`step='tune'` among the conditions names another step of the tutorial."""
        if case.get("step") in self.steps:
            return str(case["step"]), {key: value for key, value in case.items() if key != "step"}
        return step, case

    def _candidates(self, step: str, case: Case) -> tuple[Case, list[list[Measured]]]:
        """Where a figure is looked for: in the step itself and, where that has run without measuring it, elsewhere."""
        name, rest = self._elsewhere(step, case)
        own = self.steps.get(name, Measured(name))
        if not own.jobs:
            raise (Diverged if own.why == NOT_FINISHED["diverged"] else Missing)(f"{name} {own.why}")
        others = [m for id, m in self.steps.items() if id != name] if name == step else []
        return rest, [[own], others]


def gather(tutorial: Tutorial, view: RunView) -> Evidence:
    """The evidence of a run."""
    steps = {}
    for step in tutorial.steps:
        last = view.latest(step.id, done=False)
        why = "has not run" if last is None else NOT_FINISHED.get(last.outcome, "has not finished")
        steps[step.id] = Measured(step.id, counting(view, step.id), step.seeds, why)
    return Evidence(steps, tutorial.book)


def counting(view: RunView, step: str) -> dict[int, JobView]:
    """The latest finished job of each seed, in order of the seeds.

    Only those with the settings of the newest count: a mean over different settings would be no mean over seeds.
    """
    newest = view.latest(step)
    if newest is None:
        return {}
    seeds = sorted({job.seed for job in view.of_step(step)})
    latest = {seed: job for seed in seeds if (job := view.latest(step, seed)) is not None}
    return {seed: job for seed, job in latest.items() if job.settings == newest.settings}


def identifier(name: str) -> str:
    """A figure's or curve's name as a claim writes it: `share recited` is `share_recited`."""
    return re.sub(r"\W+", "_", name).strip("_")


def called(name: str, case: Case) -> str:
    """`accuracy(method='prompt', k=8)`"""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in sorted(case.items()))})" if case else name


def includes(case: Mapping[str, Scalar], wanted: Case) -> bool:
    return all(key in case and case[key] == value for key, value in wanted.items())


def points(curves: Mapping[str, Curve], name: str) -> Points:
    """The series of `training_loss`, `validation_loss` or CURVE_METRIC; empty if there is none."""
    for curve_name, curve in curves.items():
        for metric in curve.values:
            if CURVES.get(name) == (curve_name, metric) or identifier(f"{curve_name}_{metric}") == name:
                return [(x, float(y)) for x, y in curve.series(metric) if y is not None]
    return []


def _fitting(job: JobView, name: str, case: Case) -> Figure | None:
    """The figure with exactly this case, else the only one whose case has it in it."""
    named = [figure for figure in job.figures.values() if identifier(figure.name) == identifier(name)]
    for figure in named:
        if figure.case == case:
            return figure
    wider = [figure for figure in named if includes(figure.case, case)]
    if len(wider) > 1:
        cases = ", ".join(called(name, figure.case) for figure in wider[:3])
        raise Missing(f"{called(name, case)} fits {len(wider)} figures: {cases}{' …' if len(wider) > 3 else ''}")
    return wider[0] if wider else None


def middle(values: Iterable[Scalar]) -> Value | None:
    """The mean of numbers (yes and no count as 1 and 0), the commonest of texts; None where there is nothing."""
    known = [value for value in values if value is not None]
    texts = [value for value in known if isinstance(value, str)]
    if texts:
        return max(texts, key=texts.count)
    numbers: list[Number] = [value for value in known if not isinstance(value, str)]
    if not numbers:
        return None
    if all(value == numbers[0] for value in numbers):
        return float(numbers[0] or 0.0)  # exactly, not but for rounding
    return sum(float(value or 0.0) for value in numbers) / len(numbers)
