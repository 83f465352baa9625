"""What every screen has: a header line, a footer of the keys that can be pressed now, and what they all can do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from deepdive.tui import commands
from deepdive.tui.commands import Facts
from deepdive.tui.shown.ink import MUTED, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, fit, shorten, width_of
from deepdive.tui.terminal.asking import LEAST_HEIGHT, LEAST_WIDTH
from deepdive.tui.widgets.drawn import Drawn
from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from .steady import SteadyScreen

if TYPE_CHECKING:
    from deepdive.tui.house import House

NAME = Ink("accent", bold=True)
SCREENS = {
    "doctor": "DoctorScreen",
    "help": "HelpScreen",
    "keys": "KeysScreen",
    "palette": "PaletteScreen",
    "runs": "RunsScreen",
    "themes": "ThemeScreen",
}


def named(name: str, *arguments: Any) -> Screen[Any]:
    """A screen by its module's name, imported now. Some of them stand on this module, which so need not know them."""
    screen: Screen[Any] = getattr(import_module(f"{__package__}.{name}"), SCREENS[name])(*arguments)
    return screen


class Around(Protocol):
    """What a screen asks of the application around it, which is built above the screens."""

    warm: bool

    @property
    def house(self) -> House: ...

    def open_tutorial(self, id: str, run: str = "") -> None: ...

    def copy(self, text: str) -> None: ...


class HeaderLine(Drawn):
    """Deep Dive, where we are, what goes on, and on what machine; the middle gives way first."""

    INTERVAL = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.number, self.place = "", ""
        self.status: Run = ("", TEXT)
        self.machine = ""

    def show(self, number: str = "", place: str = "", status: Run = ("", TEXT), machine: str = "") -> None:
        self.number, self.place, self.status, self.machine = number, place, status, machine
        self.redraw(urgent=False)

    def draw(self, width: int, height: int) -> list[Line]:
        left: list[Run] = [("Deep Dive", NAME), ("  ", TEXT)]
        if self.number:
            left += [(self.number, Ink("text-1")), ("  ", TEXT)]
        right: list[Run] = []
        if self.status[0]:
            right += [self.status, ("    ", TEXT)]
        right.append((self.machine, MUTED))
        room = width - width_of(left) - width_of(right) - 2
        if room < 16 and self.status[0]:
            right = right[:1]
            room = width - width_of(left) - width_of(right) - 2
        left.append((shorten(self.place, max(room, 0)), Ink("text-1")))
        gap = width - width_of(left) - width_of(right)
        return [fit([*left, (" " * max(gap, 1), TEXT), *right], width)]


class FooterLine(Drawn):
    """The keys that can be pressed now, most wanted first; what has no room is under ? and :."""

    KEPT = ("help", "back", "home", "quit (runs go on)")

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[tuple[str, str]] = []
        self._places: list[tuple[int, int, str]] = []

    def show(self, keys: list[tuple[str, str]]) -> None:
        if keys != self.keys:
            self.keys = keys
            self.redraw()

    def draw(self, width: int, height: int) -> list[Line]:
        runs: list[Run] = []
        self._places = []
        at = 0
        for key, word in _fitting(self.keys, width, self.KEPT):
            self._places.append((at, at + cell_len(key) + 1 + cell_len(word), key))
            runs += [(key, NAME), (f" {word}", MUTED), ("  ", TEXT)]
            at += cell_len(key) + cell_len(word) + 3
        return [fit(runs, width)]

    def on_click(self, event: events.Click) -> None:
        """A key's word can be clicked where there is a mouse."""
        x = event.x - self.styles.padding.left
        for start, end, key in self._places:
            if start <= x < end:
                for command in commands.of_screen(_name_of(self.screen)):
                    if command.key_text == key:
                        self.screen.call_later(self.screen.run_action, command.action)
                        return


def _name_of(screen: Screen[Any]) -> str:
    return screen.KIND if isinstance(screen, DeepScreen) else ""


def _fitting(keys: list[tuple[str, str]], width: int, kept: tuple[str, ...]) -> list[tuple[str, str]]:
    """As many keys as fit; the ones to leave by stay, of the others the least wanted go."""
    chosen = list(keys)
    while sum(cell_len(k) + cell_len(w) + 3 for k, w in chosen) - 2 > width:
        loose = [index for index, (_, word) in enumerate(chosen) if word not in kept]
        if not loose:
            break
        del chosen[loose[-1]]
    return chosen


class DeepScreen(SteadyScreen[Any]):
    """The base of our screens. Subclasses name their `KIND` in the table of commands and tell their `facts`."""

    KIND: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [
        (0, "-small"),
        (LEAST_WIDTH, "-narrow"),
        (100, "-medium"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LEAST_HEIGHT, "-high")]

    def __init__(self) -> None:
        super().__init__()
        for binding in commands.bindings(self.KIND):  # in front of Textual's own, which has tab too
            self._bindings.key_to_bindings[binding.key] = [
                binding,
                *self._bindings.key_to_bindings.get(binding.key, []),
            ]
        self.header = HeaderLine()
        self.footer = FooterLine()

    @property
    def deep(self) -> Around:
        return cast(Around, self.app)

    def compose(self) -> ComposeResult:
        yield self.header
        yield from self.content()
        yield self.footer
        yield Static("", id="small", markup=False)

    def content(self) -> ComposeResult:
        """What stands between header and footer."""
        raise NotImplementedError

    def facts(self) -> Facts:
        """What is true of this screen now, in the words that commands use."""
        return frozenset()

    def keys_changed(self) -> None:
        """What can be pressed may be different now."""
        self.footer.show(commands.footer(self.KIND, self.facts()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return super().check_action(action, parameters) and commands.available(self.KIND, action, self.facts())

    @property
    def width_class(self) -> str:
        return next((name for name in ("wide", "medium", "narrow") if self.has_class(f"-{name}")), "narrow")

    def on_resize(self, event: events.Resize) -> None:
        size = self.app.size
        self.query_one("#small", Static).update(
            f"This window is {size.width}x{size.height}.\nDeep Dive needs {LEAST_WIDTH}x{LEAST_HEIGHT} or more."
        )

    # ---- what all screens can do ----------------------------------------------------------------------------------
    def action_help(self) -> None:
        self.app.push_screen(named("help", self.KIND, self.glossary()))

    def glossary(self) -> dict[str, str]:
        """Terms that the help screen explains."""
        return {}

    def action_palette(self) -> None:
        def chosen(action: str | None) -> None:
            if action:
                self.call_later(self.run_action, action)

        self.app.push_screen(named("palette", commands.palette(self.KIND, self.facts())), chosen)

    def action_theme(self) -> None:
        self.app.push_screen(named("themes"))

    def action_runs(self) -> None:
        self.app.push_screen(named("runs"))

    def action_keys(self) -> None:
        self.app.push_screen(named("keys"))

    async def action_leave(self) -> None:
        self.dismiss()

    def action_quit(self) -> None:
        self.app.exit()
