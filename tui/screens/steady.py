"""The base of all screens: keys come faster than screens do."""

from __future__ import annotations

from deepdive.engine.common.untrusted import visible
from deepdive.tui.terminal.failing import fault_of
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.worker import Worker, WorkerState

LOOK = "look"  # the group of work that is done again and again: what it meets is told once


class SteadyScreen(Screen[ScreenResultType]):
    """Takes no key before it is mounted, and leaves once: a second `dismiss` would close the screen below."""

    _met = ""  # what the last look met

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What fails in the background is told, and so is what nobody thought of."""
        look = event.worker.group == LOOK
        if event.state is WorkerState.SUCCESS and look:
            self._met = ""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        words = str(fault_of(event.worker.error))
        if not look or words != self._met:
            self.notify(visible(words), severity="error", timeout=10, markup=False)
        if look:
            self._met = words

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.is_mounted and super().check_action(action, parameters)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Dialog(ModalScreen[ScreenResultType], SteadyScreen[ScreenResultType]):
    """A screen in front of another one, which is seen behind it: a stylesheet comes from the first base only."""
