"""A step with several seeds: which jobs belong together, where the running one stands, how long all of them take."""

from __future__ import annotations

from typing import NamedTuple

from deepdive.engine.runs.view import JobView, RunView

from .lesson import Lesson


def siblings(view: RunView, job: JobView) -> dict[int, JobView]:
    """By seed the latest job like this one (step, settings, source) that counts or is at work; `job` in any case."""
    found: dict[int, JobView] = {}
    for other in view.of_step(job.step):
        alike = other.settings == job.settings and _origin(other) == _origin(job)
        if other is job or (alike and other.outcome in ("", "done")):
            found[other.seed] = other
    found[job.seed] = job
    return dict(sorted(found.items()))


def _origin(job: JobView) -> tuple[str | None, str | None]:
    return job.inputs.get("source"), job.inputs.get("roles")


class JobNumber(NamedTuple):
    """A running job among those that were asked for together, the first being 1."""

    at: int
    total: int


def job_number(lesson: Lesson, job: JobView) -> JobNumber | None:
    """Where a running job stands; without a record of what was asked for, among the seeds of its step."""
    if lesson.asked > 1:
        return JobNumber(max(1, lesson.asked - len(lesson.queued)), lesson.asked)
    return None if lesson.queued else seed_number(lesson, job)


def seed_number(lesson: Lesson, job: JobView) -> JobNumber | None:
    """seed 2 of 5, of a step that has several."""
    step = next((step for step in lesson.tutorial.steps if step.id == job.step), None)
    if step is None or step.seeds < 2 or job.seed >= step.seeds:
        return None
    return JobNumber(job.seed + 1, step.seeds)


def time_left(lesson: Lesson, job: JobView, number: JobNumber) -> float | None:
    """Seconds until the last job asked for ends; None where one of them can't be told."""
    own = job.seconds_left()
    waiting = [step for step, _ in lesson.queued] if lesson.asked > 1 else [job.step] * (number.total - number.at)
    each = [_about(lesson, step) for step in waiting]
    if own is None and (whole := _about(lesson, job.step)) is not None:
        own = max(0.0, whole - (job.last - job.began))
    if own is None or any(seconds is None for seconds in each):
        return None
    return own + sum(seconds or 0.0 for seconds in each)


def _about(lesson: Lesson, id: str) -> float | None:
    """How long a job of the step takes: as the last one took here, else the author's estimate for one of its seeds."""
    done = lesson.view.latest(id)
    if done is not None:
        return done.seconds()
    step = next((step for step in lesson.tutorial.steps if step.id == id), None)
    seconds = step.seconds.get(lesson.scale) if step is not None else None
    return seconds / step.seeds if step is not None and seconds is not None else None
