"""A canvas of sub-cell pixels: braille (2 by 4), quadrant blocks (2 by 2) or one mark a cell. Pure."""

from __future__ import annotations

from typing import Literal

from deepdive.tui.shown.ink import TEXT, Ink
from deepdive.tui.shown.lines import Line, merge

Mode = Literal["dots", "blocks", "ascii"]

# Bit of the pixel at (x, y) within a cell. Braille numbering: Unicode chapter 21.1.
_BITS: dict[Mode, tuple[tuple[int, ...], ...]] = {
    "dots": ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)),
    "blocks": ((1, 4), (2, 8)),
    "ascii": ((1,),),
}
# Bits of the pixels start..end of a cell's column: _SPANS[mode][x][start][end].
_SPANS = {
    mode: [[[sum(bits[start : end + 1]) for end in range(len(bits))] for start in range(len(bits))] for bits in table]
    for mode, table in _BITS.items()
}
_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
PIXELS: dict[Mode, tuple[int, int]] = {"dots": (2, 4), "blocks": (2, 2), "ascii": (1, 1)}


class Layer:
    """The pixels of one series, to be laid over what is there cell by cell."""

    def __init__(self, columns: int, rows: int, mode: Mode) -> None:
        self.columns, self.rows, self.mode = columns, rows, mode
        self.across, self.down = PIXELS[mode]
        self.width, self.height = columns * self.across, rows * self.down
        self.bits: dict[tuple[int, int], int] = {}

    def column(self, x: int, top: int, bottom: int) -> None:
        """Light the pixels from `top` to `bottom` (both included) of one pixel column, a cell at a time."""
        top, bottom = max(0, top), min(self.height - 1, bottom)
        if top > bottom or not 0 <= x < self.width:
            return
        bits, down = self.bits, self.down
        column, inner = divmod(x, self.across)
        masks = _SPANS[self.mode][inner]
        last = bottom // down
        for row in range(top // down, last + 1):
            start = max(top - row * down, 0)
            end = min(bottom - row * down, down - 1)
            bits[column, row] = bits.get((column, row), 0) | masks[start][end]

    def glyph(self, bits: int, mark: str) -> str:
        """The character for a cell's pixels; in ascii mode `mark`."""
        if self.mode == "dots":
            return chr(0x2800 + bits)
        return _QUADRANTS[bits] if self.mode == "blocks" else mark


class Grid:
    """Cells with ink; later ones replace earlier ones, so that no cell mixes two colours."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._cells: dict[tuple[int, int], tuple[str, Ink]] = {}

    def put(self, column: int, row: int, text: str, ink: Ink) -> None:
        """Set one cell; outside is ignored."""
        if 0 <= column < self.columns and 0 <= row < self.rows:
            self._cells[column, row] = (text, ink)

    def lay(self, layer: Layer, ink: Ink, mark: str) -> None:
        """Put a layer's cells over what is there."""
        for (column, row), bits in layer.bits.items():
            self._cells[column, row] = (layer.glyph(bits, mark), ink)

    def lines(self) -> list[Line]:
        """The rows as lines of runs."""
        blank = (" ", TEXT)
        get = self._cells.get
        return [merge(get((column, row), blank) for column in range(self.columns)) for row in range(self.rows)]
