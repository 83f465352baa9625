"""The `deepdive` command: everything that works without the interface.

Exit codes: 0 done; 1 a step failed (its reason on stderr); 2 the request was wrong (what is allowed on stderr);
130 stopped. With --json standard output carries JSON only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec

from . import catalogue, plan, supervisor
from .faults import Fault, Refusal
from .log import Tail, replay
from .settings import shown
from .store import Run, RunInfo, Store, last_lines
from .telling import Teller, ago, answer_lines, clock, results_table, step_line
from .tutorial import Tutorial
from .untrusted import visible
from .view import JobView, RunView, of

FAILED, WRONG, STOPPED = 1, 2, 130
POLL_SECONDS = 0.1


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    try:
        arguments = parser().parse_args(argv)
        code: int = arguments.call(arguments)
        sys.stdout.flush()
    except Refusal as refusal:
        complain(f"deepdive: {visible(str(refusal))}")
        return WRONG
    except Fault as fault:
        complain(f"deepdive: {visible(str(fault))}")
        if fault.detail:
            complain(visible(fault.detail))
        return FAILED
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:  # `deepdive list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return code


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(f"deepdive: {message}")
        complain(self.format_usage().rstrip())
        sys.exit(WRONG)


def parser() -> argparse.ArgumentParser:
    main = Parser(prog="deepdive", description="Learn how large language models work, by running them.")
    main.add_argument("--version", action="version", version=f"deepdive {_version()}")
    commands = main.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, call: Callable[[argparse.Namespace], int], help: str, json: bool = True) -> Parser:
        sub: Parser = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(call=call, json=False)
        if json:
            sub.add_argument("--json", action="store_true", help="machine-readable output")
        return sub

    command("list", list_tutorials, "tutorials, their steps, needs and scales")
    run = command("run", run_tutorial, "run a tutorial, or some of its steps and what they need")
    run.add_argument("tutorial", metavar="TUTORIAL")
    run.add_argument("steps", metavar="STEP", nargs="*")
    run.add_argument("--scale", default=None, help="pocket (default) or book")
    run.add_argument("--set", action="append", default=[], metavar="[STEP.]SETTING=VALUE", dest="sets")
    run.add_argument("--seed", type=int, default=None, help="the seed (default 0)")
    run.add_argument("--seeds", type=int, default=None, metavar="K", help="run at the seeds 0 to K-1")
    run.add_argument("--in", default=None, metavar="RUN", dest="inside", help="in this run, or `last`; else a new one")
    run.add_argument("--memory-limit", type=float, default=None, metavar="GB", help="act as if there were only so much")
    command("runs", list_runs, "all runs, newest first")
    show = command("show", show_run, "what a run did")
    attach = command("attach", attach_run, "follow a run that goes on")
    stop = command("stop", stop_run, "stop a run: it finishes the batch, saves and reports", json=False)
    stop.add_argument("--firm", action="store_true", help="end its worker now")
    ask = command("ask", ask_probe, "ask a run's model, also while it trains")
    results = command("results", show_results, "measured beside the book's, and whether the lessons held")
    for sub in (show, attach, stop, ask, results):
        sub.add_argument("run", metavar="RUN", help="a run's name, or `last`")
    ask.add_argument("probe", metavar="PROBE")
    ask.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE", dest="sets")
    command("doctor", run_doctor, "devices, keyring, disk, hubs, versions: what works, and what to do about the rest")
    pocket = command("pocket", pocket_world, "make the pocket models again, or check that they do their job")
    pocket.add_argument("what", choices=["build"])
    pocket.add_argument("--check", action="store_true", help="measure the shipped ones")
    completion = command("completion", print_completion, "a completion script to source", json=False)
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    return main


def commands() -> list[str]:
    """The names of all commands."""
    return sorted(_subparsers(parser()))


def _subparsers(main: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in main._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _version() -> str:
    from .store import versions

    return versions().get("deepdive-llm", "?")


# ---- list -------------------------------------------------------------------------------------------------------


def list_tutorials(arguments: argparse.Namespace) -> int:
    found = catalogue.load()
    for problem in found.problems:
        complain(f"deepdive: {visible(str(problem))}")
    if arguments.json:
        listed = [
            {
                "id": tutorial.id,
                "chapter": tutorial.chapter,
                "title": tutorial.title,
                "state": "ready" if tutorial.ready else "not built yet",
                "teaches": tutorial.teaches,
                "needs": tutorial.needs,
                "scales": list(tutorial.scales),
                "steps": [step.id for step in tutorial.steps],
            }
            for tutorial in found.tutorials
        ]
        say(json.dumps({"tutorials": listed}))
        return 0
    for tutorial in found.tutorials:
        state = f"{' '.join(tutorial.scales)}" if tutorial.ready else "not built yet"
        say(f"{tutorial.id:18} {tutorial.title:52} {state}")
        if tutorial.steps:
            say(f"{'':18} {' '.join(step.id for step in tutorial.steps)}")
    return 0


# ---- run --------------------------------------------------------------------------------------------------------


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
    orders = plan.orders(
        tutorial, scale, before, goals, edits=merged, roles={**(run.record.roles if run else {}), **roles}, seeds=seeds
    )
    if run is None:
        from .hardware import describe, machine

        limit = int(arguments.memory_limit * 1e9) if arguments.memory_limit else None
        run = store.create(tutorial.id, scale, describe(machine()), roles=roles, memory_limit=limit)
    elif roles:
        run.record.roles |= roles
        run.write()
    for step, values in edits.items():
        run.edit(step, values)
    if not arguments.json:
        say(f"{tutorial.title} · {scale} · run {run.id}")
    supervisor.submit(store, run, orders)
    jobs = follow(run, before, arguments.json, len(orders))
    if not arguments.json:
        say()
        _print_results(tutorial, run)
    return _exit_code(tutorial, run, jobs)


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
    return run, run.record.scale, of(replay(run.log)[0])


def _seeds(arguments: argparse.Namespace) -> list[int] | None:
    if arguments.seeds is not None:
        return list(range(arguments.seeds))
    return [arguments.seed] if arguments.seed is not None else None


def _sets(
    sets: list[str], tutorial: Tutorial, scale: str, goals: list[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """--set as changed settings by step, and as roles pointed elsewhere."""
    edits: dict[str, dict[str, Any]] = {}
    roles: dict[str, str] = {}
    steps = {step.id: step for step in tutorial.steps}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals:
            raise Refusal("--set", f"{text!r} has no =", "[STEP.]SETTING=VALUE or ROLE=PLACE")
        owner, dot, name = key.rpartition(".")
        if dot and owner not in steps:
            raise Refusal("--set", f"{tutorial.id} has no step {owner!r}", ", ".join(steps))
        found = False
        for step in [steps[owner]] if dot else [steps[goal] for goal in goals]:
            for setting in step.settings:
                if setting.name == name:
                    edits.setdefault(step.id, {})[name] = setting.parse(value)
                    found = True
        if not found and not dot and name in tutorial.scales[scale].roles:
            roles[name] = value
        elif not found:
            names = {setting.name for step in ([steps[owner]] if dot else steps.values()) for setting in step.settings}
            allowed = sorted(names) + ([] if dot else sorted(tutorial.scales[scale].roles))
            raise Refusal("--set", f"there is no setting or role {key!r}", ", ".join(allowed))
    return edits, roles


def follow(run: Run, view: RunView, as_json: bool, expected: int = 0) -> list[JobView]:
    """Tell what happens in the run until its worker has nothing left to do; the jobs that were told.

    ctrl+c stops the run politely, a second one firmly.
    """
    tail = Tail(run.log)
    known = set(view.jobs)
    view = RunView()
    teller = Teller(sys.stdout, expected)
    presses = 0

    def interrupted(number: int, frame: object) -> None:
        nonlocal presses
        presses += 1

    before = signal.signal(signal.SIGINT, interrupted)
    asked, checked = 0, time.monotonic()
    try:
        while True:
            events = tail.poll()
            view.add(events)
            for event in events:
                if event.job in known:
                    continue
                if as_json:
                    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
                    sys.stdout.buffer.flush()
                else:
                    teller.tell(event, view)
            if presses > asked:
                asked = presses
                supervisor.stop(run, firm=presses > 1)
            if events:
                continue
            if time.monotonic() - checked > 0.3:
                checked = time.monotonic()
                if not supervisor.busy(run):
                    run.settle()
                    if not (events := tail.poll()):
                        break
                    view.add(events)
                    for event in events:
                        if as_json:
                            sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
                        else:
                            teller.tell(event, view)
            time.sleep(POLL_SECONDS)
            if not as_json:
                teller.tick(view)
    finally:
        signal.signal(signal.SIGINT, before)
        if not as_json:
            teller.close()
    return [job for id, job in view.jobs.items() if id not in known]


def _exit_code(tutorial: Tutorial, run: Run, jobs: list[JobView]) -> int:
    """The worst that happened; a step that is meant to fail does not fail the run."""
    code = 0 if jobs else STOPPED
    for job in jobs:
        if job.outcome == "failed" and not tutorial.step(job.step).expect:
            code = FAILED
        elif job.outcome == "refused":
            code = WRONG
        elif job.outcome == "stopped":
            code = STOPPED
        if job.outcome in ("failed", "refused"):
            complain(f"deepdive: {job.step} {job.outcome}: {visible(job.cause)}. {visible(job.action)}")
            if job.outcome == "failed" and job.detail:
                complain(f"The last lines are in {run.worker_log}; `deepdive show {run.id}` shows more.")
    return code


# ---- runs -------------------------------------------------------------------------------------------------------


def list_runs(arguments: argparse.Namespace) -> int:
    infos = Store().runs()
    if arguments.json:
        say(json.dumps({"runs": [_info(info) for info in infos]}))
        return 0
    if not infos:
        say("No run yet. `deepdive run chapter2` starts one.")
    for info in infos:
        what = (
            info.problem or f"{info.jobs} jobs, last {info.last_step}" if info.jobs or info.problem else "nothing ran"
        )
        say(f"{info.id:22} {info.scale:7} {info.state:11} {ago(info.started):14} {visible(what)}")
    return 0


def _info(info: RunInfo) -> dict[str, Any]:
    table = {name: getattr(info, name) for name in ("id", "tutorial", "scale", "state", "started", "jobs")}
    return {**table, "problem": info.problem} if info.problem else table


def _opened(arguments: argparse.Namespace) -> tuple[Run, RunView]:
    run = Store().open(arguments.run)
    run.settle()
    events, tail = replay(run.log)
    if tail.garbled or tail.unknown:
        complain(f"deepdive: {run.id}: {tail.garbled} garbled lines and {tail.unknown} of an unknown type were skipped")
    return run, of(events)


def show_run(arguments: argparse.Namespace) -> int:
    run, view = _opened(arguments)
    if arguments.json:
        jobs = [
            {
                **{
                    n: getattr(j, n) for n in ("id", "step", "seed", "settings", "outcome", "cause", "action", "detail")
                },
                "seconds": None if j.ended is None else round(j.ended - j.began, 3),
                "peak": j.peak,
            }
            for j in view.jobs.values()
        ]
        record = msgspec.to_builtins(run.record)
        say(json.dumps({**record, "folder": str(run.folder), "jobs": jobs}))
        return 0
    say(f"{run.id} · {run.record.tutorial} · {run.record.scale} · {clock(run.record.started)} · {run.record.machine}")
    say(f"{run.folder}")
    for job in view.jobs.values():
        say(step_line(job))
        if job.outcome in ("failed", "refused"):
            for text in (job.cause, job.action, job.detail):
                if text:
                    say("      " + visible(text).replace("\n", "\n      "))
    if view.jobs and list(view.jobs.values())[-1].outcome == "failed":
        say(f"last output of the worker, {run.worker_log}:")
        say("      " + visible(last_lines(run.worker_log)).replace("\n", "\n      "))
    return 0


def attach_run(arguments: argparse.Namespace) -> int:
    run, view = _opened(arguments)
    if not supervisor.busy(run):
        complain(f"deepdive: nothing runs in {run.id}; `deepdive show {run.id}` tells what it did")
        return 0
    running = {id: job for id, job in view.jobs.items() if not job.running}
    jobs = follow(run, RunView(jobs=running), arguments.json)
    return _exit_code(catalogue.find(run.record.tutorial), run, jobs)


def stop_run(arguments: argparse.Namespace) -> int:
    run = Store().open(arguments.run)
    if not supervisor.busy(run) and not arguments.firm:
        say(f"nothing runs in {run.id}")
        return 0
    supervisor.stop(run, firm=arguments.firm)
    end = time.monotonic() + 60
    while supervisor.busy(run) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    if supervisor.busy(run):
        raise Fault(f"{run.id} has not come to a safe point yet", f"deepdive stop --firm {run.id} ends it now")
    say(f"{run.id} is stopped")
    return 0


def ask_probe(arguments: argparse.Namespace) -> int:
    store = Store()
    run = store.open(arguments.run)
    tutorial = catalogue.find(run.record.tutorial)
    probes = {probe.name: {setting.name: setting for setting in probe.settings} for probe in tutorial.probes}
    if arguments.probe not in probes:
        raise Refusal("PROBE", f"{tutorial.id} has no probe {arguments.probe!r}", ", ".join(probes) or "none")
    settings = {}
    for text in arguments.sets:
        name, equals, value = text.partition("=")
        if not equals or name not in probes[arguments.probe]:
            raise Refusal("--set", f"{text!r}: no such setting", ", ".join(probes[arguments.probe]))
        settings[name] = probes[arguments.probe][name].parse(value)
    events = supervisor.ask(store, run, arguments.probe, settings, complain)
    for event in events:
        if arguments.json:
            say(msgspec.json.encode(event).decode())
    if not arguments.json:
        for line in answer_lines(events):
            say(line)
    return 0


def show_results(arguments: argparse.Namespace) -> int:
    from .results import results

    run, view = _opened(arguments)
    tutorial = catalogue.find(run.record.tutorial)
    if not arguments.json:
        _print_results(tutorial, run)
        return 0
    found = msgspec.to_builtins(results(tutorial, run.record.scale, view))
    say(json.dumps({**found, "run": run.id}))
    return 0


def _print_results(tutorial: Tutorial, run: Run) -> None:
    from .results import results

    view = of(replay(run.log)[0])
    for line in results_table(results(tutorial, run.record.scale, view)):
        say(line)


# ---- the machine ------------------------------------------------------------------------------------------------


def run_doctor(arguments: argparse.Namespace) -> int:
    from .doctor import checks

    found = checks()
    if arguments.json:
        say(json.dumps({"checks": msgspec.to_builtins(found)}))
    else:
        glyph = {"ok": "✓", "warn": "≠", "fail": "✗"}
        for check in found:
            say(f"{glyph[check.state]} {check.name:12} {visible(check.says)}")
            if check.action and check.state != "ok":
                say(f"  {'':12} {visible(check.action)}")
    return FAILED if any(check.state == "fail" for check in found) else 0


def pocket_world(arguments: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "deepdive.tutorials.pocket.build"]
    options = (["--check"] if arguments.check else []) + (["--json"] if arguments.json else [])
    return subprocess.run([*command, *options], check=False).returncode


def print_completion(arguments: argparse.Namespace) -> int:
    from .completion import script

    say(script(arguments.shell, _subparsers(parser())))
    return 0
