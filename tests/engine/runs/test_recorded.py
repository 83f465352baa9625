"""A run that an earlier version made opens whole, and only what really changed since is stale, with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.results.measured import results
from deepdive.engine.runs.events import Plot, Rows, Text
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.plan import Plan
from deepdive.engine.runs.spilled import FIELDS, filled
from deepdive.engine.runs.store import Store

from tests.support.recorded import TUTORIALS, recorded


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_a_recorded_run_opens_whole(tutorial: str, tmp_path: Path) -> None:
    run = recorded(tutorial, Store(tmp_path))
    events, tail = replay(run.log)
    assert (tail.garbled, tail.unknown) == (0, 0)
    spilled = [event for event in filled(run.folder, events) if isinstance(event, Text | Rows | Plot) and event.path]
    assert spilled
    assert all(getattr(event, FIELDS[type(event)]) for event in spilled), "what lay in files is there"
    jobs = run.view().jobs.values()
    assert {job.outcome for job in jobs} == {"done"}
    (listed,) = Store(tmp_path).runs()
    assert (listed.state, listed.problem, listed.jobs) == ("done", "", len(jobs))
    found = results(catalogue.find(tutorial), "pocket", run.view())
    assert sum(row.measured is not None for row in found.results) > 20


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_a_step_whose_code_only_moved_is_not_stale_and_another_says_why(tutorial: str, tmp_path: Path) -> None:
    lesson, view = catalogue.find(tutorial), recorded(tutorial, Store(tmp_path)).view()
    states = Plan(lesson, "pocket", view).states
    run = {job.step: job for job in view.jobs.values() if job.seed == 0}
    for id, state in states.items():
        if id not in run:
            continue
        assert state.state in ("done", "stale")
        assert bool(state.reasons) == (state.state == "stale")
    same = set(lesson.moved.values())
    kept = [id for id, job in run.items() if job.inputs["source"] in same]
    assert kept or tutorial.startswith("chapter3"), "nothing only moved"  # chapter 3's loops became methods
    own = [reason for id in kept for reason in states[id].reasons if not reason.startswith("it uses ")]
    assert own == []
