"""Model output token by token: each shaded by its probability, with a cursor that picks one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from deepdive.tui.shown.ink import CURSOR, FAINT, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, merge
from deepdive.tui.shown.marks import Piece
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.wrap import RETURN, Fragment, Setter
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

# Probabilities below which a token is shaded one step stronger; below the last it is underlined too.
_LEVELS = (0.6, 0.3, 0.12, 0.04)
UNDERLINE_FROM = len(_LEVELS)


def probability_level(value: float) -> int:
    """0 (sure) to 4 (a surprise): how strongly a probability is shaded."""
    return sum(value < limit for limit in _LEVELS)


def fragment_runs(fragment: Fragment, piece: Piece, selected: bool, focused: bool) -> list[Run]:
    """A fragment with its ink. Spaces belong to their token but are never underlined."""
    if fragment.hanging:
        return [(fragment.text, TEXT)]
    if selected:
        ink = CURSOR if focused else CURSOR._replace(color="text-2", bold=False)
        return [(fragment.text, ink)]
    if fragment.text == RETURN:
        return [(fragment.text, FAINT)]
    strength = 0 if piece.value is None else max(0, min(UNDERLINE_FROM, probability_level(piece.value)))
    if not strength:
        return [(fragment.text, TEXT)]
    ink = Ink("text-1" if strength == UNDERLINE_FROM else "text-2", back=f"shade-{strength}")
    if strength < UNDERLINE_FROM or fragment.text.isspace():
        return [(fragment.text, ink)]
    return [(fragment.text, ink._replace(underline=True))]


class Tokens(Drawn, can_focus=True):
    """Streamed text. `show` it as often as you like: it is painted at most every `interval` seconds.

    Text longer than the widget scrolls in it: to the cursor, else the newest line stays in view. Give a stream a fixed
    or a largest height: growing with `height: auto` alone makes Textual paint the whole widget for each new line.
    """

    INTERVAL = 0.2
    DEFAULT_CSS = "Tokens { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "previous token", show=False, id="tokens.left"),
        Binding("right", "move(1)", "next token", show=False, id="tokens.right"),
        Binding("shift+left", "move(-10)", "ten tokens back", show=False, id="tokens.far_left"),
        Binding("shift+right", "move(10)", "ten tokens on", show=False, id="tokens.far_right"),
        Binding("up", "move_line(-1)", "line above", show=False, id="tokens.up"),
        Binding("down", "move_line(1)", "line below", show=False, id="tokens.down"),
        Binding("home", "ends(0)", "first token", show=False, id="tokens.home"),
        Binding("end", "ends(-1)", "last token", show=False, id="tokens.end"),
    ]

    class TokenSelected(Message):
        """The cursor stands on another token."""

        def __init__(self, tokens: Tokens, index: int) -> None:
            super().__init__()
            self.tokens = tokens
            self.index = index

        def can_replace(self, message: Message) -> bool:
            """Only the newest place matters."""
            return isinstance(message, Tokens.TokenSelected) and message.tokens is self.tokens

    def __init__(
        self,
        pieces: Sequence[Piece] = (),
    ) -> None:
        super().__init__()
        self.pieces: list[Piece] = list(pieces)
        self.cursor: int | None = None
        self._setter = Setter(1)
        self._fed = 0
        self._settled: dict[int, Line] = {}
        self._top = 0
        self._following = True

    # Data

    def show(self, pieces: Sequence[Piece], cursor: int | None = None) -> None:
        """Show this text; one that only grew since last time costs only its new tokens."""
        grown = len(pieces) >= len(self.pieces) and list(pieces[: len(self.pieces)]) == self.pieces
        if not grown:
            self._forget_lines()
            self._following = True
        self.pieces = list(pieces)
        if cursor is not None or not grown:
            self.cursor = cursor
        self.redraw(urgent=False)

    def show_beginning(self) -> None:
        """Stand at the beginning of a text that is longer than there is room for, instead of following its end."""
        self._top, self._following = 0, False
        self.redraw()

    def _forget_lines(self) -> None:
        self._setter, self._fed = Setter(self._setter.width), 0
        self._settled.clear()

    # Cursor

    def move_cursor(self, steps: int) -> None:
        """Move by tokens; the first move stands on the first token that was generated."""
        if not self.pieces:
            return
        if self.cursor is None:
            generated = (at for at, piece in enumerate(self.pieces) if piece.value is not None)
            self.select(next(generated, 0) if steps > 0 else len(self.pieces) - 1)
        else:
            self.select(self.cursor + steps)

    def select(self, index: int) -> None:
        """Stand on token `index`, kept within the text."""
        index = max(0, min(index, len(self.pieces) - 1))
        if not self.pieces or index == self.cursor:
            return
        self.cursor = index
        if self.is_attached:
            self.post_message(self.TokenSelected(self, index))
            self._bring_into_view()
        self.redraw()

    def move_line(self, steps: int) -> None:
        """Move to the token above or below."""
        lines = self._set_lines(self.size.width)
        if self.cursor is None:
            self.move_cursor(1)
            return
        row, column = _place_of(lines, self.cursor)
        target = max(0, min(row + steps, len(lines) - 1))
        if target != row and lines[target]:
            self.select(_index_at(lines[target], column))

    def _bring_into_view(self) -> None:
        if self.cursor is None:
            return
        lines, height = self._set_lines(self.size.width), self.size.height
        row, _ = _place_of(lines, self.cursor)
        if len(lines) > height:
            self._top = max(row - height + 1, min(self._top, row))
            self._following = self.cursor == len(self.pieces) - 1
        container = self.parent
        if isinstance(container, Widget) and container.allow_vertical_scroll:
            top = self.virtual_region.y + self.content_offset.y - self._top
            container.scroll_to_region(Region(0, top + row, 1, 1), animate=False)

    def action_move(self, steps: int) -> None:
        """Key: from token to token."""
        self.move_cursor(steps)

    def action_move_line(self, steps: int) -> None:
        """Key: from line to line."""
        self.move_line(steps)

    def action_ends(self, index: int) -> None:
        """Key: first or last token."""
        self.select(index % max(1, len(self.pieces)))

    def on_focus(self) -> None:
        """The cursor takes the accent while keys reach it."""
        self.redraw()

    def on_blur(self) -> None:
        """The cursor turns grey."""
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Stand on the token that was clicked."""
        place = event.get_content_offset(self)
        lines = self._set_lines(self.size.width)
        row = self._top + (0 if place is None else place.y)
        if place is not None and row < len(lines) and lines[row]:
            self.select(_index_at(lines[row], place.x))

    # Drawing

    def _set_lines(self, width: int) -> list[list[Fragment]]:
        if self._setter.width != max(1, width):
            self._setter, self._fed = Setter(width), 0
            self._settled.clear()
        for index in range(self._fed, len(self.pieces)):
            self._setter.feed(index, self.pieces[index].text)
        self._fed = len(self.pieces)
        return self._setter.lines()

    def rows_needed(self, width: int) -> int:
        """Lines of the text."""
        return len(self._set_lines(width))

    def draw(self, width: int, height: int) -> list[Line]:
        """The text; lines that no later token can change are kept as they look without the cursor."""
        lines = self._set_lines(width)
        inked: list[Line] = []
        for row, fragments in enumerate(lines):
            here = (
                self.cursor is not None and bool(fragments) and fragments[0].token <= self.cursor <= fragments[-1].token
            )
            line = None if here else self._settled.get(row)
            if line is None:
                line = self._ink(fragments)
                if not here and row < self._setter.finished:
                    self._settled[row] = line
            inked.append(line)
        if len(lines) <= height:
            self._top, self._following = 0, True
        elif self._following:
            self._top = len(lines) - height
        else:
            self._top = max(0, min(self._top, len(lines) - height))
        return inked[self._top :]

    def _scroll_lines(self, steps: int) -> None:
        """Scroll within the widget; at the end the newest line is followed again."""
        last = max(0, self.rows_needed(self.size.width) - self.size.height)
        self._top = max(0, min(self._top + steps, last))
        self._following = self._top == last
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back, if there is more text than room."""
        if self._top:
            event.stop()
            self._scroll_lines(-2)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll on."""
        if not self._following:
            event.stop()
            self._scroll_lines(2)

    def _ink(self, fragments: Sequence[Fragment]) -> Line:
        runs: list[Run] = []
        for part in fragments:
            runs += fragment_runs(part, self.pieces[part.token], part.token == self.cursor, self.has_focus)
        return merge(runs)


def _place_of(lines: Sequence[Sequence[Fragment]], index: int) -> tuple[int, int]:
    """Row and middle column of a token's first fragment that is more than a hanging space."""
    found = (0, 0)
    for row, fragments in enumerate(lines):
        column = 0
        for part in fragments:
            if part.token == index:
                found = row, column + part.size // 2
                if not part.hanging and not part.text.isspace():
                    return found
            column += part.size
    return found


def _index_at(fragments: Sequence[Fragment], column: int) -> int:
    """The token at a column of a line; past its end the last one."""
    at = 0
    for part in fragments:
        if at <= column < at + part.size:
            return part.token
        at += part.size
    return fragments[-1].token
