"""Python source set in a narrow column: long lines are broken as one would write them, and mean the same. Pure.

A comment behind a line that is too long goes above it. A line is broken after a comma or an opening bracket, in the
outermost bracket that is open; outside of brackets with a backslash. What can't be broken, a long text, is clipped.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from deepdive.tui.shown.ink import FAINT, TEXT
from deepdive.tui.shown.lines import Line, merge
from deepdive.tui.widgets.code import INDENTED, Token, token_lines, window
from pygments.token import Comment, Keyword, Operator, String  # type: ignore[import-untyped]
from rich.cells import cell_len

STEP = 4  # cells that a continued line stands further right


class _Break(NamedTuple):
    """A line may be broken before token `at`, `cells` from its start, inside `depth` brackets."""

    at: int
    cells: int
    depth: int
    operator: bool = False  # before one: only where no comma or bracket will do


def folded(source: str, width: int) -> list[Line]:
    """The source in lines of at most `width` cells."""
    lines: list[Line] = []
    depth = 0
    for tokens in token_lines(source):
        more, depth = _fold(tokens, width, depth)
        lines += more
    return lines


def _fold(tokens: list[Token], width: int, depth: int) -> tuple[list[Line], int]:
    """One line of the source, which begins inside `depth` brackets; and how many are open at its end."""
    if _cells(tokens) <= width:
        return [_inked(tokens)], _depth(tokens, depth)
    indent, code = _split_indent(tokens)
    if len(code) > 1 and code[-1].kind in Comment:
        above, _ = _fold([*_indent(indent), code[-1]], width, depth)
        lines, end = _fold(_stripped([*_indent(indent), *code[:-1]]), width, depth)
        return [*above, *lines], end
    chosen = _choose(_breaks(tokens, depth), width, indent)
    if chosen is None:
        return [window(_inked(tokens), 0, width)], _depth(tokens, depth)
    head, tail = _stripped(tokens[: chosen.at]), tokens[chosen.at :]
    while tail and not tail[0].text.strip():
        tail = tail[1:]
    mark = [] if chosen.depth else [Token(None, " \\", FAINT)]
    further = indent if chosen.depth == depth and depth else indent + STEP
    lines, end = _fold([*_indent(further), *tail], width, chosen.depth)
    return [_inked([*head, *mark]), *lines], end


def _choose(breaks: list[_Break], width: int, indent: int) -> _Break | None:
    """The rightmost place in the outermost bracket; outside of brackets only where none is open."""
    fitting = [place for place in breaks if indent + STEP < place.cells <= (width if place.depth else width - 2)]
    inside = [place for place in fitting if place.depth]
    inside = [place for place in inside if not place.operator] or inside
    if inside:
        outermost = min(place.depth for place in inside)
        fitting = [place for place in inside if place.depth == outermost]
    return max(fitting, key=lambda place: place.cells, default=None)


def _breaks(tokens: list[Token], depth: int) -> list[_Break]:
    breaks: list[_Break] = []
    cells, braces = 0, 0
    for at, token in enumerate(tokens):
        if token.kind in String.Interpol:  # an f-string is broken nowhere
            braces += (token.text == "{") - (token.text == "}")
        elif not braces and token.kind not in String:
            before = tokens[at - 1] if at else None
            joins = token.kind in Operator or token.text in ("if", "else", "for", "and", "or", "in", "not", "is")
            if before is not None and not before.text.strip() and joins and _breakable(token.kind):
                breaks.append(_Break(at, cells - cell_len(before.text), depth, operator=True))
            elif token.text == "." and not depth:
                breaks.append(_Break(at, cells, depth))
            depth += token.text in ("(", "[", "{")
            depth -= token.text in (")", "]", "}")
            if token.text in ("(", "[", "{", ",") and depth and at + 1 < len(tokens):
                breaks.append(_Break(at + 1, cells + 1, depth))
        cells += cell_len(token.text)
    return breaks


def _breakable(kind: Any) -> bool:
    return kind in Operator or kind in Keyword or kind is Operator.Word


def _depth(tokens: list[Token], depth: int) -> int:
    for token in tokens:
        if token.kind is not None and token.kind not in String and token.kind not in Comment:
            depth += token.text in ("(", "[", "{")
            depth -= token.text in (")", "]", "}")
    return max(0, depth)


def _split_indent(tokens: list[Token]) -> tuple[int, list[Token]]:
    """The cells of blank at the line's start, and the rest."""
    line = "".join(token.text for token in tokens)
    indent = len(line) - len(line.lstrip(" "))
    rest = list(tokens)
    while rest and not rest[0].text.strip(" "):
        rest = rest[1:]
    return indent, rest


def _indent(cells: int) -> list[Token]:
    return [Token(INDENTED, " " * cells, TEXT)] if cells else []


def _stripped(tokens: list[Token]) -> list[Token]:
    kept = list(tokens)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return kept


def _cells(tokens: list[Token]) -> int:
    return sum(cell_len(token.text) for token in tokens)


def _inked(tokens: list[Token]) -> Line:
    return merge((token.text, token.ink) for token in tokens)
