"""The base of all screens: keys come faster than screens do."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType


class SteadyScreen(Screen[ScreenResultType]):
    """Takes no key before it is mounted, and leaves once: a second `dismiss` would close the screen below."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.is_mounted and super().check_action(action, parameters)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Dialog(ModalScreen[ScreenResultType], SteadyScreen[ScreenResultType]):
    """A screen in front of another one, which is seen behind it: a stylesheet comes from the first base only."""
