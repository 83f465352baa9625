"""Home: what `enter` does, the tutorials with their progress, this machine, recent runs."""

from __future__ import annotations

import asyncio
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.runs.store import RunInfo
from deepdive.tui.commands import Facts
from deepdive.tui.shown import overview
from deepdive.tui.shown.ink import Ink
from deepdive.tui.shown.lines import Line, fit
from deepdive.tui.shown.overview import Entry
from deepdive.tui.widgets.drawn import Drawn
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message

from .frame import DeepScreen, named

BAR = ("▌", Ink("accent", back="surface"))


class GoOn(Drawn):
    """The first line: what `enter` does."""

    def __init__(self) -> None:
        super().__init__()
        self.entry: Entry | None = None

    def show(self, entry: Entry) -> None:
        self.entry = entry
        self.redraw()

    def draw(self, width: int, height: int) -> list[Line]:
        return [overview.go_on_line(self.entry, width)] if self.entry else []


class TutorialList(Drawn, can_focus=True):
    """The nine tutorials; a bar stands on one."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("home", "move(-99)", "first", show=False),
        Binding("end", "move(99)", "last", show=False),
    ]

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self.entries = entries
        self.chosen = overview.first_choice(entries)
        self.moved = False

    @property
    def entry(self) -> Entry | None:
        return self.entries[self.chosen] if self.entries else None

    def show(self, entries: list[Entry]) -> None:
        """Take new entries; the bar stays where the learner put it."""
        self.entries = entries
        if not self.moved:
            self.chosen = overview.first_choice(entries)
        self.redraw()

    def _pitch(self, height: int) -> int:
        return 2 if height >= 2 * len(self.entries) + 2 else 1

    def _first(self, height: int) -> int:
        """The row of the first entry, and the first entry shown where not all have room."""
        return 2 if self._pitch(height) == 2 else 1

    def draw(self, width: int, height: int) -> list[Line]:
        longest = max((len(entry.tutorial.pages) for entry in self.entries), default=5)
        columns = overview.Columns.of(width, longest)
        pitch, top = self._pitch(height), self._first(height)
        lines: list[Line] = [overview.heading_line(columns)] + [fit([], width)] * (top - 1)
        for at, entry in enumerate(self.entries):
            line = overview.tutorial_line(entry, columns, at == self.chosen)
            if at == self.chosen:
                rest = [(text, ink._replace(back="surface")) for text, ink in line]
                line = fit([BAR, (rest[0][0][1:], rest[0][1]), *rest[1:]], width)
            lines += [line] + [fit([], width)] * (pitch - 1)
        return lines

    def action_move(self, steps: int) -> None:
        if self.entries:
            self.moved = True
            self.chosen = max(0, min(len(self.entries) - 1, self.chosen + steps))
            self.redraw()
            self.screen.post_message(HomeScreen.Chosen())

    def on_click(self, event: events.Click) -> None:
        at, rest = divmod(event.y - self._first(self.size.height), self._pitch(self.size.height))
        if rest == 0 and 0 <= at < len(self.entries):
            same = at == self.chosen
            self.action_move(at - self.chosen)
            if same:
                self.screen.call_later(self.screen.run_action, "open")


class Lines(Drawn):
    """Lines that somebody else has made for the width at hand."""

    DEFAULT_CSS = "Lines { height: auto; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.make: Any = lambda width: []

    def show(self, make: Any) -> None:
        self.make = make
        self.redraw()

    def rows_needed(self, width: int) -> int:
        return len(self.make(width))

    def draw(self, width: int, height: int) -> list[Line]:
        lines: list[Line] = self.make(width)
        return lines


class HomeScreen(DeepScreen):
    """Where one starts."""

    KIND = "home"
    CSS_PATH = "home.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.go_on = GoOn()
        self.list = TutorialList(overview.unread(self.deep.house.catalogue))
        self.runs: list[RunInfo] = []

    def content(self) -> ComposeResult:
        yield self.go_on
        yield self.list
        with Horizontal(id="below"):
            yield Lines("machine")
            yield Lines("recent")

    class Chosen(Message):
        """The bar stands on another tutorial."""

    def on_mount(self) -> None:
        self.list.focus()
        self.on_home_screen_chosen()
        self._tell_machine()
        self.look()

    def on_screen_resume(self) -> None:
        self.look()

    def look(self) -> None:
        """Look at runs, progress and machine, in the background, once this screen is in front."""
        if not self.is_current:
            return
        self.run_worker(self._look(), group="look", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        house = self.deep.house
        if house.machine is None:
            await asyncio.to_thread(house.meet_machine)
            self._tell_machine()
        entries, runs = await asyncio.to_thread(house.survey)
        self.list.show(entries)
        self.runs = runs
        self.query_one("#recent", Lines).show(
            lambda width: overview.run_lines(runs, house.catalogue, width, limit=4 if self.size.height > 28 else 3)
        )
        self.on_home_screen_chosen()
        await asyncio.to_thread(house.look_at_machine)
        self._tell_machine()

    def _tell_machine(self) -> None:
        facts = self.deep.house.machine_facts
        self.query_one("#machine", Lines).show(lambda width: overview.machine_lines(facts, width))
        self.header.show(place="Large language models, hands on", machine=self.deep.house.machine_line("pocket"))

    def on_home_screen_chosen(self) -> None:
        if (entry := self.list.entry) is not None:
            self.go_on.show(entry)
        self.keys_changed()

    def facts(self) -> Facts:
        entry = self.list.entry
        return frozenset({"choice"} if entry is not None and entry.ready else ())

    def action_open(self) -> None:
        entry = self.list.entry
        if entry is not None and entry.ready:
            try:
                self.deep.open_tutorial(entry.tutorial.id)
            except Fault as fault:
                self.notify(str(fault), severity="error", markup=False)

    def action_choose(self) -> None:
        self.list.focus()

    def action_doctor(self) -> None:
        self.app.push_screen(named("doctor"))
