"""Horizontal labelled bars: the alternatives of a token, what fits a gap, a score for each case."""

from __future__ import annotations

from collections.abc import Sequence

from deepdive.engine.common.untrusted import visible
from deepdive.tui.shown.ink import MUTED, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, fit, heading, shorten
from deepdive.tui.shown.marks import Bar
from deepdive.tui.shown.readings import reading
from deepdive.tui.widgets.canvas import Mode
from deepdive.tui.widgets.drawn import Drawn
from rich.cells import cell_len

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_OTHERS_FADE = 0.45
_SECOND_MARK = "┃"


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
    second_name: str = "",
    mode: Mode = "dots",
) -> list[Line]:
    """One line a row: label right-aligned, bar, value right-aligned, then the second value in the book's colour.

    `full` is the value of a bar of full length (None: the largest). A negative value grows to the left of a common
    zero. The second value also stands as a stroke on its bar.
    """
    labels = [visible(row.label, newlines=False) for row in rows]
    values = [reading(row.value) for row in rows]
    seconds = ["" if row.second is None else reading(row.second) for row in rows]
    second_width = max((len(text) for text in seconds), default=0)
    value_width = max((len(text) for text in values), default=0)
    tail = value_width + (second_width + 2 if second_width else 0)
    label_width = min(max((cell_len(text) for text in labels), default=0), max(4, (width - tail) // 3))
    room = max(0, width - label_width - tail - 3)
    numbers = [number for row in rows for number in (row.value, row.second) if number is not None]
    high = full if full is not None else max([0.0, *numbers])
    low = min([0.0, *numbers])
    scale = room / (high - low) if high - low > 1e-300 else 0.0
    zero = round(-low * scale)
    lines = []
    for index, (row, name, value, second) in enumerate(zip(rows, labels, values, seconds, strict=True)):
        chosen = index == highlight
        name = shorten(name, label_width)
        strong = Ink("text-1", bold=True) if chosen else TEXT
        ink = Ink(row.color, fade=0.0 if chosen or highlight is None else _OTHERS_FADE)
        runs: list[Run] = [(" " * (label_width - cell_len(name)), TEXT), (name, strong), (" ", TEXT)]
        runs += _bar_runs(row, ink, room, zero, scale, mode)
        runs += [("  " + value.rjust(value_width), Ink("text-1") if chosen else MUTED)]
        if second_width:
            runs.append(("  " + second.rjust(second_width), Ink("book")))
        lines.append(fit(runs, width))
    if second_name and second_width:
        lines.append(fit([(f"{_SECOND_MARK} {second_name}".rjust(width), Ink("book"))], width))
    return lines


def _bar_runs(row: Bar, ink: Ink, room: int, zero: int, scale: float, mode: Mode) -> list[Run]:
    """The bar's `room` cells, with the stroke of the second value."""
    text = ""
    if row.value is not None and row.value < 0:
        size = min(zero, max(1, round(-row.value * scale)))
        text = " " * (zero - size) + ("#" if mode == "ascii" else "█") * size
    elif row.value is not None and room > zero:
        text = " " * zero + bar_text(row.value * scale / (room - zero), room - zero, mode)
    text = text[:room].ljust(room)
    if row.second is None or not room:
        return [(text, ink)]
    at = max(0, min(room - 1, zero + round(row.second * scale) - (row.second > 0)))
    stroke = "|" if mode == "ascii" else _SECOND_MARK
    return [(text[:at], ink), (stroke, Ink("book")), (text[at + 1 :], ink)]


class Bars(Drawn):
    """The bars as a widget, with an optional heading."""

    DEFAULT_CSS = "Bars { height: auto; }"

    def __init__(
        self,
        rows: Sequence[Bar] = (),
        *,
        title: str = "",
        unit: str = "",
        note: str = "",
        header: Line = (),
        highlight: int | None = 0,
        full: float | None = None,
        second_name: str = "",
        mode: Mode = "dots",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`full`: 1.0 for probabilities, None for the largest value. `header`: runs in place of a title."""
        super().__init__(id=id, classes=classes)
        self.rows = tuple(rows)
        self.title, self.unit, self.note, self.header = title, unit, note, header
        self.highlight, self.full, self.second_name, self.mode = highlight, full, second_name, mode

    def show(
        self,
        rows: Sequence[Bar],
        *,
        highlight: int | None = 0,
        title: str | None = None,
        unit: str | None = None,
        note: str | None = None,
        header: Line | None = None,
    ) -> None:
        """Show these rows."""
        self.rows, self.highlight = tuple(rows), highlight
        self.title = self.title if title is None else title
        self.unit = self.unit if unit is None else unit
        self.note = self.note if note is None else note
        self.header = self.header if header is None else header
        self.redraw()

    def rows_needed(self, width: int) -> int:
        """Heading and rows."""
        extra = bool(self.second_name) and any(row.second is not None for row in self.rows)
        return bool(self.title or self.header) + len(self.rows) + extra

    def draw(self, width: int, height: int) -> list[Line]:
        """Heading and rows."""
        top: list[Line] = []
        if self.header:
            top = [fit(self.header, width)]
        elif self.title:
            top = [heading(self.title, self.unit, self.note, width)]
        return top + bar_lines(
            self.rows,
            width,
            highlight=self.highlight,
            full=self.full,
            second_name=self.second_name,
            mode=self.mode,
        )
