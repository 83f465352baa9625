"""A page of a lesson as data: markdown and its directives become blocks of spans. Pure; no screen here.

What a page may hold is in `engine/lessons/pages.py` and docs/architecture.md. HTML is text (`<mask>` is a word here),
so is maths written in Unicode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.pages import DIRECTIVE, substitute
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

Look = Literal["plain", "emphasis", "strong", "code", "accent", "term", "note"]


@dataclass(frozen=True)
class Span:
    """Text of one look. `target`: where an accent leads, the glossary's term, or the footnote's number."""

    text: str
    look: Look = "plain"
    target: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    spans: Spans


@dataclass(frozen=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True)
class ListItem:
    """`depth` counts the lists around this one. `marker`: "1." or "-", "" for a further paragraph of an item."""

    marker: str
    depth: int
    spans: Spans


@dataclass(frozen=True)
class Table:
    """`align`: "left", "right" or "center" for each column, "" where the page does not say."""

    head: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    align: tuple[str, ...]


@dataclass(frozen=True)
class CodeBlock:
    text: str
    language: str = ""


@dataclass(frozen=True)
class Quote:
    spans: Spans


@dataclass(frozen=True)
class Footnote:
    label: str
    spans: Spans


@dataclass(frozen=True)
class StepSlot:
    id: str


@dataclass(frozen=True)
class ExerciseSlot:
    id: str


@dataclass(frozen=True)
class PredictionSlot:
    id: str


Text = Heading | Paragraph | ListItem | Table | CodeBlock | Quote | Footnote
Slot = StepSlot | ExerciseSlot | PredictionSlot
Block = Text | Slot

_SLOTS: dict[str, type[StepSlot | ExerciseSlot | PredictionSlot]] = {
    "step": StepSlot,
    "exercise": ExerciseSlot,
    "predict": PredictionSlot,
}
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&])")


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").use(footnote_plugin)


def read(
    text: str,
    figures: Mapping[str, str] | None = None,
    held: Mapping[str, bool | None] | None = None,
    glossary: Mapping[str, str] | None = None,
) -> list[Block]:
    """The blocks of a page, footnotes last. The reader's own figures are text, whatever stands in them."""
    safe = {name: _MARKUP.sub(r"\\\1", visible(value, newlines=False)) for name, value in (figures or {}).items()}
    filled = visible(substitute(text, safe, held or {}))
    blocks = list(_blocks(_markdown().parse(_apart(filled))))
    return _with_terms(blocks, glossary) if glossary else blocks


def segments(blocks: Sequence[Block]) -> list[list[Text] | Slot]:
    """Text, slot, text, slot, ... text: as many parts for any outcome of the page, so a text may be empty."""
    parts: list[list[Text] | Slot] = []
    text: list[Text] = []
    for block in blocks:
        if isinstance(block, Slot):
            parts += [text, block]
            text = []
        else:
            text.append(block)
    return [*parts, text]


def plain(spans: Spans) -> str:
    return "".join(span.text for span in spans)


def _apart(text: str) -> str:
    """A directive alone on a line is a block of its own, blank lines around it or not."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if mark := _FENCE.match(line):
            fence = "" if fence and mark.group(1).startswith(fence) else fence or mark.group(1)
        slot = not fence and _slot(line)
        lines += ["", line.strip(), ""] if slot else [line]
    return "\n".join(lines)


def _slot(line: str) -> Slot | None:
    match = DIRECTIVE.fullmatch(line.strip())
    if match is None or match.group(1) not in _SLOTS:
        return None
    return _SLOTS[match.group(1)](match.group(2))


@dataclass
class _Around:
    """What the tokens met so far have opened."""

    lists: list[int | None] = field(default_factory=list)  # the next number, None where items have none
    marker: str = ""
    quotes: int = 0
    footnote: str = ""
    rows: list[list[Spans]] = field(default_factory=list)
    align: list[str] = field(default_factory=list)
    head: bool = False


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    around = _Around()
    for at, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            around.lists.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            around.lists.pop()
        elif token.type == "list_item_open":
            number = around.lists[-1]
            around.marker = "-" if number is None else f"{number}."
            around.lists[-1] = None if number is None else number + 1
        elif token.type == "blockquote_open":
            around.quotes += 1
        elif token.type == "blockquote_close":
            around.quotes -= 1
        elif token.type == "footnote_open":
            around.footnote = str(token.meta["id"] + 1)
        elif token.type == "footnote_close":
            around.footnote = ""
        elif token.type in ("fence", "code_block"):
            yield CodeBlock(token.content.rstrip("\n"), token.info.strip().partition(" ")[0])
        elif token.type == "table_open":
            around.rows, around.align = [], []
        elif token.type == "tr_open":
            around.rows.append([])
        elif token.type == "table_close":
            yield Table(tuple(around.rows[0]), tuple(tuple(row) for row in around.rows[1:]), tuple(around.align))
        elif token.type == "inline":
            opened = tokens[at - 1]
            spans = _spans(token.children or [])
            if opened.type in ("th_open", "td_open"):
                around.rows[-1].append(spans)
                if opened.type == "th_open":
                    around.align.append(str(opened.attrs.get("style", "")).removeprefix("text-align:"))
            elif opened.type == "heading_open":
                yield Heading(int(opened.tag[1:]), spans)
            else:
                yield _paragraph(spans, around)


def _paragraph(spans: Spans, around: _Around) -> Block:
    if (slot := _slot(plain(spans))) is not None:
        return slot
    if around.footnote:
        return Footnote(around.footnote, spans)
    if around.lists:
        marker, around.marker = around.marker, ""
        return ListItem(marker, len(around.lists) - 1, spans)
    return Quote(spans) if around.quotes else Paragraph(spans)


def _spans(tokens: Sequence[Token]) -> Spans:
    found: list[Span] = []
    opened: list[tuple[Look, str]] = []

    def put(text: str, look: Look, target: str = "") -> None:
        if text and found and (found[-1].look, found[-1].target) == (look, target) and look != "note":
            found[-1] = Span(found[-1].text + text, look, target)
        elif text:
            found.append(Span(text, look, target))

    for token in tokens:
        look, target = opened[-1] if opened else ("plain", "")
        if token.type == "em_open":
            opened.append(("emphasis" if look == "plain" else look, target))
        elif token.type == "strong_open":
            opened.append(("accent" if look == "accent" else "strong", target))
        elif token.type == "link_open":
            opened.append(("accent", str(token.attrs.get("href", ""))))
        elif token.type in ("em_close", "strong_close", "link_close"):
            opened.pop()
        elif token.type == "code_inline":
            put(token.content, "accent" if look == "accent" else "code", target)
        elif token.type == "footnote_ref":
            label = str(token.meta["id"] + 1)
            put(label, "note", label)
        elif token.type == "softbreak":
            put(" ", look, target)
        elif token.type == "hardbreak":
            put("\n", look, target)
        elif token.type == "image":
            put(token.content, look, target)
        else:
            put(token.content, look, target)
    return tuple(found)


def _with_terms(blocks: Sequence[Block], glossary: Mapping[str, str]) -> list[Block]:
    """The first mention of each term of the glossary in running text becomes a span of its own."""
    waiting = sorted(glossary, key=len, reverse=True)
    marked: list[Block] = []
    for block in blocks:
        if isinstance(block, Paragraph | ListItem | Quote):
            spans: list[Span] = []
            for span in block.spans:
                spans += _marked(span, waiting) if span.look == "plain" else [span]
            block = type(block)(**{**block.__dict__, "spans": tuple(spans)})
        marked.append(block)
    return marked


def _marked(span: Span, waiting: list[str]) -> list[Span]:
    """A plain span with the waiting terms found in it set apart; these wait no longer."""
    for term in waiting:
        match = re.search(rf"\b{re.escape(term)}(?:e?s)?\b", span.text, re.IGNORECASE)
        if match:
            waiting.remove(term)
            before, after = Span(span.text[: match.start()]), Span(span.text[match.end() :])
            parts = [*_marked(before, waiting), Span(match.group(), "term", term), *_marked(after, waiting)]
            return [part for part in parts if part.text]
    return [span]
