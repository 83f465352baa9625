"""Cards and panels answer, and can be shown, before they are mounted: a page is told as it is built."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from deepdive.engine.lessons.tutorial import Prediction
from deepdive.engine.results.evidence import gather
from deepdive.engine.results.measured import results
from deepdive.engine.results.predictions import grade
from deepdive.tui.panels.base import Moment
from deepdive.tui.panels.kinds import make
from deepdive.tui.panels.outcome import Outcome
from deepdive.tui.panels.questions import ExerciseCard, PredictionCard
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.terminal import colours
from deepdive.tui.widgets.stepcard import Card, StepCard
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from tests.support.fake import FakeRun, little


class Host(App[None]):
    """An app with nothing on its screen; a test mounts what it has shown."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return colours.defaults()

    def compose(self) -> ComposeResult:
        yield VerticalScroll()

    async def text(self, widget: Widget) -> str:
        await self.query_one(VerticalScroll).mount(widget)
        await widget.wait_for_refresh()
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


@asynccontextmanager
async def hosted() -> AsyncIterator[Host]:
    app = Host()
    async with app.run_test(size=(80, 40)):
        yield app


def trained() -> FakeRun:
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(60, total=60))
    return fake


async def test_a_prediction_waits_until_it_was_shown_an_answer() -> None:
    fake = trained()
    prediction = fake.tutorial.predictions[0]
    async with hosted() as host:
        card = PredictionCard(prediction)
        assert card.waiting
        card.show(None, None)
        assert card.waiting
        card.show(3.1, grade(prediction, 3.1, gather(fake.tutorial, fake.view)))
        assert not card.waiting
        text = await host.text(card)
        assert "You predicted" in text
        assert "3.1. Measured: 3.2" in text
        assert "a answers" not in text


@pytest.mark.parametrize(
    ("kind", "shown"), [("number", "a number"), ("choice", "· one · two"), ("order", "1. two 2. one")]
)
async def test_a_prediction_of_each_kind_can_be_given_the_keys_before_it_is_there(kind: str, shown: str) -> None:
    async with hosted() as host:
        card = PredictionCard(Prediction("P", "pretrain", "Which first?", kind, choices=("one", "two")))
        card.take()
        card.action_shift(1)
        text = re.sub(r"[\s▌]+", " ", await host.text(card))
        assert f"Which first? {shown}" in text


async def test_an_exercise_is_passed_before_it_is_there() -> None:
    tutorial = little()
    async with hosted() as host:
        card = ExerciseCard(tutorial, tutorial.exercises[0])
        assert card.waiting
        card.take()
        card.show(True)
        assert not card.waiting
        text = await host.text(card)
        assert "✓ passed" in text
        assert "f3 solution" in text


async def test_an_outcome_is_shown_before_it_is_there() -> None:
    fake = trained()
    async with hosted() as host:
        outcome = Outcome()
        outcome.show(results(fake.tutorial, "pocket", fake.view), fake.tutorial, "pretrain", measured=True)
        text = await host.text(outcome)
        assert "The loss on unseen text falls, turns and rises" in text
        outcome.show(results(fake.tutorial, "pocket", fake.view), fake.tutorial, "pretrain", True, ["model lies in /a"])
        assert "model lies in /a" in await host.text(outcome)


async def test_a_step_is_shown_refused_and_read_before_it_is_there() -> None:
    async with hosted() as host:
        tutorial = little()
        step = tutorial.step("fill_the_gap")
        values = tutorial.defaults(step, "pocket")
        card = StepCard(Card(step.id, step.id))
        card.show(Card(step.id, step.id, code="print('shown')", settings=step.settings, values=values, defaults=values))
        assert card.refuse(step.settings[0].name, "not that")
        assert not card.busy
        assert "shown" in card.text
        assert "shown" in await host.text(card)


async def test_every_panel_is_told_and_asked_before_it_is_there() -> None:
    fake = trained()
    fake.fill_the_gap()
    lesson = Lesson(fake.tutorial, "pocket", fake.view)
    told = {
        "pretrain": ["curve:training", "memory", "text:sample", "cost", "failure", "notes"],
        "fill_the_gap": ["plot:fits the gap", "rows:tokens"],
    }
    async with hosted() as host:
        for step, keys in told.items():
            job = lesson.job_of(fake.tutorial.step(step))
            assert job is not None
            for key in keys:
                panel = make(key, job)
                panel.tell(Moment(lesson, job, None))
                assert panel.front is None
                assert isinstance(panel.as_text(), str)
                await host.text(panel)
