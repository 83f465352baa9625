"""A question of the reader's own to the model: which probe, its settings, ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.tutorial import Function
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


@dataclass(frozen=True)
class Question:
    probe: str
    settings: dict[str, Any]


class ProbeScreen(ModalScreen[Question]):
    """Dismissed with the question, or with None."""

    CSS_PATH = "probe.tcss"
    BINDINGS = [
        Binding("escape", "dismiss", "back", show=False),
        Binding("up", "app.focus_previous", "up", show=False),
        Binding("down", "app.focus_next", "down", show=False),
        Binding("f2", "other", "other question", show=False),
    ]

    def __init__(self, probes: Sequence[Function], asked: dict[str, dict[str, str]]) -> None:
        """`asked` holds what was typed last for each probe, and keeps what is typed now."""
        super().__init__()
        self.probes, self.asked = list(probes), asked
        self.at = 0

    @property
    def probe(self) -> Function:
        return self.probes[self.at]

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(""), classes="head", markup=False)
            yield Static(Content(""), classes="about", markup=False)
            yield VerticalScroll(id="fields", can_focus=False)
            yield Static(Content(""), classes="wrong", markup=False)
            yield Static(Content(""), classes="keys", markup=False)

    async def on_mount(self) -> None:
        await self._show()

    async def _show(self) -> None:
        title, _, about = self.probe.doc.partition("\n")
        self.query_one(".head", Static).update(Content(visible(title.strip() or self.probe.name, False)))
        self.query_one(".about", Static).update(Content(visible(" ".join(about.split()))))
        self.query_one(".about").display = bool(about.strip())
        keys = "enter ask   ↑ ↓ field   esc back"
        more = f"   f2 another of {len(self.probes)} questions" if len(self.probes) > 1 else ""
        self.query_one(".keys", Static).update(keys + more)
        self.query_one(".wrong", Static).update("")
        fields = self.query_one("#fields", VerticalScroll)
        await fields.remove_children()
        known = self.asked.get(self.probe.name, {})
        rows = [
            Horizontal(
                Static(Content(setting.label), classes="label", markup=False),
                Input(
                    known.get(setting.name, setting.show(setting.default)),
                    name=setting.name,
                    select_on_focus=False,
                    compact=True,
                ),
                Static(Content(setting.allowed), classes="range", markup=False),
            )
            for setting in self.probe.settings
        ]
        await fields.mount(*rows)
        if first := list(fields.query(Input)):
            first[0].focus()

    async def action_other(self) -> None:
        self._keep()
        self.at = (self.at + 1) % len(self.probes)
        await self._show()

    def _keep(self) -> dict[str, str]:
        typed = {str(field.name): field.value for field in self.query(Input)}
        self.asked[self.probe.name] = typed
        return typed

    def on_input_submitted(self) -> None:
        typed = self._keep()
        try:
            settings = {setting.name: setting.parse(typed[setting.name]) for setting in self.probe.settings}
        except Refusal as refusal:
            allowed = f". Allowed: {refusal.allowed}" if refusal.allowed else ""
            self.query_one(".wrong", Static).update(Content(visible(f"{refusal.setting}: {refusal.why}{allowed}")))
            return
        self.dismiss(Question(self.probe.name, settings))
