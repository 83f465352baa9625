"""What a cell is drawn with: inks named by theme tokens (`training`, `text-3`). No colour is known here."""

from __future__ import annotations

from typing import NamedTuple


class Ink(NamedTuple):
    """How a run of text looks, in theme tokens.

    `fade` mixes `color` into the background (0: full, 1: gone). `invert` swaps text and background: unlike a
    background colour it is still seen where NO_COLOR takes every colour away.
    """

    color: str = "text-2"
    back: str = ""
    fade: float = 0.0
    bold: bool = False
    underline: bool = False
    invert: bool = False
    italic: bool = False


TEXT = Ink("text-2")
STRONG = Ink("text-1", bold=True)
MUTED = Ink("text-3")
FAINT = Ink("text-4")
RULE = Ink("rule")
CURSOR = Ink("accent", back="background", bold=True, invert=True)
