"""A row becomes a prompt: a text with named slots and one blank, as token ids of at most so many tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from string import Formatter
from typing import Any, Self

MASK = "{mask}"
SENTINEL = "<extra_id_0>"  # the blank of a T5, which has no mask token

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """A text with named slots and one blank: `Template("{text} it is {mask} .", shorten="text")`.

    A prompt of more than `length` tokens (special tokens included) loses the tail of its slot `shorten`, never the
    template's own words or the blank. A brace of the text itself is written twice. Raises ValueError otherwise.
    """

    text: str
    shorten: str
    length: int = 512

    def __post_init__(self) -> None:
        blanks = [slot for _, slot in self._parts()].count("mask")
        if blanks != 1:
            raise ValueError(f"a template has one {MASK}, this one has {blanks or 'none'}: {self.text}")

    @classmethod
    def of(cls, text: str, columns: Sequence[str], shorten: str) -> Self:
        """A template with no other slots than these columns. Raises ValueError."""
        template = cls(text, shorten)
        if unknown := [slot for slot in template.slots if slot not in columns]:
            raise ValueError(f"no column {unknown[0]!r}")
        return template

    @property
    def slots(self) -> tuple[str, ...]:
        """The columns that a row must have."""
        return tuple(dict.fromkeys(slot for _, slot in self._parts() if slot not in (None, "mask")))

    def pieces(self, row: Row) -> list[str]:
        """The texts of a prompt in order, the blank as `MASK`."""
        texts: list[str] = []
        for words, slot in self._parts():
            texts += [words, MASK if slot == "mask" else self._fill(row, slot)]
        return [text for text in texts if text]

    def marked(self, row: Row, blank: str) -> list[list[str]]:
        """The pieces as a cell of spans for `lab.rows`: [text, mark], the blank shown as `blank` and marked "mask"."""
        return [[blank, "mask"] if piece == MASK else [piece, ""] for piece in self.pieces(row)]

    def encode(self, tokenizer: Any, row: Row) -> list[int]:
        """The prompt's token ids with special tokens; exactly one of them is the blank, whatever the row says."""
        return self.encode_all(tokenizer, [row])[0]

    def encode_all(self, tokenizer: Any, rows: Sequence[Row]) -> list[list[int]]:
        """The same for many rows in one call of the tokenizer."""
        prompts = self._encode(tokenizer, rows)
        return [
            ids if len(ids) <= self.length else self._shortened(tokenizer, row, ids)
            for row, ids in zip(rows, prompts, strict=True)
        ]

    def _parts(self) -> list[tuple[str, str | None]]:
        """The template's own words, each with the slot that follows them."""
        try:
            parts = list(Formatter().parse(self.text))
        except ValueError as error:
            raise ValueError(f"the template's braces do not pair up ({error}): {self.text}") from None
        for _, slot, form, conversion in parts:
            if slot is not None and (not slot.isidentifier() or form or conversion):
                raise ValueError(f"a slot is a column's name in braces, such as {MASK}: {self.text}")
        return [(words, slot) for words, slot, _, _ in parts]

    def _fill(self, row: Row, slot: str | None) -> str:
        if slot is None:
            return ""
        if slot not in row:
            raise ValueError(f"the template's slot {{{slot}}} is not among {', '.join(row)} or {MASK}")
        return str(row[slot])

    def _sides(self, row: Row) -> tuple[str, str]:
        """What stands before and after the blank."""
        sides = ["", ""]
        after = 0
        for words, slot in self._parts():
            sides[after] += words
            if slot == "mask":
                after = 1
            else:
                sides[after] += self._fill(row, slot)
        return sides[0], sides[1]

    def _encode(self, tokenizer: Any, rows: Sequence[Row]) -> list[list[int]]:
        """Prompts of any length. What spells a special token in a row is read as plain text, or left out where the
        pieces themselves spell it (T5's)."""
        if not rows:
            return []
        blank = blank_of(tokenizer)
        framed = tokenizer(tokenizer.convert_ids_to_tokens(blank)).input_ids  # such as [CLS] [MASK] [SEP]
        start, end = framed[: framed.index(blank)], framed[framed.index(blank) + 1 :]
        special = {blank, *tokenizer.all_special_ids} - {tokenizer.unk_token_id}
        added = tokenizer.added_tokens_decoder.get(blank)
        sides = [self._sides(row) for row in rows]
        if added is not None and added.lstrip:  # RoBERTa's blank takes the space before it
            sides = [(before.rstrip(), after) for before, after in sides]
        texts = list(chain.from_iterable(sides))
        read = tokenizer(texts, add_special_tokens=False, split_special_tokens=True, verbose=False).input_ids
        ids = [[token for token in side if token not in special] for side in read]
        return [[*start, *ids[at], blank, *ids[at + 1], *end] for at in range(0, len(ids), 2)]

    def _shortened(self, tokenizer: Any, row: Row, ids: list[int]) -> list[int]:
        text = str(row.get(self.shorten, ""))
        options = {"add_special_tokens": False, "split_special_tokens": True, "verbose": False}
        ends = [end for _, end in tokenizer(text, return_offsets_mapping=True, **options).offset_mapping]
        while len(ids) > self.length and ends:
            ends = ends[: self.length - len(ids)]  # as many pieces fewer as the prompt is too long
            ids = self._encode(tokenizer, [{**row, self.shorten: text[: ends[-1]] if ends else ""}])[0]
        if len(ids) > self.length:
            raise ValueError(
                f"the template takes {len(ids)} tokens without any of its {{{self.shorten}}}; {self.length} are allowed"
            )
        return ids


def blank_of(tokenizer: Any) -> int:
    """The id of the blank: the mask token, or T5's first sentinel."""
    token = tokenizer.mask_token or SENTINEL
    if token not in tokenizer.get_vocab():
        raise ValueError(f"the tokenizer has neither a mask token nor {SENTINEL}: no blank to fill")
    return int(tokenizer.convert_tokens_to_ids(token))
