"""A step's whole source on one screen: what you read is what runs."""

from __future__ import annotations

from deepdive.tui.widgets.code import Code
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from .steady import Dialog


class SourceScreen(Dialog[None]):
    """Scrolls; esc goes back."""

    CSS_PATH = "source.tcss"
    BINDINGS = [
        Binding("escape,v,q", "dismiss", "back", show=False),
        Binding("up,k", "scroll('up')", show=False),
        Binding("down,j", "scroll('down')", show=False),
        Binding("pageup", "scroll('page_up')", show=False),
        Binding("pagedown,space", "scroll('page_down')", show=False),
        Binding("home", "scroll('home')", show=False),
        Binding("end", "scroll('end')", show=False),
    ]

    def __init__(self, title: str, source: str) -> None:
        super().__init__()
        self.title_text, self.source = title, source

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content(self.title_text), classes="head", markup=False)
            yield Code(self.source)

    def on_mount(self) -> None:
        self.query_one(Code).focus()

    def action_scroll(self, way: str) -> None:
        """Up and down move the page; left and right are the code's own, for long lines."""
        getattr(self.query_one(VerticalScroll), f"scroll_{way}")(animate=False)
