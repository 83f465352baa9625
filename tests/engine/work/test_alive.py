"""Who is alive is decided by locks and sockets: a moved clock, a forked child and a removed folder change nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.runs.record import process_started
from deepdive.engine.work import supervisor

from tests.support.laboratory import Laboratory


def test_a_live_worker_whose_recorded_start_is_wrong_is_still_alive_and_is_ended_by_a_firm_stop(
    laboratory: Laboratory,
) -> None:
    run = laboratory.run()
    laboratory.submit(run, "slow")
    laboratory.wait(run, lambda view: view.running)
    worker = run.worker()
    assert worker is not None
    record = json.loads((run.folder / "run.json").read_text())
    record["worker"]["started"] += 200
    (run.folder / "run.json").write_text(json.dumps(record))
    assert run.worker() is not None
    assert supervisor.busy(run)
    assert run.settle() == []
    with pytest.raises(Refusal, match="is being computed"):
        laboratory.store.delete(run.id)
    supervisor.stop(run, firm=True)
    assert not supervisor.busy(run)
    assert laboratory.view(run).running is None
    assert process_started(worker.pid) is None


def test_a_forked_child_that_outlives_its_worker_holds_nothing_and_the_dead_job_is_told(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "forks")
    laboratory.wait(run, lambda view: view.running and view.running.figures)
    (figure,) = laboratory.view(run).running.figures.values()  # type: ignore[union-attr]
    worker = run.worker()
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    try:
        end = time.monotonic() + 5
        while not run.settle() and time.monotonic() < end:
            time.sleep(0.05)
        job = laboratory.view(run).latest("forks", done=False)
        assert job is not None
        assert job.outcome == "failed"
        os.kill(int(figure.value), 0)  # type: ignore[arg-type] - the child lives on
    finally:
        os.kill(int(figure.value), signal.SIGKILL)  # type: ignore[arg-type]


def test_a_finished_run_is_deleted_while_its_idle_worker_lives_and_the_worker_serves_the_next(
    laboratory: Laboratory,
) -> None:
    run = laboratory.run()
    laboratory.finish(run, "numbers")
    worker = run.worker()
    assert worker is not None
    supervisor.delete(laboratory.store, run.id)
    assert not run.folder.exists()
    again = laboratory.run()
    laboratory.finish(again, "numbers")
    assert again.worker() == worker


def test_a_folder_that_was_removed_by_hand_takes_no_results_of_the_run_that_gets_its_name(
    laboratory: Laboratory,
) -> None:
    run = laboratory.run()
    laboratory.finish(run, "numbers")
    shutil.rmtree(run.folder)
    again = laboratory.run()
    assert again.folder == run.folder
    assert laboratory.finish(again, "numbers").outcome == "done"
    assert again.log.read_bytes()


def test_a_step_whose_run_was_removed_ends_and_its_worker_serves_others(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "train", updates=100_000, pause=0.01)
    laboratory.wait(run, lambda view: view.running and "training" in view.running.curves)
    shutil.rmtree(run.folder)
    other = laboratory.run()
    assert laboratory.finish(other, "numbers").outcome == "done"
