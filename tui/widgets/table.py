"""A plain table: muted header, aligned columns, figures under each other, an optional row cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from deepdive.engine.common.untrusted import visible
from deepdive.tui.shown.ink import FAINT, MUTED, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, fit, heading, merge, shorten
from deepdive.tui.shown.marks import Cell, Column, Row
from deepdive.tui.widgets.bars import bar_text
from deepdive.tui.widgets.canvas import Mode
from deepdive.tui.widgets.drawn import Drawn
from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

_GAP = 2
_LEAST, _LEAST_FIRST = 4, 12  # cells of a column that gives way; the first one says whose row it is
_BAR = 8  # cells of a bar before its number
_RAIL = "▌"


def column_widths(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[int]:
    """Cells for each column: what its widest cell needs; if that is too much, the widest that may shrink gives way, and
    what then is too much stands beyond the edge."""
    widths = []
    for at, column in enumerate(columns):
        needs = [cell_len(column.title)]
        for row in rows:
            if at < len(row):
                cell = _cell(row[at])
                needs.append(cell_len(_safe(cell.text)) + (0 if cell.bar is None else _BAR + 1))
        widths.append(column.width if column.width is not None else max(needs))
    excess = sum(widths) + _GAP * (len(columns) - 1) - width
    while excess > 0:
        able = [
            at for at, column in enumerate(columns) if column.shrink and widths[at] > (_LEAST if at else _LEAST_FIRST)
        ]
        if not able:
            break
        widths[max(able, key=lambda at: widths[at])] -= 1
        excess -= 1
    return widths


def row_line(cells: Row, columns: Sequence[Column], widths: Sequence[int], back: str = "", mode: Mode = "dots") -> Line:
    """One row; a cell too long for its column ends in an ellipsis."""
    runs: list[Run] = []
    for at, (column, width) in enumerate(zip(columns, widths, strict=True)):
        if at:
            runs.append((" " * _GAP, TEXT))
        cell = _cell(cells[at]) if at < len(cells) else Cell()
        runs += _cell_runs(cell, column, width, mode)
    return merge((text, ink._replace(back=back) if back and not ink.invert else ink) for text, ink in runs)


def _cell(value: Cell | str) -> Cell:
    return Cell(value) if isinstance(value, str) else value


def _safe(text: str) -> str:
    return visible(text, newlines=False)


def _cell_runs(cell: Cell, column: Column, width: int, mode: Mode) -> list[Run]:
    if cell.bar is not None:
        bar_width = max(0, min(_BAR, width - cell_len(cell.text) - 1))
        bar = bar_text(cell.bar, bar_width, mode).ljust(bar_width)
        number = _safe(cell.text).rjust(width - bar_width)
        return [(bar, Ink(cell.color, fade=cell.fade)), (set_cell_size(number, width - bar_width), Ink("text-1"))]
    runs = _text_runs(cell, width)
    blank = (" " * (width - sum(cell_len(text) for text, _ in runs)), TEXT)
    return [blank, *runs] if column.align == "right" else [*runs, blank]


def _text_runs(cell: Cell, width: int) -> list[Run]:
    """The text with its spans; they count characters of the text as given, before signs replace controls."""
    base = Ink(cell.color, fade=cell.fade, bold=cell.bold)
    if not cell.spans:
        return [(shorten(_safe(cell.text), width), base)]
    runs: list[Run] = []
    at = 0
    for span in sorted(cell.spans, key=lambda span: span.start):
        start, end = max(at, span.start), max(at, span.end)
        back = "background" if span.invert else ""
        marked = Ink(span.color, back=back, bold=True, underline=span.underline, invert=span.invert)
        runs += [(_safe(cell.text[at:start]), base), (_safe(cell.text[start:end]), marked)]
        at = end
    runs.append((_safe(cell.text[at:]), base))
    if sum(cell_len(text) for text, _ in runs) <= width:
        return runs
    return [*fit(runs, width - 1), ("…", FAINT)] if width > 0 else []


class Table(Drawn, can_focus=True):
    """Rows under a header. With `selectable` a row cursor; rows beyond the height scroll with it."""

    DEFAULT_CSS = "Table { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "row above", show=False, id="table.up"),
        Binding("down", "move(1)", "row below", show=False, id="table.down"),
        Binding("pageup", "move(-10)", "ten rows up", show=False, id="table.page_up"),
        Binding("pagedown", "move(10)", "ten rows down", show=False, id="table.page_down"),
        Binding("home", "ends(0)", "first row", show=False, id="table.home"),
        Binding("end", "ends(-1)", "last row", show=False, id="table.end"),
        Binding("enter", "open", "open", show=False, id="table.open"),
    ]

    class RowMessage(Message):
        """Something about one row."""

        def __init__(self, table: Table, index: int) -> None:
            super().__init__()
            self.table = table
            self.index = index

    class RowSelected(RowMessage):
        """The cursor stands on another row."""

        def can_replace(self, message: Message) -> bool:
            """Only the newest place matters."""
            return isinstance(message, Table.RowSelected) and message.table is self.table

    class RowOpened(RowMessage):
        """Enter was pressed on a row, or it was clicked when it was chosen already."""

    def __init__(
        self,
        columns: Sequence[Column] = (),
        rows: Sequence[Row] = (),
        *,
        title: str = "",
        unit: str = "",
        selectable: bool = False,
        cursor: int = 0,
        header: bool = True,
        mode: Mode = "dots",
    ) -> None:
        """A title gives a heading line; it stands in the header where the first column has no name of its own."""
        super().__init__()
        self.columns, self.rows = tuple(columns), tuple(rows)
        self.title, self.unit, self.note = title, unit, ""
        self.selectable, self.cursor, self.header, self.mode = selectable, cursor, header, mode
        self.can_focus = selectable
        self._top = 0

    def show(self, columns: Sequence[Column], rows: Sequence[Row], *, cursor: int | None = None) -> None:
        """Show these rows; the cursor stays where it was unless it is given."""
        self.columns, self.rows = tuple(columns), tuple(rows)
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, len(self.rows) - 1))
        self.redraw()

    def select(self, index: int) -> None:
        """Stand on row `index`, kept within the table."""
        index = max(0, min(index, len(self.rows) - 1))
        if self.selectable and self.rows and index != self.cursor:
            self.cursor = index
            self.post_message(self.RowSelected(self, index))
            self.redraw()

    def action_move(self, steps: int) -> None:
        """Key: from row to row."""
        self.select(self.cursor + steps)

    def action_ends(self, index: int) -> None:
        """Key: first or last row."""
        self.select(index % max(1, len(self.rows)))

    def action_open(self) -> None:
        """Key: open the row."""
        if self.selectable and self.rows:
            self.post_message(self.RowOpened(self, self.cursor))

    def on_focus(self) -> None:
        """The cursor takes the accent while keys reach it."""
        self.redraw()

    def on_blur(self) -> None:
        """The cursor turns grey."""
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Choose the row that was clicked; a chosen one opens."""
        place = event.get_content_offset(self)
        if place is None or not self.selectable:
            return
        index = self._top + place.y - self._above
        if 0 <= index < len(self.rows) and place.y >= self._above:
            if index == self.cursor:
                self.action_open()
            else:
                self.select(index)

    @property
    def _joined(self) -> bool:
        """Whether the title stands in the header line, above the first column."""
        return bool(self.title and not self.unit and not self.note and self._headed and not self.columns[0].title)

    @property
    def _headed(self) -> bool:
        return self.header and any(column.title for column in self.columns)

    @property
    def _above(self) -> int:
        """Lines above the first row."""
        return (bool(self.title) and not self._joined) + self._headed

    def rows_needed(self, width: int) -> int:
        """Heading, header, rows."""
        return self._above + len(self.rows)

    def draw(self, width: int, height: int) -> list[Line]:
        """Heading, header and the rows in view."""
        rail = 2 if self.selectable or self._joined else 0
        widths = column_widths(self.columns, self.rows, width - rail)
        lines: list[Line] = []
        if self.title and not self._joined:
            lines.append(heading(self.title, self.unit, self.note, width))
        if self._headed:
            titles: list[Row] = [[Cell(column.title, "text-3") for column in self.columns]]
            indent = rail
            if self._joined:
                titles = [[Cell(self.title, "text-1", bold=True), *titles[0][1:]]]
                indent = 0
            wide = [widths[0] + rail - indent, *widths[1:]] if widths else []
            lines.append(((" " * indent, MUTED), *row_line(titles[0], self.columns, wide)))
        room = max(1, height - len(lines))
        if self.selectable:
            self._top = max(self.cursor - room + 1, min(self._top, self.cursor))
        self._top = max(0, min(self._top, len(self.rows) - room))
        for index in range(self._top, min(len(self.rows), self._top + room)):
            chosen = self.selectable and index == self.cursor
            back = "surface" if chosen else ""
            body = row_line(self.rows[index], self.columns, widths, back, self.mode)
            if not self.selectable:
                lines.append(((" " * rail, TEXT), *body))
                continue
            mark = Ink("accent" if self.has_focus else "text-3", back=back)
            line = fit([(_RAIL + " " if chosen else "  ", mark), *body], width)
            lines.append(tuple((text, ink._replace(back=back) if not ink.back else ink) for text, ink in line))
        return lines
