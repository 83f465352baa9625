"""What a step needs of another tutorial: the latest finished job of that step, of this run or of the newest that has
one; where there is none, the jobs that make it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import msgspec
from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons import catalogue
from deepdive.engine.runs import plan
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import JobView, RunView, of

MADE_HERE = "pocket"  # the scale at which what is missing is run unasked: it takes minutes


def latest(store: Store, need: str, scale: str) -> tuple[JobView, Path]:
    """Of "tutorial/step[:artifact]" the job and the artifact's path. Raises Fault with the command that makes it."""
    name, _, artifact = need.partition(":")
    tutorial, _, step = name.partition("/")
    for run in store.of(tutorial, scale):
        job = _latest(run, step)
        if job is not None and (path := artifact_of(run, job, artifact)) is not None:
            return job, path
    raise Fault(
        f"{step} of {tutorial} is needed, and no run at the scale {scale} has finished it",
        f"`deepdive run {tutorial} {step} --scale {scale}` makes it",
    )


def _latest(run: Run, step: str) -> JobView | None:
    """The latest finished job of a step; none in a run that can't be read, which hides no other."""
    try:
        written = run.log.stat()
        return _view(run.log, written.st_size, written.st_mtime_ns).latest(step)
    except (Fault, OSError):
        return None


@lru_cache(maxsize=64)
def _view(log: Path, size: int, changed: int) -> RunView:
    """A run's log is read again only when it has changed."""
    return of(replay(log)[0])


def artifact_of(run: Run, job: JobView, artifact: str) -> Path | None:
    """Where a job left an artifact ("": its folder), or None. Rows are named without their ending."""
    folder = run.artifacts(job.id)
    path = folder / artifact if artifact else folder
    return path if path.exists() or path.with_name(f"{path.name}.jsonl").exists() else None


def to_run(store: Store, need: str, scale: str, view: RunView) -> list[plan.Order]:
    """The jobs that must run before a step with this need: none where it is there.

    They run in the run of `view`, under the name "tutorial/step". Raises Fault at a scale where that takes long.
    """
    name = plan.need_step(need)
    if view.latest(name) is not None:
        return []
    try:
        latest(store, need, scale)
    except Fault:
        if scale != MADE_HERE:
            raise
    else:
        return []
    id, _, step = name.partition("/")
    mine = {job.id: replace(job, step=job.step.removeprefix(f"{id}/")) for job in _of(view, id)}
    orders = plan.orders(
        catalogue.find(id),
        scale,
        RunView(jobs=mine),
        [step],
        seeds=[0],
        again=False,
        lend=lambda other: to_run(store, other, scale, view),
    )
    return [
        order if "/" in order.step else msgspec.structs.replace(order, step=f"{id}/{order.step}") for order in orders
    ]


def _of(view: RunView, tutorial: str) -> list[JobView]:
    return [job for job in view.jobs.values() if job.step.startswith(f"{tutorial}/")]
