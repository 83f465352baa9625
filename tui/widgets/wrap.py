"""Setting a stream of tokens in lines: breaks between words, then between tokens, then between characters. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from deepdive.engine.common.untrusted import visible
from rich.cells import cell_len, get_character_cell_size, split_graphemes

RETURN = "↵"
EMPTY = "∅"
# A combining character with nothing before it in its token or word stands on this, as Unicode charts print it.
CARRIER = "◌"

_AFTER_BLANK = re.compile(r"(?:(?<=[ \n])|^)[^ \n]")
_CHUNKS = re.compile(r"\n| +|[^ \n]+")


class Fragment(NamedTuple):
    """A part of a token, by its index, on one line. `hanging`: spaces at which the line was broken."""

    token: int
    text: str
    size: int
    hanging: bool = False


def shown(text: str) -> str:
    """A token's text as it is drawn: safe, never without a cell of its own."""
    safe = visible(text)
    if not safe:
        return EMPTY
    return safe if safe.isascii() else _AFTER_BLANK.sub(_carried, safe)


def _carried(match: re.Match[str]) -> str:
    first = match.group()
    return first if first.isascii() or get_character_cell_size(first) else CARRIER + first


class Setter:
    """Sets tokens as they come: `feed` costs only the new token, whatever is set already."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self._lines: list[list[Fragment]] = [[]]
        self._used = 0
        self._spaces: list[Fragment] = []
        self._word: list[Fragment] = []

    def feed(self, index: int, text: str) -> None:
        """Set token `index`."""
        for chunk in _CHUNKS.findall(shown(text)):
            if chunk == "\n":
                self._end_word()
                self._put_spaces()
                self._put(Fragment(index, RETURN, 1))
                self._break()
            elif chunk[0] == " ":
                self._end_word()
                self._spaces.append(Fragment(index, chunk, len(chunk)))
            else:
                self._word.append(Fragment(index, chunk, cell_len(chunk)))

    @property
    def finished(self) -> int:
        """Lines that no later token can change."""
        return len(self._lines) - 1

    def lines(self) -> list[list[Fragment]]:
        """All lines, with what is not decided yet set as if the text ended here."""
        if not self._word and not self._spaces:
            return list(self._lines)
        last = Setter(self.width)
        last._lines, last._used = [list(self._lines[-1])], self._used
        last._spaces, last._word = list(self._spaces), list(self._word)
        last._end_word()
        last._put_spaces()
        return self._lines[:-1] + last._lines

    def _break(self) -> None:
        self._lines.append([])
        self._used = 0

    def _put(self, fragment: Fragment) -> None:
        if self._used + fragment.size > self.width and self._used:
            self._break()
        self._lines[-1].append(fragment)
        self._used += fragment.size

    def _put_spaces(self, hanging: bool = False) -> None:
        """Spaces up to the line's end; those beyond it are swallowed by the break."""
        for index, text, size, _ in self._spaces:
            room = min(size, self.width - self._used)
            if room > 0:
                self._lines[-1].append(Fragment(index, text[:room], room, hanging))
                self._used += room
        self._spaces = []

    def _end_word(self) -> None:
        if not self._word:
            return
        size = sum(part.size for part in self._word)
        gap = sum(part.size for part in self._spaces)
        fits = self._used + gap + size <= self.width
        if not fits and size <= self.width and self._used + gap:
            self._put_spaces(hanging=True)
            self._break()
        else:
            self._put_spaces()
        for part in self._word:
            if part.size <= self.width:
                self._put(part)
            else:
                self._put_long(part)
        self._word = []

    def _put_long(self, part: Fragment) -> None:
        """A token wider than a line, broken between characters."""
        start, size = 0, 0
        for begin, _, cells in split_graphemes(part.text)[0]:
            if self._used + size + cells > self.width and self._used + size:
                if size:
                    self._lines[-1].append(Fragment(part.token, part.text[start:begin], size))
                self._break()
                start, size = begin, 0
            size += cells
        self._lines[-1].append(Fragment(part.token, part.text[start:], size))
        self._used += size
