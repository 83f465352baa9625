"""The last look at every line before it is painted: nothing in it that a terminal obeys, no sign that it lacks.

Widgets make texts visible where they draw them, so that their lines are as wide as they think. This is the net under
them, for Textual's own widgets too: what is still unsafe goes, and each line keeps its width.
"""

from __future__ import annotations

import functools

from deepdive.engine.common.streams import spelled
from deepdive.engine.common.untrusted import UNSAFE
from deepdive.tui.terminal.asking import Glyphs
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

PRIVATE = "�"  # as wide as a private character is taken for

# The console of Linux has a font of 256 or 512 signs: these and Latin letters are in each.
_CONSOLE = frozenset("─│┌┐└┘├┤┬┴┼█▀▄▌▐░▒▓")
_PAIRS = "━─╌─╍─╭┌╮┐╰└╯┘┃│▁▄▂▄▃▄▅█▆█▇█▉█▊█▋▌▍▌▎▌▏▌▔▀"
_ALIKE_ON_CONSOLE = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_BRAILLE = range(0x2800, 0x2900)
_UPPER, _LOWER = 0b00011011, 0b11100100  # dots of the upper and of the lower half of a cell


class LastLook(LineFilter):
    """Applied by Textual to every line of every widget."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() and segment.text.isprintable() else self._seen(segment)
            for segment in segments
        ]

    def _seen(self, segment: Segment) -> Segment:
        text, style, control = segment
        if control:
            return segment
        seen = UNSAFE.sub(lambda match: PRIVATE * cell_len(match.group()), text)
        if self.glyphs != "all":
            seen = "".join(sign if sign.isascii() else instead(sign, self.glyphs) for sign in seen)
        if seen is text or seen == text:
            return segment
        width = cell_len(text)
        return Segment(seen if cell_len(seen) == width else set_cell_size(seen, width), style, control)


@functools.lru_cache(maxsize=4096)
def instead(sign: str, glyphs: Glyphs) -> str:
    """A sign by one that the terminal has, of the same width: a curve's dots as half blocks, or as points."""
    if ord(sign) in _BRAILLE:
        dots = ord(sign) - _BRAILLE.start
        halves = bool(dots & _UPPER) + 2 * bool(dots & _LOWER)
        return (" ▀▄█" if glyphs == "console" else " '.:")[halves]
    if glyphs == "console":
        alike = _ALIKE_ON_CONSOLE.get(sign, sign)
        if alike in _CONSOLE or "\u00a0" < alike <= "ÿ":
            return alike
    plain, width = spelled(sign), cell_len(sign)
    return plain if cell_len(plain) == width else "?" * width
