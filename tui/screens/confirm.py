"""Are you sure: one question, two keys."""

from __future__ import annotations

from deepdive.engine.common.untrusted import visible
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from .steady import Dialog


class ConfirmScreen(Dialog[bool]):
    """Dismissed with True for yes."""

    CSS_PATH = "confirm.tcss"
    BINDINGS = [
        Binding("y,enter", "answer(True)", "yes", show=False),
        Binding("n,escape,q", "answer(False)", "no", show=False),
    ]

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self.question, self.yes = question, yes

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(visible(self.question)), markup=False)
            yield Static(
                Content.assemble(("y", "bold $accent"), f" {self.yes}   ", ("esc", "bold $accent"), " leave it"),
                classes="keys",
                markup=False,
            )

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
