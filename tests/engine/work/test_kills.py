"""Signals at random moments, to the command and to its worker: no event that was read is lost, states are right, nobody
is left behind. DEEPDIVE_SEED repeats a draw."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.runs.events import End, Job
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Run
from deepdive.engine.work import protocol, supervisor

from tests.support.laboratory import PATIENCE, Laboratory, use

SIGNALS = ("KILL", "TERM", "HUP", "STOP")  # STOP goes on after a moment
DEADLY = {("worker", "KILL"), ("worker", "TERM"), ("command", "KILL"), ("command", "TERM"), ("command", "HUP")}


class Scene:
    """One command at a time follows a training; what its log held was read before each signal."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.laboratory = laboratory
        self.command: subprocess.Popen[bytes] | None = None
        self.run: Run = laboratory.run()
        self.read: dict[Path, bytes] = {}  # by log

    def training(self) -> None:
        """See to it that a command follows a training that runs."""
        if self.command is not None and self.command.poll() is None and self.run.view().running:
            return
        self.over()
        self.run = self.laboratory.run()
        words = ("run", "toy", "train", "--in", self.run.id, "--set", "updates=2000", "--set", "pause=0.01")
        line = [sys.executable, "-m", "deepdive.tui", *words]
        self.command = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.laboratory.wait(self.run, lambda view: view.running, "a training")
        supervisor.warm(self.laboratory.store)  # the next one need not wait for imports

    def hit(self, target: str, name: str) -> None:
        assert self.command is not None
        self.look()
        worker = self.run.worker()
        pid = self.command.pid if target == "command" else worker.pid if worker is not None else 0
        assert pid, "no worker serves a run that trains"
        os.kill(pid, getattr(signal, f"SIG{name}"))
        if name == "STOP":
            time.sleep(0.1)
            os.kill(pid, signal.SIGCONT)
        if (target, name) not in DEADLY:
            return
        self.command.wait(PATIENCE)
        if target == "worker":
            assert self.command.returncode not in (0, None), "a training that was killed is no success"
        else:
            assert self.run.worker() == worker, "a worker outlives its command"
            supervisor.stop(self.run)
        self.over()

    def look(self) -> None:
        """Read the log as any reader does."""
        before = self.read.get(self.run.log, b"")
        self.read[self.run.log] = now = self.run.log.read_bytes()
        assert now.startswith(before), "what was read is no longer there"

    def over(self) -> None:
        """The training has ended, and its log says how."""
        if self.command is None:
            return
        end = time.monotonic() + PATIENCE
        while supervisor.busy(self.run):
            assert time.monotonic() < end
            time.sleep(0.02)
        self.run.settle()
        self.look()
        events, tail = replay(self.run.log)
        begun = Counter(event.job for event in events if isinstance(event, Job))
        assert begun == Counter(event.job for event in events if isinstance(event, End)), "each job ends once"
        assert not tail.garbled
        for job in self.run.view().jobs.values():
            assert job.outcome in ("done", "stopped", "failed")
            x = job.curves["training"].x if "training" in job.curves else []
            assert x == sorted(set(x)), "no point twice, none lost in between"


def survivors(home: Path) -> list[str]:
    """Who lives in this home, but for us."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                int(process.name) != os.getpid()
                and f"DEEPDIVE_HOME={home}\0".encode() in (process / "environ").read_bytes()
            ):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.mark.parametrize("hits", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_no_signal_at_any_moment_loses_an_event_or_leaves_anybody_behind(
    hits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = int(os.environ.get("DEEPDIVE_SEED", "3"))
    print(f"seed {seed}")
    draw = random.Random(seed)
    home = tmp_path / "home"
    use(monkeypatch, home)
    scene = Scene(Laboratory(home))
    try:
        for number in range(hits):
            target = "command" if draw.random() < 0.7 else "worker"
            name = draw.choice(SIGNALS)
            scene.training()
            time.sleep(draw.uniform(0.0, 0.6))
            print(number, target, name, scene.run.id)
            scene.hit(target, name)
    finally:
        if scene.command is not None:
            scene.command.kill()
            scene.command.wait()
        supervisor.stop(scene.run)
        scene.over()
        for path in protocol.sockets(home)[0]:
            with contextlib.suppress(OSError, Fault):
                protocol.call(path, do="quit")
    end = time.monotonic() + PATIENCE
    while left := survivors(home):
        assert time.monotonic() < end, left
        time.sleep(0.05)
