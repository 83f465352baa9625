"""The pages of a tutorial with their states: a column at the wide size, a list to jump in at the others."""

from __future__ import annotations

from deepdive.tui.shown.ink import MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lesson import Lesson, OutlineLine
from deepdive.tui.shown.lines import Line, Run, fit, shorten, width_of
from deepdive.tui.shown.marks import Cell, Column, Span
from deepdive.tui.shown.signs import SENSITIVE
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.table import Table
from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message

from .steady import Dialog

KEY = Ink("accent", bold=True)


class Rule(Drawn):
    """A faint line between two columns."""

    def draw(self, width: int, height: int) -> list[Line]:
        return [(("│", Ink("rule")),)] * height


def outline_line(entry: OutlineLine, width: int) -> Line:
    """✓ 8 By heart      done"""
    back = "surface" if entry.current else ""
    bar: Run = ("▌", Ink("accent", back=back)) if entry.current else (" ", TEXT)
    mark: list[Run] = [(f"{SENSITIVE.glyph} ", Ink(SENSITIVE.ink, back=back, bold=True))] if entry.sensitive else []
    title = shorten(entry.title, max(4, width - 8 - width_of(mark) - cell_len(entry.word)))
    left: list[Run] = [
        bar,
        (f"{entry.sign.glyph} ", Ink(entry.sign.ink, back=back)),
        (f"{entry.number} ", TEXT._replace(back=back)),
        *mark,
        (title, (STRONG if entry.current else TEXT)._replace(back=back)),
    ]
    gap = max(1, width - width_of(left) - cell_len(entry.word))
    word = Ink(entry.sign.ink if entry.word not in ("never run",) else "text-3", back=back)
    return fit([*left, (" " * gap, TEXT._replace(back=back)), (entry.word, word)], width)


def _title_cell(entry: OutlineLine) -> Cell:
    color = "text-1" if entry.current else "text-2"
    if not entry.sensitive:
        return Cell(entry.title, color)
    return Cell(f"{SENSITIVE.glyph} {entry.title}", color, spans=(Span(0, 1, SENSITIVE.ink),))


def wrapped(text: str, width: int) -> list[str]:
    """Words in lines of at most `width` cells."""
    lines = [""]
    for word in text.split():
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


class Outline(Drawn):
    """Pages, what is stale and why, and the runs of this page's step."""

    INTERVAL = 0.5

    class PageChosen(Message):
        """A page was clicked."""

        def __init__(self, page: int) -> None:
            super().__init__()
            self.page = page

    def __init__(self) -> None:
        super().__init__()
        self.lesson: Lesson | None = None
        self._first_page = 2

    def show(self, lesson: Lesson) -> None:
        self.lesson = lesson
        if self.display:
            self.redraw(urgent=False)

    def draw(self, width: int, height: int) -> list[Line]:
        lesson = self.lesson
        if lesson is None:
            return []
        blank = fit([], width)
        lines = [fit([(" Chapter " + str(lesson.tutorial.chapter), STRONG)], width), blank]
        lines += [outline_line(entry, width) for entry in lesson.outline()]
        if stale := lesson.stale_lines():
            lines += [blank, blank, fit([(" Stale", STRONG)], width)]
            lines += [fit([(" " + text, MUTED)], width) for line in stale for text in wrapped(line, width - 2)]
            lines += [blank, fit([(" R", KEY), (" runs what is stale", MUTED)], width)]
        if runs := lesson.runs_of_step():
            lines += [blank, blank, fit([(" Runs of this step", STRONG)], width)]
            for run in runs:
                ink = Ink("accent") if run.shown else TEXT
                room = max(4, width - 12 - cell_len(run.result))
                what = shorten(run.what, room)
                gap = " " * (width - 9 - cell_len(what) - cell_len(run.result) - 1)
                lines.append(fit([(f"  {run.at}  ", MUTED), (what, ink), (gap, TEXT), (run.result, ink)], width))
        return lines

    def on_click(self, event: events.Click) -> None:
        if self.lesson is not None and 0 <= event.y - self._first_page < len(self.lesson.tutorial.pages):
            self.post_message(self.PageChosen(event.y - self._first_page + 1))


class OutlineScreen(Dialog[int]):
    """Dismissed with the number of the page to jump to."""

    CSS_PATH = "outline.tcss"
    BINDINGS = [Binding("escape,o,q", "dismiss", "back", show=False)]

    def __init__(self, lesson: Lesson) -> None:
        super().__init__()
        self.lesson = lesson

    def compose(self) -> ComposeResult:
        columns = [
            Column(width=1, shrink=False),
            Column(align="right", width=2, shrink=False),
            Column(width=38),
            Column(shrink=False),
        ]
        rows = [
            [
                Cell(e.sign.glyph, e.sign.ink),
                Cell(str(e.number), "text-3"),
                _title_cell(e),
                Cell(e.word, e.sign.ink),
            ]
            for e in self.lesson.outline()
        ]
        with Vertical():
            yield Table(
                columns,
                rows,
                title=f"Chapter {self.lesson.tutorial.chapter}",
                unit="jump to a page",
                selectable=True,
                header=False,
                cursor=self.lesson.page - 1,
            )

    def on_mount(self) -> None:
        self.query_one(Table).focus()

    def on_table_row_opened(self, event: Table.RowOpened) -> None:
        self.dismiss(event.index + 1)
