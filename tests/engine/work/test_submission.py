"""A worker that dies before what was handed to it begins: a failure with its reason, never a stop, never silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deepdive.engine.runs.events import End, Job
from deepdive.engine.runs.log import Writer
from deepdive.engine.runs.plan import Order
from deepdive.engine.runs.record import Worker
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.work import protocol, submission, supervisor

from tests.support.driving import seated
from tests.support.laboratory import PATIENCE, TOYS, Laboratory


@pytest.fixture
def broken_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers can't import torch."""
    package = tmp_path / "broken" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('libcudart.so.99: no such file')")
    known = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(package.parent), known])))
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", str(TOYS))


def command(*words: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "deepdive.tui", *words]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.usefixtures("broken_torch")
def test_libraries_that_do_not_import_are_a_failure_with_their_last_words() -> None:
    process = command("run", "toy", "numbers")
    told, complained = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "numbers failed: the worker ended before numbers could begin: ImportError: libcudart.so.99" in complained
    assert "deepdive doctor" in complained
    assert "import torch" in complained  # the end of its log
    assert "–" not in told  # no table of results that nobody measured


@pytest.mark.usefixtures("broken_torch")
async def test_the_interface_shows_that_failure_on_the_page() -> None:
    async with seated("toy", lessons=TOYS) as seat:
        await seat.press("r")
        await seat.see("failed after", PATIENCE)
        assert "libcudart" in seat.text


def test_a_worker_killed_while_it_imports_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", str(TOYS))
    process = command("run", "toy", "numbers")
    store, end = Store(), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        run = store.latest("toy")
        if run is not None and (worker := run.worker()) is not None:
            break
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    _, complained = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    # killed after it had taken the job, or before
    assert "ended before numbers could begin" in complained or "went away before it had answered" in complained


def dead(run: Run) -> None:
    with run.changing() as record:
        record.worker = Worker(2**22, 0.0, "/nowhere.sock")


def test_what_stood_behind_a_failure_or_was_released_is_not_told_as_lost(tmp_path: Path) -> None:
    store = Store(tmp_path)
    orders = (Order("numbers", 0, {}), Order("squares", 0, {}))
    released = store.create("toy", "pocket")
    assert not submission.tell_lost(released, submission.Handed(orders, 0.0))
    failed = store.create("toy", "pocket")
    dead(failed)
    writer = Writer(failed.log)
    writer.append(Job(t=5.0, job="j1", step="numbers"))
    writer.append(End(t=6.0, job="j1", outcome="failed"))
    writer.close()
    assert not submission.tell_lost(failed, submission.Handed(orders, 1.0))


def test_a_worker_that_died_between_two_jobs_leaves_the_second_failed_once(tmp_path: Path) -> None:
    run = Store(tmp_path).create("toy", "pocket")
    dead(run)
    writer = Writer(run.log)
    writer.append(Job(t=5.0, job="j1", step="numbers", digest="d"))
    writer.append(End(t=6.0, job="j1", outcome="done"))
    writer.close()
    handed = submission.Handed((Order("numbers", 0, {}), Order("squares", 0, {})), 1.0)
    assert [submission.tell_lost(run, handed) for _ in range(3)] == [True, False, False]
    jobs = run.view().of_step("squares")
    assert [(job.outcome, job.cause) for job in jobs] == [("failed", "the worker ended before squares could begin")]


def test_what_a_worker_prints_before_it_serves_a_run_is_its_own_file(laboratory: Laboratory) -> None:
    supervisor.warm(laboratory.store)
    (address, *_), _ = protocol.sockets(laboratory.store.home)
    assert protocol.output_of(address).parent == address.parent
    assert protocol.output_of(address) != protocol.output_of(protocol.new_socket(laboratory.store.home))
