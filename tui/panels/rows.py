"""The panel of a table: its rows, the one under the cursor in full below, and a probe that can be asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.tutorial import Function
from deepdive.engine.runs.events import Rows
from deepdive.tui.shown import facts
from deepdive.tui.shown.cells import plain
from deepdive.tui.shown.lines import Line
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.message import Message

from .base import Moment, Panel
from .example import example_lines


@dataclass(frozen=True)
class RowQuestion:
    """A probe with the values that a row gives it."""

    probe: str
    settings: dict[str, Any]


def question_of(probes: Iterable[Function], row: dict[str, Any]) -> RowQuestion | None:
    """The first probe with a parameter named like one of the row's columns; the others keep their defaults."""
    for probe in probes:
        named = [setting for setting in probe.settings if setting.name in row]
        if not named:
            continue
        try:
            values = {setting.name: setting.parse(plain(row[setting.name])) for setting in named}
        except Refusal:
            continue
        return RowQuestion(probe.name, {**{s.name: s.default for s in probe.settings}, **values})
    return None


class Example(Drawn):
    """The row under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Rows | None = None
        self.at = 0

    def show(self, rows: Rows, at: int, width: int) -> bool:
        """Whether there is anything to show that the table does not."""
        self.rows, self.at = rows, at
        self.display = bool(example_lines(rows, at, width))
        self.redraw()
        return self.display

    def rows_needed(self, width: int) -> int:
        return len(self.draw(width, 0))

    def draw(self, width: int, height: int) -> list[Line]:
        return example_lines(self.rows, self.at, width) if self.rows is not None else []


class RowsPanel(Panel):
    """A table; where it cuts texts short, the row under the cursor stands below in full."""

    class Asked(Message):
        """Enter was pressed on a row that a probe can be asked of."""

        def __init__(self, question: RowQuestion) -> None:
            super().__init__()
            self.question = question

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.rows: Rows | None = None
        self.probes: tuple[Function, ...] = ()
        self.table, self.example = Table(selectable=True), Example()

    def compose(self) -> ComposeResult:
        yield self.table
        yield self.example

    @property
    def question(self) -> RowQuestion | None:
        """What can be asked of the row under the cursor."""
        at = self.table.cursor
        if self.rows is None or self.rows.view != "table" or not 0 <= at < len(self.rows.rows):
            return None
        return question_of(self.probes, self.rows.rows[at])

    def choose(self) -> None:
        """Show the chosen row in full."""
        if self.rows is None:
            return
        width = self.table.size.width or self.app.size.width // 3
        told = self.example.show(self.rows, self.table.cursor, width)
        self.set_class(told, "-told")
        self.set_class(not told, "-plain")

    def on_table_row_selected(self, event: Table.RowSelected) -> None:
        event.stop()
        self.choose()

    def on_table_row_opened(self, event: Table.RowOpened) -> None:
        event.stop()
        if (question := self.question) is not None:
            self.post_message(self.Asked(question))

    def on_resize(self) -> None:
        self.choose()

    def tell(self, moment: Moment) -> None:
        self.probes = moment.lesson.tutorial.probes
        rows = moment.job.rows.get(self.key.partition(":")[2])
        if rows is None or rows is self.rows:
            return
        self.rows = rows
        table = self.table
        name = visible(rows.name, False)
        table.title = name[:1].upper() + name[1:]
        table.unit, table.note = facts.table_words(rows)
        table.show(*facts.table_facts(rows))
        table.selectable = table.can_focus = rows.view != "confusion"
        self.choose()
