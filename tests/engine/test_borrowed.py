"""A step may need what a step of another tutorial has left: the newest finished one, at the same scale."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.runs import plan
from deepdive.engine.runs.store import Run

from tests.laboratory import Laboratory, use


@pytest.fixture
def lender(tmp_path: Path, own_runtime: None, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    use(monkeypatch, tmp_path)
    return Laboratory(tmp_path, "toy")


@pytest.fixture
def borrower(lender: Laboratory) -> Laboratory:
    return Laboratory(lender.store.home, "borrower")


def state(borrower: Laboratory, run: Run) -> plan.StepState:
    return plan.Plan(borrower.tutorial, "pocket", borrower.view(run)).states["count"]


def test_what_another_tutorial_left_is_used_and_asked_for_where_it_is_missing(
    lender: Laboratory, borrower: Laboratory
) -> None:
    run = borrower.run()
    job = borrower.finish(run, "count")
    assert job.outcome == "failed"
    assert job.cause == "numbers of toy is needed, and no run at the scale pocket has finished it"
    assert job.action == "`deepdive run toy numbers --scale pocket` makes it"

    assert lender.finish(lender.run(), "numbers", count=7).outcome == "done"
    job = borrower.finish(run, "count")
    assert (job.outcome, job.cause) == ("done", "")
    assert [figure.value for figure in job.figures.values()] == [7]
    assert state(borrower, run).state == "done"

    lender.finish(lender.run(), "numbers", count=2)
    assert [figure.value for figure in borrower.finish(run, "count").figures.values()] == [2]
