"""What a step needs of another tutorial: the latest finished job of that step, in the newest run that has one."""

from __future__ import annotations

from pathlib import Path

from deepdive.engine.common.faults import Fault
from deepdive.engine.runs import view
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Store
from deepdive.engine.runs.view import JobView


def latest(store: Store, need: str, scale: str) -> tuple[JobView, Path]:
    """Of "tutorial/step[:artifact]" the job and the artifact's path. Raises Fault with the command that makes it."""
    whole, _, artifact = need.partition(":")
    tutorial, _, step = whole.partition("/")
    for info in store.runs():
        if (info.tutorial, info.scale) != (tutorial, scale):
            continue
        run = store.open(info.id)
        job = view.of(replay(run.log)[0]).latest(step)
        if job is None:
            continue
        folder = run.artifacts(job.id)
        path = folder / artifact if artifact else folder
        if path.exists() or path.with_name(f"{path.name}.jsonl").exists():  # rows are named without their ending
            return job, path
    raise Fault(
        f"{step} of {tutorial} is needed, and no run at the scale {scale} has finished it",
        f"`deepdive run {tutorial} {step} --scale {scale}` makes it",
    )
