"""Results of a step: measured beside the book's, and whether what the lesson says held."""

from __future__ import annotations

from collections.abc import Sequence

from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.language import Wrong
from deepdive.engine.lessons.tutorial import Claim, Tutorial
from deepdive.engine.results import claims
from deepdive.engine.results.evidence import identifier
from deepdive.engine.results.measured import Held, Result, Results
from deepdive.tui.shown.marks import Cell, Column, Row, verdict
from deepdive.tui.shown.readings import reading
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from .base import Words

SIGNS = {True: ("✓", "$held"), False: ("✗", "$failed"), None: ("○", "$text-3")}


def result_rows(results: Results, tutorial: Tutorial, step: str) -> list[Row]:
    """One row a figure: name and unit, measured with its interval, the book's, and the lesson's verdict."""
    mine = [claim for claim in tutorial.claims if claim.step == step]
    verdicts = {held.text: held.held for held in results.claims}
    return [
        [Cell(_name(result)), Cell(_measured(result), "text-1"), _book(result), _lesson(result, mine, verdicts)]
        for result in results.results
        if result.step == step and not (result.measured is None and result.book is None)
    ]


def _name(result: Result) -> str:
    case = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.case.items())
    parts = [result.name.replace("_", " "), case, result.unit]
    return visible(", ".join(part for part in parts if part), False)


def _measured(result: Result) -> str:
    text = _value(result.measured)
    if result.over is not None and result.low is not None and result.high is not None:
        text += f"  {reading(result.low)} … {reading(result.high)}"
    return text


def _value(value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return visible(value, False)
    return f"{value:,}" if isinstance(value, int) else reading(value)


def _book(result: Result) -> Cell:
    return Cell(_value(result.book), "text-3" if result.book is None else "book")


def _lesson(result: Result, mine: Sequence[Claim], verdicts: dict[str, bool | None]) -> Cell:
    """The verdict of the claims that speak of this figure: the worst of them."""
    told = []
    for claim in mine:
        try:
            speaks = identifier(result.name) in claims.names(claim) or result.name in claim.holds
        except Wrong:
            continue
        if speaks and claim.text in verdicts:
            told.append(verdicts[claim.text])
    if not told:
        return Cell("")
    return verdict(False if False in told else None if None in told else True)


class Outcome(Vertical):
    """Stands below a page's text once its step has measured something."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(title="Results")
        self.notes, self.claims = Words(classes="notes"), Words(classes="claim")
        self.head = Static("What the lesson says", classes="head", markup=False)

    def compose(self) -> ComposeResult:
        yield self.table
        yield self.notes
        yield self.head
        yield self.claims

    def show(self, results: Results, tutorial: Tutorial, step: str, measured: bool, saved: Sequence[str] = ()) -> None:
        rows = result_rows(results, tutorial, step)
        said = [held for held in results.claims if held.step == step]
        self.display = measured and bool(rows or said or saved)
        columns = [
            Column(""),
            Column("measured", "left", shrink=False),
            Column("book", "left", shrink=False),
            Column("lesson", "left", shrink=False),
        ]
        self.table.display = bool(rows)
        self.table.show(columns, rows)
        notes = dict.fromkeys(result.note for result in results.results if result.step == step and result.note)
        notes |= dict.fromkeys(saved)
        self.notes.display = bool(notes)
        self.notes.say(visible("\n".join(notes)))
        self.head.display = bool(said)
        self.claims.say(Content("\n").join(map(_claim, said)))


def _claim(held: Held) -> Content:
    sign, style = SIGNS[held.held]
    evidence = visible(held.evidence, False)
    return Content.assemble((sign, style), " ", visible(held.text, False), "  ", (evidence, "$text-3"))
