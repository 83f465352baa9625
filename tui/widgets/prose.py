"""Blocks of a page set in lines: one measure, hanging lists, tables of aligned columns. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from deepdive.tui.shown.ink import MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, merge, width_of
from deepdive.tui.shown.page import (
    CodeBlock,
    Footnote,
    Heading,
    ListItem,
    Paragraph,
    Quote,
    Span,
    Spans,
    Table,
    Text,
    plain,
)
from deepdive.tui.widgets.code import window
from deepdive.tui.widgets.fold import folded
from rich.cells import cell_len, split_graphemes

MEASURE = 68  # cells; 60 to 75 characters a line read best
INKS = {
    "plain": TEXT,
    "emphasis": Ink("text-1", italic=True),
    "strong": STRONG,
    "code": Ink("text-1", back="card"),
    "accent": Ink("accent"),
    "term": Ink("text-2", underline=True),
    "note": MUTED,
}
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMBER = re.compile(r"[-+±<>≤≥~≈]?\s?[\d.,]+([eE][-+]?\d+)?\s?(%|‰|[kMG]?B|s|ms)?|–|-|")
_GAP = 3  # cells between two columns of a table

Word = list[Run]


def set_prose(blocks: Sequence[Text], width: int) -> list[Line]:
    """The blocks as lines of at most `width` cells (and never more than the measure), a blank line between two."""
    measure = max(8, min(width, MEASURE))
    lines: list[Line] = []
    before: Text | None = None
    for block in blocks:
        close = isinstance(before, Heading) or (
            isinstance(before, type(block)) and isinstance(block, ListItem | Footnote)
        )
        if before is not None and not close:
            lines.append(())
        lines += _set_block(block, measure, width)
        before = block
    return lines


def _set_block(block: Text, measure: int, width: int) -> list[Line]:
    if isinstance(block, Heading):
        return wrap([(span.text, STRONG) for span in block.spans], measure)
    if isinstance(block, Paragraph):
        return wrap(runs_of(block.spans), measure)
    if isinstance(block, ListItem):
        marker = "–" if block.marker == "-" else block.marker
        indent = 2 + 3 * block.depth
        hang = indent + 1 if len(marker) > 1 or not marker else indent
        return _hung(" " * (indent - 2) + marker.ljust(2), MUTED, runs_of(block.spans), measure, hang)
    if isinstance(block, Quote):
        inner = wrap(runs_of(block.spans, Ink("text-3")), measure - 2)
        return [(("│ ", Ink("rule")), *line) for line in inner]
    if isinstance(block, Footnote):
        return _hung(block.label.translate(_SUPERSCRIPT), MUTED, runs_of(block.spans, MUTED), measure, 2)
    if isinstance(block, CodeBlock):
        room = max(width, measure) - 2
        if block.language in ("python", "py"):
            return [(("  ", TEXT), *line) for line in folded(block.text, room)]
        return [(("  ", TEXT), *window(((line, TEXT),), 0, room)) for line in block.text.split("\n")]
    return _set_table(block, max(measure, min(width, MEASURE + 8)))


def runs_of(spans: Spans, base: Ink = TEXT) -> list[Run]:
    """Spans in ink; a footnote's number is raised."""
    return [_run(span, base) for span in spans]


def _run(span: Span, base: Ink) -> Run:
    if span.look == "note":
        return span.text.translate(_SUPERSCRIPT), MUTED
    return span.text, base if span.look == "plain" else INKS[span.look]


def wrap(runs: Iterable[Run], width: int) -> list[Line]:
    """Lines of at most `width` cells, broken at spaces (a no-break space holds) and inside words that are too long."""
    lines: list[Line] = []
    line: list[Run] = []
    used = 0
    for word in _words(runs):
        if word is None:
            lines.append(merge(line))
            line, used = [], 0
            continue
        size = width_of(word)
        if used and used + 1 + size > width:
            lines.append(merge(line))
            line, used = [], 0
        if used:
            line.append((" ", line[-1][1] if line[-1][1] == word[0][1] else TEXT))
            used += 1
        for part in _pieces(word, width) if size > width else [word]:
            if used + width_of(part) > width and used:
                lines.append(merge(line))
                line, used = [], 0
            line += part
            used += width_of(part)
    return [*lines, merge(line)]


def _words(runs: Iterable[Run]) -> Iterable[Word | None]:
    """Words, each of one or more runs; None is a forced break."""
    word: Word = []
    for text, ink in runs:
        for part in re.split(r"([ \n])", text):
            if part in (" ", "\n"):
                if word:
                    yield word
                word = []
                if part == "\n":
                    yield None
            elif part:
                word.append((part, ink))
    if word:
        yield word


def _pieces(word: Word, width: int) -> Iterable[Word]:
    """A long word character by character."""
    for text, ink in word:
        for start, end, _ in split_graphemes(text)[0]:
            yield [(text[start:end], ink)]


def _hung(marker: str, ink: Ink, runs: Iterable[Run], width: int, hang: int) -> list[Line]:
    """A paragraph with a marker before it; its later lines stand under its first word."""
    inner = wrap(runs, max(4, width - hang))
    head: Run = (marker.ljust(hang), ink)
    return [(head if at == 0 else (" " * hang, TEXT), *line) for at, line in enumerate(inner)]


# ---- tables ---------------------------------------------------------------------------------------------------------


def _set_table(table: Table, width: int) -> list[Line]:
    """A muted head, then the rows; figures stand right, the widest columns give way, their cells take several lines."""
    count = len(table.head)
    rows = [[row[at] if at < len(row) else () for at in range(count)] for row in table.rows]
    wanted = [max(1, *(cell_len(plain(cells)) for cells in column)) for column in zip(table.head, *rows, strict=True)]
    widths = _shared(wanted, width - _GAP * (count - 1))
    right = [
        (align or ("right" if _numeric(row[at] for row in rows) else "left")) == "right"
        for at, align in enumerate(table.align)
    ]
    lines = _set_row(table.head, widths, right, MUTED)
    for row in rows:
        lines += _set_row(row, widths, right, TEXT)
    return lines


def _numeric(cells: Iterable[Spans]) -> bool:
    texts = [plain(cell) for cell in cells]
    return any(texts) and all(_NUMBER.fullmatch(text) for text in texts)


def _shared(wanted: Sequence[int], room: int) -> list[int]:
    """Widths that sum up to `room` at most; the widest gives a cell until all fit."""
    widths = list(wanted)
    while sum(widths) > max(room, 4 * len(widths)):
        widest = max(range(len(widths)), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _set_row(cells: Sequence[Spans], widths: Sequence[int], right: Sequence[bool], base: Ink) -> list[Line]:
    columns = [wrap(runs_of(cell, base), width) for cell, width in zip(cells, widths, strict=True)]
    lines: list[Line] = []
    for at in range(max(len(column) for column in columns)):
        runs: list[Run] = []
        for column, width, flush in zip(columns, widths, right, strict=True):
            line = column[at] if at < len(column) else ()
            pad: Run = (" " * (width - width_of(line)), TEXT)
            runs += [pad, *line] if flush else [*line, pad]
            runs.append((" " * _GAP, TEXT))
        lines.append(merge(runs[:-1]))
    return lines
