"""The keys of the screen in front, and the terms of its tutorial."""

from __future__ import annotations

from collections.abc import Mapping

from deepdive.engine.common.untrusted import visible
from deepdive.tui import commands
from deepdive.tui.shown.marks import Cell, Column
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from .steady import Dialog

EVERYWHERE = (
    ("↑ ↓ pgup pgdn", "scroll", "Move in what has the keys: page, list or panel"),
    ("← →", "move", "Along a curve, from token to token"),
    ("tab", "next", "To the next thing that takes keys; shift+tab: back"),
    ("esc", "back", "One level back, from anywhere"),
    ("ctrl+q", "quit", "Leave at once; what runs goes on"),
)


class HelpScreen(Dialog[None]):
    """Keys first, then the glossary."""

    CSS_PATH = "help.tcss"
    BINDINGS = [Binding("escape,question_mark,q", "dismiss", "back", show=False)]

    def __init__(self, kind: str, glossary: Mapping[str, str]) -> None:
        super().__init__()
        self.kind, self.glossary = kind, glossary

    def compose(self) -> ComposeResult:
        columns = [Column("", width=14, shrink=False), Column("", width=17, shrink=False), Column("")]
        lines = commands.help_lines(commands.of_screen(self.kind))
        with VerticalScroll():
            for title, found in (("Keys here", lines), ("Keys everywhere", EVERYWHERE)):
                rows = [
                    [Cell(key, "accent", bold=True), Cell(word, "text-1"), Cell(sentence)]
                    for key, word, sentence in found
                ]
                yield Table(columns, rows, title=title, header=False)
            if self.glossary:
                yield Static(Content("Terms"), classes="head", markup=False)
            for term, meaning in sorted(self.glossary.items()):
                yield Static(
                    Content.assemble((visible(term), "bold"), "  ", visible(meaning)), classes="term", markup=False
                )

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
