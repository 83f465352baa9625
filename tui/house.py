"""What the whole interface stands on: catalogue, runs folder, the learner's records, this machine. No Textual here.

What reads many files is asked for in a thread. A home that can't be written leaves every lesson readable.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.results.predictions import Answer
from deepdive.engine.runs.learner import Progress, Records
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Run, RunInfo, Store
from deepdive.engine.runs.view import of
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.shown.overview import Entry, entry_of, unread

if TYPE_CHECKING:
    from deepdive.engine.machine.hardware import Machine

HOME_CHECKS = ("device", "hubs", "keyring", "disk")


class House:
    """One for the process."""

    def __init__(self) -> None:
        self.catalogue = catalogue.load()
        self.store: Store | None = None
        self.records: Records | None = None
        with suppress(Fault):
            self.store = Store()
            self.records = Records(self.store.home)
        self.machine: Machine | None = None
        self.machine_facts: list[tuple[str, str]] = [("device", "looking …")]
        self.here: Lesson | None = None  # the lesson in front
        self.asked: dict[str, dict[str, str]] = {}  # what was asked of the probes last, by tutorial
        self._run = ""
        self._runs: tuple[dict[str, int], list[RunInfo]] | None = None
        self._entries: dict[str, tuple[object, Entry]] = {}

    def why_not(self, id: str) -> str:
        """Why a tutorial can't be opened, or nothing."""
        tutorial = self.catalogue.get(id)
        if tutorial is None:
            broken = [str(problem) for problem in self.catalogue.problems if problem.tutorial == id]
            known = ", ".join(t.id for t in self.catalogue.tutorials)
            return broken[0] if broken else f"there is no tutorial or command {id!r}. There are: {known}"
        return "" if tutorial.ready else f"{id} is not built yet"

    # ---- in threads -----------------------------------------------------------------------------------------------
    def survey(self) -> tuple[list[Entry], list[RunInfo]]:
        """Progress in every tutorial and the recent runs."""
        if self.store is None:
            return unread(self.catalogue), []
        logs = _sizes(self.store)
        if self._runs is None or self._runs[0] != logs:  # long logs are read again only after they grew
            self._runs = (logs, self.store.runs())
        return [self._entry(tutorial) for tutorial in self.catalogue.tutorials], self._runs[1]

    def _entry(self, tutorial: Tutorial) -> Entry:
        """Progress in one tutorial; its log is read again only after something changed. Views are too large to keep."""
        if not tutorial.ready or self.store is None:
            return Entry(tutorial)
        run, known = self.store.latest(tutorial.id), self.progress(tutorial.id)
        try:
            return self._entry_of(tutorial, run, known)
        except Fault:  # the list of runs tells what is wrong with it
            return self._entry_of(tutorial, None, known)

    def _entry_of(self, tutorial: Tutorial, run: Run | None, known: Progress) -> Entry:
        size = _sizes(self.store).get(run.id, 0) if run is not None and self.store is not None else 0
        edits, roles = (run.edits(), dict(run.record.roles)) if run is not None else ({}, {})
        key = (run.id if run is not None else "", size, repr(edits), repr(roles), known.seen)
        if tutorial.id not in self._entries or self._entries[tutorial.id][0] != key:
            lesson = Lesson(tutorial, next(iter(tutorial.scales)), edits=edits, roles=roles)
            if run is not None:
                lesson.scale = run.record.scale
                lesson.view = of(replay(run.log)[0])
            self.remember(lesson)
            entry = entry_of(lesson, known.page, known.seen > 0 or run is not None, known.seen)
            self._entries[tutorial.id] = (key, entry)
        return self._entries[tutorial.id][1]

    def meet_machine(self) -> None:
        """Its devices: some milliseconds."""
        from deepdive.engine.machine.hardware import machine

        self.machine = machine()

    def look_at_machine(self) -> None:
        """What this machine is and what works on it: a second or two where a hub does not answer."""
        from deepdive.engine.machine.doctor import checks

        found = {check.name: check.says for check in checks()}
        self.machine_facts = [(name, found[name]) for name in HOME_CHECKS if name in found] or list(found.items())[:4]

    # ---- words ----------------------------------------------------------------------------------------------------
    def machine_line(self, scale: str, narrow: bool = False) -> str:
        """pocket · CPU, 2 cores: the right end of every header."""
        if self.machine is None:
            return scale
        return f"{scale} · {short_machine(self.machine, narrow)}"

    # ---- the learner ----------------------------------------------------------------------------------------------
    def progress(self, tutorial: str) -> Progress:
        return self.records.progress().of(tutorial) if self.records is not None else Progress()

    def remember(self, lesson: Lesson) -> None:
        """Put what the learner has read and passed into a lesson."""
        known = self.progress(lesson.tutorial.id)
        lesson.read, lesson.passed = frozenset(known.read), frozenset(known.passed)

    def turn(self, lesson: Lesson, run: str = "") -> Fault | None:
        """The learner is on this page now, the cursor there; why that can't be written, the first time."""
        self.here, self._run = lesson, run or self._run
        lesson.read = lesson.read | {lesson.page}
        cursor = {"x": lesson.x} if lesson.x is not None else {}
        return self.records.read(lesson.tutorial.id, lesson.page, cursor, self._run) if self.records else None

    def predicted(self, lesson: Lesson, prediction: str, answer: Answer, run: str) -> Fault | None:
        return self.records.predicted(lesson.tutorial.id, prediction, answer, run) if self.records else None

    def answered(self, lesson: Lesson, exercise: str, answer: str, passed: bool, hint: str) -> Fault | None:
        if passed:
            lesson.passed = lesson.passed | {exercise}
        return self.records.answered(lesson.tutorial.id, exercise, answer, passed, hint) if self.records else None

    def keep_place(self) -> None:
        """Write where the learner is, for a terminal that goes away."""
        if self.here is not None:
            self.turn(self.here)
        if self.records is not None:
            self.records.close()


def _sizes(store: Store) -> dict[str, int]:
    """The size of every run's log."""
    sizes = {}
    for path in store.folder.glob("*/events.jsonl"):
        with suppress(OSError):  # its folder was just deleted, or is closed to us
            sizes[path.parent.name] = path.stat().st_size
    return sizes


def short_machine(machine: Machine, narrow: bool) -> str:
    """CPU, 2 cores: the device in a few cells, narrow: CPU."""
    from deepdive.engine.machine.hardware import describe

    words = describe(machine).split(", ")
    return words[0] if narrow else ", ".join(words[:2])
