"""The application: wiring only. Screens are imported when they are first shown."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from deepdive.engine.common.untrusted import visible
from deepdive.tui.screens.first import FirstScreen
from deepdive.tui.terminal import clipboard, colours, preferences
from deepdive.tui.terminal.asking import Glyphs
from deepdive.tui.terminal.failing import fault_of
from deepdive.tui.terminal.glyphs import LastLook
from rich.text import Text
from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter

if TYPE_CHECKING:
    from deepdive.tui.screens.frame import Around

    from .house import House

COLLECT_AFTER = (10_000, 10, 20)  # allocations, young and middle collections


class DeepApp(App[None]):
    """Deep Dive in a terminal."""

    TITLE = "Deep Dive"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS_PATH = ["app.tcss", "screens/frame.tcss"]

    def __init__(
        self,
        house: House | None = None,
        tutorial: str = "",
        theme: str = "",
        fallback: str = colours.DARK,
        glyphs: Glyphs = "all",
    ) -> None:
        """Without a house the first screen is painted before catalogue, runs and records are read."""
        super().__init__()
        self._house = house
        self.warm = True  # start a worker as soon as a tutorial is opened
        self._first = tutorial
        self._wanted_theme = theme
        self._fallback = fallback  # the theme where none was chosen
        self._last_look = LastLook(glyphs)

    @property
    def house(self) -> House:
        assert self._house is not None
        return self._house

    def on_mount(self) -> None:
        colours.install(self, self._wanted_theme or str(preferences.read().get("theme", "")), self._fallback)
        if self._house is None:
            self.push_screen(FirstScreen())
            self.call_after_refresh(self.run_worker, self._move_in(), group="house")
        else:
            self._go_home()

    async def _move_in(self) -> None:
        self._house = await asyncio.to_thread(_build_house)
        self._go_home()

    def _go_home(self) -> None:
        from deepdive.tui.screens.home import HomeScreen

        if isinstance(first := self.screen, FirstScreen):
            self.switch_screen(HomeScreen())
            self.call_after_refresh(lambda: [self.post_message(key) for key in first.early])
        else:
            self.push_screen(HomeScreen())
        if self._first:
            self.open_tutorial(self._first)
        gc.collect()
        gc.freeze()  # modules and catalogue stay: looking through them again and again would hold up keys
        gc.set_threshold(*COLLECT_AFTER)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._last_look]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return colours.defaults()

    def open_tutorial(self, id: str, run: str = "") -> None:
        """Show a tutorial where the learner left off, in its latest run or in `run`."""
        from deepdive.tui.screens.tutorial import TutorialScreen

        tutorial = self.house.catalogue.get(id)
        if tutorial is not None and tutorial.ready:
            self.push_screen(TutorialScreen(tutorial, run))

    def hang_up(self, code: int) -> None:
        """Told to end: keep the place, and go. What runs goes on."""
        if self._house is not None:
            self._house.keep_place()
        self.exit(return_code=code)

    def _fatal_error(self) -> None:
        """What nobody thought of ends the interface with a sentence; its lines are in the log. Textual would print each
        local variable, a key among them."""
        assert self._exception is not None
        self._exit_renderables.append(Text(f"deepdive: {visible(str(fault_of(self._exception)))}"))
        self._close_messages_no_wait()

    def copy(self, text: str) -> None:
        """Send text to the clipboard: of tmux where we are in it, else by OSC 52, which the terminal may ignore."""
        sent = clipboard.by_tmux(text)
        if not sent:
            self.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        self.notify(f"{lines} {'line' if lines == 1 else 'lines'} sent to the clipboard", timeout=3)


def _build_house() -> House:
    """In a thread, its imports and the screen's with it: the first paint does not wait for them."""
    importlib.import_module("deepdive.tui.screens.home")
    from .house import House

    return House()


if TYPE_CHECKING:
    _: Around = DeepApp()  # it has what the screens ask for
