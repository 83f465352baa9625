"""What works on this machine, and what to do about the rest."""

from __future__ import annotations

import asyncio

from deepdive.engine.common.untrusted import visible
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from .frame import DeepScreen

SIGNS = {"ok": ("✓", "$held"), "warn": ("≠", "$stale"), "fail": ("✗", "$failed")}


class DoctorScreen(DeepScreen):
    """The checks of `deepdive doctor`."""

    KIND = "doctor"
    CSS_PATH = "doctor.tcss"

    def content(self) -> ComposeResult:
        yield VerticalScroll(Static("looking …", classes="check", markup=False))

    def on_mount(self) -> None:
        self.header.show(place="Doctor", machine=self.deep.house.machine_line("").strip(" ·"))
        self.keys_changed()
        self.query_one(VerticalScroll).focus()
        self.action_look_again()

    def action_look_again(self) -> None:
        self.run_worker(self._look(), group="look", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        from deepdive.engine.machine.doctor import checks

        found = await asyncio.to_thread(checks)
        scroll = self.query_one(VerticalScroll)
        await scroll.remove_children()
        lines = []
        for check in found:
            sign, style = SIGNS[check.state]
            name = Content.assemble((sign, style), (f" {check.name}", "bold $text-1"))
            said = Content(visible(check.says))
            if check.action and check.state != "ok":
                said = Content.assemble(said, "\n", (visible(check.action), "$text-3"))
            pair = Static(name, classes="name", markup=False), Static(said, classes="said", markup=False)
            lines.append(Horizontal(*pair, classes="check"))
        await scroll.mount(*lines)
