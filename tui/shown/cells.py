"""What stands in a cell of a `rows` event: plain text, text with marked spans, shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from deepdive.engine.common.untrusted import visible


class Look(NamedTuple):
    """How a marked span is told: by colour, by the glyph behind it, by underline or inversion."""

    color: str
    glyph: str = ""
    underline: bool = False
    invert: bool = False


LOOKS = {
    "mask": Look("accent", invert=True),
    "given": Look("accent", underline=True),
    "right": Look("held", "✓", underline=True),
    "wrong": Look("failed", "✗", underline=True),
    "missed": Look("stale", "○", underline=True),
}


def look(label: str) -> Look:
    """The look of a span's label; one of a lesson's own is marked like a given one."""
    return LOOKS.get(label, LOOKS["given"])


def spans_of(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(text, label) of a cell's spans, the glyph of its verdict behind each."""
    return [
        (visible(str(text), False) + (look(str(label)).glyph if label else ""), str(label or ""))
        for text, label in value["spans"]
    ]


def plain(value: Any) -> str:
    """A cell's text as a probe would be asked it."""
    if isinstance(value, dict):
        if "spans" in value:
            return "".join(str(text) for text, _ in value["spans"])
        return str(value.get("about", ""))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
