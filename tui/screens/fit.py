"""Will it fit? What each configuration of a lesson would hold, before anything is downloaded; and what would help."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.untrusted import visible
from deepdive.engine.machine.fit import GB, SIZES, Row, instead, job_of, measured, own_memory, rows, verdict
from deepdive.engine.machine.hardware import machine
from deepdive.tui.commands import Facts
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.shown.marks import Holder, Kind
from deepdive.tui.widgets.fitbars import Change, FitBar, FitBars, Verdict
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from .frame import DeepScreen

VERDICTS: dict[bool | None, Verdict] = {True: "held", None: "stale", False: "failed"}
KINDS: tuple[Kind, ...] = ("weights", "gradients", "optimizer", "activations", "other")
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)  # tokens
OPTIMIZERS = ("adamw_torch", "adamw_8bit", "sgd")
MOST_BATCH = 512
Chosen = tuple[str, dict[str, Any]]  # a step and the settings to give it


class Sheet(VerticalScroll, inherit_bindings=False):
    """Scrolls by pages: up and down move from configuration to configuration."""

    BINDINGS = [
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]


class FitScreen(DeepScreen):
    """The bars of all configurations; batch, length, optimizer and checkpointing of the chosen one can be tried.
    Dismissed with the settings that the learner wants to use."""

    KIND = "fit"
    CSS_PATH = "fit.tcss"

    def __init__(self, lesson: Lesson) -> None:
        super().__init__()
        self.lesson = lesson
        self.planned: list[Row] = []
        self.rows: list[Row] = []
        self.chosen = 0
        self.said = Static("counting the models on their own classes, without their weights …", id="said", markup=False)
        self.bars = FitBars()
        self.notes = Static("", id="notes", markup=False)
        self.sheet = Sheet(self.said, self.bars, self.notes)

    def content(self) -> ComposeResult:
        yield self.sheet

    def on_mount(self) -> None:
        lesson = self.lesson
        here = self.deep.house.machine
        words = lesson.scale + (" · no GPU here, planning only" if here is not None and not here.gpus else "")
        self.header.show(str(lesson.tutorial.chapter), lesson.tutorial.title, machine=words)
        self.keys_changed()
        self.sheet.focus()
        self.run_worker(self._count(), group="count", exit_on_error=False)

    async def _count(self) -> None:
        lesson, house = self.lesson, self.deep.house
        try:
            if house.machine is None:
                house.machine = await asyncio.to_thread(machine)
            arguments = (lesson.tutorial, lesson.scale, lesson.edits, lesson.roles, house.machine)
            self.planned = await asyncio.to_thread(rows, *arguments)
        except (Fault, OSError) as fault:
            self._say(visible(str(fault)), "failed")
            return
        self.rows = list(self.planned)
        if not self.rows:
            self._say("No model of this lesson is loaded here: there is nothing to fit.", "text-3")
            return
        self.chosen = next((at for at, row in enumerate(self.rows) if not row.fits(min(SIZES) * GB)), 0)
        self._show()

    def _say(self, text: str, ink: str) -> None:
        self.said.update(Content.assemble((text, f"${ink}")))

    # ---- what is shown --------------------------------------------------------------------------------------------
    def _show(self) -> None:
        row = self.rows[self.chosen]
        training = row.training
        trained = "asked, not trained" if training.method == "use" else training.optimizer
        parts = [f"batch {training.batch}", f"{training.length:,} tokens", trained]
        if training.checkpointing:
            parts.append("gradient checkpointing")
        said = Content.assemble(("Will it fit?", "bold $text-1"), "  ", (", ".join(parts), "$text-3"))
        self.said.update(said)
        missed = [gb for gb in SIZES if not row.fits(gb * GB)] if row.shape is not None else []
        question = f"What would make {row.name} fit {max(missed):g} GB" if missed else ""
        changes = self._changes(row, max(missed) * GB) if missed else []
        self.bars.show([self._bar(row) for row in self.rows], self.chosen, SIZES, question, changes)
        self.notes.update(Content("\n".join(self._notes(row))))
        self.keys_changed()
        self.call_after_refresh(self._in_sight)

    def _bar(self, row: Row) -> FitBar:
        found = row.estimate
        if found is None:
            return FitBar(visible(row.name), says=visible(row.problem), verdict="failed")
        words, fits = verdict(row, SIZES)
        holders = tuple(Holder(kind, found.parts[kind], kind) for kind in KINDS)
        held = measured(job_of(row, self.lesson.view))
        seen = tuple(Holder(kind, held[kind], kind) for kind in KINDS if kind in held)
        if held:
            lasting, passing = _off(found.parts, held, *KINDS[:3]), _off(found.parts, held, KINDS[3])
            words = f"{words}; estimated {lasting}, activations {passing}"
        return FitBar(visible(row.name), holders, words, VERDICTS[fits], seen)

    def _changes(self, row: Row, limit: float) -> list[Change]:
        found = row.estimate
        assert found is not None
        changes = []
        for remedy in row.remedies():
            total = remedy.estimate.total
            fits = total <= limit
            alone = remedy.what not in ("both", "all three")
            words = ("✓ " if fits else "") + (remedy.price or ("fits" if fits else "still too large"))
            changes.append(
                Change(remedy.what, found.total - total, total, words, "held" if fits or alone else "failed")
            )
        if (other := instead(row, self.rows, limit)) is not None and other.estimate is not None:
            total = other.estimate.total
            changes.append(Change(f"or: {visible(other.name)}", found.total - total, total, "✓ fits", "held"))
        return changes

    def _notes(self, row: Row) -> list[str]:
        if row.shape is None:
            return []
        here = self.deep.house.machine
        told = [
            f"{row.shape.model}: {row.shape.parameters:,} weights, {row.shape.trainable:,} trained numbers; "
            f"{visible(row.place)}, counted from {visible(row.source.partition(':')[0])}.",
            f"Activations may be off by {100 * row.error:.0f} %; they are those of texts of full length.",
        ]
        if here is not None:
            fits = row.fits(own_memory(here))
            told.append(f"This machine has {own_memory(here) / GB:.0f} GB: {'it fits' if fits else 'it does not fit'}.")
        return told

    def _in_sight(self) -> None:
        """The chosen bar is on the screen."""
        first, lines = self.bars.place_of(self.chosen)
        scroll = self.sheet
        top = self.bars.virtual_region.y + first
        if top < scroll.scroll_y or top + lines > scroll.scroll_y + scroll.size.height:
            scroll.scroll_to(y=max(0, top - 2), animate=False)

    # ---- keys -----------------------------------------------------------------------------------------------------
    def facts(self) -> Facts:
        found = set()
        if len(self.rows) > 1:
            found.add("rows")
        if self.rows and self.rows[self.chosen].shape is not None:
            found.add("counted")
            if self.rows[self.chosen].training.method != "use":
                found.add("trained")
            if self.rows[self.chosen].training != self.planned[self.chosen].training:
                found.add("changed")
                if self.wanted()[1]:
                    found.add("usable")
        return frozenset(found)

    def action_next_row(self) -> None:
        self._choose(self.chosen + 1)

    def action_previous_row(self) -> None:
        self._choose(self.chosen - 1)

    def _choose(self, index: int) -> None:
        self.chosen = index % len(self.rows)
        self._show()

    def action_larger_batch(self) -> None:
        self._try(batch=min(MOST_BATCH, self.rows[self.chosen].training.batch * 2))

    def action_smaller_batch(self) -> None:
        self._try(batch=max(1, self.rows[self.chosen].training.batch // 2))

    def action_length(self) -> None:
        length = self.rows[self.chosen].training.length
        self._try(length=next((longer for longer in LENGTHS if longer > length), LENGTHS[0]))

    def action_checkpointing(self) -> None:
        self._try(checkpointing=not self.rows[self.chosen].training.checkpointing)

    def action_optimizer(self) -> None:
        now = self.rows[self.chosen].training.optimizer
        at = OPTIMIZERS.index(now) if now in OPTIMIZERS else 0
        self._try(optimizer=OPTIMIZERS[(at + 1) % len(OPTIMIZERS)])

    def action_as_planned(self) -> None:
        self.rows[self.chosen] = self.planned[self.chosen]
        self._show()

    def _try(self, **changes: Any) -> None:
        self.rows[self.chosen] = self.rows[self.chosen].with_plan(**changes)
        self._show()

    def wanted(self) -> Chosen:
        """The chosen row's step, and what was changed that is a setting of it."""
        now, planned = self.rows[self.chosen], self.planned[self.chosen]
        if not now.step:
            return "", {}
        names = {setting.name for setting in self.lesson.tutorial.step(now.step).settings}
        changed: Mapping[str, Any] = {
            name: getattr(now.training, name)
            for name in ("batch", "length", "optimizer", "checkpointing")
            if getattr(now.training, name) != getattr(planned.training, name)
        }
        return now.step, {name: value for name, value in changed.items() if name in names}

    def action_use(self) -> None:
        self.dismiss(self.wanted())

    async def action_leave(self) -> None:
        self.dismiss(None)


def _off(parts: Mapping[str, int], held: Mapping[str, int], *kinds: Kind) -> str:
    """How far an estimate is off what was measured: +3 %."""
    estimated, seen = (sum(source.get(kind, 0) for kind in kinds) for source in (parts, held))
    return f"{100 * estimated / seen - 100:+.0f} %" if seen else "unseen"
