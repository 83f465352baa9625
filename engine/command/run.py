"""`deepdive run`: from words to jobs, and following them until nothing is left to do."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import Any

from deepdive.engine.command.console import FAILED, STOPPED, WRONG, complain, say, tell, unlock
from deepdive.engine.command.telling import Teller, results_table
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.files import FULL_OR_READ_ONLY
from deepdive.engine.common.words import shown
from deepdive.engine.keys import finding
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.roles import role_of
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.results.measured import results
from deepdive.engine.runs import plan
from deepdive.engine.runs.events import FAULTS, AnyEvent
from deepdive.engine.runs.log import Tail
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import JobView, RunView
from deepdive.engine.work import grants, submission, supervisor
from deepdive.engine.work.submission import NOTHING, Handed

POLL_SECONDS = 0.1
BUSY_SECONDS = 0.3  # between two questions whether the worker still has something to do


def run_tutorial(arguments: argparse.Namespace) -> int:
    tutorial = catalogue.find(arguments.tutorial)
    if not tutorial.ready:
        raise Refusal("TUTORIAL", f"{tutorial.id} is not built yet", _ready())
    if arguments.seed is not None and arguments.seeds is not None:
        raise Refusal("--seeds", "can't be used together with --seed", "one of them")
    if arguments.seeds is not None and not 1 <= arguments.seeds <= 100:
        raise Refusal("--seeds", f"{arguments.seeds} is out of range", "1 … 100")
    if arguments.seed is not None and not 0 <= arguments.seed < 2**32:
        raise Refusal("--seed", f"{arguments.seed} is out of range", "0 … 4294967295")
    if arguments.memory_limit is not None and not 0 < arguments.memory_limit < 1e5:
        raise Refusal("--memory-limit", f"{shown(arguments.memory_limit)} is out of range", "more than 0 GB")
    if arguments.spend_cap is not None and not 0 <= arguments.spend_cap < 1e5:
        raise Refusal("--spend-cap", f"{shown(arguments.spend_cap)} is out of range", "0 or more US dollars")
    store = Store()
    run, scale, before = _the_run(arguments, tutorial, store)
    known = {step.id: step for step in tutorial.steps}
    goals = arguments.steps or [s.id for s in tutorial.steps if s.at(scale) and not s.optional]
    for goal in goals:
        if goal not in known:
            raise Refusal("STEP", f"{tutorial.id} has no step {goal!r}", ", ".join(known))
    edits, roles = _sets(arguments.sets, tutorial, scale, goals)
    edits = {step: {**(run.edits() if run else {}).get(step, {}), **values} for step, values in edits.items()}
    merged = {**(run.edits() if run else {}), **edits}
    seeds = _seeds(arguments)
    pointed = {**(run.record.roles if run else {}), **roles}
    orders = submission.planned(store, tutorial, scale, before, goals, edits=merged, roles=pointed, seeds=seeds)
    if run is None:
        limit = int(arguments.memory_limit * 1e9) if arguments.memory_limit else None
        options = {"memory_limit": limit, "spend_cap": arguments.spend_cap}
        run = submission.opened(store, tutorial, scale, roles=roles, **options)
    elif roles or arguments.spend_cap is not None:
        with run.changing() as record:
            record.roles |= roles
            if arguments.spend_cap is not None:
                record.spend_cap = arguments.spend_cap
    for step, values in edits.items():
        run.edit(step, values)
    if not arguments.json:
        say(f"{tutorial.title} · {scale} · run {run.id}")
        for id in dict.fromkeys(order.step for order in orders if order.step in known):
            if announcement := known[id].announcement:
                say(f"! {id}: {announcement}")
    _unlock(tutorial, run, [order.step for order in orders])
    handed = submission.submit(store, run, orders)
    jobs = follow(run, before, arguments.json, handed)
    if not arguments.json and any(job.digest for job in jobs):
        say()
        print_results(tutorial, run)
    return exit_code(run, jobs)


def _unlock(tutorial: Tutorial, run: Run, steps: list[str]) -> None:
    """Ask for the encrypted file's passphrase where a key that the steps can ask for lies in it alone."""
    wanted = grants.asked_for(tutorial, run.record.scale, run.record.roles, steps)
    if sys.stdin.isatty() and finding.locked(wanted):
        unlock()


def _ready() -> str:
    return ", ".join(tutorial.id for tutorial in catalogue.load().tutorials if tutorial.ready)


def _the_run(arguments: argparse.Namespace, tutorial: Tutorial, store: Store) -> tuple[Run | None, str, RunView]:
    """The run named by --in, its scale and its view; or none, the scale asked for and an empty view."""
    if arguments.scale is not None and arguments.scale not in tutorial.scales:
        raise Refusal("--scale", f"{tutorial.id} has no scale {arguments.scale!r}", ", ".join(tutorial.scales))
    if arguments.inside is None:
        return None, arguments.scale or "pocket", RunView()
    run = store.open(arguments.inside)
    if run.record.tutorial != tutorial.id:
        raise Refusal("--in", f"{run.id} is a run of {run.record.tutorial}", f"a run of {tutorial.id}")
    if arguments.scale not in (None, run.record.scale):
        raise Refusal(
            "--scale", f"{run.id} is at the scale {run.record.scale}", "leave --scale out, or start a new run"
        )
    run.settle()
    return run, run.record.scale, run.view()


def _seeds(arguments: argparse.Namespace) -> list[int] | None:
    if arguments.seeds is not None:
        return list(range(arguments.seeds))
    return [arguments.seed] if arguments.seed is not None else None


def _sets(
    sets: list[str], tutorial: Tutorial, scale: str, goals: list[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """--set as changed settings by step, and as roles pointed elsewhere.

    A setting without its step is that of every goal, and of what a goal needs, that has it.
    """
    edits: dict[str, dict[str, Any]] = {}
    roles: dict[str, str] = {}
    steps = {step.id: step for step in tutorial.steps}
    reached = plan.with_needs(tutorial, goals)
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals:
            raise Refusal("--set", f"{text!r} has no =", "[STEP.]SETTING=VALUE or ROLE=PLACE")
        owner, dot, name = key.rpartition(".")
        if dot and owner not in steps:
            raise Refusal("--set", f"{tutorial.id} has no step {owner!r}", ", ".join(steps))
        found = False
        for step in [steps[owner]] if dot else reached:
            for setting in step.settings:
                if setting.name == name:
                    edits.setdefault(step.id, {})[name] = setting.parse(value)
                    found = True
        if not found and not dot and name in tutorial.scales[scale].roles:
            roles[name] = role_of(tutorial, scale, name).pointed(value)
        elif not found:
            names = {setting.name for step in ([steps[owner]] if dot else steps.values()) for setting in step.settings}
            allowed = sorted(names) + ([] if dot else sorted(tutorial.scales[scale].roles))
            raise Refusal("--set", f"there is no setting or role {key!r}", ", ".join(allowed))
    return edits, roles


def follow(run: Run, before: RunView, as_json: bool, handed: Handed = NOTHING) -> list[JobView]:
    """Tell what happens in the run until its worker has nothing left to do; the jobs that were told.

    Jobs that `before` holds are not told again. ctrl+c stops the run politely, a second one firmly. Where the worker
    dies before what was handed over begins, that is told as a job that failed.
    """
    tail, view, teller = Tail(run.log), RunView(), Teller(sys.stdout, len(handed.orders))
    pressed: list[int] = []

    def poll() -> list[AnyEvent]:
        events = tail.poll()
        view.add(events)
        for event in events:
            if event.job in before.jobs:
                continue
            if as_json:
                tell(event)
            else:
                teller.tell(event, view)
        return events

    handler = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    heard, checked, told = 0, time.monotonic(), ""
    try:
        while True:
            if len(pressed) > heard:
                heard = len(pressed)
                supervisor.stop(run, firm=heard > 1)
            if poll():
                continue
            if time.monotonic() - checked > BUSY_SECONDS:
                checked = time.monotonic()
                busy, trouble = supervisor.status(run)
                if trouble and trouble != told:
                    complain(f"deepdive: {trouble}. Free some space: nothing is lost so far.")
                told = trouble
                if not busy:
                    closed = run.settle()
                    lost = not pressed and submission.tell_lost(run, handed)
                    if not poll():
                        if closed or lost:
                            raise Fault(f"how it ended can't be written into {run.log}", FULL_OR_READ_ONLY)
                        break
            time.sleep(POLL_SECONDS)
            if not as_json:
                teller.tick(view)
    finally:
        signal.signal(signal.SIGINT, handler)
        if not as_json:
            teller.close()
    return [job for id, job in view.jobs.items() if id not in before.jobs]


def exit_code(run: Run, jobs: list[JobView]) -> int:
    """The worst that happened."""
    code = 0 if jobs else STOPPED
    for job in jobs:
        if job.outcome in ("failed", "diverged"):
            code = FAILED
        elif job.outcome == "refused":
            code = WRONG
        elif job.outcome == "stopped":
            code = STOPPED
        if job.outcome in FAULTS:
            complain(f"deepdive: {job.step} {job.outcome}: {job.cause}. {job.action}")
            if not job.digest and job.detail:  # it could not even begin
                complain(job.detail)
            elif job.outcome == "failed" and job.detail:
                complain(f"The last lines are in {run.worker_log}; `deepdive show {run.id}` shows more.")
    return code


def print_results(tutorial: Tutorial, run: Run) -> None:
    view = run.view()
    for line in results_table(results(tutorial, run.record.scale, view)):
        say(line)
