"""What is too long for a line of the log lies in a file of its job: put there, and put back into its event."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.files import read_whole
from deepdive.engine.runs.events import LINE_LIMIT, AnyEvent, Plot, Rows, Text, encode

LARGEST = 16 << 20  # bytes of a file that is read for a screen
MOST_ROWS = 2000
FIELDS: dict[type, str] = {Text: "pieces", Rows: "rows", Plot: "data"}


def spilled(run: Path, artifacts: Path, event: AnyEvent) -> AnyEvent:
    """The event as a line of the log of `run`: what makes it too long goes into a file in `artifacts`."""
    field = FIELDS.get(type(event))
    if field is None or len(encode(event)) <= LINE_LIMIT:
        return event
    path = artifacts / f"{type(event).__name__.lower()}-{time.time_ns():x}.json"
    path.write_bytes(msgspec.json.encode(getattr(event, field)))
    return _with(event, {field: type(getattr(event, field))(), "path": str(path.relative_to(run))})


def filled(run: Path, events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """The events of a run's log with what their files hold; one whose file can't be read stays as it is."""
    return [_filled(run, event) for event in events]


def _filled(run: Path, event: AnyEvent) -> AnyEvent:
    named = getattr(event, "path", "")
    field = FIELDS.get(type(event))
    if field is None or not named:
        return event
    try:
        path = (run / named).resolve()
        if not path.is_relative_to(run.resolve()):
            return event
        content = msgspec.json.decode(read_whole(path, LARGEST))
        if isinstance(event, Rows) and isinstance(content, list):
            content = content[:MOST_ROWS]
        return _with(event, {field: content})
    except (OSError, ValueError, RuntimeError):  # deep nesting, a link to itself
        return event


def _with(event: AnyEvent, changes: dict[str, Any]) -> AnyEvent:
    """Raises msgspec.ValidationError where a change is not of its field's type."""
    changed: AnyEvent = msgspec.convert({**msgspec.to_builtins(event), **changes}, AnyEvent)
    return changed
