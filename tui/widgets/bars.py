"""Horizontal labelled bars: the alternatives of a token, what fits a gap, a score for each case."""

from __future__ import annotations

from collections.abc import Sequence

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import is_number
from deepdive.tui.shown.ink import MUTED, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, fit, heading, shorten
from deepdive.tui.shown.marks import Bar
from deepdive.tui.shown.readings import reading
from deepdive.tui.widgets.canvas import Mode
from deepdive.tui.widgets.drawn import Drawn
from rich.cells import cell_len

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_OTHERS_FADE = 0.45


def bar_text(share: float, width: int, mode: Mode = "dots") -> str:
    """A bar of `share` of `width` cells, to an eighth of a cell; something greater than zero is always seen."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if share > 0 and width > 0:
        eighths = max(1, eighths)
    whole, rest = divmod(eighths, 8)
    if mode == "ascii":
        return "#" * (whole + (rest >= 4 or (whole == 0 and rest > 0)))
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def bar_lines(
    rows: Sequence[Bar],
    width: int,
    *,
    highlight: int | None = 0,
    full: float | None = None,
    mode: Mode = "dots",
) -> list[Line]:
    """One line a row: label right-aligned, bar, value right-aligned.

    `full` is the value of a bar of full length (None: the largest). A negative value grows to the left of a common
    zero.
    """
    labels = [visible(row.label, newlines=False) for row in rows]
    values = [reading(row.value) for row in rows]
    value_width = max((len(text) for text in values), default=0)
    label_width = min(max((cell_len(text) for text in labels), default=0), max(4, (width - value_width) // 3))
    room = max(0, width - label_width - value_width - 3)
    numbers = [row.value for row in rows if is_number(row.value)]
    high = full if full is not None else max([0.0, *numbers])
    low = min([0.0, *numbers])
    scale = room / (high - low) if high - low > 1e-300 else 0.0
    zero = round(-low * scale)
    lines = []
    for index, (row, name, value) in enumerate(zip(rows, labels, values, strict=True)):
        chosen = index == highlight
        name = shorten(name, label_width)
        strong = Ink("text-1", bold=True) if chosen else TEXT
        ink = Ink(row.color, fade=0.0 if chosen or highlight is None else _OTHERS_FADE)
        runs: list[Run] = [(" " * (label_width - cell_len(name)), TEXT), (name, strong), (" ", TEXT)]
        runs.append((_bar(row.value, room, zero, scale, mode), ink))
        runs += [("  " + value.rjust(value_width), Ink("text-1") if chosen else MUTED)]
        lines.append(fit(runs, width))
    return lines


def _bar(value: float | None, room: int, zero: int, scale: float, mode: Mode) -> str:
    """The bar's `room` cells."""
    text = ""
    if value is None or not is_number(value):
        return " " * room
    if value < 0:
        size = min(zero, max(1, round(-value * scale)))
        text = " " * (zero - size) + ("#" if mode == "ascii" else "█") * size
    elif room > zero:
        text = " " * zero + bar_text(value * scale / (room - zero), room - zero, mode)
    return text[:room].ljust(room)


class Bars(Drawn):
    """The bars as a widget, with an optional heading."""

    DEFAULT_CSS = "Bars { height: auto; }"

    def __init__(
        self,
        rows: Sequence[Bar] = (),
        *,
        title: str = "",
        unit: str = "",
        highlight: int | None = 0,
        full: float | None = None,
        mode: Mode = "dots",
    ) -> None:
        """`full`: 1.0 for probabilities, None for the largest value."""
        super().__init__()
        self.rows = tuple(rows)
        self.title, self.unit = title, unit
        self.highlight, self.full, self.mode = highlight, full, mode

    def show(self, rows: Sequence[Bar], *, highlight: int | None = 0, title: str | None = None) -> None:
        """Show these rows."""
        self.rows, self.highlight = tuple(rows), highlight
        self.title = self.title if title is None else title
        self.redraw()

    def rows_needed(self, width: int) -> int:
        """Heading and rows."""
        return bool(self.title) + len(self.rows)

    def draw(self, width: int, height: int) -> list[Line]:
        """Heading and rows."""
        top = [heading(self.title, self.unit, "", width)] if self.title else []
        return top + bar_lines(self.rows, width, highlight=self.highlight, full=self.full, mode=self.mode)
