"""From what a learner wants to jobs on a worker: open a run, plan, hand over.

Command, plain mode and interface all come here, so that they can't differ.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import last_lines
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.machine.hardware import describe, machine
from deepdive.engine.runs import borrowed, plan
from deepdive.engine.runs.events import End, Job
from deepdive.engine.runs.log import Writer
from deepdive.engine.runs.plan import Order
from deepdive.engine.runs.store import OUT_OF_MEMORY, Run, Store
from deepdive.engine.runs.view import RunView
from deepdive.engine.work import grants, protocol
from deepdive.engine.work.supervisor import DYING_SECONDS, LOOK_FOR_IT, reached

TRIES, RETRY_SECONDS = 20, 0.1


def opened(store: Store, tutorial: Tutorial, scale: str, **options: Any) -> Run:
    """A new run, which says on what machine it was made. Raises Fault where nothing can be written, Refusal where no
    worker could serve it."""
    protocol.idle_seconds()
    return store.create(tutorial.id, scale, describe(machine()), **options)


def planned(
    store: Store,
    tutorial: Tutorial,
    scale: str,
    view: RunView,
    goals: list[str],
    *,
    edits: dict[str, dict[str, Any]] | None = None,
    roles: dict[str, str] | None = None,
    seeds: list[int] | None = None,
    again: bool = True,
) -> list[Order]:
    """The jobs for the goal steps, with those of other tutorials that they need. Reads runs; raises Refusal, Fault."""
    lend = partial(borrowed.to_run, store, scale=scale, view=view)
    return plan.orders(tutorial, scale, view, goals, edits=edits, roles=roles, seeds=seeds, again=again, lend=lend)


@dataclass(frozen=True)
class Handed:
    """Jobs that a worker took, and when."""

    orders: tuple[Order, ...]
    at: float


NOTHING = Handed((), 0.0)


def submit(store: Store, run: Run, orders: list[Order]) -> Handed:
    """Queue jobs on the run's worker; an idle one is taken over, or a new one started. Blocks; raises Fault.

    With them go the secrets that these steps ask for by a role, and no others.
    """
    run.settle()
    handed = Handed(tuple(orders), time.time())
    tutorial, record = catalogue.find(run.record.tutorial), run.record
    secrets = grants.for_steps(tutorial, record.scale, record.roles, [order.step for order in orders])
    request = {"do": "run", "run": str(run.folder), "orders": msgspec.to_builtins(orders), "secrets": secrets}
    for left in reversed(range(TRIES)):
        try:
            with reached(store, run) as address:
                protocol.call(address, **request)
            break
        except Fault as fault:  # between our look and our word another took that worker, or another served the run
            if fault.cause not in (protocol.BUSY, protocol.SERVED) or not left:
                raise
            time.sleep(RETRY_SECONDS)
    return handed


def tell_lost(run: Run, handed: Handed) -> bool:
    """Tell in the log that what was handed over failed, where the worker died before it began; whether it did.

    Nothing is told while the worker lives, or where it ended as it was asked to.
    """
    worker = run.reload().worker
    if worker is None or worker.alive():
        return False
    with run.locked(DYING_SECONDS) as mine:
        if not mine:
            return False
        view = run.view()
        order = next((order for order in handed.orders if not _begun(view, order, handed.at)), None)
        if order is None or _ended_badly(view, handed.at):
            return False
        said = run.worker_log.exists() and run.worker_log.stat().st_mtime >= handed.at
        detail = last_lines(run.worker_log) if said else ""
        cause, action = f"the worker ended before {order.step} could begin", LOOK_FOR_IT
        if worker.starved():
            cause, action = OUT_OF_MEMORY
        elif detail:
            cause += f": {detail.splitlines()[-1].strip()}"
        job, now = f"j{len(view.jobs) + 1}", time.time()
        writer = Writer(run.log)
        writer.append(Job(t=now, job=job, step=order.step, seed=order.seed, settings=order.settings))
        writer.append(End(t=now, job=job, outcome="failed", cause=cause, action=action, detail=detail))
        writer.close()
        return True


def _begun(view: RunView, order: Order, since: float) -> bool:
    job = view.latest(order.step, order.seed, done=False)
    return job is not None and job.began >= since


def _ended_badly(view: RunView, since: float) -> bool:
    """Whether a job since then did: what stood behind it was dropped."""
    return any(job.began >= since and job.outcome not in ("done", "cut") for job in view.jobs.values())
