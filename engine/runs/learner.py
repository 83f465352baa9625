"""The learner's records: what was read, predicted and answered, in `learner.jsonl` of the home folder.

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


class Answered(Record, frozen=True, kw_only=True, omit_defaults=True, tag="answered"):
    exercise: str
    answer: Any
    passed: bool
    hint: str = ""


AnyRecord = Read | Predicted | Answered
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
    predictions: dict[str, Predicted] = field(default_factory=dict)
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
            progress = self.tutorials.setdefault(record.tutorial, Progress())
            progress.seen = max(progress.seen, record.t)
            self.last = record.tutorial
            _apply(progress, record)


def _apply(progress: Progress, record: AnyRecord) -> None:
    if isinstance(record, Read):
        progress.read.add(record.page)
        progress.page, progress.cursor = record.page, record.cursor
        progress.run = record.run or progress.run
    elif isinstance(record, Predicted):
        progress.predictions[record.prediction] = record
    elif isinstance(record, Answered):
        progress.tries[record.exercise] = progress.tries.get(record.exercise, 0) + 1
        if record.passed:
            progress.passed.add(record.exercise)


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

    def answered(
        self, tutorial: str, exercise: str, answer: Any, passed: bool, hint: str = "", run: str = ""
    ) -> Fault | None:
        where = {"tutorial": tutorial, "run": run}
        return self.add(Answered(t=time.time(), exercise=exercise, answer=answer, passed=passed, hint=hint, **where))

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
