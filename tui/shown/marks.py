"""The marks that widgets draw, as plain data: series, bars, holders of memory, tokens, cells of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mark = Literal["line", "triangle", "dots", "dashes", "diamond", "square"]
Point = tuple[float, float | None]
Kind = Literal["weights", "gradients", "optimizer", "activations", "other"]


# ---- curves ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Series:
    """What to plot: points in rising order of x; y may be None, NaN or infinite, which leaves a gap.

    `ranges` are (x, low, high) for error bars. `smooth`: True or False decides, None looks at the noise.
    """

    name: str
    points: Sequence[Point]
    mark: Mark = "line"
    color: str = "training"
    ranges: Sequence[tuple[float, float, float]] = ()
    smooth: bool | None = None


# ---- bars -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """One row. `value` None: not measured yet."""

    label: str
    value: float | None
    color: str = "accent"


@dataclass(frozen=True, slots=True)
class Holder:
    """So many bytes held by one use. `name` is what the legend calls it, such as Adam for the optimizer."""

    name: str
    amount: float
    kind: Kind = "other"


# ---- text -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A token: its text as decoded, a value to shade by (None: given, not generated), what else it could have been."""

    text: str
    value: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()


# ---- tables ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a cell's text in another colour; inverted as a gap or an answer is."""

    start: int
    end: int
    color: str = "accent"
    invert: bool = False
    underline: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Text with its colour, parts of it highlighted, or a bar (0 to 1) with the text behind it."""

    text: str = ""
    color: str = "text-2"
    bold: bool = False
    spans: tuple[Span, ...] = ()
    bar: float | None = None
    fade: float = 0.0


@dataclass(frozen=True, slots=True)
class Column:
    """`width` None: as wide as its cells. A column that may `shrink` gives way when the table is too wide."""

    title: str = ""
    align: Literal["left", "right"] = "left"
    width: int | None = None
    shrink: bool = True


Row = Sequence[Cell | str]


def verdict(held: bool | None) -> Cell:
    """The cell that says whether a lesson's claim held, with its glyph."""
    if held is None:
        return Cell("○ not measured", "text-3")
    return Cell("✓ held", "held") if held else Cell("✗ not held", "failed")


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> tuple[list[Column], list[Row]]:
    """Columns and rows of a confusion matrix: `counts[truth][said]`, with bars, right ones green."""
    most = max((count for row in counts for count in row), default=0)
    columns = [Column("", shrink=False)] + [Column(f"says {name}", "right") for name in labels]
    rows: list[Row] = []
    for truth, (name, row) in enumerate(zip(labels, counts, strict=True)):
        cells: list[Cell | str] = [Cell(name)]
        for said, count in enumerate(row):
            right = said == truth
            share = count / most if most else 0.0
            cells.append(Cell(f"{count:,}", "held" if right else "failed", bar=share, fade=0 if right else 0.45))
        rows.append(cells)
    return columns, rows
