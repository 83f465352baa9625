"""The reader: one page of the lesson, with its step, its questions and its results standing in the text."""

from __future__ import annotations

import time
from dataclasses import replace

from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.tutorial import Step
from deepdive.engine.results.predictions import grade
from deepdive.tui.house import House
from deepdive.tui.panels.outcome import Outcome
from deepdive.tui.panels.questions import ExerciseCard, PredictionCard
from deepdive.tui.shown.ink import MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.shown.lines import Line, shorten, spread
from deepdive.tui.shown.page import ExerciseSlot, Slot, StepSlot, Text, read, segments
from deepdive.tui.shown.signs import SENSITIVE
from deepdive.tui.shown.status import about_text, needs_of, reason_of, state_text, writes_of
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.page import PageText
from deepdive.tui.widgets.prose import wrap
from deepdive.tui.widgets.stepcard import Card, StepCard
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget

PROGRESS_SECONDS = 1.0


class PageHead(Drawn):
    """8 Fifty articles by heart            page 8 of 12"""

    DEFAULT_CSS = "PageHead { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.number, self.title, self.total = 1, "", 1

    def show(self, number: int, title: str, total: int) -> None:
        self.number, self.title, self.total = number, title, total
        self.redraw()

    def draw(self, width: int, height: int) -> list[Line]:
        count = f"page {self.number} of {self.total}"
        title = shorten(self.title, max(8, width - len(count) - 6))
        left = [(str(self.number), Ink("accent", bold=True)), (" ", TEXT), (title, STRONG)]
        return [spread(left, [(count, MUTED)], width)]


class Announcement(Drawn):
    """! This step shows stereotypes."""

    DEFAULT_CSS = "Announcement { height: auto; }"

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def rows_needed(self, width: int) -> int:
        return len(self.draw(width, 0))

    def draw(self, width: int, height: int) -> list[Line]:
        sign = (f"{SENSITIVE.glyph} ", Ink(SENSITIVE.ink, bold=True))
        return wrap([sign, (visible(self.words, newlines=False), Ink(SENSITIVE.ink))], width)


class Reader(VerticalScroll, can_focus=True, inherit_bindings=False):
    """A page and what stands in it. Up and down scroll; left and right are left to the curve beside it."""

    BINDINGS = [
        Binding("up,k", "scroll_up", show=False),
        Binding("down,j", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown,space", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.lesson: Lesson | None = None
        self.head = PageHead()
        self._page = 0  # the number of the page that what follows is of
        self._texts: list[PageText] = []
        self.card: StepCard | None = None
        self.questions: list[PredictionCard | ExerciseCard] = []
        self.outcome = Outcome()
        self._told = 0.0
        self._late: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.head

    def announce(self, lesson: Lesson) -> None:
        """Which page is coming, before it is there."""
        page = lesson.here
        self.head.show(page.number, page.title, len(lesson.tutorial.pages))

    async def open(self, lesson: Lesson) -> None:
        """Show the lesson's page from its top. Whoever turns pages opens one after the other."""
        self.lesson = lesson
        page, tutorial = lesson.here, lesson.tutorial
        self._page, self._texts, self.card, self.questions, self.outcome = page.number, [], None, [], Outcome()
        words = lesson.step.announcement if lesson.step is not None else ""
        body: list[Widget] = [Announcement(words)] if words else []  # before anything that the step shows
        for part in _parts(lesson):
            widget: Widget
            if isinstance(part, list):
                widget = prose = PageText()
                prose.show_blocks(part)
                self._texts.append(prose)
            elif isinstance(part, StepSlot):
                step = tutorial.step(part.id)
                widget = self.card = StepCard(self._card(step), code_rows=self._code_rows())
            elif isinstance(part, ExerciseSlot):
                widget = exercise = ExerciseCard(tutorial, next(e for e in tutorial.exercises if e.id == part.id))
                self.questions.append(exercise)
            else:
                widget = guess = PredictionCard(next(p for p in tutorial.predictions if p.id == part.id))
                self.questions.append(guess)
            body.append(widget)
        async with self.batch():
            await self.remove_children([child for child in self.children if child is not self.head])
            await self.mount(*body, self.outcome)
        self.announce(lesson)
        self.scroll_home(animate=False)

    def _code_rows(self) -> int:
        """As many lines of code as leave room for text and settings; `v` shows the rest."""
        return min(22, max(5, self.app.size.height - 22))

    def tell(self, lesson: Lesson, house: House) -> None:
        """Bring step, inline figures, predictions and results up to date."""
        if lesson.page != self._page:  # the learner is turning the page
            return
        texts = [part for part in _parts(lesson) if isinstance(part, list)]
        for widget, blocks in zip(self._texts, texts, strict=False):
            widget.show_blocks(blocks)
        known = house.progress(lesson.tutorial.id)
        for card in self.questions:
            if isinstance(card, ExerciseCard):
                if card.waiting and card.exercise.id in lesson.passed:
                    card.show(True)
            elif (made := known.predictions.get(card.prediction.id)) is not None:
                card.show(made.answer, grade(card.prediction, made.answer, lesson.evidence))
        step = lesson.step
        if step is not None and self.card is not None:
            self._show_card(step)
            measured = lesson.view.latest(step.id) is not None
            self.outcome.show(lesson.results, lesson.tutorial, step.id, measured, lesson.saved(step.id))

    @property
    def question(self) -> PredictionCard | ExerciseCard | None:
        """The first question on the page that waits for an answer."""
        return next((card for card in self.questions if card.waiting), None)

    def _show_card(self, step: Step) -> None:
        """Show the step's state; the progress of a running one once a second."""
        assert self.card is not None
        card = self._card(step)
        only_progress = replace(card, state_text="") == replace(self.card.card, state_text="")
        wait = self._told + PROGRESS_SECONDS - time.monotonic()
        if only_progress and card.state == "running" and wait > 0:
            if self._late is None:  # what came last is told even if nothing follows
                self._late = self.set_timer(wait, self._show_late)
            return
        self._told = time.monotonic()
        self.card.show(card)

    def _show_late(self) -> None:
        self._late = None
        lesson = self.lesson
        if lesson is not None and lesson.page == self._page and lesson.step is not None and self.card is not None:
            self._show_card(lesson.step)

    def _card(self, step: Step) -> Card:
        """What the step's card shows now."""
        lesson = self.lesson
        assert lesson is not None
        text, _ = state_text(lesson, step)
        roles = lesson.roles_of(step)
        return Card(
            step.id,
            step.id,
            lesson.state_of(step).state,
            text,
            step.function.source,
            step.settings + roles,
            {**lesson.settings(step), **{role.name: lesson.roles.get(role.name, "") for role in roles}},
            {**lesson.tutorial.defaults(step, lesson.scale), **{role.name: "" for role in roles}},
            needs_of(lesson, step),
            writes_of(step),
            about_text(lesson, step),
            reason_of(lesson, step),
        )

    @property
    def editing(self) -> bool:
        """Whether the keys are in the step's settings."""
        return self.card is not None and self.card.busy

    def edit(self) -> bool:
        """Move the keys into the settings; False where there are none."""
        if self.card is None or not self.card.edit():
            return False
        self.scroll_to_widget(self.card, animate=False, top=self.card.size.height > self.size.height)
        return True

    def refuse(self, setting: str, why: str) -> bool:
        """Show a refusal at its setting; False where it is none of this page's step."""
        return self.card is not None and self.card.refuse(setting, why)

    def as_text(self) -> str:
        """The page for the clipboard: its prose and its step."""
        words = self.lesson.step.announcement if self.lesson is not None and self.lesson.step is not None else ""
        parts = [visible(words)] if words else []
        parts += [widget.text for widget in self._texts if widget.display]
        return "\n\n".join([*parts, self.card.text] if self.card is not None else parts)


def _parts(lesson: Lesson) -> list[list[Text] | Slot]:
    """The page's texts and what stands between them, with the reader's own figures and outcomes."""
    page, glossary = lesson.here, lesson.tutorial.glossary
    return segments(read(page.text, lesson.figure_texts(), lesson.verdicts(), glossary))
