"""All actions of the screen in front by name: type to find one, enter does it."""

from __future__ import annotations

from collections.abc import Sequence

from deepdive.tui.commands import Command
from deepdive.tui.shown.marks import Cell, Column
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from .steady import Dialog


def matching(found: Sequence[Command], typed: str) -> list[Command]:
    """The commands whose name or sentence has every word typed; names first."""
    words = typed.lower().split()
    hits = [c for c in found if all(word in f"{c.label} {c.help} {c.action}".lower() for word in words)]
    return sorted(hits, key=lambda c: not all(word in c.label.lower() for word in words))


class PaletteScreen(Dialog[str]):
    """Dismissed with the chosen action, or with None."""

    CSS_PATH = "palette.tcss"
    BINDINGS = [
        Binding("escape", "dismiss", "back", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("up", "move(-1)", "up", show=False),
    ]

    def __init__(self, found: Sequence[Command]) -> None:
        super().__init__()
        self.all = list(found)
        self.found = list(found)
        self.entry = Input(placeholder="what to do", select_on_focus=False, compact=True)
        self.table = Table(selectable=True, header=False)
        self.table.can_focus = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.entry
            yield self.table

    def on_mount(self) -> None:
        self._show("")
        self.entry.focus()

    def _show(self, typed: str) -> None:
        self.found = matching(self.all, typed)
        rows = [
            [Cell(c.key_text, "accent", bold=True), Cell(c.label, "text-1"), Cell(c.help, "text-3")] for c in self.found
        ]
        columns = [Column("", width=6, shrink=False), Column("", width=14, shrink=False), Column("")]
        self.table.show(columns, rows, cursor=0)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def on_input_submitted(self) -> None:
        self._choose(self.table.cursor)

    def on_table_row_opened(self, event: Table.RowOpened) -> None:
        self._choose(event.index)

    def _choose(self, index: int) -> None:
        if index < len(self.found):  # else what was typed since has left fewer rows than were clicked at
            self.dismiss(self.found[index].action)

    def action_move(self, steps: int) -> None:
        self.table.action_move(steps)
