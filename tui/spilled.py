"""What was too long for a line of the log lies in a file of the job: put it back into its event. No Textual here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from deepdive.engine.events import AnyEvent, Plot, Rows, Text, build

LARGEST = 16 << 20  # bytes of a file that is read for the screen
MOST_ROWS = 2000
FIELDS: dict[type, tuple[str, str]] = {Text: ("text", "pieces"), Rows: ("rows", "rows"), Plot: ("plot", "data")}


def filled(folder: Path, events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """The events of a run in `folder`, with what their files hold; one whose file can't be read stays as it is."""
    return [
        _filled(folder, event) if getattr(event, "path", "") and type(event) in FIELDS else event for event in events
    ]


def _filled(folder: Path, event: AnyEvent) -> AnyEvent:
    assert isinstance(event, Text | Rows | Plot)
    kind, field = FIELDS[type(event)]
    path = (folder / event.path).resolve()
    try:
        if not path.is_relative_to(folder.resolve()) or path.stat().st_size > LARGEST:
            return event
        content = msgspec.json.decode(path.read_bytes())
        if isinstance(event, Rows) and isinstance(content, list):
            content = content[:MOST_ROWS]
        fields = {name: value for name, value in msgspec.to_builtins(event).items() if name != "type"}
        return build(kind, {**fields, field: content})
    except (OSError, msgspec.MsgspecError):
        return event
