"""A step's whole source on one screen: what you read is what runs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.highlight import highlight
from textual.screen import ModalScreen
from textual.widgets import Static


class SourceScreen(ModalScreen[None]):
    """Scrolls; esc goes back."""

    DEFAULT_CSS = """
    SourceScreen { align: center middle; background: $background 60%; }
    SourceScreen > VerticalScroll { width: 120; max-width: 98%; height: 94%; background: $card; padding: 1 2; }
    SourceScreen .head { color: $text-1; text-style: bold; margin-bottom: 1; }
    """
    BINDINGS = [Binding("escape,v,q", "dismiss", "back", show=False)]

    def __init__(self, title: str, source: str) -> None:
        super().__init__()
        self.title_text, self.source = title, source

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content(self.title_text), classes="head", markup=False)
            yield Static(highlight(self.source, language="python"), markup=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
