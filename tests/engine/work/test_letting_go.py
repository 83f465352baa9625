"""A worker that is of no more use ends itself, and who follows it hears why."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.runs import log
from deepdive.engine.runs.store import Store
from deepdive.engine.runs.view import RunView
from deepdive.engine.work import protocol, supervisor
from deepdive.engine.work.reporter import Reporter

from tests.support.disk import room_for
from tests.support.laboratory import PATIENCE, Laboratory, use

SOON = 8.0  # seconds in which a worker finds that it is of no use
IDLE_SECONDS = 1.5


@pytest.fixture
def brief(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """A home of its own with short-lived workers."""
    home = tmp_path / "brief"
    use(monkeypatch, home)
    monkeypatch.setenv("DEEPDIVE_IDLE_MINUTES", str(IDLE_SECONDS / 60))
    return Laboratory(home, "rude")


def test_a_worker_whose_log_can_t_be_written_ends_and_the_command_says_why_at_once(brief: Laboratory) -> None:
    words = [sys.executable, "-m", "deepdive.tui", "run", "rude", "well", "--set", "items=60"]
    command = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + PATIENCE
        while (run := brief.store.latest("rude")) is None or run.view().running is None:
            assert command.poll() is None and time.monotonic() < end
            time.sleep(0.02)
        worker = run.worker()
        assert worker is not None
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))  # as on a full disk
        began = time.monotonic()
        assert command.stderr is not None
        assert "can't be written (File too large)" in command.stderr.readline()
        assert time.monotonic() - began < 2.0
        _, complained = command.communicate(timeout=PATIENCE)
        assert (command.returncode, worker.alive()) == (1, False)
        assert f"well failed: {run.view().latest('well', done=False).cause}" in complained
    finally:
        command.kill()
        command.wait()


def test_an_idle_worker_whose_home_is_gone_ends_within_seconds(
    brief: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEEPDIVE_IDLE_MINUTES")
    supervisor.warm(brief.store)
    ((address,), _) = protocol.sockets(brief.store.home)
    end = time.monotonic() + PATIENCE
    while not protocol.call(address, do="hello")["ready"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    shutil.rmtree(brief.store.home)
    end = time.monotonic() + SOON
    while address.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_step_hears_that_no_more_can_wait_before_anything_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "WAITING_LIMIT", log.LAST_WORDS + 5)
    run = Store(tmp_path).create("toy", "pocket")
    writer = log.Writer(run.log)
    voice = Reporter(run, writer, RunView()).voice("j1")
    with room_for(1):
        for _ in range(6):  # one of them written in part
            voice("note", {"text": "kept"})
        with pytest.raises(Fault, match="no more of it can wait"):
            voice("note", {"text": "too many"})
    voice("note", {"text": "there is room again"})
    told = [event.text for event in log.replay(run.log)[0]]
    assert told == ["kept"] * 6 + ["there is room again"]
