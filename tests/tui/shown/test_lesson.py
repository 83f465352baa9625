"""The interface's state without a terminal: what is shown is a function of catalogue, log and selection."""

from __future__ import annotations

from typing import Any

import pytest
from deepdive.engine.runs.view import RunView
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.shown.status import state_text, status_text

from tests.support.fake import FakeRun, little


def lesson_of(fake: FakeRun, page: int = 5, **rest: Any) -> Lesson:
    return Lesson(fake.tutorial, "pocket", fake.view, fake.run.edits(), page=page, **rest)


@pytest.fixture
def trained() -> FakeRun:
    fake = FakeRun(edits={"pretrain": {"learning_rate": 0.003}})
    fake.fill_the_gap()
    fake.data()
    job = fake.pretrain(60, total=60)
    fake.figures(job)
    fake.end(job)
    return fake


def test_a_tutorial_without_a_run_shows_every_step_as_never_run() -> None:
    lesson = Lesson(little(), "pocket", RunView(), page=5)
    assert [line.word for line in lesson.outline()] == ["", *["never run"] * 4, "", "0 of 2"]
    assert status_text(lesson) == ("", "text-3")
    assert lesson.shown_job() is None
    assert state_text(lesson, lesson.tutorial.step("pretrain")) == ("○ never run", "text-3")


def test_pages_read_and_exercises_passed_are_told_in_the_outline() -> None:
    lesson = Lesson(little(), "pocket", RunView(), read=frozenset({1}), passed=frozenset({"X1", "X2"}))
    lines = lesson.outline()
    assert (lines[0].word, lines[0].sign.glyph) == ("read", "✓")
    assert (lines[6].word, lines[6].sign.glyph) == ("2 of 2", "✓")


def test_a_running_step_tells_progress_in_card_and_header() -> None:
    fake = FakeRun()
    fake.data()
    fake.pretrain(124)
    lesson = lesson_of(fake)
    assert state_text(lesson, lesson.tutorial.step("pretrain")) == ("● running, update 124 of 300", "accent")
    text, ink = status_text(lesson)
    assert text.startswith("● training 41 %  0:3")
    assert text.endswith(" left")
    assert ink == "accent"
    assert status_text(lesson, narrow=True)[0].startswith("● 41 %  0:3")


def test_the_finished_step_tells_amount_and_time(trained: FakeRun) -> None:
    text, ink = state_text(lesson_of(trained), trained.tutorial.step("pretrain"))
    assert text.startswith("✓ done, 60 updates in 0:1")
    assert ink == "held"


def test_a_changed_setting_makes_the_step_stale_with_its_reason(trained: FakeRun) -> None:
    lesson = lesson_of(trained)
    lesson.edits = {"pretrain": {"learning_rate": 0.01}}
    assert lesson.states["pretrain"].state == "stale"
    assert lesson.stale_lines() == ["5 was run with learning rate 0.003; it is 0.01 now."]
    assert [step.id for step in lesson.stale] == ["pretrain"]


def test_an_edit_of_a_setting_that_is_gone_does_not_break_the_screen(trained: FakeRun) -> None:
    lesson = lesson_of(trained)
    lesson.edits = {"pretrain": {"warmth": 3}}
    assert lesson.states["articles"].state == "done"
    assert lesson.settings(lesson.tutorial.step("pretrain"))["updates"] == 300


def test_what_was_handed_to_the_worker_is_queued_until_it_begins(trained: FakeRun) -> None:
    lesson = lesson_of(trained, queued=(("pretrain", 0),))
    assert lesson.states["pretrain"].state == "queued"
    assert status_text(lesson) == ("◌ starting", "accent")


def test_the_panels_follow_the_page_then_what_runs_then_what_ran_before(trained: FakeRun) -> None:
    assert lesson_of(trained, page=2).shown_job() is trained.view.latest("fill_the_gap")
    assert lesson_of(trained, page=6).shown_job() is trained.view.latest("pretrain")
    assert lesson_of(trained, page=1).shown_job() is None
    job = trained.begin("fill_the_gap")
    assert lesson_of(trained, page=1).shown_job() is trained.view.jobs[job]


def test_runs_of_a_step_tell_what_sets_them_apart(trained: FakeRun) -> None:
    trained.end(trained.pretrain(30, total=30, learning_rate=0.001))
    lines = lesson_of(trained).runs_of_step()
    assert [line.what for line in lines] == ["defaults", "lr 0.003"]
    assert [line.shown for line in lines] == [True, False]
    assert all(line.result.startswith("val ") for line in lines)


def test_figures_and_verdicts_of_the_page_come_from_the_run(trained: FakeRun) -> None:
    lesson = lesson_of(trained)
    assert lesson.figure_texts().keys() == {"validation_loss"}
    assert lesson.verdicts()["The articles seen are learned by heart"] is False
    assert Lesson(trained.tutorial, "pocket", RunView(), page=5).figure_texts() == {}


def test_state_is_not_computed_again_while_only_points_arrive(trained: FakeRun) -> None:
    lesson = lesson_of(trained)
    job = trained.pretrain(30)
    before = lesson.states
    trained.pretrain(40, since=31, job=job)
    assert lesson.states is before
    trained.end(job)
    assert lesson.states is not before
