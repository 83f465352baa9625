"""What is painted while catalogue, runs and records are read: nobody waits before a blank screen."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from .frame import DeepScreen


class FirstScreen(DeepScreen):
    """On the screen for a tenth of a second. What is pressed meanwhile is kept for the screen that comes."""

    KIND = "first"

    def __init__(self) -> None:
        super().__init__()
        self.early: list[events.Key] = []

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.early.append(events.Key(event.key, event.character))

    def content(self) -> ComposeResult:
        yield from ()

    def on_mount(self) -> None:
        self.header.show(place="Large language models, hands on")
