"""The `deepdive` command: everything that works without the interface.

Exit codes: 0 done; 1 a step failed (its reason on stderr); 2 the request was wrong (what is allowed on stderr);
130 stopped. With --json standard output carries JSON only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec
from deepdive.engine.command import fit as fit_command
from deepdive.engine.command import keys as key_command
from deepdive.engine.command.console import FAILED, WRONG, answered, complain, say, say_all, tell
from deepdive.engine.command.keys import run_keys
from deepdive.engine.command.run import POLL_SECONDS, exit_code, follow, print_results, run_tutorial
from deepdive.engine.command.telling import answer_lines, settings_lines, step_line
from deepdive.engine.common import child
from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.files import last_lines
from deepdive.engine.common.words import ago, moment
from deepdive.engine.lessons import catalogue
from deepdive.engine.runs.events import FAULTS
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Run, RunInfo, Store
from deepdive.engine.runs.view import RunView, of
from deepdive.engine.work import supervisor

HINT_SECONDS = 5.0  # until the firm way is named


def main(argv: Sequence[str] | None = None) -> int:
    def call() -> int:
        arguments = parser().parse_args(argv)
        code: int = arguments.call(arguments)
        return code

    return answered(call)


INTERFACE = """\
the interface, at a tutorial or at home:
  deepdive [TUTORIAL]
  --theme NAME  how it looks; `t` in it lists the themes
  --no-mouse    leave the mouse to the terminal
the same lessons as linear text, for screen readers and logs:
  deepdive --plain [TUTORIAL]"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(f"deepdive: {message}")
        complain(self.format_usage().rstrip())
        sys.exit(WRONG)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help, usage and version, by argparse's own way out."""
        if file is sys.stderr:
            complain(message.rstrip())
        else:
            say_all(message.rstrip())


class SettingsHelp(argparse.Action):
    """`deepdive run TUTORIAL [STEP ...] --help`: after the options the settings of these steps."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: object) -> NoReturn:
        parser.print_help()
        if namespace.tutorial:
            for line in settings_lines(catalogue.find(namespace.tutorial), namespace.steps or ()):
                say(line)
        sys.exit(0)


def parser() -> argparse.ArgumentParser:
    main = Parser(
        prog="deepdive",
        usage="deepdive [OPTIONS] [TUTORIAL]\n       deepdive COMMAND ...",
        description="Learn how large language models work, by running them.",
        epilog=INTERFACE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    main.add_argument("--version", action="version", version=f"deepdive {_version()}")
    commands = main.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="deepdive")

    def command(name: str, call: Callable[[argparse.Namespace], int], help: str, json: bool = True) -> Parser:
        sub: Parser = commands.add_parser(name, help=help, description=help, add_help=name != "run")
        sub.set_defaults(call=call, json=False)
        if json:
            sub.add_argument("--json", action="store_true", help="machine-readable output")
        return sub

    command("list", list_tutorials, "tutorials, their steps, needs and scales")
    run = command("run", run_tutorial, "run a tutorial, or some of its steps and what they need")
    run.add_argument("-h", "--help", action=SettingsHelp, help="this help; of a tutorial or step its settings too")
    run.add_argument("tutorial", metavar="TUTORIAL")
    run.add_argument("steps", metavar="STEP", nargs="*")
    run.add_argument("--scale", default=None, help="pocket (default) or book")
    run.add_argument("--set", action="append", default=[], metavar="[STEP.]SETTING=VALUE", dest="sets")
    run.add_argument("--seed", type=int, default=None, help="the seed (default 0)")
    run.add_argument("--seeds", type=int, default=None, metavar="K", help="run at the seeds 0 to K-1")
    run.add_argument("--in", default=None, metavar="RUN", dest="inside", help="in this run, or `last`; else a new one")
    run.add_argument("--memory-limit", type=float, default=None, metavar="GB", help="act as if there were only so much")
    run.add_argument("--spend-cap", type=float, default=None, metavar="USD", help="pay no more than this (default 5)")
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
    fit = command("fit", fit_command.run_fit, "will it fit: memory of each configuration, and what would make it fit")
    fit_command.add_arguments(fit)
    command("doctor", run_doctor, "devices, keyring, disk, hubs, versions: what works, and what to do about the rest")
    keys = command("keys", run_keys, "keys of Hugging Face, OpenAI and Kaggle: list, set, delete, check")
    key_command.add_arguments(keys)
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
    from deepdive.engine.runs.record import versions

    return versions().get("deepdive-llm", "?")


# ---- list -------------------------------------------------------------------------------------------------------


def list_tutorials(arguments: argparse.Namespace) -> int:
    found = catalogue.load()
    for problem in found.problems:
        complain(f"deepdive: {problem}")
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
        tell({"tutorials": listed})
        return 0
    for tutorial in found.tutorials:
        state = f"{' '.join(tutorial.scales)}" if tutorial.ready else "not built yet"
        say(f"{tutorial.id:18} {tutorial.title:52} {state}")
        if tutorial.steps:
            say(f"{'':18} {' '.join(step.id for step in tutorial.steps)}")
    return 0


# ---- runs -------------------------------------------------------------------------------------------------------


def list_runs(arguments: argparse.Namespace) -> int:
    infos = Store().runs()
    if arguments.json:
        tell({"runs": [_info(info) for info in infos]})
        return 0
    if not infos:
        say("No run yet. `deepdive run chapter2` starts one.")
    for info in infos:
        what = (
            info.problem or f"{info.jobs} jobs, last {info.last_step}" if info.jobs or info.problem else "nothing ran"
        )
        say(f"{info.id:22} {info.scale:7} {info.state:11} {ago(info.started):14} {what}")
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
                "files": [{"name": f.name, "kind": f.kind, "path": str(run.folder / f.path)} for f in j.files],
            }
            for j in view.jobs.values()
        ]
        record = msgspec.to_builtins(run.record)
        tell({**record, "folder": str(run.folder), "jobs": jobs})
        return 0
    say(f"{run.id} · {run.record.tutorial} · {run.record.scale} · {moment(run.record.started)} · {run.record.machine}")
    say(f"{run.folder}")
    for job in view.jobs.values():
        say(step_line(job))
        for file in (file for file in job.files if file.kind != "image"):
            say(f"      {file.kind} {file.name}: {run.folder / file.path}")
        if job.outcome in FAULTS:
            for text in (job.cause, job.action, job.detail):
                if text:
                    say_all(text, indent="      ")
    if view.jobs and list(view.jobs.values())[-1].outcome == "failed":
        say(f"last output of the worker, {run.worker_log}:")
        say_all(last_lines(run.worker_log), indent="      ")
    return 0


def attach_run(arguments: argparse.Namespace) -> int:
    run, view = _opened(arguments)
    if not supervisor.busy(run):
        complain(f"deepdive: nothing runs in {run.id}; `deepdive show {run.id}` tells what it did")
        return 0
    told = {id: job for id, job in view.jobs.items() if not job.running}
    jobs = follow(run, RunView(jobs=told), arguments.json)
    return exit_code(run, jobs)


def stop_run(arguments: argparse.Namespace) -> int:
    run = Store().open(arguments.run)
    if not supervisor.busy(run) and not arguments.firm:
        say(f"nothing runs in {run.id}")
        return 0
    supervisor.stop(run, firm=arguments.firm)
    hint = time.monotonic() + HINT_SECONDS
    while (state := supervisor.status(run))[0]:
        if time.monotonic() > hint:
            why = state[1] or "it has not come to a safe point yet"
            complain(f"deepdive: {why}. `deepdive stop --firm {run.id}` ends it now; Ctrl-C here only stops waiting")
            hint = float("inf")
        time.sleep(POLL_SECONDS)
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
            tell(event)
    if not arguments.json:
        for line in answer_lines(events):
            say_all(line)
    return 0


def show_results(arguments: argparse.Namespace) -> int:
    from deepdive.engine.results.measured import results

    run, view = _opened(arguments)
    tutorial = catalogue.find(run.record.tutorial)
    if not arguments.json:
        print_results(tutorial, run)
        return 0
    found = msgspec.to_builtins(results(tutorial, run.record.scale, view))
    tell({**found, "run": run.id})
    return 0


# ---- the machine ------------------------------------------------------------------------------------------------


def run_doctor(arguments: argparse.Namespace) -> int:
    from deepdive.engine.machine.doctor import checks

    found = checks()
    if arguments.json:
        tell({"checks": found})
    else:
        glyph = {"ok": "✓", "warn": "≠", "fail": "✗"}
        for check in found:
            say(f"{glyph[check.state]} {check.name:12} {check.says}")
            if check.action and check.state != "ok":
                say(f"  {'':12} {check.action}")
    return FAILED if any(check.state == "fail" for check in found) else 0


def pocket_world(arguments: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "deepdive.tutorials.pocket.build"]
    options = (["--check"] if arguments.check else []) + (["--json"] if arguments.json else [])
    environment = child.environment(PYTHONIOENCODING="utf-8:backslashreplace")
    whole = [*command, *options]
    with subprocess.Popen(whole, env=environment, cwd="/", stdout=subprocess.PIPE, encoding="utf-8") as built:
        for line in built.stdout or ():
            say(line.rstrip("\n"))
    return built.returncode


def print_completion(arguments: argparse.Namespace) -> int:
    from deepdive.engine.command.completion import script

    say_all(script(arguments.shell, _subparsers(parser())))
    return 0
