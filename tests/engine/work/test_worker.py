"""The worker as it is: real processes, sockets, signals."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.runs import plan
from deepdive.engine.runs.events import Rows
from deepdive.engine.runs.view import JobView
from deepdive.engine.work import supervisor

from tests.support.laboratory import PATIENCE, Laboratory

PARAMETERS = 32 * 32 + 16 * 32 + 12 * 32**2 + 13 * 32 + 2 * 32  # of the toy: tokens, positions, one block, last norm


def losses(job: JobView) -> list[tuple[float, object]]:
    return job.curves["training"].series("loss")


def test_a_goal_runs_what_it_needs_first_and_its_results_are_in_the_log(laboratory: Laboratory) -> None:
    run = laboratory.run()
    last = laboratory.finish(run, "squares")
    jobs = list(laboratory.view(run).jobs.values())
    assert [(job.step, job.outcome) for job in jobs] == [("numbers", "done"), ("squares", "done")]
    assert [figure.value for figure in last.figures.values()] == [14]
    assert last.inputs["need:numbers"] == jobs[0].digest


def test_a_changed_setting_makes_what_depends_on_it_stale_and_says_why(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.finish(run, "squares")
    states = plan.Plan(laboratory.tutorial, "pocket", laboratory.view(run), {"numbers": {"count": 5}}).states
    assert states["numbers"].state == states["squares"].state == "stale"
    assert states["numbers"].reasons == ("it was run with count 3; it is 5 now",)
    assert states["squares"].reasons == ("it uses numbers, which is stale",)
    last = laboratory.finish(run, "squares")  # nothing edited: the need is done and stays
    assert [job.step for job in laboratory.view(run).jobs.values()] == ["numbers", "squares", "squares"]
    run.edit("numbers", {"count": 4})
    last = laboratory.finish(run, "squares")
    assert [figure.value for figure in last.figures.values()] == [30]


def test_a_step_that_raises_is_a_failed_job_with_its_reason_and_the_worker_lives_on(laboratory: Laboratory) -> None:
    run = laboratory.run()
    job = laboratory.finish(run, "broken")
    assert job.outcome == "failed"
    assert job.cause.startswith("ValueError: the \x1b[31mred")  # as it was; screens make it visible
    assert "steps.py" in job.detail
    worker = run.worker()
    assert laboratory.finish(run, "numbers").outcome == "done"
    assert run.worker() == worker


def test_after_a_cuda_error_that_stays_the_next_job_gets_a_new_worker(laboratory: Laboratory) -> None:
    run = laboratory.run()
    job = laboratory.finish(run, "poisoned")
    assert (job.outcome, "device-side assert" in job.cause) == ("failed", True)
    end = time.monotonic() + PATIENCE
    while run.worker() is not None and time.monotonic() < end:
        time.sleep(0.02)
    assert run.worker() is None
    assert laboratory.finish(run, "numbers").outcome == "done"


def test_what_the_step_refuses_is_refused_with_what_is_allowed(laboratory: Laboratory) -> None:
    job = laboratory.finish(laboratory.run(), "picky")
    assert (job.outcome, job.cause) == ("refused", "word: 'blorp' is not in the vocabulary")
    assert "the, a, of" in job.action


def test_out_of_memory_says_who_held_it_and_what_would_make_it_fit(laboratory: Laboratory) -> None:
    job = laboratory.finish(laboratory.run(), "too_big")
    assert job.outcome == "done", "in this step it is the lesson"
    assert "memory" in job.cause
    assert "batch" in job.action


def test_a_long_table_lies_in_a_file_and_a_tensor_is_a_number(laboratory: Laboratory) -> None:
    run = laboratory.run()
    job = laboratory.finish(run, "chatty")
    assert all(len(line) <= 8192 for line in run.log.read_bytes().split(b"\n"))
    rows = job.rows["many"]
    assert isinstance(rows, Rows)
    assert (run.folder / rows.path).is_file()
    assert [figure.value for figure in job.figures.values()] == [2.5]


def test_the_worker_has_no_secret_in_its_environment_and_is_in_a_session_of_its_own(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.finish(run, "numbers")
    worker = run.worker()
    assert worker is not None
    environment = Path(f"/proc/{worker.pid}/environ").read_bytes()
    assert b"canary" not in environment
    assert os.getsid(worker.pid) == worker.pid
    for path in run.folder.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes()


def test_a_stopped_training_goes_on_from_its_checkpoint_with_the_very_same_losses(laboratory: Laboratory) -> None:
    whole = laboratory.finish(laboratory.run(), "train", updates=30)
    run = laboratory.run()
    laboratory.submit(run, "train", updates=30, pause=0.05)
    laboratory.wait(run, lambda view: (job := view.running) and len(losses_or_none(job)) >= 8, "eight updates")
    supervisor.stop(run)
    stopped = laboratory.wait(run, lambda view: not view.running).latest("train", done=False)
    assert stopped is not None
    assert stopped.outcome == "stopped"
    assert len(losses(stopped)) < 30
    resumed = laboratory.finish(run, "train")
    assert resumed.outcome == "done"
    assert resumed.resumes == stopped.id
    assert losses(resumed) == losses(whole)


def losses_or_none(job: JobView) -> list[tuple[float, object]]:
    return losses(job) if "training" in job.curves else []


def test_probes_in_mid_training_answer_and_leave_the_losses_the_same_bit_for_bit(laboratory: Laboratory) -> None:
    whole = laboratory.finish(laboratory.run(), "train", updates=30)
    run = laboratory.run()
    laboratory.submit(run, "train", updates=30, pause=0.05)
    laboratory.wait(run, lambda view: (job := view.running) and losses_or_none(job), "the first update")
    answers = [supervisor.ask(laboratory.store, run, "echo", {"text": f"ask {n}"}) for n in range(4)]
    assert laboratory.view(run).running, "the training was over before the questions were"
    texts = [event.pieces[0].text for answer in answers for event in answer if hasattr(event, "pieces")]
    assert texts == [f"ask {n}" for n in range(4)]
    laboratory.wait(run, lambda view: not view.running)
    job = laboratory.view(run).latest("train")
    assert job is not None
    assert losses(job) == losses(whole)


def test_a_probes_long_answer_comes_whole_and_leaves_no_file_in_the_run(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.finish(run, "train", updates=5)
    before = sorted(run.folder.rglob("*"))
    text, figure, rows, plot = supervisor.ask(laboratory.store, run, "lengthy", {"tokens": 400})
    assert [(len(piece.alternatives), piece.values["probability"]) for piece in text.pieces] == [(5, 0.5)] * 400
    assert (figure.value, figure.case) == (0.8571, {"template": "mine"})
    assert (len(rows.rows), len(plot.data)) == (4000, 400)
    assert sorted(run.folder.rglob("*")) == before


def test_an_endless_probe_is_cut_after_two_seconds_and_training_goes_on(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "train", updates=60, pause=0.05)
    laboratory.wait(run, lambda view: (job := view.running) and losses_or_none(job), "the first update")
    began = time.monotonic()
    with pytest.raises(Fault, match="longer than 2 s"):
        supervisor.ask(laboratory.store, run, "endless", {})
    assert time.monotonic() - began < 6
    assert laboratory.wait(run, lambda view: not view.running).latest("train") is not None


def test_an_idle_worker_answers_about_its_last_model_and_one_without_says_what_to_do(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.finish(run, "train", updates=5)
    events = supervisor.ask(laboratory.store, run, "echo", {})
    assert [event.value for event in events if hasattr(event, "value")] == [PARAMETERS]
    with pytest.raises(Refusal, match="no probe"):
        supervisor.ask(laboratory.store, run, "nonsense", {})
    with pytest.raises(Fault, match="no model of this run"):
        supervisor.ask(laboratory.store, laboratory.run(), "echo", {})


def test_a_step_that_asks_for_it_has_a_process_of_its_own_and_the_queue_goes_on(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.finish(run, "remember", "alone", "numbers")
    jobs = {job.step: job for job in laboratory.view(run).jobs.values()}
    assert {step: job.outcome for step, job in jobs.items()} == {"remember": "done", "alone": "done", "numbers": "done"}
    found = [figure.value for figure in jobs["alone"].figures.values()]
    assert found == [False], "what an earlier job left in the process is gone"
    assert run.worker() is not None, "it is the same worker to everybody else"


def test_finish_ends_the_loop_and_the_job_is_cut_so_that_its_figures_do_not_count(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "slow")
    laboratory.wait(run, lambda view: (job := view.running) and job.progress)
    supervisor.finish(run)
    view = laboratory.wait(run, lambda view: not view.running)
    job = view.latest("slow", done=False)
    assert job is not None
    assert job.outcome == "cut"
    assert [figure.name for figure in job.figures.values()] == ["counted"]
    assert view.latest("slow") is None


def test_stop_drops_what_is_queued(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "slow", "numbers")
    laboratory.wait(run, lambda view: (job := view.running) and job.step == "slow" and job.progress)
    supervisor.stop(run)
    end = time.monotonic() + PATIENCE
    while supervisor.busy(run) and time.monotonic() < end:
        time.sleep(0.02)
    assert {job.step: job.outcome for job in laboratory.view(run).jobs.values()}["slow"] == "stopped"
    assert laboratory.view(run).running is None


def test_killed_with_9_the_step_is_failed_with_its_reason_and_the_next_run_starts_clean(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "slow")
    laboratory.wait(run, lambda view: (job := view.running) and job.progress)
    worker = run.worker()
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    began = time.monotonic()
    while not run.settle():
        assert time.monotonic() - began < 2.0
        time.sleep(0.05)
    job = laboratory.view(run).latest("slow", done=False)
    assert job is not None
    assert job.outcome == "failed"
    assert "killed" in job.cause
    assert run.settle() == []  # a second reader adds nothing
    assert laboratory.finish(run, "numbers").outcome == "done"


def test_a_firm_stop_ends_a_step_without_safe_points(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "train", updates=100, pause=1.0)
    laboratory.wait(run, lambda view: view.running)
    began = time.monotonic()
    supervisor.stop(run, firm=True)
    assert time.monotonic() - began < 6
    assert run.worker() is None
    job = laboratory.view(run).latest("train", done=False)
    assert job is not None
    assert job.outcome in ("stopped", "failed")


def test_several_seeds_are_several_jobs_and_a_seed_repeats_itself(
    laboratory: Laboratory,
) -> None:
    run = laboratory.run()
    laboratory.submit(run, "train", seeds=[0, 1])
    end = time.monotonic() + PATIENCE
    while supervisor.busy(run) and time.monotonic() < end:
        time.sleep(0.05)
    first, second = laboratory.view(run).of_step("train")
    assert (first.seed, second.seed) == (0, 1)
    assert losses(first) != losses(second)
    again = laboratory.finish(laboratory.run(), "train")
    assert losses(again) == losses(first)


def test_samples_are_taken_while_it_trains_and_memory_names_its_holders(laboratory: Laboratory) -> None:
    job = laboratory.finish(laboratory.run(), "train", updates=30, pause=0.05)
    assert sorted(job.samples["sample"]) == [0, 10, 20, 30]
    held = job.memory[-1].held
    weights = PARAMETERS * 4
    assert held["weights"] == weights
    assert held["gradients"] in (0, weights)  # 0 after zero_grad
    assert held["optimizer"] >= 2 * weights
    assert any(memory.held.get("activations", 0) > 0 for memory in job.memory)


def test_two_runs_at_once_have_two_workers_and_a_run_has_only_one(laboratory: Laboratory) -> None:
    one, two = laboratory.run(), laboratory.run()
    laboratory.submit(one, "slow", items=300)
    laboratory.submit(two, "numbers")
    threads = [threading.Thread(target=laboratory.submit, args=(one, "numbers")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    laboratory.wait(two, lambda view: view.latest("numbers"))
    first, second = one.worker(), two.worker()
    assert first is not None
    assert second is not None
    assert first.pid != second.pid
    end = time.monotonic() + PATIENCE
    while supervisor.busy(one) and time.monotonic() < end:
        time.sleep(0.05)
    assert [job.outcome for job in laboratory.view(one).jobs.values()] == ["done"] * 3
