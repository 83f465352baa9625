"""What is asked on an open tutorial: the reader by predictions and exercises, the model by
probes, the memory by a plan."""

from __future__ import annotations

import asyncio
from typing import Any

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.tui.bridge import Answered, Refused, Session
from deepdive.tui.panels.board import Board
from deepdive.tui.panels.questions import ExerciseCard, PredictionCard
from deepdive.tui.panels.rows import RowsPanel
from deepdive.tui.shown.lesson import Lesson

from .frame import DeepScreen
from .outline import Outline
from .reader import Reader


class AskingScreen(DeepScreen):
    """The half of the tutorial screen that asks; the other half shows and runs."""

    session: Session
    reader: Reader
    board: Board
    outline: Outline
    page_there: asyncio.Event  # the page that the lesson is at is mounted

    @property
    def lesson(self) -> Lesson:
        return self.session.lesson

    async def refresh_all(self) -> None:
        """Bring everything that depends on the run up to date."""
        raise NotImplementedError

    def on_refused(self, event: Refused) -> None:
        """At the setting that was wrong, else in a notice."""
        if event.setting and self.reader.refuse(event.setting, event.cause):
            return
        words = event.cause + (f". {event.action}" if event.action else "")
        self.notify(visible(words), severity="error", timeout=10, markup=False)

    def action_fit(self) -> None:
        from .fit import Chosen, FitScreen

        def chosen(wanted: Chosen | None) -> None:
            if wanted is not None:
                self._take_settings(*wanted)

        self.app.push_screen(FitScreen(self.lesson), chosen)

    def _take_settings(self, id: str, values: dict[str, Any]) -> None:
        """What was tried elsewhere becomes the step's settings, as far as it can have such values."""
        step = self.lesson.tutorial.step(id)
        known = {setting.name: setting for setting in step.settings}
        try:
            checked = {name: known[name].check(value) for name, value in values.items()}
        except Refusal as refusal:
            self.on_refused(Refused(refusal))
            return
        self.session.edit(step, {**self.lesson.edits.get(id, {}), **checked})
        self.notify(f"{step.title}: {', '.join(checked)} set", timeout=3, markup=False)

    async def action_answer(self) -> None:
        await self.page_there.wait()
        if (question := self.reader.question) is not None:
            question.take()

    def on_prediction_card_predicted(self, event: PredictionCard.Predicted) -> None:
        self._told(self.deep.house.predicted(self.lesson, event.prediction.id, event.answer, self._run_id))
        self.reader.tell(self.lesson, self.deep.house)
        self.reader.focus()

    def on_exercise_card_answered(self, event: ExerciseCard.Answered) -> None:
        self._told(self.deep.house.answered(self.lesson, event.exercise.id, event.answer, event.passed, event.hint))
        self.reader.tell(self.lesson, self.deep.house)
        self.outline.show(self.lesson)

    @property
    def _run_id(self) -> str:
        return self.session.run.id if self.session.run is not None else ""

    def _told(self, fault: Fault | None) -> None:
        """Tell once that progress can't be written."""
        if fault is not None:
            self.on_refused(Refused(fault))

    def action_try(self) -> None:
        from .probe import ProbeScreen, Question

        def asked(question: Question | None) -> None:
            if question is not None:
                self.notify("asking …", timeout=2)
                self.session.ask(question.probe, question.settings, self._waiting)

        self.app.push_screen(ProbeScreen(self.lesson.tutorial.probes, self._probe_texts()), asked)

    def on_rows_panel_asked(self, event: RowsPanel.Asked) -> None:
        """Enter on a row: the probe whose parameters are named like its columns."""
        self.notify("asking …", timeout=2)
        self.session.ask(event.question.probe, event.question.settings, self._waiting)

    def action_ask_row(self) -> None:
        """The same from the palette."""
        front = self.board.front
        if isinstance(front, RowsPanel) and (question := front.question) is not None:
            self.on_rows_panel_asked(RowsPanel.Asked(question))

    def _probe_texts(self) -> dict[str, Any]:
        """What was asked last, for the dialog."""
        return self.deep.house.asked.setdefault(self.lesson.tutorial.id, {})

    def _waiting(self, reason: str) -> None:
        self.notify(visible(reason), timeout=4, markup=False)

    async def on_answered(self, event: Answered) -> None:
        if event.fault is not None:
            self.on_refused(Refused(event.fault))
            return
        self.board.answer(event.probe.replace("_", " "), event.events)
        await self.refresh_all()
