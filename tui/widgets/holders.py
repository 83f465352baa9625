"""Who holds the memory: one stacked bar against what there is, and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from deepdive.tui.shown.ink import MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, fit, heading, merge, spread, width_of
from deepdive.tui.shown.marks import Holder, Kind
from deepdive.tui.widgets.canvas import Mode
from deepdive.tui.widgets.drawn import Drawn

FILLS: dict[Kind, str] = {"weights": "█", "gradients": "▓", "optimizer": "▒", "activations": "▚", "other": "░"}
ASCII_FILLS: dict[Kind, str] = {
    "weights": "#",
    "gradients": "=",
    "optimizer": "%",
    "activations": "/",
    "other": ":",
}
_FREE = Ink("text-4", back="card")
_SMALL_WIDTH = 32
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def share_cells(amounts: Sequence[float], total: float, width: int) -> list[int]:
    """Whole cells for amounts of a bar of `width` cells that stands for `total`.

    Largest remainders: the cells add up to the sum's own share, rounded. What is not zero gets a cell where there are
    enough of them.
    """
    if total <= 0 or width <= 0:
        return [0] * len(amounts)
    exact = [max(0.0, amount) / total * width for amount in amounts]
    held = [at for at, value in enumerate(exact) if value > 0]
    target = min(width, max(round(sum(exact)), len(held)))
    cells = [max(1, floor(value)) if value > 0 else 0 for value in exact]
    while sum(cells) < target:
        cells[max(held, key=lambda at: exact[at] - cells[at])] += 1
    while sum(cells) > target:
        wide = [at for at in held if cells[at] > 1] or [at for at in held if cells[at]]
        cells[max(wide, key=lambda at: cells[at] - exact[at])] -= 1
    return cells


def stacked(holders: Sequence[Holder], total: float, width: int, mode: Mode = "dots") -> Line:
    """The bar: a fill for each holder, then what is free. Holders beyond `total` are drawn to the full width."""
    total = max(total, sum(holder.amount for holder in holders))
    cells = share_cells([holder.amount for holder in holders], total, width)
    runs: list[Run] = [
        (_fill(holder.kind, mode) * size, _ink(holder.kind)) for holder, size in zip(holders, cells, strict=True)
    ]
    free = "." if mode == "ascii" else " "
    return merge([*runs, (free * (width - sum(cells)), _FREE)])


def _fill(kind: Kind, mode: Mode) -> str:
    return (ASCII_FILLS if mode == "ascii" else FILLS)[kind]


def _ink(kind: Kind) -> Ink:
    return Ink(f"holder-{kind}")


def unit_for(amount: float) -> tuple[float, str]:
    """Divisor and name of the unit in which `amount` bytes has one to four digits. Decimal units, as on the box."""
    power = 0
    while amount >= 1000.0 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    return 1000.0**power, _UNITS[power]


def in_unit(amount: float, divisor: float) -> str:
    """Three significant figures: 12.6, 103, 0.42."""
    value = amount / divisor
    if value and value < 1:
        return f"{value:.2f}"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


class Holders(Drawn):
    """The memory panel. Amounts are bytes; `total` is the card, the machine, or a limit."""

    INTERVAL = 1.0
    DEFAULT_CSS = "Holders { height: auto; }"

    def __init__(
        self,
        holders: Sequence[Holder] = (),
        *,
        total: float = 0.0,
        free: float | None = None,
        peak: float | None = None,
        mode: Mode = "dots",
    ) -> None:
        """`free` bytes stand at the heading's right."""
        super().__init__()
        self.mode = mode
        self.holders, self.total, self.free, self.peak = tuple(holders), total, free, peak

    def show(
        self,
        holders: Sequence[Holder],
        *,
        total: float,
        free: float | None = None,
        peak: float | None = None,
    ) -> None:
        """Show what is held now."""
        self.holders, self.total, self.free, self.peak = tuple(holders), total, free, peak
        self.redraw(urgent=False)

    @property
    def used(self) -> float:
        """Bytes held by all holders."""
        return sum(holder.amount for holder in self.holders)

    def rows_needed(self, width: int) -> int:
        """Heading, bar and legend."""
        return 2 + (len(self.holders) if width < _SMALL_WIDTH else len(self._legend(width)))

    def draw(self, width: int, height: int) -> list[Line]:
        """The panel, or the strip's form of it."""
        if width < _SMALL_WIDTH or height < 2 + len(self._legend(width)):
            return self._draw_small(width, height)
        _, unit = self._unit()
        note = ""
        if self.free is not None:
            divisor, free_unit = unit_for(self.free)
            note = f"{in_unit(self.free, divisor)} {free_unit} free"
        return [
            heading("Memory", f"{unit}, this run", note, width),
            stacked(self.holders, self.total, width, self.mode),
            *self._legend(width),
        ]

    def _unit(self) -> tuple[float, str]:
        return unit_for(max(self.used, self.peak or 0.0))

    def _draw_small(self, width: int, height: int) -> list[Line]:
        divisor, unit = unit_for(self.peak or self.used)
        figure = f"{in_unit(self.peak or self.used, divisor)} {unit}"
        lines = [
            fit([("Memory", STRONG), ("  " + figure, TEXT)], width),
            stacked(self.holders, self.total, width, self.mode),
        ]
        for holder in self.holders:
            mark = (_fill(holder.kind, self.mode), _ink(holder.kind))
            lines.append(fit([mark, (f" {holder.name} {in_unit(holder.amount, divisor)}", MUTED)], width))
        return lines[:height]

    def _legend(self, width: int) -> list[Line]:
        """Holders flowing over as many lines as they need, the peak at the end of the last."""
        divisor, _ = self._unit()
        lines: list[list[Run]] = [[]]
        for holder in self.holders:
            mark = (_fill(holder.kind, self.mode), _ink(holder.kind))
            words = (f" {holder.name} {in_unit(holder.amount, divisor)}", MUTED)
            if lines[-1] and width_of(lines[-1]) + 3 + width_of([mark, words]) > width:
                lines.append([])
            lines[-1] += [("   " if lines[-1] else "", TEXT), mark, words]
        if self.peak is None:
            return [fit(line, width) for line in lines]
        peak: Run = (f"peak {in_unit(self.peak, divisor)}", MUTED)
        if lines[-1] and width_of(lines[-1]) + 2 + width_of([peak]) > width:
            lines.append([])
        return [*(fit(line, width) for line in lines[:-1]), spread(lines[-1], [peak], width)]
