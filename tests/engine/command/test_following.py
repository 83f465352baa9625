"""Following a run to its end, whatever ends it."""

from __future__ import annotations

import threading
import time

import pytest
from deepdive.engine.command.run import exit_code, follow
from deepdive.engine.runs.events import Job
from deepdive.engine.runs.log import Writer
from deepdive.engine.runs.record import Worker
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import RunView


@pytest.fixture
def killed(own_home: None) -> Run:
    """A run whose worker was killed in the middle of a job."""
    run = Store().create("chapter2", "pocket")
    run.record.worker = Worker(pid=2**22 + 1, started=1.0, socket="")
    run.write()
    writer = Writer(run.log)
    writer.append(Job(t=time.time(), job="j1", step="tokenise", seed=0, settings={}, inputs={}, digest=""))
    writer.close()
    return run


def test_a_killed_worker_whose_threads_still_hold_the_lock_is_waited_for(
    killed: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    """The kernel ends the threads of a process one after the other: it can be a zombie with its files open."""
    taken = threading.Event()

    def hold() -> None:
        with killed.locked() as mine:
            assert mine
            taken.set()
            time.sleep(1.0)

    last_thread = threading.Thread(target=hold)
    last_thread.start()
    taken.wait()
    jobs = follow(killed, RunView(), as_json=True)
    last_thread.join()
    assert [(job.outcome, job.cause) for job in jobs] == [("failed", "the worker was killed or crashed without a word")]
    assert exit_code(killed, jobs) == 1
    assert "tokenise failed" in capfd.readouterr().err
