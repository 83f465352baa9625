"""The panels beside a lesson: each shows one thing that a job told, at the moment of the cursor."""

from __future__ import annotations

from typing import Any

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import duration
from deepdive.engine.runs.view import JobView
from deepdive.tui.shown import facts
from deepdive.tui.shown.ink import MUTED, Ink
from deepdive.tui.shown.lines import Line, fit
from deepdive.tui.shown.marks import Series
from deepdive.tui.widgets.bars import Bars
from deepdive.tui.widgets.curve import CurveChart
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.holders import Holders
from deepdive.tui.widgets.table import Table
from deepdive.tui.widgets.tokens import Tokens
from textual.app import ComposeResult

from .base import HeadLine, Moment, Panel, Words
from .cost import CostPanel
from .figures import FiguresPanel
from .learning import LearningPanel
from .rows import RowsPanel

ROOM_TO_COMPARE = 160  # cells of the screen from which the run before is drawn under this one


class CurvePanel(Panel):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.curve = CurveChart()

    def compose(self) -> ComposeResult:
        yield self.curve

    def tell(self, moment: Moment) -> None:
        curve = self.curve
        lesson, job = moment.lesson, moment.job
        before = lesson.before(job) if self.app.size.width >= ROOM_TO_COMPARE else None
        book = facts.book_curve(lesson.tutorial, lesson.scale, job.step)
        found = facts.loss_facts(job, self.key, moment.x, before, book)
        curve.title, curve.unit = found.title, found.unit
        curve.show(found.series, planned=found.planned, facts=found.facts)
        if moment.x is not None and curve.cursor_x != moment.x:
            curve.set_cursor(moment.x)


class MemoryPanel(Panel):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.holders = Holders()

    def compose(self) -> ComposeResult:
        yield self.holders

    def tell(self, moment: Moment) -> None:
        found = facts.memory_facts(moment.job, moment.x)
        if found is not None:
            self.holders.show(found.holders, total=found.total, free=found.free, peak=found.peak)


class OutputPanel(Panel):
    """Text token by token, and what could have stood in place of the one under the cursor."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.head, self.tokens, self.instead, self.bars = HeadLine(), Tokens(), Instead(), Bars(full=1.0)

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.tokens
        yield self.instead
        yield self.bars

    def tell(self, moment: Moment) -> None:
        found = facts.output_facts(moment.job, self.key.partition(":")[2], moment.x)
        name = "" if found.stream in ("output", "sample") else visible(found.stream, False)
        unit = name if found.at is None else f"after update {found.at:,.0f}" + (f", {name}" if name else "")
        self.head.show("Output", unit, facts.sample_note(found))
        tokens = self.tokens
        cursor = tokens.cursor if tokens.cursor is not None and tokens.cursor < len(found.pieces) else None
        tokens.show(found.pieces, cursor)
        if not moment.job.running and cursor is None and found.at is None:
            tokens.show_beginning()
        self.choose()

    def choose(self) -> None:
        """Show the alternatives of the token under the cursor, without one of the first that has any."""
        tokens = self.tokens
        at = tokens.cursor
        if at is None:
            at = next((index for index, piece in enumerate(tokens.pieces) if piece.alternatives), None)
        piece = tokens.pieces[at] if at is not None else None
        rows, chosen = facts.alternatives(piece) if piece is not None and piece.alternatives else ([], None)
        self.instead.show(facts.token_name(piece.text) if piece is not None and rows else "")
        self.bars.display = bool(rows)
        self.bars.show(rows, highlight=chosen)

    def on_tokens_token_selected(self, event: Tokens.TokenSelected) -> None:
        event.stop()
        self.choose()


class Instead(Drawn):
    """instead of `bridge` it could have said"""

    def __init__(self) -> None:
        super().__init__()
        self.token = ""

    def show(self, token: str) -> None:
        self.token = token
        self.display = bool(token)
        self.redraw()

    def draw(self, width: int, height: int) -> list[Line]:
        said = [("instead of ", MUTED), (self.token, Ink("accent", bold=True)), (" it could have said", MUTED)]
        return [fit(said, width)]


class PlotPanel(Panel):
    def __init__(self, key: str, kind: str) -> None:
        super().__init__(key)
        self.plot = CurveChart() if kind == "scatter" else Table() if kind == "heatmap" else Bars()

    def compose(self) -> ComposeResult:
        yield self.plot

    def tell(self, moment: Moment) -> None:
        plot = moment.job.plots.get(self.key.partition(":")[2])
        if plot is None:
            return
        title = visible(plot.name, False)
        title = title[:1].upper() + title[1:]
        if isinstance(self.plot, CurveChart):
            self.plot.title, self.plot.x_name = title, "x"
            self.plot.show(
                [
                    Series(str(n), facts.scattered(p), "dots", facts.COLORS[at % 5])
                    for at, (n, p) in enumerate(plot.data.items())
                ]
            )
        elif isinstance(self.plot, Table):
            self.plot.title = title
            self.plot.show(*facts.heat_rows(plot))
        else:
            rows = facts.plot_bars(plot)
            likely = all(bar.value is None or 0 <= bar.value <= 1 for bar in rows)
            self.plot.full = 1.0 if likely and sum(bar.value or 0 for bar in rows) <= 1.001 and rows else None
            self.plot.show(rows, title=title)


class FailurePanel(Panel):
    """What happened and why, what to do next, and the library's last words."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.words = {name: Words(classes=name) for name in ("head", "cause", "action", "detail")}

    def compose(self) -> ComposeResult:
        yield from self.words.values()

    def tell(self, moment: Moment) -> None:
        job = moment.job
        after, meant = duration(job.seconds()), job.outcome == "done"
        self.words["head"].set_class(meant, "meant")
        texts = {
            "head": f"✓ failed after {after}, as it should" if meant else f"✗ {job.outcome} after {after}",
            "cause": job.cause,
            "action": job.action,
            "detail": "" if meant else job.detail,
        }
        for name, text in texts.items():
            self.words[name].display = bool(text)
            self.words[name].say(visible(text))

    def as_text(self) -> str:
        return "\n".join(str(child.content) for child in self.words.values() if child.display)


class NotesPanel(Panel):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.head, self.words = HeadLine(), Words()

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.words

    def tell(self, moment: Moment) -> None:
        notes = [note for note in moment.job.notes if moment.x is None or note.x is None or note.x <= moment.x]
        self.head.show("Notes")
        lines = [visible(note.text + (f" {note.action}" if note.action else "")) for note in notes[-6:]]
        self.words.say("\n".join(lines))


def make(key: str, job: JobView) -> Panel:
    """The panel for a key of `facts.panel_keys`."""
    kind, _, name = key.partition(":")
    if kind == "plot":
        return PlotPanel(key, job.plots[name].kind)
    kinds: dict[str, Any] = {
        "curve": CurvePanel,
        "memory": MemoryPanel,
        "text": OutputPanel,
        "rows": RowsPanel,
        "learning": LearningPanel,
        "cost": CostPanel,
        "figures": FiguresPanel,
        "failure": FailurePanel,
        "notes": NotesPanel,
    }
    panel: Panel = kinds[kind](key)
    return panel
