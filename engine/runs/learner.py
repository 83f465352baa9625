"""The learner's records: what was read, predicted, answered, graded and pinned, in `learner.jsonl` of the home folder.

Interface and command write them, never a worker; several may be open at once. Progress is a fold over the records, so
nothing is ever changed in place. Where the disk is full or read-only, records live on in memory and go out when they
can: the trouble is told once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.folders import home as default_home
from deepdive.engine.runs.log import Reader, Writer

FILE = "learner.jsonl"


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """`t` is the time in seconds since the epoch; `run` the run that was open, if any."""

    t: float = 0.0
    tutorial: str = ""
    run: str = ""


class Read(Record, frozen=True, kw_only=True, omit_defaults=True, tag="read"):
    """A page was opened, or left with the cursor elsewhere. `cursor` is where in it: {"line": 12, "x": 124.0}."""

    page: int  # its number, from 1
    cursor: dict[str, Any] = {}


class Predicted(Record, frozen=True, kw_only=True, omit_defaults=True, tag="predicted"):
    """`answer`: a number, a choice, or the choices in order."""

    prediction: str
    answer: float | str | list[str]


class Graded(Record, frozen=True, kw_only=True, omit_defaults=True, tag="graded"):
    """The learner's marks on the rows of a table: what `lab.read(table)` hands to a later step.

    `marks` has one dict per row graded (the row's columns and the mark), `n` is how many rows there were.
    """

    table: str
    marks: list[dict[str, Any]]
    n: int
    shown: list[str] = []
    hidden: list[str] = []
    job: str = ""


class Answered(Record, frozen=True, kw_only=True, omit_defaults=True, tag="answered"):
    exercise: str
    answer: Any
    passed: bool
    hint: str = ""


class Hinted(Record, frozen=True, kw_only=True, omit_defaults=True, tag="hinted"):
    """The `number`th hint of an exercise (from 1) was asked for."""

    exercise: str
    number: int = 1


class Pinned(Record, frozen=True, kw_only=True, omit_defaults=True, tag="pinned"):
    """A probe's question and what came back (events as plain data), kept by the learner."""

    probe: str
    question: dict[str, Any] = {}
    answer: list[dict[str, Any]] = []


class Reset(Record, frozen=True, kw_only=True, omit_defaults=True, tag="reset"):
    """Begin a tutorial anew (without a tutorial: all of them). The records before it stay in the file."""


AnyRecord = Read | Predicted | Graded | Answered | Hinted | Pinned | Reset
_decoder: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)


# ---- the fold ---------------------------------------------------------------------------------------------------


@dataclass
class Progress:
    """How far the learner is in one tutorial."""

    read: set[int] = field(default_factory=set)  # numbers of pages
    page: int = 1  # where the learner left off
    cursor: dict[str, Any] = field(default_factory=dict)
    run: str = ""  # the run that was open then
    passed: set[str] = field(default_factory=set)  # exercises
    tries: dict[str, int] = field(default_factory=dict)  # answers given, by exercise
    hints: dict[str, int] = field(default_factory=dict)  # hints seen, by exercise
    predictions: dict[str, Predicted] = field(default_factory=dict)
    grades: dict[str, Graded] = field(default_factory=dict)  # the latest, by table
    pinned: list[Pinned] = field(default_factory=list)
    seen: float = 0.0  # time of the latest record


@dataclass
class Learner:
    """All tutorials; `last` is the one that the learner was in, "" before the first."""

    tutorials: dict[str, Progress] = field(default_factory=dict)
    last: str = ""

    def of(self, tutorial: str) -> Progress:
        return self.tutorials.get(tutorial) or Progress()

    def add(self, records: Iterable[AnyRecord]) -> None:
        for record in records:
            if isinstance(record, Reset):
                self._reset(record.tutorial)
                continue
            progress = self.tutorials.setdefault(record.tutorial, Progress())
            progress.seen = max(progress.seen, record.t)
            self.last = record.tutorial
            _apply(progress, record)

    def _reset(self, tutorial: str) -> None:
        for id in [tutorial] if tutorial else list(self.tutorials):
            self.tutorials.pop(id, None)
        if self.last not in self.tutorials:
            self.last = max(self.tutorials, key=lambda id: self.tutorials[id].seen, default="")


def _apply(progress: Progress, record: AnyRecord) -> None:
    if isinstance(record, Read):
        progress.read.add(record.page)
        progress.page, progress.cursor = record.page, record.cursor
        progress.run = record.run or progress.run
    elif isinstance(record, Predicted):
        progress.predictions[record.prediction] = record
    elif isinstance(record, Graded):
        progress.grades[record.table] = record
    elif isinstance(record, Answered):
        progress.tries[record.exercise] = progress.tries.get(record.exercise, 0) + 1
        if record.passed:
            progress.passed.add(record.exercise)
    elif isinstance(record, Hinted):
        progress.hints[record.exercise] = max(record.number, progress.hints.get(record.exercise, 0))
    elif isinstance(record, Pinned):
        progress.pinned.append(record)


def progress(records: Iterable[AnyRecord]) -> Learner:
    """The fold at once."""
    learner = Learner()
    learner.add(records)
    return learner


# ---- the file ---------------------------------------------------------------------------------------------------


class Records:
    """The learner's records on disk and those that are not there yet.

    The methods named after the records return a Fault when the disk begins to fail, and None otherwise: what was
    recorded counts either way.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.path = (home or default_home()) / FILE
        self.trouble: Fault | None = None  # why the latest records are in memory only
        self._reader: Reader[AnyRecord] = Reader(self.path, _decoder.decode)
        self._writer: Writer | None = None
        self._stored: list[AnyRecord] = []
        self._kept: list[AnyRecord] = []  # not on disk
        self._poll()

    def all(self) -> list[AnyRecord]:
        """Oldest first, those that others wrote in the meantime among them."""
        self._flush()
        self._poll()
        return [*self._stored, *self._kept]

    def progress(self) -> Learner:
        return progress(self.all())

    # ---- one method for each record ---------------------------------------------------------------------------
    def read(self, tutorial: str, page: int, cursor: dict[str, Any] | None = None, run: str = "") -> Fault | None:
        return self.add(Read(t=time.time(), tutorial=tutorial, run=run, page=page, cursor=cursor or {}))

    def predicted(self, tutorial: str, prediction: str, answer: float | str | list[str], run: str = "") -> Fault | None:
        return self.add(Predicted(t=time.time(), tutorial=tutorial, run=run, prediction=prediction, answer=answer))

    def graded(
        self,
        tutorial: str,
        table: str,
        marks: list[dict[str, Any]],
        n: int,
        *,
        shown: Iterable[str] = (),
        hidden: Iterable[str] = (),
        job: str = "",
        run: str = "",
    ) -> Fault | None:
        where = {"tutorial": tutorial, "run": run, "job": job, "table": table}
        record = Graded(t=time.time(), marks=marks, n=n, shown=list(shown), hidden=list(hidden), **where)
        return self.add(record)

    def answered(
        self, tutorial: str, exercise: str, answer: Any, passed: bool, hint: str = "", run: str = ""
    ) -> Fault | None:
        where = {"tutorial": tutorial, "run": run}
        return self.add(Answered(t=time.time(), exercise=exercise, answer=answer, passed=passed, hint=hint, **where))

    def hinted(self, tutorial: str, exercise: str, number: int = 1, run: str = "") -> Fault | None:
        return self.add(Hinted(t=time.time(), tutorial=tutorial, run=run, exercise=exercise, number=number))

    def pinned(
        self,
        tutorial: str,
        probe: str,
        question: dict[str, Any],
        answer: list[dict[str, Any]],
        run: str = "",
    ) -> Fault | None:
        where = {"tutorial": tutorial, "run": run}
        return self.add(Pinned(t=time.time(), probe=probe, question=question, answer=answer, **where))

    def reset(self, tutorial: str = "") -> Fault | None:
        return self.add(Reset(t=time.time(), tutorial=tutorial))

    # ---- reading and writing ----------------------------------------------------------------------------------
    def add(self, record: AnyRecord) -> Fault | None:
        """Keep a record. Returns the Fault that keeps it off the disk, the first time."""
        known = self.trouble is not None
        self._kept.append(record)
        if self._writer is not None:
            self._writer.append(record)
        self._flush()
        return None if known else self.trouble

    def _flush(self) -> None:
        """Bring what is kept to the disk, if that can be done now."""
        if not self._kept:
            return
        try:
            if self._writer is None:
                self._writer = Writer(self.path)
                for record in self._kept:
                    self._writer.append(record)
            error = None if self._writer.flush() else self._writer.error
        except OSError as caught:
            error = caught
        if error is None:
            self._kept.clear()
            self.trouble = None
            self._poll()
        else:
            self.trouble = Fault(
                f"your progress can't be written to {self.path} ({error.strerror})",
                "Free some space or set DEEPDIVE_HOME; until you quit, everything is kept in memory",
            )

    def _poll(self) -> None:
        try:
            while new := self._reader.poll():
                self._stored += new
        except OSError as error:
            self.trouble = Fault(
                f"your earlier progress can't be read from {self.path} ({error.strerror})", "Look at its owner and mode"
            )

    def close(self) -> None:
        """Try once more to bring everything to the disk."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
