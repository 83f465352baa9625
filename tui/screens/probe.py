"""A question of the reader's own to the model: which probe, its settings, ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.tutorial import Function
from deepdive.tui.widgets.wrap import RETURN
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from .steady import Dialog


@dataclass(frozen=True)
class Question:
    probe: str
    settings: dict[str, Any]


class ProbeScreen(Dialog[Question]):
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
        self.head, self.about, self.explained, self.wrong, self.keys = (
            Static(Content(""), classes=name, markup=False) for name in ("head", "about", "explained", "wrong", "keys")
        )
        self.rows = VerticalScroll(id="fields", can_focus=False)
        self.fields: dict[str, Input] = {}

    @property
    def probe(self) -> Function:
        return self.probes[self.at]

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.head
            yield self.about
            yield self.rows
            yield self.explained
            yield self.wrong
            yield self.keys

    async def on_mount(self) -> None:
        await self._show()

    async def _show(self) -> None:
        title, _, about = self.probe.doc.partition("\n")
        self.head.update(Content(visible(title.strip() or self.probe.name, False)))
        self.about.update(Content(visible(" ".join(about.split()))))
        self.about.display = bool(about.strip())
        keys = "enter ask   ↑ ↓ field   esc back"
        more = f"   f2 another of {len(self.probes)} questions" if len(self.probes) > 1 else ""
        self.keys.update(keys + more)
        self.wrong.update("")
        known = self.asked.get(self.probe.name, {})
        self.fields = {
            setting.name: Input(
                known.get(setting.name, setting.show(setting.default)).replace("\n", RETURN),
                select_on_focus=False,
                compact=True,
            )
            for setting in self.probe.settings
        }
        rows = [
            Horizontal(
                Static(Content(setting.label), classes="label", markup=False),
                self.fields[setting.name],
                Static(Content(setting.allowed), classes="range", markup=False),
            )
            for setting in self.probe.settings
        ]
        await self.rows.remove_children()
        await self.rows.mount(*rows)
        for first in list(self.fields.values())[:1]:
            first.focus()

    def on_descendant_focus(self) -> None:
        """The field that has the keys is explained."""
        chosen = (s.help for s in self.probe.settings if self.fields.get(s.name) is self.focused)
        self.explained.update(Content(visible(next(chosen, ""), False)))

    async def action_other(self) -> None:
        self._keep()
        self.at = (self.at + 1) % len(self.probes)
        await self._show()

    def _keep(self) -> dict[str, str]:
        typed = {name: field.value.replace(RETURN, "\n") for name, field in self.fields.items()}
        self.asked[self.probe.name] = typed
        return typed

    def on_input_submitted(self) -> None:
        typed = self._keep()
        try:
            settings = {setting.name: setting.parse(typed[setting.name]) for setting in self.probe.settings}
        except Refusal as refusal:
            allowed = f". Allowed: {refusal.allowed}" if refusal.allowed else ""
            self.wrong.update(Content(visible(f"{refusal.setting}: {refusal.why}{allowed}")))
            return
        self.dismiss(Question(self.probe.name, settings))
