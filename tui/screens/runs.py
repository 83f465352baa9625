"""All runs: open one where it stands, stop its worker, delete it."""

from __future__ import annotations

import asyncio

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import ago
from deepdive.engine.runs.store import RunInfo
from deepdive.engine.work import supervisor
from deepdive.tui.commands import Facts
from deepdive.tui.shown.marks import Cell, Column
from deepdive.tui.shown.signs import SIGNS
from deepdive.tui.terminal.failing import fault_of
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from .confirm import ConfirmScreen
from .frame import DeepScreen

COLUMNS = [
    Column("", width=13, shrink=False),
    Column("Run"),
    Column("Scale"),
    Column("Begun"),
    Column("Jobs", "right", shrink=False),
    Column("Last step"),
]


class RunsScreen(DeepScreen):
    """The runs folder as a list."""

    KIND = "runs"
    CSS_PATH = "runs.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[RunInfo] = []
        self._told: set[str] = set()
        self.none = Static("No run yet. Open a chapter and press r on a step.", id="none", markup=False)
        self.table = Table(COLUMNS, selectable=True)
        self.problem = Static(Content(""), id="problem", markup=False)

    def content(self) -> ComposeResult:
        yield self.none
        yield self.table
        yield self.problem

    def on_mount(self) -> None:
        self.header.show(place="Runs")
        self.table.focus()
        self.look()
        self.set_interval(2.0, self.look)

    def look(self) -> None:
        self.run_worker(self._look(), group="look", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        store = self.deep.house.store
        self.runs = await asyncio.to_thread(store.runs) if store is not None else []
        rows = []
        for info in self.runs:
            sign = SIGNS.get(info.state, SIGNS["empty"])
            rows.append(
                [
                    Cell(str(sign), sign.ink),
                    Cell(visible(info.id, False), "text-1"),
                    Cell(info.scale),
                    Cell(ago(info.started), "text-3"),
                    Cell(str(info.jobs)),
                    Cell(visible(info.last_step.replace("_", " "), False)),
                ]
            )
        self.none.display = not rows
        self.table.show(COLUMNS, rows)
        self._tell()

    @property
    def chosen(self) -> RunInfo | None:
        at = self.table.cursor
        return self.runs[at] if 0 <= at < len(self.runs) else None

    def _tell(self) -> None:
        chosen = self.chosen
        self.problem.update(Content(visible(chosen.problem) if chosen else ""))
        self.keys_changed()

    def on_table_row_selected(self) -> None:
        self._tell()

    def on_table_row_opened(self) -> None:
        self.action_open()

    def facts(self) -> Facts:
        chosen = self.chosen
        found = set()
        if chosen is not None:
            found.add("choice")
            if chosen.state == "running":
                found.add("running")
        return frozenset(found)

    def action_open(self) -> None:
        if (chosen := self.chosen) is None:
            return
        tutorial = self.deep.house.catalogue.get(chosen.tutorial)
        if chosen.problem or tutorial is None or not tutorial.ready:
            self.notify(chosen.problem or f"there is no tutorial {chosen.tutorial} here", markup=False)
            return
        self.deep.open_tutorial(chosen.tutorial, chosen.id)

    def action_choose(self) -> None:
        self.table.focus()

    def action_look_again(self) -> None:
        self.look()

    def action_stop_run(self) -> None:
        store = self.deep.house.store
        if (chosen := self.chosen) is None or store is None:
            return
        again = chosen.id in self._told
        self._told.add(chosen.id)

        def stop() -> None:
            supervisor.stop(store.open(chosen.id), again)

        self.run_worker(self._quietly(stop), group="request", exit_on_error=False)

    def action_delete_run(self) -> None:
        store = self.deep.house.store
        if (chosen := self.chosen) is None or store is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                deleting = self._quietly(lambda: supervisor.delete(store, chosen.id))
                self.run_worker(deleting, group="request", exit_on_error=False)

        jobs = f"{chosen.jobs} {'job' if chosen.jobs == 1 else 'jobs'}"
        question = f"Delete {chosen.id} with its {jobs} and their files? It can't be undone."
        self.app.push_screen(ConfirmScreen(question, "delete"), answered)

    async def _quietly(self, call: object) -> None:
        try:
            await asyncio.to_thread(call)  # type: ignore[arg-type]
        except (Fault, OSError) as error:
            self.notify(visible(str(fault_of(error))), severity="error", markup=False)
        self.look()
