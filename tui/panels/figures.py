"""The panel of an answer's figures: a probe's numbers and short texts, which no results table shows."""

from __future__ import annotations

from collections.abc import Iterable

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import label, number
from deepdive.engine.runs.events import Figure
from deepdive.tui.shown.marks import Cell, Column, Row
from deepdive.tui.widgets.table import Table
from textual.app import ComposeResult

from .base import Moment, Panel


def figure_rows(figures: Iterable[Figure]) -> list[Row]:
    """Name with its conditions, value with its unit, interval; in the order told."""
    return [
        [
            Cell(label(figure.name, figure.case)),
            Cell(f"{number(figure.value)} {visible(figure.unit, False)}".rstrip(), "text-1"),
            Cell(_interval(figure), "text-3"),
        ]
        for figure in figures
    ]


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{number(figure.low)} … {number(figure.high)}"


class FiguresPanel(Panel):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.table = Table(title="Measured", header=False)

    def compose(self) -> ComposeResult:
        yield self.table

    def tell(self, moment: Moment) -> None:
        columns = [Column(), Column(align="right", shrink=False), Column(shrink=False)]
        self.table.show(columns, figure_rows(moment.job.figures.values()))
