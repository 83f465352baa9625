"""A canvas of sub-cell pixels: braille (2 by 4), quadrant blocks (2 by 2) or one mark a cell. Pure."""

from __future__ import annotations

from typing import Literal

from deepdive.tui.widgets.ink import TEXT, Ink
from deepdive.tui.widgets.lines import Line, merge

Mode = Literal["dots", "blocks", "ascii"]

# Bit of the pixel at (x, y) within a cell. Braille numbering: Unicode chapter 21.1.
_DOT_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_QUADRANT_BITS = ((1, 4), (2, 8))
_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
PIXELS: dict[Mode, tuple[int, int]] = {"dots": (2, 4), "blocks": (2, 2), "ascii": (1, 1)}


class Layer:
    """The pixels of one series, to be laid over what is there cell by cell."""

    def __init__(self, columns: int, rows: int, mode: Mode) -> None:
        self.columns, self.rows, self.mode = columns, rows, mode
        self.across, self.down = PIXELS[mode]
        self.width, self.height = columns * self.across, rows * self.down
        self.bits: dict[tuple[int, int], int] = {}

    def set(self, x: int, y: int) -> None:
        """Light the pixel at (x, y), (0, 0) at the top left; outside is ignored."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        column, inner_x = divmod(x, self.across)
        row, inner_y = divmod(y, self.down)
        if self.mode == "dots":
            bit = _DOT_BITS[inner_x][inner_y]
        elif self.mode == "blocks":
            bit = _QUADRANT_BITS[inner_x][inner_y]
        else:
            bit = 1
        self.bits[column, row] = self.bits.get((column, row), 0) | bit

    def column(self, x: int, top: int, bottom: int) -> None:
        """Light the pixels from `top` to `bottom` (both included) of one pixel column."""
        for y in range(max(0, top), min(self.height - 1, bottom) + 1):
            self.set(x, y)

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

    def write(self, column: int, row: int, text: str, ink: Ink) -> None:
        """Set one cell a character, from `column` on."""
        for offset, character in enumerate(text):
            self.put(column + offset, row, character, ink)

    def taken(self, column: int, row: int) -> bool:
        """Whether something stands in the cell."""
        return (column, row) in self._cells

    def lay(self, layer: Layer, ink: Ink, mark: str) -> None:
        """Put a layer's cells over what is there."""
        for (column, row), bits in layer.bits.items():
            self._cells[column, row] = (layer.glyph(bits, mark), ink)

    def lines(self) -> list[Line]:
        """The rows as lines of runs."""
        blank = (" ", TEXT)
        get = self._cells.get
        return [merge(get((column, row), blank) for column in range(self.columns)) for row in range(self.rows)]
