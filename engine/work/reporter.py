"""What a lab reports becomes events of one job, in the log, without any secret in them."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import FULL_OR_READ_ONLY
from deepdive.engine.common.masking import any_known, masked, without_known
from deepdive.engine.lab import Stopped
from deepdive.engine.runs import events
from deepdive.engine.runs.events import AnyEvent, End, Figure, Job
from deepdive.engine.runs.log import Writer
from deepdive.engine.runs.spilled import spilled
from deepdive.engine.runs.store import Run
from deepdive.engine.runs.view import RunView

KEEPABLE = "Report numbers, texts, true or false, and lists and tables of them"


class Reporter:
    """Writes the events of a run's jobs into its log; safe from several threads. A job reports through its `voice`."""

    def __init__(self, run: Run, writer: Writer, view: RunView) -> None:
        self.run, self.writer, self.view = run, writer, view
        self.lock = threading.Lock()
        self.secrets: dict[str, str] = {}  # by service: what the run's steps asked for; no event shows one

    def voice(self, job: str) -> Voice:
        return Voice(self, job)

    def send(self, event: AnyEvent, voice: Voice | None = None) -> None:
        if isinstance(event, End):  # an exception's text
            event = events.decode(masked(events.encode(event).decode()).encode())
        with self.lock:
            if voice is not None and voice.closed:
                voice.late += 1
                if str(voice.late).rstrip("0") == "1":  # 1, 10, 100 ...: a thread may go on for hours
                    sys.stderr.write(f"{self.run.id} {voice.job}: {voice.late} reported after its end, dropped\n")
                return
            if voice is not None and self.writer.full and not self.writer.flush():
                raise Fault(f"{self.run.log} can't be written, and no more of it can wait", FULL_OR_READ_ONLY)
            self.writer.append(event)
            if voice is not None and self.writer.gone:
                raise Stopped  # the run's folder was removed: nobody will read what the step finds
            if isinstance(event, (Job, End, Figure, events.Rows, events.File, events.Spend)):
                self.view.add([event])


class Voice:
    """What one job reports. It is closed with the job: what a thread of it says later is nobody's, and is dropped."""

    def __init__(self, reporter: Reporter, job: str) -> None:
        self.reporter, self.job = reporter, job
        self.closed = False
        self.late = 0  # events that came after the end

    def __call__(self, kind: str, fields: dict[str, Any]) -> None:
        self.reporter.send(self.event(kind, fields), self)

    def event(self, kind: str, fields: dict[str, Any]) -> AnyEvent:
        """The event of `kind` as a line of the log; what is too long for one is put into a file. Raises Fault."""
        run = self.reporter.run
        try:
            return spilled(run.folder, run.artifacts(self.job), self.whole(kind, fields))
        except TypeError as error:  # a cell may hold anything
            raise _unkept(kind, fields, error) from error

    def whole(self, kind: str, fields: dict[str, Any]) -> AnyEvent:
        """The event of `kind`, however long; files are named relative to the run. Raises Fault for what is none."""
        told = {"t": time.time(), "job": self.job, **fields}
        if kind == "file":
            told["path"] = str(Path(told["path"]).relative_to(self.reporter.run.folder))
        try:
            try:
                event = events.build(kind, told)
            except msgspec.ValidationError:
                event = events.build(kind, plain(told))
        except msgspec.ValidationError as error:
            raise _unkept(kind, fields, error) from error
        return _without_secrets(event)

    def end(self, event: End) -> None:
        """The job's last event; nothing of it is written afterwards."""
        with self.reporter.lock:
            self.closed = True
        self.reporter.send(event)


def _without_secrets(event: AnyEvent) -> AnyEvent:
    """A server's reply may carry one."""
    line = events.encode(event).decode() if any_known() else ""
    hidden = without_known(line)
    return event if hidden == line else events.decode(hidden.encode())


def _unkept(kind: str, fields: dict[str, Any], error: Exception) -> Fault:
    name = next((f" {fields[key]}" for key in ("name", "curve", "stream") if key in fields), "")
    return Fault(f"the step reported {kind}{name} as something that can't be kept: {error}", KEEPABLE)


def plain(value: Any) -> Any:
    """Tensors, arrays and numpy scalars as Python numbers and lists, keys as text."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, Path) else value
