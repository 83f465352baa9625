"""One line of the table that `make bench` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    what: str
    measured: str
    to_reach: str
    held: bool | None = None  # None: reported only

    def __str__(self) -> str:
        glyph = {True: "✓", False: "✗", None: " "}[self.held]
        return f"{glyph} {self.what:64} {self.measured:>22}  {self.to_reach:>18}"
