"""The board: the panels of one job in a column, or as a strip of three below the page."""

from __future__ import annotations

from deepdive.engine.common.untrusted import visible
from deepdive.engine.runs.events import AnyEvent, Job
from deepdive.engine.runs.view import JobView, RunView
from deepdive.tui.shown import facts, learning
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.widgets.learning import Stops
from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from .base import HeadLine, Moment, Panel, Words
from .kinds import make

ANSWER = "answer"


class Board(Container, can_focus=False):
    """Shows the panels of a job; they are mounted anew only when there are other ones."""

    def __init__(self) -> None:
        super().__init__(id="board")
        self.keys: list[str] = []
        self._answer: JobView | None = None
        self._job = ""
        self.asked, self.nothing = HeadLine(id="asked"), Words(id="nothing")

    def compose(self) -> ComposeResult:
        yield self.asked
        yield self.nothing

    # ---- what is shown --------------------------------------------------------------------------------------------
    async def show(self, lesson: Lesson, job: JobView | None, x: float | None, hint: str) -> None:
        """Show a job at x, or an answer; `hint` is what to read where there is nothing."""
        async with self.lock:  # the next to ask waits until these panels stand
            await self._show(lesson, job, x, hint)

    async def _show(self, lesson: Lesson, job: JobView | None, x: float | None, hint: str) -> None:
        front = self._answer or job
        curves = learning.names(lesson, front) if front is not None and self._answer is None else ()
        keys = facts.panel_keys(front, curves)
        if self._answer is not None and self._answer.figures:
            keys = ["figures", *keys]
        self.set_class(not keys, "-empty")
        if self._answer is None and job is not None and lesson.job is not None:
            told = next((run for run in lesson.runs_of_step(99) if run.job == job.id), None)
            self.asked.show("Earlier run", f"{told.at}  {told.what}" if told else "", "esc")
        self.set_class(self._answer is not None or lesson.job is not None, "-answered")
        self.nothing.say(hint)
        # In training texts come and go: with heights of their own they would move the curve, and paint it anew.
        self.set_class(any(key.startswith("curve:") for key in keys), "-curved")
        job_id = front.id if front is not None else ""
        same, self._job = job_id == self._job, job_id
        if keys != self.keys:
            self.keys = keys
            await self._remount(keys, front, same)
        if front is not None:
            moment = Moment(lesson, front, None if front is self._answer else x)
            for panel in self.panels:
                panel.tell(moment)

    async def _remount(self, keys: list[str], job: JobView | None, same: bool) -> None:
        """Keep the panels that stay, in their order; add the others behind."""
        await self.remove_children([panel for panel in self.panels if not same or panel.key not in keys])
        if not self.is_running:  # the screen was left meanwhile
            return
        kept = {panel.key: panel for panel in self.panels}
        before: Widget = self.nothing
        mounting = []
        for at, key in enumerate(keys):
            panel = kept.get(key)
            if panel is None:
                assert job is not None
                panel = make(key, job)
                mounting.append(self.mount(panel, after=before))
            else:
                self.move_child(panel, after=before)
            panel.set_class(at >= 3, "-beyond")
            panel.set_class(at == len(keys) - 1, "-last")
            before = panel
        for mounted in mounting:
            await mounted

    def answer(self, title: str, events: list[AnyEvent]) -> None:
        """Put the answer of a probe in front until it is put away."""
        view = RunView()
        view.add([Job(job=ANSWER, step=title), *(replace(event, job=ANSWER) for event in events)])
        self._answer, self._job = view.jobs[ANSWER], ""
        self.keys = ["?"]
        self.asked.show("Answer", visible(title, False), "esc puts it away")

    @property
    def answered(self) -> bool:
        return self._answer is not None

    def put_away(self) -> None:
        """Back to the job's own panels."""
        self._answer = None

    # ---- panels ---------------------------------------------------------------------------------------------------
    @property
    def panels(self) -> list[Panel]:
        return [child for child in self.children if isinstance(child, Panel)]

    @property
    def front(self) -> Panel | None:
        """The panel that has the keys."""
        panels = self.panels
        focused = self.screen.focused if panels else None
        return next((panel for panel in panels if focused is not None and focused in panel.query("*")), None)

    def focus_next(self, step: int) -> bool:
        """Give the keys to the next panel that takes any; False past the last."""
        able = [panel for panel in self.panels if panel.display and panel.front is not None]
        front = self.front
        at = able.index(front) + step if front in able else (0 if step > 0 else len(able) - 1)
        if not 0 <= at < len(able):
            return False
        target = able[at].front
        assert target is not None
        target.focus(scroll_visible=True)
        return True

    def align(self, moved: Stops, x: float) -> None:
        """Learning curves over the same places are read at the same one."""
        for other in self.query(Stops):
            if other is not moved and other.x_stops == moved.x_stops:
                other.set_cursor(x)

    def zoom(self, on: bool) -> None:
        """The front panel, else the first, fills the board."""
        front = self.front or (self.panels[0] if self.panels else None)
        for panel in self.panels:
            panel.set_class(on and panel is front, "-front")
        self.set_class(on, "-zoomed")
        if on and front is not None and front.front is not None:
            front.front.focus()
