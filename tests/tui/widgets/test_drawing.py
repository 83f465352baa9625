"""Wrapping, bars, memory and tables: nothing is lost, nothing is wider than asked for."""

from __future__ import annotations

import pytest
from deepdive.tui.shown.ink import Ink
from deepdive.tui.shown.lines import text_of, width_of
from deepdive.tui.shown.marks import Bar, Cell, Column, Holder, Piece, Span, confusion, verdict
from deepdive.tui.widgets.bars import bar_lines, bar_text
from deepdive.tui.widgets.holders import FILLS, in_unit, share_cells, stacked, unit_for
from deepdive.tui.widgets.palette import Palette
from deepdive.tui.widgets.table import column_widths, row_line
from deepdive.tui.widgets.tokens import fragment_runs, probability_level
from deepdive.tui.widgets.wrap import RETURN, Fragment, Setter, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

words = st.text(st.sampled_from("ab c\n日é\u0301 \x1b\u202e-"), max_size=12)


def set_in(texts: list[str], width: int) -> list[list[Fragment]]:
    setter = Setter(width)
    for index, text in enumerate(texts):
        setter.feed(index, text)
    return setter.lines()


@settings(max_examples=200)
@given(st.lists(words, max_size=20), st.integers(2, 30))
def test_wrapping_loses_no_character_and_keeps_the_order(texts: list[str], width: int) -> None:
    found = set_in(texts, width)
    for index, text in enumerate(texts):
        drawn = "".join(part.text for line in found for part in line if part.token == index)
        assert drawn.replace(" ", "") == shown(text).replace("\n", RETURN).replace(" ", "")
    order = [part.token for line in found for part in line]
    assert order == sorted(order)
    for line in found:
        assert sum(part.size for part in line) <= width
        assert all(cell_len(part.text) == part.size for part in line)


@given(st.lists(words, max_size=15), st.integers(2, 30))
def test_finished_lines_never_change(texts: list[str], width: int) -> None:
    setter = Setter(width)
    for index, text in enumerate(texts):
        setter.feed(index, text)
        settled = setter.lines()[: setter.finished]
        assert set_in(texts, width)[: len(settled)] == settled


def test_wrapping_breaks_between_words_then_between_tokens() -> None:
    def drawn(texts: list[str], width: int) -> list[str]:
        return ["".join(part.text for part in line).rstrip() for line in set_in(texts, width)]

    assert drawn(["the", " un", "believ", "able", " bridge"], 14) == ["the", "unbelievable", "bridge"]
    assert drawn(["un", "believ", "ably"], 8) == ["unbeliev", "ably"]
    assert drawn(["a\n\nb"], 8) == ["a" + RETURN, RETURN, "b"]
    assert drawn(["日本語"], 4) == ["日本", "語"]


def test_untrusted_text_is_never_raw() -> None:
    assert shown("\x1b[31m") == "␛[31m"
    assert shown("\u202eevil") == "⟨U+202E⟩evil"
    assert shown("") == "∅"
    assert shown("\u0301") == "◌\u0301"
    row = row_line(["\x1b]0;x\x07\n"], [Column("a")], [12])
    assert all(character.isprintable() for character in text_of(row))
    bars = bar_lines([Bar("\x1b[2J", 0.5)], 30)
    assert "\x1b" not in text_of(bars[0])


def test_tokens_are_shaded_by_surprise_and_underlined_when_low() -> None:
    assert [probability_level(value) for value in (0.9, 0.5, 0.2, 0.05, 0.01)] == [0, 1, 2, 3, 4]
    part = Fragment(0, "water", 5)
    ((_, low),) = fragment_runs(part, Piece("water", 0.01), False, False)
    assert low.underline
    assert low.back == "shade-4"
    ((_, sure),) = fragment_runs(part, Piece("water", 0.9), False, False)
    assert not sure.back
    ((_, chosen),) = fragment_runs(part, Piece("water", 0.9), True, True)
    assert chosen.invert


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_right_to_an_eighth(share: float, width: int) -> None:
    text = bar_text(share, width)
    whole = text.count("█")
    rest = " ▏▎▍▌▋▊▉".find(text[-1]) if text and text[-1] != "█" else 0
    assert abs(whole + rest / 8 - share * width) <= 1 / 8
    assert (share > 0) == bool(text)


@given(
    st.lists(st.tuples(st.text(max_size=10), st.one_of(st.none(), st.floats(-2, 2))), max_size=6),
    st.integers(16, 80),
)
def test_bar_lines_have_the_width(rows: list[tuple[str, float | None]], width: int) -> None:
    drawn = bar_lines([Bar(*row) for row in rows], width)
    assert len(drawn) == len(rows)
    assert all(width_of(line) == width for line in drawn)


amounts = st.lists(st.integers(0, 10**9), min_size=1, max_size=6)


@given(amounts, st.floats(1, 1e10), st.integers(1, 120))
def test_stacked_cells_add_up_to_the_share_of_the_sum(held: list[int], total: float, width: int) -> None:
    total = max(total, sum(held))
    cells = share_cells(held, total, width)
    exact = sum(held) / total * width
    seen = sum(amount > 0 for amount in held)
    assert sum(cells) <= width
    assert abs(sum(cells) - exact) <= 0.5 + 1e-6 or sum(cells) <= seen
    assert all(count >= 0 and (amount > 0 or count == 0) for amount, count in zip(held, cells, strict=True))
    if seen <= width:
        assert all(count > 0 for amount, count in zip(held, cells, strict=True) if amount > 0)


def test_each_holder_has_a_fill_of_its_own() -> None:
    assert len(set(FILLS.values())) == len(FILLS)
    line = stacked([Holder("weights", 5e6, "weights"), Holder("Adam", 10e6, "optimizer")], 20e6, 40)
    assert text_of(line) == "█" * 10 + "▒" * 20 + " " * 10


@pytest.mark.parametrize(("amount", "text"), [(12.6e6, "12.6 MB"), (103e6, "103 MB"), (23.4e9, "23.4 GB")])
def test_memory_units(amount: float, text: str) -> None:
    divisor, unit = unit_for(amount)
    assert f"{in_unit(amount, divisor)} {unit}" == text


def test_table_columns_give_way_and_align() -> None:
    columns = [Column("name"), Column("measured", "right", shrink=False)]
    rows = [["a very long name of a figure", "0.11"], ["b", Cell("128 of 128")]]
    widths = column_widths(columns, rows, 30)
    assert sum(widths) + 2 == 30
    first = text_of(row_line(rows[0], columns, widths))
    assert "…" in first
    assert first.endswith("0.11")
    assert verdict(None).text.startswith("○")


def test_confusion_bars_stand_beside_their_counts() -> None:
    columns, rows = confusion(["great", "terrible"], [[122, 78], [58, 142]])
    widths = column_widths(columns, rows, 60)
    line = text_of(row_line(rows[1], columns, widths))
    assert line.startswith("terrible")
    assert line.count("█") > 8
    assert line.endswith("142")


def test_spans_are_inked_where_they_stand() -> None:
    cell = Cell("it was <mask> .", spans=(Span(7, 13, "accent", True),))
    line = row_line([cell], [Column()], [20])
    assert [text for text, ink in line if ink.invert] == ["<mask>"]
    assert width_of(line) == 20


def test_a_palette_works_without_our_tokens_and_keeps_to_the_256_colours() -> None:
    palette = Palette({"accent": "#5fd7d7", "text-2": "auto 87%"})
    for token in ("accent", "training", "shade-3", "text-2"):
        style = palette.style(Ink(token, fade=0.45))
        assert style.color is not None
        assert style.color.triplet is not None
        assert all(part in (0, 95, 135, 175, 215, 255) or (part - 8) % 10 == 0 for part in style.color.triplet)
    ansi = Palette({"training": "ansi_blue", "background": "ansi_black"}).style(Ink("training", fade=0.5))
    assert ansi.dim
