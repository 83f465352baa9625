"""From a job to its panels, at the moment of the cursor."""

from __future__ import annotations

from typing import Any

import pytest
from deepdive.engine.runs.events import End, File, Job, Memory, Piece, Plot, Point, Rows, Spend, Text
from deepdive.engine.runs.view import JobView, RunView
from deepdive.tui.panels.cost import cost_bars, cost_words
from deepdive.tui.shown import facts
from deepdive.tui.shown.marks import Piece as Shown

from tests.support.fake import FakeRun


def job_of(*events: Any) -> JobView:
    view = RunView()
    view.add([Job(job="j", step="s"), *events])
    return view.jobs["j"]


@pytest.fixture
def trained() -> FakeRun:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(300))
    return fake


def test_the_panels_of_a_training_begin_with_its_loss(trained: FakeRun) -> None:
    job = trained.view.latest("pretrain")
    assert facts.panel_keys(job) == ["curve:loss", "memory", "text:sample"]


def test_a_step_without_a_curve_shows_its_plots_before_the_memory() -> None:
    job = job_of(
        Plot(job="j", name="fits", kind="bars", data={"box": 0.5}),
        Rows(job="j", name="tokens", rows=[{"id": 1}]),
        Memory(job="j", device="cpu", used=5, total=10, peak=5),
    )
    assert facts.panel_keys(job) == ["plot:fits", "rows:tokens", "memory"]


def test_a_failure_that_is_the_lesson_is_told_though_the_step_is_done() -> None:
    job = job_of(End(job="j", outcome="done", cause="out of memory: 10 MB of 4"))
    assert facts.panel_keys(job) == ["failure"]
    assert facts.panel_keys(job_of(End(job="j", outcome="done"))) == []


def test_what_is_spent_is_a_panel_with_the_estimate_and_the_cap() -> None:
    told = {"job": "j", "role": "judge", "model": "gpt\x1b[5", "calls": 3, "tokens": 4200}
    job = job_of(Spend(**told, cost=0.12, estimate=0.5, cap=1.0))
    assert facts.panel_keys(job) == ["cost"]
    bars = cost_bars(job.spend.values())
    assert [(bar.label, bar.value) for bar in bars] == [("judge, spent", 0.12), ("judge, in all", 0.5), ("cap", 1.0)]
    assert cost_words(job.spend.values()) == "judge: 3 calls to gpt␛[5, 4,200 tokens"
    unpriced = job_of(Spend(**told, cost=0.0)).spend.values()
    assert cost_bars(unpriced) == []
    assert cost_words(unpriced).endswith("prices not known")


def test_a_failed_job_shows_why_first(trained: FakeRun) -> None:
    job = job_of(Point(job="j", curve="training", x=1, values={"loss": 1.0}))
    job.outcome = "failed"
    assert facts.panel_keys(job)[0] == "failure"


def test_the_cursor_moves_loss_memory_and_text_together(trained: FakeRun) -> None:
    job = trained.view.latest("pretrain")
    assert job is not None
    told = facts.loss_facts(job, "curve:loss", 100, None, [])
    assert "lr 0.002" in told.facts
    assert told.planned == 300
    memory = facts.memory_facts(job, 100)
    assert memory is not None
    output = facts.output_facts(job, "sample", 100)
    assert output.at == 90
    assert output.pieces[-1].text.endswith("@90")
    assert facts.sample_note(output) == "◄ 60 · 90 · 120 ►"
    assert facts.output_facts(job, "sample", None).at == 300
    assert facts.output_facts(job, "sample", -5).at == 0


def test_the_holders_add_up_to_what_is_used(trained: FakeRun) -> None:
    job = trained.view.latest("pretrain")
    assert job is not None
    memory = facts.memory_facts(job, None)
    assert memory is not None
    assert sum(holder.amount for holder in memory.holders) == 103_000_000
    assert [holder.kind for holder in memory.holders] == ["weights", "gradients", "optimizer", "activations", "other"]
    assert memory.free == 23_400_000_000 - 103_000_000


def test_a_diverged_loss_is_a_gap_and_no_fact() -> None:
    job = job_of(
        Point(job="j", curve="training", x=1, values={"loss": 2.0, "grad_norm": None}),
        Point(job="j", curve="training", x=2, values={"loss": None}),
    )
    told = facts.loss_facts(job, "curve:loss", None, None, [])
    assert list(told.series[0].points) == [(1, 2.0), (2, None)]
    assert told.facts == ()


def test_alternatives_contain_the_token_that_was_said() -> None:
    piece = Shown(" bridge", 0.01, tuple((f" w{n}", 0.2 - n / 100) for n in range(6)))
    rows, chosen = facts.alternatives(piece)
    assert len(rows) == 5
    assert chosen is not None
    assert (rows[chosen].label, rows[chosen].value) == ("bridge", 0.01)


@pytest.mark.parametrize(
    ("token", "name"), [(" bridge", "bridge"), ("  ", "␠␠"), ("", "∅"), ("\n", "\n"), ("\x1b[2J", "␛[2J")]
)
def test_a_token_is_named_so_that_it_can_be_seen(token: str, name: str) -> None:
    assert facts.token_name(token) == (name if token != "\n" else "␊")


def test_text_streams_and_samples_are_told_apart() -> None:
    job = job_of(
        Text(job="j", stream="output", pieces=[Piece("a", {"probability": 0.5}), Piece("b")]),
        File(job="j", name="f", kind="model", path="p"),
    )
    output = facts.output_facts(job, "output", 12)
    assert [(piece.text, piece.value) for piece in output.pieces] == [("a", 0.5), ("b", None)]
    assert output.at is None


def test_rows_become_cells_that_can_be_read() -> None:
    rows = Rows(
        name="r",
        rows=[
            {
                "n": 12345,
                "share": 0.25,
                "ok": True,
                "text": "\x1b[31mred",
                "gap": {"spans": [["a ", ""], ["[MASK]", "mask"]]},
            },
            {"n": 1, "share": None, "ok": False, "text": "x", "gap": {"about": "a picture", "image": "p.png"}},
        ],
    )
    columns, cells = facts.table_facts(rows)
    assert [column.title for column in columns] == ["n", "share", "ok", "text", "gap"]
    assert [column.align for column in columns] == ["right", "right", "left", "left", "left"]
    texts = [[getattr(cell, "text", cell) for cell in row] for row in cells]
    assert texts == [["12,345", "0.25", "yes", "␛[31mred", "a [MASK]"], ["1", "–", "no", "x", "a picture"]]


def test_a_histogram_counts_every_value_once() -> None:
    plot = Plot(name="h", kind="histogram", data={"a": [1.0, 2.0, 3.0, 10.0, 10.0]})
    assert sum(bar.value or 0 for bar in facts.plot_bars(plot)) == 5
    assert facts.plot_bars(Plot(name="h", kind="histogram", data={"a": [2.0, 2.0]}))[0].value == 2


def test_a_heatmap_of_any_shape_becomes_rows() -> None:
    plot = Plot(name="h", kind="heatmap", data={"rows": ["a", "b"], "columns": ["x"], "values": [[0.5], [None]]})
    columns, rows = facts.heat_rows(plot)
    assert len(columns) == 2
    assert len(rows) == 2
