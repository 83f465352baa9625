"""What a page asks of the reader: a prediction before the run, an exercise with a checked answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.tutorial import Exercise, Prediction, Tutorial
from deepdive.engine.results.predictions import Answer, Grade
from deepdive.engine.work import exercises
from deepdive.tui.shown.marks import Cell, Column
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static


class PredictionCard(Vertical):
    """The guess before the run; afterwards guess and outcome side by side."""

    BINDINGS = [
        Binding("shift+up", "shift(-1)", "up", show=False),
        Binding("shift+down", "shift(1)", "down", show=False),
    ]

    class Predicted(Message):
        """The reader has guessed."""

        def __init__(self, prediction: Prediction, answer: Answer) -> None:
            super().__init__()
            self.prediction, self.answer = prediction, answer

    def __init__(self, prediction: Prediction) -> None:
        super().__init__()
        self.prediction = prediction
        self.waiting = True  # no guess has been made
        self._order = list(prediction.choices)
        self.head = Static("Predict", classes="head", markup=False)
        self.number = Input(placeholder=self._range(), select_on_focus=False, compact=True)
        self.table = Table(selectable=True, header=False)
        self.entry = self.number if prediction.kind == "number" else self.table
        self.field = Horizontal(self.entry, classes="field")
        self.told = Static(Content(""), classes="told", markup=False)
        self._fill()
        keys = {
            "number": "enter keeps it",
            "choice": "enter chooses",
            "order": "shift+↑ ↓ moves a line, enter keeps it",
        }
        self._tell(f"a answers; {keys.get(prediction.kind, '')}; you may also skip it")

    def compose(self) -> ComposeResult:
        yield self.head
        yield Static(Content(visible(self.prediction.ask)), classes="ask", markup=False)
        yield self.field
        yield self.told

    def _range(self) -> str:
        low, high = self.prediction.low, self.prediction.high
        return f"{low:g} … {high:g}" if low is not None and high is not None else "a number"

    def _fill(self) -> None:
        rows = [
            [Cell(f"{at}." if self.prediction.kind == "order" else "·", "text-3"), Cell(choice)]
            for at, choice in enumerate(self._order, 1)
        ]
        self.table.show([Column("", width=3, shrink=False), Column("")], rows)

    def _tell(self, text: str, style: str = "") -> None:
        self.told.update(Content.styled(visible(text), style) if style else Content(visible(text)))

    def take(self) -> None:
        """Give the question the keys."""
        self.entry.focus()

    def show(self, answer: Answer | None, grade: Grade | None) -> None:
        """The reader's answer and, once measured, what came out."""
        if answer is None or grade is None:
            return
        self.waiting = self.field.display = False
        self.head.update("You predicted")
        if grade.verdict is None:
            self._tell(f"{grade.answer}   not measured yet")
            return
        sign = {"right": "✓", "near": "≈", "wrong": "≠"}[grade.verdict]
        style = {"right": "$held", "near": "$stale", "wrong": "$stale"}[grade.verdict]
        more = f", {grade.difference}" if grade.difference else ""
        self._tell(f"{sign} {grade.answer}. Measured: {grade.outcome}{more}.", style)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            value = float(event.value.replace(",", "."))
        except ValueError:
            self._tell(f"{event.value!r} is not a number", "$failed")
            return
        low, high = self.prediction.low, self.prediction.high
        if (low is not None and value < low) or (high is not None and value > high):
            self._tell(f"{value:g} is out of range: {self._range()}", "$failed")
            return
        self.post_message(self.Predicted(self.prediction, value))

    def on_table_row_opened(self, event: Table.RowOpened) -> None:
        event.stop()
        order = list(self._order)
        self.post_message(
            self.Predicted(self.prediction, order if self.prediction.kind == "order" else order[event.index])
        )

    def action_shift(self, steps: int) -> None:
        if self.prediction.kind != "order":
            return
        table = self.table
        here, there = table.cursor, max(0, min(len(self._order) - 1, table.cursor + steps))
        self._order[here], self._order[there] = self._order[there], self._order[here]
        self._fill()
        table.select(there)


class ExerciseCard(Vertical):
    """A question, an answer, and the hint that fits a wrong one."""

    BINDINGS = [
        Binding("f2", "hint", "hint", show=False),
        Binding("f3", "solution", "solution", show=False),
        Binding("f4", "another", "another", show=False),
    ]

    class Answered(Message):
        """The reader has answered; `passed` and `hint` are the checker's words."""

        def __init__(self, exercise: Exercise, answer: str, passed: bool, hint: str) -> None:
            super().__init__()
            self.exercise, self.answer, self.passed, self.hint = exercise, answer, passed, hint

    def __init__(self, tutorial: Tutorial, exercise: Exercise, seed: int = 0) -> None:
        super().__init__()
        self.tutorial, self.exercise, self.seed = tutorial, exercise, seed
        self.question: Mapping[str, Any] = {}
        self.tries = self.hinted = 0
        self.head, self.ask, self.told, self.keys = (
            Static(Content(""), classes=name, markup=False) for name in ("head", "ask", "told", "keys")
        )
        self.entry = Input(placeholder="your answer", select_on_focus=False, compact=True)
        self.show(passed=False)

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.ask
        yield self.entry
        yield self.told
        yield self.keys

    def on_mount(self) -> None:
        self._ask()

    @property
    def waiting(self) -> bool:
        """Whether it has not been passed."""
        return not self.passed

    def show(self, passed: bool) -> None:
        self.passed = passed
        title = visible(self.exercise.title, False)
        sign = ("✓ passed", "$held") if passed else ("○", "$text-3")
        head = Content.assemble((f"{self.exercise.id}  {title}   ", "bold"), (sign[0], sign[1]))
        self.head.update(head)
        keys = "enter check   f2 hint   " + ("f3 solution   " if self.tries or passed else "") + "f4 another"
        self.keys.update(keys)

    def take(self) -> None:
        """Give the question the keys."""
        self.entry.focus()

    def _ask(self) -> None:
        self.screen.run_worker(
            self._asking(), group=f"exercise-{self.exercise.id}", exclusive=True, exit_on_error=False
        )

    async def _asking(self) -> None:
        try:
            self.question = await asyncio.to_thread(exercises.question, self.tutorial, self.exercise.id, self.seed)
        except Fault as fault:
            self._tell(str(fault), "$failed")
            return
        self.ask.update(Content(visible(str(self.question.get("text", "")))))

    def _tell(self, text: str, style: str = "$text-2") -> None:
        self.told.update(Content.styled(visible(text), style))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.question and event.value.strip():  # as the screen's work: an answer counts after the page was turned
            work, group = self._checking(event.value, self.screen), f"check-{self.exercise.id}"
            self.screen.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    async def _checking(self, answer: str, screen: Screen[Any]) -> None:
        try:
            passed, hint = await asyncio.to_thread(
                exercises.check, self.tutorial, self.exercise.id, dict(self.question), answer
            )
        except Fault as fault:
            self._tell(str(fault), "$failed")
            return
        self.tries += 1
        if passed:
            self._tell("✓ right" + (f". {hint}" if hint else ""), "$held")
        else:
            self._tell(f"✗ not yet. {hint}", "$stale")
        self.show(self.passed or passed)
        screen.post_message(self.Answered(self.exercise, answer, passed, hint))

    def action_hint(self) -> None:
        self.screen.run_worker(self._hint(), group=f"help-{self.exercise.id}", exclusive=True, exit_on_error=False)

    async def _hint(self) -> None:
        try:
            found = await asyncio.to_thread(exercises.hints, self.tutorial, self.exercise.id, dict(self.question))
        except Fault as fault:
            self._tell(str(fault), "$failed")
            return
        if not found:
            self._tell("there is no hint for this one")
            return
        at = min(self.hinted, len(found) - 1)
        self.hinted += 1
        self._tell(f"hint {at + 1} of {len(found)}: {found[at]}")

    def action_solution(self) -> None:
        if not self.tries and not self.passed:
            self._tell("the solution comes after a first try")
            return
        self.screen.run_worker(self._solution(), group=f"help-{self.exercise.id}", exclusive=True, exit_on_error=False)

    async def _solution(self) -> None:
        try:
            self._tell(
                await asyncio.to_thread(exercises.solution, self.tutorial, self.exercise.id, dict(self.question))
            )
        except Fault as fault:
            self._tell(str(fault), "$failed")

    def action_another(self) -> None:
        self.seed += 1
        self.entry.value = ""
        self._tell("")
        self._ask()
