"""The last look: no line obeys anybody, none has a sign that the terminal lacks, each keeps its width."""

from __future__ import annotations

from typing import get_args

import pytest
from deepdive.engine.common.untrusted import UNSAFE
from deepdive.tui.shown.lines import text_of
from deepdive.tui.shown.marks import Series
from deepdive.tui.shown.signs import SIGNS
from deepdive.tui.terminal.asking import Glyphs
from deepdive.tui.terminal.glyphs import LastLook, instead
from deepdive.tui.widgets.curve import CurveChart
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

BLACK = Color(0, 0, 0)


def seen(text: str, glyphs: Glyphs) -> str:
    return "".join(segment.text for segment in LastLook(glyphs).apply([Segment(text)], BLACK))


@given(st.text(), st.sampled_from(get_args(Glyphs)))
def test_what_is_painted_is_safe_and_as_wide_as_it_was(text: str, glyphs: Glyphs) -> None:
    painted = seen(text, glyphs)
    assert not UNSAFE.search(painted)
    assert cell_len(painted) == cell_len(text)
    assert glyphs != "ascii" or painted.isascii()


@pytest.mark.parametrize("glyphs", ["console", "ascii"])
def test_a_curve_without_braille_is_still_a_curve(glyphs: Glyphs) -> None:
    chart = CurveChart([Series("loss", [(x, 8 - x / 10) for x in range(80)])], title="Loss")
    lines = [seen(text_of(line), glyphs) for line in chart.draw(60, 14)]
    curve = " '.:" if glyphs == "ascii" else " ▀▄█"
    drawn = "".join(lines)
    assert "_" not in drawn and "?" not in drawn
    assert sum(drawn.count(sign) for sign in curve[1:]) > 40


def test_every_state_has_a_sign_of_its_own_in_ascii() -> None:
    glyphs = {sign.glyph for sign in SIGNS.values()}
    assert len({instead(glyph, "ascii") for glyph in glyphs}) == len(glyphs)
    assert all(instead(glyph, "ascii") not in "?_" for glyph in glyphs)


def test_accents_stay_where_the_console_has_them() -> None:
    assert seen("Größe, ─│█ 語", "console") == "Größe, ─│█ ??"
    assert seen("Früchte, ─│█ 語", "ascii") == "Fruchte, -|# ??"
