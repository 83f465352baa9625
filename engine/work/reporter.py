"""What a lab reports becomes events of one job, in the log, without any secret in them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.masking import masked, without_known
from deepdive.engine.runs import events
from deepdive.engine.runs.events import AnyEvent, End, Job
from deepdive.engine.runs.log import Writer
from deepdive.engine.runs.spilled import spilled
from deepdive.engine.runs.store import Run
from deepdive.engine.runs.view import RunView


class Reporter:
    """Turns what a lab reports into events of one job, in the log; safe from several threads."""

    def __init__(self, run: Run, writer: Writer, view: RunView) -> None:
        self.run, self.writer, self.view = run, writer, view
        self.lock = threading.Lock()
        self.job = ""
        self.secrets: dict[str, str] = {}  # by service: what the run's steps asked for; no event shows one

    def __call__(self, kind: str, fields: dict[str, Any]) -> None:
        self.send(self.event(kind, fields))

    def event(self, kind: str, fields: dict[str, Any]) -> AnyEvent:
        """The event of `kind` as a line of the log; what is too long for one is put into a file."""
        return spilled(self.run.folder, self.run.artifacts(self.job), self.whole(kind, fields))

    def whole(self, kind: str, fields: dict[str, Any]) -> AnyEvent:
        """The event of `kind`, however long; files are named relative to the run."""
        told = {"t": time.time(), "job": self.job, **fields}
        if kind == "file":
            told["path"] = str(Path(told["path"]).relative_to(self.run.folder))
        try:
            event = events.build(kind, told)
        except msgspec.ValidationError:
            event = events.build(kind, plain(told))
        return self.masked(event)

    def masked(self, event: AnyEvent) -> AnyEvent:
        """The event without any secret in it: a server's reply or a library's exception may carry one."""
        line = events.encode(event).decode()
        hidden = masked(line) if isinstance(event, End) else without_known(line)
        return event if hidden == line else events.decode(hidden.encode())

    def send(self, event: AnyEvent) -> None:
        event = self.masked(event)
        with self.lock:
            self.writer.append(event)
            if isinstance(event, (Job, End, events.Figure, events.Rows, events.File, events.Spend)):
                self.view.add([event])


def plain(value: Any) -> Any:
    """Tensors, arrays and numpy scalars as Python numbers and lists, keys as text."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, Path) else value
