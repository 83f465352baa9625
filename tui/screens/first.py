"""What is painted while catalogue, runs and records are read: nobody waits before a blank screen."""

from __future__ import annotations

from textual.app import ComposeResult

from .frame import DeepScreen


class FirstScreen(DeepScreen):
    """On the screen for a tenth of a second."""

    KIND = "first"

    def content(self) -> ComposeResult:
        yield from ()

    def on_mount(self) -> None:
        self.header.show(place="Large language models, hands on")
