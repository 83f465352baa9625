"""The one module that knows both engine and Textual: follows a run, posts what changed, sends requests.

A log is parsed in a thread, in slices, and folded there until it is caught up; from then on the small rest of each
poll is folded in the event loop. Requests block, so they run in threads too; what goes wrong comes back as `Refused`.
Every task is a Textual worker of the screen that asked for it, so that it ends with that screen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.lessons.tutorial import Step, Tutorial
from deepdive.engine.runs.events import FAULTS, AnyEvent
from deepdive.engine.runs.log import Tail
from deepdive.engine.runs.record import repointed
from deepdive.engine.runs.spilled import filled
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import RunView
from deepdive.engine.work import submission, supervisor
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.terminal.failing import fault_of
from textual.message import Message
from textual.screen import Screen

BUSY_SECONDS = 0.1  # between two looks at the log while a job runs
IDLE_SECONDS = 0.5
SETTLE_SECONDS = 1.0  # between two looks at whether the worker of an open job lives
SLICE = 1 << 20  # bytes parsed between two turns of the event loop
PATIENCE_SECONDS = 3.0  # a worker without anything to do has dropped what was handed over this long ago

T = TypeVar("T")


class RunChanged(Message):
    """The run's view, its settings or its queue are different now."""

    def __init__(self, whole: bool = False) -> None:
        """`whole`: another run or a first reading, so that nothing on the screen may be kept."""
        super().__init__()
        self.whole = whole

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RunChanged) and (self.whole or not message.whole)


class Refused(Message):
    """A request could not be met; `setting` names the one that was wrong, if it was one."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.cause, self.action, self.detail = fault.cause, fault.action, fault.detail
        self.setting = fault.setting if isinstance(fault, Refusal) else ""


class Answered(Message):
    """A probe's answer came, or `fault` says why none did."""

    def __init__(self, probe: str, events: list[AnyEvent], fault: Fault | None = None) -> None:
        super().__init__()
        self.probe, self.events, self.fault = probe, events, fault


class Session:
    """An open tutorial: its lesson, the run behind it, and what can be asked of the engine for it."""

    def __init__(self, screen: Screen[Any], store: Store | None, tutorial: Tutorial, scale: str) -> None:
        """Without a store (a home that can't be written) everything can be read and nothing run."""
        self.screen, self.store = screen, store
        self.lesson = Lesson(tutorial, scale)
        self.run: Run | None = None
        self.ready = False  # the log has been read once
        self._tail: Tail | None = None
        self._settled = 0.0
        self._trouble = ""  # what the last look met, told once
        self._handed: dict[tuple[str, int], float] = {}  # (step, seed): when it was handed to the worker
        self._taken = submission.NOTHING  # what a worker took last
        self._stops = 0
        self._submitting = False
        self._writing = asyncio.Lock()  # what was set before a key that runs is written before it runs

    @property
    def stopping(self) -> int:
        """How often the running job was told to stop: once politely, then firmly."""
        return self._stops

    # ---- following ------------------------------------------------------------------------------------------------
    def open(self, run: Run | None = None) -> None:
        """Follow `run`, else the tutorial's latest run at this scale, until the screen closes."""
        self.ready = False
        self.screen.run_worker(self._follow(run), group="follow", exclusive=True, exit_on_error=False)

    async def _follow(self, run: Run | None) -> None:
        try:
            if run is None and self.store is not None:
                run = await asyncio.to_thread(self.store.latest, self.lesson.tutorial.id, self.lesson.scale)
            await self._attach(run)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.screen.post_message(Refused(fault_of(error)))
            await self._attach(None)
        while True:
            await asyncio.sleep(BUSY_SECONDS if self.lesson.view.running or self._handed else IDLE_SECONDS)
            await self._look()

    async def _attach(self, run: Run | None) -> None:
        view = RunView()
        tail: Tail | None = None
        if run is not None:
            tail = Tail(run.log)
            while await asyncio.to_thread(_fold_slice, run, tail, view):
                pass
            if view.running:  # only then: settling reads the whole log again
                await asyncio.to_thread(run.settle)
                await asyncio.to_thread(_fold_slice, run, tail, view)
        edits = await asyncio.to_thread(run.edits) if run is not None else {}
        self.lesson.edits, self.lesson.roles = edits, dict(run.record.roles) if run is not None else {}
        self.run, self._tail, self.lesson.view = run, tail, view
        self.lesson.folder = run.folder if run is not None else None
        self._handed.clear()
        self._queue_changed()
        self.ready = True
        self.screen.post_message(RunChanged(whole=True))

    async def _look(self) -> None:
        if self.run is None or self._tail is None:
            return
        changed = False
        try:
            events = await asyncio.to_thread(_slice, self.run, self._tail)
            if events:
                self.lesson.view.add(events)
                changed = True
            if (self.lesson.view.running or self._handed) and time.monotonic() - self._settled > SETTLE_SECONDS:
                self._settled = time.monotonic()
                await asyncio.to_thread(self.run.settle)
                await self._drop_forgotten()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, once
            fault = fault_of(error)
            if fault.cause != self._trouble:
                self._trouble = fault.cause
                self.screen.post_message(Refused(fault))
            return
        self._trouble = ""
        if self._queue_changed() or changed:
            self.screen.post_message(RunChanged())

    async def _drop_forgotten(self) -> None:
        """Forget what was handed over where the worker has nothing to do; one that died is told in the log."""
        waited = time.time() - max(self._handed.values(), default=0.0)
        if not self._handed or self._submitting or waited < PATIENCE_SECONDS or self.run is None:
            return
        if not await asyncio.to_thread(supervisor.busy, self.run):
            await asyncio.to_thread(submission.tell_lost, self.run, self._taken)
            self._handed.clear()

    def _queue_changed(self) -> bool:
        """Take the jobs that have begun, or will not, out of the queue; whether it is another one now."""
        view = self.lesson.view
        for (step, seed), handed in list(self._handed.items()):
            begun = view.latest(step, seed, done=False)
            if begun is not None and begun.began >= handed - 0.001:
                del self._handed[step, seed]
        running = view.running
        if running is None:
            self._stops = 0
            if not self._handed:
                self.lesson.asked = 0
            if any(job.outcome in (*FAULTS, "stopped") for job in self._ended_since()):
                self._handed.clear()  # the worker drops what stood behind a failure
        self.lesson.stopping = self._stops > 0
        queued = tuple(self._handed)
        changed, self.lesson.queued = queued != self.lesson.queued, queued
        return changed

    def _ended_since(self) -> list[Any]:
        first = min(self._handed.values(), default=0.0)
        return [job for job in self.lesson.view.jobs.values() if (job.ended or 0.0) >= first]

    # ---- requests -------------------------------------------------------------------------------------------------
    def warm(self) -> None:
        """Have a worker import everything, so that the first step starts at once."""
        if self.store is not None:
            store = self.store
            self.screen.run_worker(self._quietly(lambda: supervisor.warm(store)), group="warm", exit_on_error=False)

    def run_steps(self, steps: list[Step], again: bool = True) -> None:
        """Run these steps and what they need."""
        self.screen.run_worker(self._run_steps(steps, again), group="request", exit_on_error=False)

    async def _run_steps(self, steps: list[Step], again: bool) -> None:
        lesson = self.lesson
        try:
            async with self._writing:
                run = await self._own_run()
            assert self.store is not None
            orders = await asyncio.to_thread(
                submission.planned,
                self.store,
                lesson.tutorial,
                lesson.scale,
                lesson.view,
                [step.id for step in steps],
                edits=lesson.edits,
                roles=lesson.roles,
                again=again,
            )
            now = time.time()
            self._handed.update({(order.step, order.seed): now for order in orders})
            lesson.asked = len(self._handed) + (lesson.view.running is not None)
            lesson.job = None
            if self._queue_changed():
                self.screen.post_message(RunChanged())
            self._submitting = True
            self._taken = await asyncio.to_thread(submission.submit, self.store, run, orders)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self._handed.clear()
            self._queue_changed()
            self.screen.post_message(Refused(fault_of(error)))
            self.screen.post_message(RunChanged())
        finally:
            self._submitting = False

    async def _own_run(self) -> Run:
        """The run to work in; made when the first thing has to be kept. Raises Fault."""
        if self.store is None:
            raise Fault("nothing can be written here, so nothing can be run", "Set DEEPDIVE_HOME to a writable folder")
        if self.run is None:
            lesson = self.lesson
            run = await asyncio.to_thread(submission.opened, self.store, lesson.tutorial, lesson.scale)
            self.run, self._tail, lesson.folder = run, Tail(run.log), run.folder
        return self.run

    def edit(self, step: Step, values: dict[str, Any]) -> None:
        """Keep the changed settings of a step; an empty dict sets all its defaults back."""
        lesson = self.lesson
        edits = {**lesson.edits, step.id: dict(values)}
        lesson.edits = {name: changed for name, changed in edits.items() if changed}
        self.screen.post_message(RunChanged())
        self._keep(lambda run: run.edit(step.id, dict(values)))

    def point(self, roles: dict[str, str]) -> None:
        """Keep where the learner points roles, for every step of the run; "" sets a role's own place back."""
        lesson = self.lesson
        lesson.roles = repointed(lesson.roles, roles)
        self.screen.post_message(RunChanged())
        self._keep(lambda run: run.point(roles))

    def _keep(self, write: Callable[[Run], None]) -> None:
        async def keep() -> None:
            try:
                async with self._writing:
                    await asyncio.to_thread(write, await self._own_run())
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                self.screen.post_message(Refused(fault_of(error)))

        self.screen.run_worker(keep(), group="request", exit_on_error=False)

    def stop(self) -> None:
        """Politely the first time, firmly the second."""
        if (run := self.run) is not None:
            firm = self._stops > 0
            self._stops += 1
            self._handed.clear()
            self._taken = submission.NOTHING
            self._queue_changed()
            self.screen.run_worker(
                self._quietly(lambda: supervisor.stop(run, firm)), group="request", exit_on_error=False
            )
            self.screen.post_message(RunChanged())

    def finish(self) -> None:
        """End the present loop; the step goes on after it."""
        if (run := self.run) is not None:
            self.screen.run_worker(self._quietly(lambda: supervisor.finish(run)), group="request", exit_on_error=False)

    def ask(self, probe: str, settings: dict[str, Any], on_wait: Callable[[str], None]) -> None:
        """Ask a probe; `Answered` follows. A newer question takes the place of a waiting one."""
        self.screen.run_worker(self._ask(probe, settings, on_wait), group="ask", exclusive=True, exit_on_error=False)

    async def _ask(self, probe: str, settings: dict[str, Any], on_wait: Callable[[str], None]) -> None:
        app = self.screen.app
        try:
            async with self._writing:
                run = await self._own_run()
            assert self.store is not None
            told: Callable[[str], None] = lambda text: app.call_from_thread(on_wait, text)  # noqa: E731
            events = await asyncio.to_thread(supervisor.ask, self.store, run, probe, settings, told)
            self.screen.post_message(Answered(probe, events))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.screen.post_message(Answered(probe, [], fault_of(error)))

    async def _quietly(self, call: Callable[[], object]) -> None:
        try:
            await asyncio.to_thread(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.screen.post_message(Refused(fault_of(error)))


def _slice(run: Run, tail: Tail) -> list[AnyEvent]:
    """The next events of a log, with what lies in files beside it."""
    return filled(run.folder, tail.poll(SLICE))


def _fold_slice(run: Run, tail: Tail, view: RunView) -> bool:
    """Fold one slice of a log into a view that nobody else sees yet; whether there was any."""
    events = _slice(run, tail)
    view.add(events)
    return bool(events)
