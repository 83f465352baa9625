"""Lines of inked text: width, cropping, joining, and what changed between two drawings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deepdive.engine.common.untrusted import visible
from rich.cells import cell_len, set_cell_size, split_graphemes

from .ink import MUTED, STRONG, TEXT, Ink

Run = tuple[str, Ink]
Line = tuple[Run, ...]

ELLIPSIS = "…"


def width_of(line: Iterable[Run]) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def text_of(line: Iterable[Run]) -> str:
    """The bare text of a line."""
    return "".join(text for text, _ in line)


def safe(line: Iterable[Run]) -> Line:
    """A line in which every control and invisible character is a visible sign."""
    return tuple((text if text.isascii() and text.isprintable() else visible(text, False), ink) for text, ink in line)


def merge(runs: Iterable[Run]) -> Line:
    """Neighbours of the same ink become one run; empty runs go."""
    merged: list[Run] = []
    for text, ink in runs:
        if not text:
            continue
        if merged and merged[-1][1] == ink:
            merged[-1] = (merged[-1][0] + text, ink)
        else:
            merged.append((text, ink))
    return tuple(merged)


def shorten(text: str, width: int) -> str:
    """Text in at most `width` cells, with an ellipsis where something was cut."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS


def fit(line: Iterable[Run], width: int) -> Line:
    """A line of exactly `width` cells: cropped or filled with blanks."""
    runs: list[Run] = []
    left = width
    for text, ink in line:
        size = cell_len(text)
        if size > left:
            if left:
                runs.append((set_cell_size(text, left), ink))
            left = 0
            break
        runs.append((text, ink))
        left -= size
    if left > 0:
        runs.append((" " * left, TEXT))
    return merge(runs)


def spread(left: Sequence[Run], right: Sequence[Run], width: int) -> Line:
    """`left` at the left edge and `right` at the right edge; where both do not fit, `right` goes."""
    gap = width - width_of(left) - width_of(right)
    if gap < 2 or not right:
        return fit(left, width)
    return fit([*left, (" " * gap, TEXT), *right], width)


def heading(title: str, unit: str, note: str, width: int) -> Line:
    """A panel's first line: bold name, its unit, one muted fact at the right edge."""
    title = shorten(title, width)
    left: list[Run] = [(title, STRONG)]
    if unit and (room := width - cell_len(title) - 2) > 3:
        left.append(("  " + shorten(unit, room), MUTED))
    return spread(left, [(note, MUTED)] if note else [], width)


def cells_of(line: Iterable[Run]) -> list[Run]:
    """A line cell by cell; the second cell of a wide character is empty text."""
    cells: list[Run] = []
    for text, ink in line:
        if text.isascii():
            cells.extend((character, ink) for character in text)
            continue
        for start, end, size in split_graphemes(text)[0]:
            if size == 0 and cells:
                cells[-1] = (cells[-1][0] + text[start:end], cells[-1][1])
            else:
                cells.append((text[start:end], ink))
                cells.extend(("", ink) for _ in range(size - 1))
    return cells


def changed_spans(old: Line, new: Line, join: int = 8) -> list[tuple[int, int]]:
    """The column ranges [start, end) in which two lines of one width differ.

    Ranges less than `join` cells apart become one: moving the terminal's cursor costs about as many bytes.
    """
    if old == new:
        return []
    before, after = cells_of(old), cells_of(new)
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    spans: list[tuple[int, int]] = []
    for column, (was, now) in enumerate(zip(before, after, strict=True)):
        if was == now:
            continue
        start, end = column, column + 1
        while start and (not before[start][0] or not after[start][0]):
            start -= 1  # never begin inside a wide character
        while end < len(after) and (not before[end][0] or not after[end][0]):
            end += 1
        if spans and start - spans[-1][1] < join:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans
