"""The text of a page: one light widget for all prose between two steps."""

from __future__ import annotations

from collections.abc import Sequence

from deepdive.tui.shown.lines import Line, text_of
from deepdive.tui.shown.page import Block, Slot, Text
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.prose import set_prose


class PageText(Drawn):
    """Prose set 68 cells wide at most."""

    DEFAULT_CSS = "PageText { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[Text] = []
        self._set: tuple[int, list[Line]] | None = None
        self.display = False

    def show_blocks(self, blocks: Sequence[Block]) -> None:
        """Show these blocks; steps, exercises and predictions among them are left to others."""
        prose = _prose(blocks)
        if prose != self._blocks:
            self._blocks, self._set = prose, None
            self.display = bool(prose)
            self.redraw()

    def lines_at(self, width: int) -> list[Line]:
        if self._set is None or self._set[0] != width:
            self._set = (width, set_prose(self._blocks, width))
        return self._set[1]

    @property
    def text(self) -> str:
        """What is read, for the clipboard."""
        return "\n".join(text_of(line).rstrip() for line in self.lines_at(self.size.width or 68))

    def rows_needed(self, width: int) -> int:
        return len(self.lines_at(width))

    def draw(self, width: int, height: int) -> list[Line]:
        return self.lines_at(width)


def _prose(blocks: Sequence[Block]) -> list[Text]:
    return [block for block in blocks if not isinstance(block, Slot)]
