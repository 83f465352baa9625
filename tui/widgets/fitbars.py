"""Will it fit: a stacked bar for each configuration, side by side against the sizes of cards; and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deepdive.tui.shown.ink import MUTED, RULE, STRONG, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, cells_of, fit, shorten, spread, width_of
from deepdive.tui.shown.marks import Holder, Kind
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.holders import FILLS, in_unit, stacked, unit_for

Verdict = Literal["held", "stale", "failed"]  # it fits, only just, not
GB = 1e9
TOTAL_CELLS = 9  # for the number at the right
MOST_LABEL = 30
MEASURED = "  measured"
LEGEND: tuple[tuple[Kind, str], ...] = (
    ("weights", "weights"),
    ("gradients", "gradients"),
    ("optimizer", "Adam's moments"),
    ("activations", "activations"),
    ("other", "for a moment"),
)


@dataclass(frozen=True, slots=True)
class FitBar:
    """One configuration: what it would hold, the sentence below it, and what was measured where it ran."""

    name: str
    holders: tuple[Holder, ...] = ()
    says: str = ""
    verdict: Verdict = "held"
    measured: tuple[Holder, ...] = ()

    @property
    def total(self) -> float:
        return sum(holder.amount for holder in self.holders)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of what would make it fit: the change, its saving and what is needed then, in bytes; its price."""

    what: str
    saves: float
    total: float
    note: str
    verdict: Verdict


class FitBars(Drawn):
    """All configurations of a lesson; one is chosen, and its ways out stand below."""

    DEFAULT_CSS = "FitBars { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.bars: tuple[FitBar, ...] = ()
        self.changes: tuple[Change, ...] = ()
        self.question = ""
        self.sizes: tuple[float, ...] = ()  # GB
        self.chosen = 0

    def show(
        self, bars: Sequence[FitBar], chosen: int, sizes: Sequence[float], question: str, changes: Sequence[Change]
    ) -> None:
        """`question` heads the `changes` of the chosen bar."""
        self.bars, self.chosen, self.sizes = tuple(bars), chosen, tuple(sizes)
        self.question, self.changes = question, tuple(changes)
        self.redraw()

    def rows_needed(self, width: int) -> int:
        return len(self._all_lines(width))

    def draw(self, width: int, height: int) -> list[Line]:
        return self._all_lines(width)

    def place_of(self, index: int) -> tuple[int, int]:
        """First line of a bar, and how many lines it has."""
        heights = [self._height(bar) for bar in self.bars]
        return 1 + sum(heights[:index]), heights[index] if index < len(heights) else 0

    def _height(self, bar: FitBar) -> int:
        return 2 + bool(bar.measured) + self._airy

    @property
    def _airy(self) -> bool:
        return len(self.bars) < 5

    # ---- lines ----------------------------------------------------------------------------------------------------
    def _all_lines(self, width: int) -> list[Line]:
        if not self.bars:
            return []
        longest = max(max(len(bar.name), len(MEASURED) if bar.measured else 0) for bar in self.bars)
        label = min(MOST_LABEL, width // 3, longest + 4)
        room = max(8, width - label - TOTAL_CELLS)
        scale = max((bar.total for bar in self.bars), default=0.0) or 1.0
        places = {size: column for size in self.sizes if (column := int(size * GB / scale * room)) < room}
        lines = [self._axis(label, places, width)]
        for index, bar in enumerate(self.bars):
            lines += self._bar(bar, index == self.chosen, label, room, scale, places, width)
        lines.append(self._legend(label, width))
        if self.question:
            lines += [fit((), width), fit([(self.question, STRONG)], width)]
            room_for_what = max((len(change.what) for change in self.changes), default=0)
            lines += [_change_line(change, min(MOST_LABEL, room_for_what), width) for change in self.changes]
        return lines

    def _axis(self, label: int, places: dict[float, int], width: int) -> Line:
        """The sizes above their marks, as far as they have room."""
        text = " " * label
        for number, (size, column) in enumerate(places.items(), start=1):
            words = f"{size:g}" + (" GB" if number == len(places) else "")
            at = label + column
            if at >= len(text) + (number > 1):
                text = text.ljust(at) + words
        return fit([(text, MUTED)], width)

    def _bar(
        self, bar: FitBar, chosen: bool, label: int, room: int, scale: float, places: dict[float, int], width: int
    ) -> list[Line]:
        mark = "▸ " if chosen else "  "
        name = [(mark, Ink("accent", bold=True)), (shorten(bar.name, label - 3), STRONG if chosen else TEXT)]
        lines = []
        if bar.holders:
            lines.append(_beside(name, bar.holders, bar.total, _size(bar.total), label, room, scale, places, width))
        else:
            lines.append(fit(name, width))
        if bar.measured:
            total = sum(holder.amount for holder in bar.measured)
            words = [(f"  {MEASURED}", MUTED)]
            lines.append(_beside(words, bar.measured, total, _size(total), label, room, scale, places, width))
        lines.append(fit([(" " * label, TEXT), (shorten(bar.says, width - label), Ink(bar.verdict))], width))
        if self._airy:
            lines.append(_with_marks(fit((), width), label, places))
        return lines

    def _legend(self, label: int, width: int) -> Line:
        runs: list[Run] = []
        for kind, words in LEGEND:
            runs += [("  " if runs else "", TEXT), (FILLS[kind], Ink(f"holder-{kind}")), (f" {words}", MUTED)]
        room = width - width_of(runs)
        return fit([(" " * max(0, min(label, room)), TEXT), *runs], width)


def _beside(
    left: Sequence[Run],
    holders: Sequence[Holder],
    total: float,
    words: str,
    label: int,
    room: int,
    scale: float,
    places: dict[float, int],
    width: int,
) -> Line:
    """A name, its bar as long as its total, the total at the right."""
    length = max(1, round(total / scale * room)) if total else 0
    seen = [holder for holder in holders if 2 * holder.amount * length >= total]  # half a cell and more: to scale
    bar = stacked(seen, sum(holder.amount for holder in seen), length) if length else ()
    line = fit([*fit(left, label), *bar], label + room)
    return fit([*_with_marks(line, label, places), (words.rjust(TOTAL_CELLS), STRONG)], width)


def _with_marks(line: Line, label: int, places: dict[float, int]) -> Line:
    """Dotted marks of the sizes where nothing else stands."""
    cells = cells_of(line)
    for column in places.values():
        at = label + column
        if at < len(cells) and cells[at][0] == " ":
            cells[at] = ("┊", RULE)
    return fit(cells, len(cells))


def _change_line(change: Change, what: int, width: int) -> Line:
    figures = f"-{_size(change.saves)}" if change.saves > 0 else ""
    left: list[Run] = [
        (f"  {shorten(change.what, what):{what}} ", TEXT),
        (f"{figures:>9}  {_size(change.total):>8}  ", STRONG),
    ]
    note: Run = (change.note, Ink(change.verdict) if change.verdict != "held" else MUTED)
    if width_of(left) + len(change.note) > width:
        note = (shorten(change.note, max(0, width - width_of(left))), note[1])
    return spread([*left, note], [], width)


def _size(bytes: float) -> str:
    divisor, unit = unit_for(bytes)
    return f"{in_unit(bytes, divisor)} {unit}"
