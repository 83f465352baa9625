"""What a run looks like is a fold: in pieces or at once, resumed or not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from deepdive.engine.runs.events import (
    AnyEvent,
    Beat,
    End,
    Figure,
    File,
    Job,
    Memory,
    Note,
    Piece,
    Plot,
    Point,
    Progress,
    Rows,
    Text,
)
from deepdive.engine.runs.view import MEMORY_KEPT, Curve, RunView, of
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import curve, figure, job, view

JOB = st.sampled_from(["a-1", "a-2", "b-1"])
X = st.integers(0, 6).map(float)
WORD = st.sampled_from(["loss", "output", "rows"])
CELL = st.none() | st.integers(0, 3) | st.sampled_from(["x", "y"]) | st.just({"spans": [["a", "B"]]})
HEAD = {"t": st.floats(0, 100), "job": JOB}
STREAM: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(Job, step=st.sampled_from("ab"), seed=st.integers(0, 1), resumes=st.none() | JOB, **HEAD),
    st.builds(End, outcome=st.sampled_from(["done", "cut", "stopped", "failed"]), **HEAD),
    st.builds(Point, curve=WORD, x=X, values=st.dictionaries(WORD, st.none() | X, max_size=2), **HEAD),
    st.builds(Figure, name=WORD, value=X, case=st.dictionaries(WORD, X, max_size=1), **HEAD),
    st.builds(Text, stream=WORD, pieces=st.just([Piece("a")]), x=st.none() | X, **HEAD),
    st.builds(
        Rows,
        name=WORD,
        key=st.none() | WORD,
        rows=st.lists(st.dictionaries(WORD, CELL, max_size=2), max_size=3),
        path=st.sampled_from(["", "rows.json"]),
        **HEAD,
    ),
    st.builds(Plot, name=WORD, kind=st.just("bars"), **HEAD),
    st.builds(Progress, what=WORD, done=X, total=st.none() | X, **HEAD),
    st.builds(Memory, device=WORD, used=st.integers(0, 9), total=st.just(9), peak=st.integers(0, 9), **HEAD),
    st.builds(File, name=WORD, kind=WORD, path=WORD, **HEAD),
    st.builds(Note, text=WORD, **HEAD),
    st.builds(Beat, phase=WORD, **HEAD),
)


@given(st.lists(STREAM, max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_folding_in_pieces_equals_folding_at_once(events: list[AnyEvent], cuts: list[int]) -> None:
    pieces = RunView()
    edges = [0, *sorted(cuts), len(events)]
    for start, end in pairwise(edges):
        pieces.add(events[start:end])
    assert pieces == of(events)


@given(st.lists(STREAM, max_size=30))
def test_a_fold_changes_no_event_and_no_earlier_job(events: list[AnyEvent]) -> None:
    before = repr(events)
    of(events)
    assert repr(events) == before


@given(st.lists(st.tuples(X, st.dictionaries(WORD, st.none() | X, max_size=2)), max_size=20))
def test_a_curve_has_each_x_once_in_order_and_one_value_per_metric(told: list[tuple[float, dict[str, Any]]]) -> None:
    found = view(job("a", [Point(curve="c", x=x, values=values) for x, values in told])).jobs
    line = next(iter(found.values())).curves.get("c", Curve())
    assert line.x == sorted(set(line.x))
    assert all(len(series) == len(line.x) for series in line.values.values())
    assert set(line.x) == {x for x, _ in told}


def test_two_points_at_one_x_are_one() -> None:
    events = [Point(curve="c", x=1, values={"loss": 2.0}), Point(curve="c", x=1, values={"kl": 0.1})]
    line = next(iter(view(job("a", events)).jobs.values())).curves["c"]
    assert line == Curve([1], {"loss": [2.0], "kl": [0.1]})


def test_a_metric_told_in_a_second_pass_leaves_the_first() -> None:
    events = [Point(curve="accuracy", x=k, values={name: float(k)}) for name in ("prompt", "head") for k in (8, 16)]
    line = next(iter(view(job("a", events)).jobs.values())).curves["accuracy"]
    assert line == Curve([8, 16], {"prompt": [8.0, 16.0], "head": [8.0, 16.0]})


def test_a_metric_told_late_has_gaps_before() -> None:
    events = [Point(curve="c", x=1, values={"loss": 2.0}), Point(curve="c", x=2, values={"kl": 0.1})]
    line = next(iter(view(job("a", events)).jobs.values())).curves["c"]
    assert line.series("kl") == [(1, None), (2, 0.1)]
    assert line.series("loss") == [(1, 2.0), (2, None)]
    assert line.before(1.5) == Curve([1], {"loss": [2.0], "kl": [None]})


def resumed(first: list[AnyEvent], *told: AnyEvent) -> tuple[list[AnyEvent], list[AnyEvent]]:
    second = [Job(job="a-next", step="a", resumes=first[0].job), *told]
    return first, [type(event)(**{**fields(event), "job": "a-next"}) for event in second]


def fields(event: AnyEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_a_resumed_training_goes_on_with_the_curve() -> None:
    first = job("a", curve("training", "loss", {1: 5.0, 2: 4.0, 3: 3.0}), outcome="stopped")
    found = view(*resumed(first, *curve("training", "loss", {4: 2.0, 5: 1.0})))
    assert found.jobs["a-next"].curves["training"].x == [1, 2, 3, 4, 5]
    assert found.jobs[first[0].job].curves["training"].x == [1, 2, 3]


@pytest.mark.parametrize("start", [1, 2, 3, 4])
def test_a_resume_that_goes_over_updates_again_has_the_new_values(start: int) -> None:
    first = job("a", curve("training", "loss", {1: 5.0, 2: 4.0, 3: 3.0}), outcome="failed")
    again = curve("training", "loss", {x: -float(x) for x in range(start, 6)})
    found = view(*resumed(first, *again)).jobs["a-next"].curves["training"]
    old = {1.0: 5.0, 2.0: 4.0, 3.0: 3.0}
    assert found.series("loss") == [(x, old[x] if x < start else -float(x)) for x in range(1, 6)]


def test_resuming_what_is_not_in_the_log_begins_anew() -> None:
    found = of([Job(job="a-2", step="a", resumes="a-1"), Point(job="a-2", curve="training", x=4, values={"loss": 1.0})])
    assert found.jobs["a-2"].curves["training"].x == [4]


def test_samples_are_kept_by_update_and_output_is_joined() -> None:
    events = [
        Text(stream="sample", pieces=[Piece("one")], x=10),
        Text(stream="sample", pieces=[Piece("two")], x=20),
        Text(stream="output", pieces=[Piece("a")]),
        Text(stream="output", pieces=[Piece("b")]),
    ]
    found = next(iter(view(job("a", events)).jobs.values()))
    assert found.samples["sample"] == {10: [Piece("one")], 20: [Piece("two")]}
    assert found.streams["output"] == [Piece("a"), Piece("b")]


def test_rows_with_the_same_key_replace_earlier_ones() -> None:
    events = [
        Rows(name="r", key="id", rows=[{"id": 1, "answer": "a"}, {"id": 2, "answer": "b"}, {"id": 1, "answer": "c"}]),
        Rows(name="r", key="id", rows=[{"id": 2, "answer": "d"}, {"id": 3, "answer": "e"}]),
    ]
    found = next(iter(view(job("a", events)).jobs.values())).rows["r"]
    assert [(row["id"], row["answer"]) for row in found.rows] == [(1, "c"), (2, "d"), (3, "e")]


def test_rows_without_a_key_are_appended() -> None:
    events = [Rows(name="r", rows=[{"a": 1}]), Rows(name="r", rows=[{"a": 1}])]
    assert len(next(iter(view(job("a", events)).jobs.values())).rows["r"].rows) == 2


def test_a_row_without_its_key_is_a_row_of_its_own() -> None:
    events = [Rows(name="r", key="id", rows=[{"a": 1}, {"a": 2}])]
    assert len(next(iter(view(job("a", events)).jobs.values())).rows["r"].rows) == 2


def test_a_figure_told_again_replaces_the_one_of_its_case() -> None:
    told = [figure("accuracy", 0.1, k=8), figure("accuracy", 0.2, k=16), figure("accuracy", 0.3, k=8)]
    found = next(iter(view(job("a", told)).jobs.values()))
    assert [f.value for f in found.figures.values()] == [0.3, 0.2]


def test_the_latest_finished_job_is_found() -> None:
    jobs = [job("a", seed=0), job("a", seed=1), job("a", seed=0, outcome="failed"), job("a", seed=0, outcome=None)]
    found, ids = view(*jobs), [events[0].job for events in jobs]
    assert (found.latest("a") or found).id == ids[1]  # type: ignore[union-attr]
    assert (found.latest("a", 0) or found).id == ids[0]  # type: ignore[union-attr]
    assert (found.latest("a", 0, done=False) or found).id == ids[3]  # type: ignore[union-attr]
    assert found.running is found.jobs[ids[3]]
    assert found.latest("b") is None


def test_a_record_of_no_job_is_passed_over() -> None:
    assert of([Note(job="nobody", text="a"), Beat(t=3.0, phase="idle")]).jobs == {}


def test_memory_is_thinned_and_keeps_its_peak() -> None:
    told = [Memory(device="cpu", used=n, total=9, peak=n) for n in range(3 * MEMORY_KEPT)]
    found = next(iter(view(job("a", told)).jobs.values()))
    assert len(found.memory) <= MEMORY_KEPT
    assert found.peak == 3 * MEMORY_KEPT - 1


def test_time_left_comes_from_the_pace() -> None:
    def left(*told: tuple[float, float]) -> float | None:
        events = [Progress(t=t, what="training", done=done, total=100) for t, done in told]
        return next(iter(view(job("a", events, outcome=None)).jobs.values())).seconds_left()

    assert left((0.0, 0.0)) is None
    assert left((10.0, 20.0), (20.0, 40.0)) == pytest.approx(30.0)
    assert left((10.0, 20.0), (20.0, 100.0)) == 0.0
