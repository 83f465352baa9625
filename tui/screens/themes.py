"""The choice of colours: the one under the bar is shown at once; enter keeps it, esc goes back to the old one."""

from __future__ import annotations

from deepdive.tui.shown.marks import Cell, Column
from deepdive.tui.terminal import colours, preferences
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from .steady import Dialog


class ThemeScreen(Dialog[None]):
    """Live: moving the bar changes the whole screen."""

    CSS_PATH = "themes.tcss"
    BINDINGS = [Binding("escape,q", "give_up", "back", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.themes = colours.offered(colours.load()[0], self.app.no_color)
        self.before = self.app.theme

    def compose(self) -> ComposeResult:
        columns = [Column("", shrink=False), Column("")]
        rows = [[Cell(theme.name, "text-1"), Cell(theme.about, "text-3")] for theme in self.themes]
        names = [theme.name for theme in self.themes]
        at = names.index(self.before) if self.before in names else 0
        with Vertical():
            yield Table(columns, rows, title="Colours", selectable=True, header=False, cursor=at)
            yield Static(
                Content.assemble(("enter", "bold $accent"), " keep   ", ("esc", "bold $accent"), " as it was"),
                classes="keys",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one(Table).focus()

    def on_table_row_selected(self, event: Table.RowSelected) -> None:
        self.app.theme = self.themes[event.index].name

    def on_table_row_opened(self, event: Table.RowOpened) -> None:
        name = self.app.theme = self.themes[event.index].name
        if problem := preferences.keep("theme", name):
            self.notify(problem, severity="warning", markup=False)
        self.dismiss()

    def action_give_up(self) -> None:
        self.app.theme = self.before
        self.dismiss()
