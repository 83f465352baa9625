"""The states of steps, pages and runs as they are told."""

from __future__ import annotations

from typing import NamedTuple


class Sign(NamedTuple):
    """How a state is told: glyph, word and theme token; never by colour alone."""

    glyph: str
    word: str
    ink: str

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


SENSITIVE = Sign("!", "sensitive", "stale")
SIGNS = {
    "never": Sign("○", "never run", "text-3"),
    "queued": Sign("◌", "queued", "accent"),
    "running": Sign("●", "running", "accent"),
    "done": Sign("✓", "done", "held"),
    "stale": Sign("≠", "stale", "stale"),
    "stopped": Sign("■", "stopped", "stale"),
    "cut": Sign("◪", "cut short", "stale"),
    "refused": Sign("✗", "refused", "failed"),
    "failed": Sign("✗", "failed", "failed"),
    "diverged": Sign("✗", "diverged", "failed"),
    "read": Sign("✓", "read", "held"),
    "unread": Sign("○", "", "text-3"),
    "unreadable": Sign("✗", "unreadable", "failed"),
    "empty": Sign("○", "nothing run", "text-3"),
}
