"""Python source in theme tokens: what is called, what a class makes and what belongs to the lab stands out."""

from __future__ import annotations

import ast
import textwrap
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from deepdive.engine.common.untrusted import visible
from deepdive.tui.shown.ink import FAINT, TEXT, Ink
from deepdive.tui.shown.lines import ELLIPSIS, Line, cells_of, merge, width_of
from deepdive.tui.widgets.drawn import Drawn
from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text  # type: ignore[import-untyped]
from textual.binding import Binding, BindingType

KEYWORD, STRING = Ink("code-keyword"), Ink("code-string")
COMMENT, NUMBER = Ink("code-comment"), Ink("code-number")
CALL, TYPE, DEFINED = Ink("code-call"), Ink("code-type"), Ink("text-1", bold=True)
INDENTED = Text.Whitespace
LAB = "lab"  # the one object that every step is handed


def body_of(source: str) -> str:
    """What a function does, without the signature (the form shows it) and the docstring; all of it where that fails."""
    source = textwrap.dedent(source).strip("\n")
    try:
        function = ast.parse(source).body[0]
    except (SyntaxError, IndexError, ValueError):
        return source
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return source
    lines = source.split("\n")
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        start = first.end_lineno or first.lineno
    else:
        start = first.lineno - 1
        while start > function.lineno and lines[start - 1].lstrip().startswith("#"):
            start -= 1
    return textwrap.dedent("\n".join(lines[start:])).strip("\n") or source


class Token(NamedTuple):
    """A piece of source: its kind of pygments (None: not in the source), its text, how it looks."""

    kind: Any
    text: str
    ink: Ink


@lru_cache(maxsize=64)
def code_lines(source: str) -> tuple[Line, ...]:
    """The source line by line, each as long as it is."""
    return tuple(merge((token.text, token.ink) for token in line) for line in token_lines(source))


def token_lines(source: str) -> list[list[Token]]:
    """The tokens of each line; a text over several lines is one token in each."""
    lines: list[list[Token]] = [[]]
    for kind, text, ink in _tokens(visible(source)):
        first, *more = text.split("\n")
        lines[-1].append(Token(kind, first, ink))
        lines += [[Token(kind, part, ink)] for part in more]
    return [[token for token in line if token.text] for line in lines]


def _tokens(source: str) -> list[Token]:
    tokens = [(kind, text) for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source) if text]
    found: list[Token] = []
    for at, (kind, text) in enumerate(tokens):
        if kind in Comment:
            ink = COMMENT
        elif kind in String:
            ink = STRING
        elif kind in Number:
            ink = NUMBER
        elif kind in Keyword or kind is Operator.Word:
            ink = KEYWORD
        elif kind in Name.Function or kind in Name.Class:
            ink = DEFINED
        else:
            ink = _name(tokens, at) if kind in Name and kind not in Name.Builtin else TEXT
        found.append(Token(kind, text, ink))
    return found


def _name(tokens: list[tuple[Any, str]], at: int) -> Ink:
    """A name is coloured where it is called, if it stands alone or is the lab's; a class wherever it is used so."""
    called = at + 1 < len(tokens) and tokens[at + 1][1].startswith("(")
    owner = tokens[at - 2][1] if at >= 2 and tokens[at - 1][1] == "." else ""
    name = tokens[at][1]
    if name[0].isupper() and (called or (at + 1 < len(tokens) and tokens[at + 1][1] == ".")) and not name.isupper():
        return TYPE
    return CALL if called and (owner == LAB or (not owner and tokens[at - 1][1] != ".")) else TEXT


def window(line: Line, start: int, width: int) -> Line:
    """`width` cells of a line from cell `start` on, with an ellipsis where text goes on to the right."""
    if start == 0 and width_of(line) <= width:
        return line
    cells = cells_of(line)
    seen = cells[start : start + width]
    if len(cells) > start + width and seen:
        while len(seen) > 1 and not seen[-1][0]:
            seen.pop()  # never half of a wide character
        seen[-1] = (ELLIPSIS, FAINT)
    if seen and not seen[0][0]:
        seen[0] = (" ", seen[0][1])
    return merge(seen)


class Code(Drawn, can_focus=True):
    """A source; left and right move over lines that are wider than the screen. Its height is the source's."""

    DEFAULT_CSS = "Code { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-8)", "left", show=False),
        Binding("right", "move(8)", "right", show=False),
    ]

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source, self.start = source, 0

    def rows_needed(self, width: int) -> int:
        return len(code_lines(self.source))

    def draw(self, width: int, height: int) -> list[Line]:
        return [window(line, self.start, width) for line in code_lines(self.source)]

    def action_move(self, cells: int) -> None:
        longest = max((width_of(line) for line in code_lines(self.source)), default=0)
        self.start = max(0, min(self.start + cells, longest - self.size.width))
        self.redraw()
