"""Damaged runs, and homes that refuse what a run needs."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.end_to_end.hostile.situation import Situation, World

RECORD = '{"id": "toy-1", "tutorial": "toy", "scale": "pocket", "started": 1700000000.0}'
DONE = (
    '{"type":"job","t":1.0,"job":"j1","step":"numbers","settings":{"count":3}}\n'
    '{"type":"end","t":2.0,"job":"j1","outcome":"done"}\n'
)


def run(
    name: str = "", data: str | bytes | None = "", record: str = RECORD, log: str = DONE
) -> Callable[[World], object]:
    """A run, one file of it written anew, or with None a pipe in its place."""

    def arrange(world: World) -> None:
        world.write("home/runs/toy-1/run.json", record)
        world.write("home/runs/toy-1/events.jsonl", log)
        (world.here / "home").chmod(0o700)
        if name and data is None:
            (world.here / "home/runs/toy-1" / name).unlink(missing_ok=True)
            os.mkfifo(world.here / "home/runs/toy-1" / name)
        elif name and data is not None:
            world.write(f"home/runs/toy-1/{name}", data)

    return arrange


def beside(arrange: Callable[[World], object]) -> Callable[[World], object]:
    """And another run, which must not be hidden."""

    def both(world: World) -> None:
        world.write("home/runs/toy-2/run.json", RECORD)
        world.write("home/runs/toy-2/events.jsonl", DONE)
        arrange(world)

    return both


def no_locks(world: World) -> None:
    run()(world)
    world.write(
        "site/sitecustomize.py",
        "import fcntl\n\ndef flock(fd, how):\n    raise OSError(37, 'No locks available')\n\nfcntl.flock = flock\n",
    )
    world.environment["PYTHONPATH"] = os.pathsep.join(
        (str(world.here / "site"), world.environment.get("PYTHONPATH", ""))
    )


SITUATIONS = (
    Situation("runs: a run.json that is cut off", "runs", r"toy-1\s.*unreadable.*can't be read.*toy-2.*done|toy-2.*done.*toy-1\s.*unreadable", 0, beside(run("run.json", "{"))),
    Situation("show: a run.json that is cut off", "show toy-1", r"run\.json can't be read: .*Mend or delete", 1, run("run.json", "{")),
    Situation("run.json is a pipe", "runs", r"toy-1\s.*unreadable.*it is no ordinary file", 0, run("run.json", None)),
    Situation("a start in the far future", "runs", r"toy-1\s.*unreadable.*Expected `float` <=", 0, run("run.json", RECORD.replace("1700000000.0", "1e300"))),
    Situation("a record that is a list", "show toy-1", r"run\.json can't be read", 1, run("run.json", "[]")),
    Situation("a record in Latin-1", "show toy-1", r"run\.json can't be read", 1, run("run.json", RECORD.encode().replace(b"toy-1", b"caf\xe9"))),
    Situation("brackets without end in a record", "show toy-1", r"run\.json can't be read", 1, run("run.json", "[" * 100_000)),
    Situation("a run of a newer version", "show toy-1", r"made by a newer version.*Update deepdive", 1, run("run.json", RECORD.replace("{", '{"format": 99, ', 1))),
    Situation("the log is a pipe", "show toy-1", r"events\.jsonl can't be read: it is no ordinary file\. Look at", 1, run("events.jsonl", None)),
    Situation("runs: the log is a pipe", "runs", r"toy-1\s.*unreadable.*no ordinary file", 0, run("events.jsonl", None)),
    Situation("a log of garbage", "show toy-1", r"toy-1: 2 garbled lines", 0, run("events.jsonl", b"\xff\xfe\n{]\n")),
    Situation("edits that are a list", "run toy numbers --in toy-1", r"edits\.json can't be read: .*delete it for the defaults", 1, run("edits.json", "[]")),
    Situation("edits that are a pipe", "run toy numbers --in toy-1", r"edits\.json can't be read: it is no ordinary file", 1, run("edits.json", None)),
    Situation("a worker's pid that is none", "show toy-1", r"run\.json can't be read", 1, run("run.json", RECORD.replace("}", ', "worker": {"pid": -1, "started": 1.0, "socket": "x"}}'))),
    Situation("a worker that died long ago", "stop toy-1", r"nothing runs in toy-1", 0, run("run.json", RECORD.replace("}", ', "worker": {"pid": 999999, "started": 1.0, "socket": "/nonexistent"}}'))),
    Situation("a job that its dead worker left open", "show toy-1", r"✗ j1.*failed.*killed or crashed", 0, run(log=DONE.split("\n")[0] + "\n")),
    Situation("a run that there is not", "show toy-9", r"there is no run 'toy-9'.*Allowed: toy-1", 2, run()),
    Situation("a run's name that leads elsewhere", "show ..", r"there is no run '\.\.'", 2, run()),
    Situation("no run at all", "results last", r"there is no run yet.*deepdive run", 2),
    Situation("a file system without locks", "run toy numbers --in toy-1", r"refuses locks: No locks available\. Set DEEPDIVE_HOME to a folder on a local disk", 1, no_locks),
    Situation("the runs folder is a file", "runs", r"runs can't be made: .*DEEPDIVE_HOME", 1, lambda world: (world.home.mkdir(mode=0o700), world.write("home/runs", ""))),
    Situation("the home is a file", "runs", r"home .*can't be made|belongs to|DEEPDIVE_HOME", 1, lambda world: world.write("home", "")),
)  # fmt: skip
