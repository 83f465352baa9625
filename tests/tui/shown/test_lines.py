"""Lines of inked text: exact widths, headings, and what changed between two drawings."""

from __future__ import annotations

from deepdive.tui.shown.ink import Ink
from deepdive.tui.shown.lines import cells_of, changed_spans, fit, heading, shorten, text_of, width_of
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

colors = st.sampled_from([Ink(), Ink("accent"), Ink("book", invert=True)])
lines = st.lists(st.tuples(st.text("abc 日本é", max_size=8), colors), max_size=6).map(tuple)


@given(lines, st.integers(0, 30))
def test_fit_is_exact(line: tuple[tuple[str, Ink], ...], width: int) -> None:
    assert width_of(fit(line, width)) == width


@given(st.text(max_size=30), st.integers(0, 20))
def test_shorten_never_exceeds(text: str, width: int) -> None:
    assert cell_len(shorten(text, width)) <= width


@given(lines, lines, st.integers(1, 30))
def test_what_is_outside_the_changed_spans_is_the_same(
    old: tuple[tuple[str, Ink], ...], new: tuple[tuple[str, Ink], ...], width: int
) -> None:
    before, after = fit(old, width), fit(new, width)
    spans = changed_spans(before, after, join=3)
    inside = {column for start, end in spans for column in range(start, end)}
    was, now = cells_of(before), cells_of(after)
    for column in range(width):
        if column not in inside:
            assert was[column] == now[column]
    for start, end in spans:
        assert was[start][0]
        assert now[start][0]
        assert end == width or (was[end][0] and now[end][0])


def test_a_heading_lets_its_note_go_before_its_name() -> None:
    assert text_of(heading("Loss", "nats a token", "update 124", 40)).endswith("update 124")
    narrow = text_of(heading("Loss", "nats a token", "cursor at update 124", 20))
    assert narrow.startswith("Loss  nats a token")
    assert "update" not in narrow
