"""Commands that start at the same moment: each does its work, in the right run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from deepdive.engine.runs.store import Run

from tests.support.laboratory import PATIENCE, Laboratory, use


def start(*words: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "deepdive.tui", "run", "rude", "well", "--set", "items=40", *words]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def rude(worker_home: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    use(monkeypatch, worker_home)
    return Laboratory(worker_home, "rude")


def test_commands_at_the_same_moment_do_their_work_in_one_run_and_in_two(rude: Laboratory) -> None:
    run: Run = rude.run()
    rude.finish(run, "well", items=1)
    rude.finish(rude.run(), "well", items=1)  # the one idle worker serves no run that they ask for
    started = [start("--in", run.id), start("--in", run.id), start()]
    for command in started:
        said, _ = command.communicate(timeout=PATIENCE)
        assert command.returncode == 0, said
    assert [job.outcome for job in rude.view(run).jobs.values()] == ["done"] * 3
    assert len({job.id for job in rude.view(run).jobs.values()}) == 3
