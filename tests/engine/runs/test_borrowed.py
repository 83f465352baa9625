"""A step may need what a step of another tutorial has left: this run's, else the newest finished one of the same scale;
where there is none it is run first at pocket scale, and named with its command at book scale."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.runs import plan
from deepdive.engine.runs.store import Run
from deepdive.engine.runs.view import JobView
from deepdive.engine.work import submission

from tests.support.laboratory import Laboratory, use


@pytest.fixture
def lender(tmp_path: Path, own_runtime: None, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    use(monkeypatch, tmp_path)
    return Laboratory(tmp_path, "toy")


@pytest.fixture
def borrower(lender: Laboratory) -> Laboratory:
    return Laboratory(lender.store.home, "borrower")


def state(borrower: Laboratory, run: Run) -> plan.StepState:
    return plan.Plan(borrower.tutorial, "pocket", borrower.view(run)).states["count"]


def values(job: JobView) -> list[object]:
    return [figure.value for figure in job.figures.values()]


def test_the_newest_that_another_tutorial_left_is_used(lender: Laboratory, borrower: Laboratory) -> None:
    assert lender.finish(lender.run(), "numbers", count=7).outcome == "done"
    run = borrower.run()
    job = borrower.finish(run, "count")
    assert (job.outcome, job.cause) == ("done", "")
    assert values(job) == [7]
    assert state(borrower, run).state == "done"
    lender.finish(lender.run(), "numbers", count=2)
    assert values(borrower.finish(run, "count")) == [2]
    assert [job.step for job in borrower.view(run).jobs.values()] == ["count", "count"]


def test_at_pocket_scale_what_is_missing_is_run_first_in_the_same_run(lender: Laboratory, borrower: Laboratory) -> None:
    run = borrower.run()
    assert values(borrower.finish(run, "total")) == [14]
    jobs = list(borrower.view(run).jobs.values())
    assert [(job.step, job.outcome) for job in jobs] == [
        ("toy/numbers", "done"),
        ("toy/squares", "done"),
        ("total", "done"),
    ]
    lender.finish(lender.run(), "numbers", count=2)
    assert values(borrower.finish(run, "count")) == [3], "this run's own comes first"
    assert len(borrower.view(run).jobs) == 4, "what is there is not run again"


def test_at_book_scale_it_is_named_with_its_command_and_nothing_starts(borrower: Laboratory) -> None:
    view = borrower.view(borrower.run())
    with pytest.raises(Fault, match="numbers of toy is needed, and no run at the scale book") as raised:
        submission.planned(borrower.store, borrower.tutorial, "book", view, ["count"])
    assert raised.value.action == "`deepdive run toy numbers --scale book` makes it"
