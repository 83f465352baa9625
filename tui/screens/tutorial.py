"""A tutorial: the page with its step, the live panels beside it, the outline where there is room."""

from __future__ import annotations

import asyncio

from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.store import Run
from deepdive.tui.bridge import Refused, RunChanged, Session
from deepdive.tui.commands import Facts
from deepdive.tui.panels.board import Board
from deepdive.tui.panels.learning import LearningPanel
from deepdive.tui.panels.rows import RowsPanel
from deepdive.tui.shown.ink import Ink
from deepdive.tui.shown.status import status_text
from deepdive.tui.terminal.failing import fault_of
from deepdive.tui.widgets.curve import CurveChart
from deepdive.tui.widgets.learning import Stops
from deepdive.tui.widgets.stepcard import StepCard
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import Input

from .outline import Outline, Rule
from .reader import Reader
from .turning import TurningScreen

CALM_SECONDS = 0.4  # between two updates that a running job asks for
KEEP_SECONDS = 3.0  # from a move of the cursor to the record of the place


class TutorialScreen(TurningScreen):
    """One open tutorial. State comes from the session's lesson; this screen decides what happens."""

    KIND = "tutorial"
    CSS_PATH = "tutorial.tcss"
    BINDINGS = [
        Binding("left", "along_curve(-1)", show=False),
        Binding("right", "along_curve(1)", show=False),
        Binding("shift+left", "along_curve(-10)", show=False),
        Binding("shift+right", "along_curve(10)", show=False),
        Binding("shift+tab", "next_panel(-1)", show=False),
    ]

    def __init__(self, tutorial: Tutorial, run: str = "") -> None:
        super().__init__()
        house = self.deep.house
        scale = next(iter(tutorial.scales))
        self.session = Session(self, house.store, tutorial, scale)
        known = house.progress(tutorial.id)
        self.lesson.page = min(known.page, len(tutorial.pages))
        self._cursor = known.cursor.get("x")
        house.remember(self.lesson)
        self.reader = Reader()
        self.board = Board()
        self.outline = Outline()
        self._run = run
        self._calm: Timer | None = None
        self._keeping: Timer | None = None
        self._told_job: str | None = None

    def content(self) -> ComposeResult:
        with Container(id="body"):
            yield self.outline
            yield Rule()
            yield self.reader
            yield Rule()
            yield self.board

    def on_mount(self) -> None:
        self.deep.house.here = self.lesson
        self.build_page()
        self.run_worker(self._begin(), group="begin", exit_on_error=False)

    async def _begin(self) -> None:
        """Follow the run, get a worker ready, see what machine this is."""
        self.session.open(await self._wanted_run())
        if self.deep.warm:
            self.session.warm()
        if self.deep.house.machine is None:
            await asyncio.to_thread(self.deep.house.meet_machine)
            await self.refresh_all()

    async def _wanted_run(self) -> Run | None:
        store = self.deep.house.store
        if store is None:
            return None
        run = None
        try:
            run = await asyncio.to_thread(store.open, self._run) if self._run else None
        except Fault as fault:
            self.on_refused(Refused(fault))
        try:
            run = run or await asyncio.to_thread(store.latest, self.lesson.tutorial.id)
        except (Fault, OSError) as error:
            self.on_refused(Refused(fault_of(error)))
        if run is not None:
            self.lesson.scale = run.record.scale
        return run

    # ---- what is shown --------------------------------------------------------------------------------------------
    async def show_all(self) -> None:
        """Everything that depends on the run, brought up to date. Any task may ask for it at any time."""
        lesson = self.lesson
        job = lesson.shown_job()
        job_id = job.id if job is not None else None
        if job_id != self._told_job:
            self._told_job, lesson.x = job_id, None
            for curve in self.board.query(CurveChart):
                curve.clear_cursor()
        narrow = self.width_class == "narrow"
        text, ink = status_text(lesson, narrow)
        machine = self.deep.house.machine_line(lesson.scale, narrow)
        self.header.show(str(lesson.tutorial.chapter), lesson.tutorial.title, (text, Ink(ink, bold=True)), machine)
        self.board.set_class(narrow and not self.has_class("-zoomed"), "-strip")
        self.reader.tell(lesson, self.deep.house)
        await self.board.show(lesson, job, lesson.x, self._hint())
        self.outline.show(lesson)
        self.keys_changed()
        if self.session.ready and self._cursor is not None and self._curve is not None:
            self._curve.set_cursor(self._cursor)
            self._cursor = None

    def _hint(self) -> str:
        if not self.session.ready:
            return "reading the run …"
        if self.lesson.queued:
            return "The worker is starting."
        if self.lesson.step is None:
            return "What a step measures stands here. Its page is further on: n"
        return "Nothing has been run on this page. r runs its step; what it measures stands here."

    async def on_run_changed(self, event: RunChanged) -> None:
        if event.whole:
            await self.refresh_all()
        elif self._calm is None:
            self._calm = self.set_timer(CALM_SECONDS, self._calmed)

    async def _calmed(self) -> None:
        self._calm = None
        await self.refresh_all()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.call_after_refresh(self.refresh_all)

    def on_descendant_focus(self) -> None:
        self.keys_changed()

    def keys_changed(self) -> None:
        """While one types, letters are text: the footer lists what is left."""
        if self.reader.editing:
            self.footer.show([("enter", "done"), ("↑ ↓", "choose"), ("← →", "change"), ("esc", "cancel")])
        elif isinstance(self.focused, Input):
            self.footer.show([("enter", "answer"), ("esc", "back")])
        else:
            super().keys_changed()

    def facts(self) -> Facts:
        lesson, step = self.lesson, self.lesson.step
        found = {self.width_class}
        if step is not None and step.at(lesson.scale):
            found |= {"step", lesson.state_of(step).state}
            roles = {role.name for role in lesson.roles_of(step)}
            if step.settings or roles:
                found.add("settings")
            if lesson.edits.get(step.id) or roles & lesson.roles.keys():
                found.add("edited")
        found.discard("running")
        if lesson.view.running is not None or lesson.queued:
            found.add("running")
        if lesson.stale:
            found.add("stale")
        if lesson.tutorial.probes and lesson.view.jobs:
            found.add("probes")
        if self.board.panels:
            found.add("panels")
        if step is not None and len(lesson.view.of_step(step.id)) > 1:
            found.add("earlier")
        front = self.board.front
        if isinstance(front, RowsPanel) and front.question is not None and not self.board.answered:
            found.add("askable")
        if self._along is not None:
            found.add("curve")
        if self.has_class("-zoomed"):
            found.add("zoomed")
        if self.reader.question is not None:
            found.add("question")
        if lesson.page == 1:
            found.add("first")
        if lesson.page == len(lesson.tutorial.pages):
            found.add("last")
        return frozenset(found)

    @property
    def _curve(self) -> CurveChart | None:
        return next((curve for curve in self.board.query(CurveChart) if curve.x_name == "update"), None)

    @property
    def _along(self) -> CurveChart | None:
        """What left and right move along: the curve of the updates, else the first learning curve."""
        stops = [panel.curve for panel in self.board.panels if isinstance(panel, LearningPanel)]
        return self._curve or next(iter(stops), None)

    def glossary(self) -> dict[str, str]:
        return self.lesson.tutorial.glossary

    # ---- running --------------------------------------------------------------------------------------------------
    def action_run_step(self) -> None:
        if (step := self.lesson.step) is not None:
            self.session.run_steps([step])

    def action_run_stale(self) -> None:
        self.session.run_steps(self.lesson.stale, again=False)

    def action_stop(self) -> None:
        firm = self.session.stopping > 0
        self.session.stop()
        self.notify("stopping now" if firm else "stopping after this batch; s again stops at once", timeout=3)

    def action_finish(self) -> None:
        self.session.finish()

    async def action_settings(self) -> None:
        await self.page_there.wait()
        self.reader.edit()

    def on_step_card_setting_changed(self, event: StepCard.SettingChanged) -> None:
        step = self.lesson.tutorial.step(event.step)
        if event.name in {role.name for role in self.lesson.roles_of(step)}:
            self.session.point({event.name: event.value})
            return
        defaults = self.lesson.tutorial.defaults(step, self.lesson.scale)
        values = {**self.lesson.edits.get(step.id, {}), event.name: event.value}
        self.session.edit(step, {name: value for name, value in values.items() if value != defaults.get(name)})

    def on_step_card_form_left(self) -> None:
        self.reader.focus()
        self.keys_changed()

    def on_step_card_run_requested(self) -> None:
        if "running" not in self.facts():
            self.action_run_step()

    def action_defaults(self) -> None:
        if (step := self.lesson.step) is not None:
            self.session.edit(step, {})
            if elsewhere := {role.name for role in self.lesson.roles_of(step)} & self.lesson.roles.keys():
                self.session.point(dict.fromkeys(elsewhere, ""))

    def action_scale(self) -> None:
        names = list(self.lesson.tutorial.scales)
        if len(names) < 2 or self.lesson.view.running is not None:
            self.notify("this tutorial has one scale" if len(names) < 2 else "a job runs: stop it first")
            return
        self.lesson.scale = names[(names.index(self.lesson.scale) + 1) % len(names)]
        self.session.open()
        self.notify(f"{self.lesson.scale} scale")

    # ---- panels ---------------------------------------------------------------------------------------------------
    async def action_along_curve(self, steps: int = 1) -> None:
        await self.page_there.wait()
        if (curve := self._along) is not None:
            curve.move_cursor(steps)

    async def on_curve_chart_cursor_moved(self, event: CurveChart.CursorMoved) -> None:
        if isinstance(event.curve, Stops):
            self.board.align(event.curve, event.x)
        if event.curve is self._curve and event.x != self.lesson.x and self.page_there.is_set():
            self.lesson.x = event.x
            await self.board.show(self.lesson, self.lesson.shown_job(), event.x, self._hint())
            if self._keeping is None:
                self._keeping = self.set_timer(KEEP_SECONDS, self._keep_place)

    def _keep_place(self) -> None:
        """The place survives a kill too, but is not written at every step of the cursor."""
        self._keeping = None
        self._told(self.deep.house.turn(self.lesson, self._run_id))

    async def action_next_panel(self, step: int = 1) -> None:
        await self.page_there.wait()
        if self.has_class("-zoomed"):
            self._zoom(False)
        elsewhere = self.board.front is None and self.focused is not self.reader
        if elsewhere or not self.board.focus_next(step):
            self.reader.focus()

    async def action_zoom(self) -> None:
        await self.page_there.wait()
        self._zoom(not self.has_class("-zoomed"))

    def _zoom(self, on: bool) -> None:
        self.set_class(on, "-zoomed")
        self.board.set_class(self.width_class == "narrow" and not on, "-strip")
        self.board.zoom(on)
        if not on and self.width_class == "narrow":
            self.reader.focus()
        self.keys_changed()

    async def action_earlier(self) -> None:
        """Look at the job of this step before the one in front; after the oldest comes the latest again."""
        step, front = self.lesson.step, self.lesson.shown_job()
        if step is None or front is None:
            return
        jobs = [job.id for job in self.lesson.view.of_step(step.id)]
        at = jobs.index(front.id) - 1
        self.lesson.job = jobs[at] if at >= 0 else None
        await self.refresh_all()

    def action_copy(self) -> None:
        panel = self.board.front
        text = panel.as_text() if panel is not None else self.reader.as_text()
        self.deep.copy(text)

    def action_code(self) -> None:
        from .source import SourceScreen

        if (step := self.lesson.step) is not None:
            self.app.push_screen(SourceScreen(step.title, step.function.source))

    # ---- leaving --------------------------------------------------------------------------------------------------
    async def action_leave(self) -> None:
        """One level back: zoom, an answer, a panel, an older job, the tutorial."""
        await self.page_there.wait()
        if self.has_class("-zoomed"):
            self._zoom(False)
        elif self.board.answered:
            self.board.put_away()
            await self.refresh_all()
        elif self.focused is not self.reader:
            self.reader.focus()
        elif self.lesson.job is not None:
            self.lesson.job = None
            await self.refresh_all()
        else:
            self.deep.house.turn(self.lesson, self._run_id)
            self.deep.house.here = None
            self.dismiss()
