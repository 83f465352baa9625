"""Nothing that a model or a file says can act on a terminal."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from deepdive.engine.common.untrusted import visible
from hypothesis import given
from hypothesis import strategies as st

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, invisible formatting, surrogates, separators of lines
ANY = st.text(st.characters())  # surrogates among them


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\x00b", "a␀b"),
        ("bell\x07", "bell␇"),
        ("\x7f", "␡"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("abc\rxyz", "abc␍xyz"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("\u2028", "⟨U+2028⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_controls_become_signs(text: str, sign: str) -> None:
    assert visible(text) == sign


@pytest.mark.parametrize("text", ["", "plain text", "naïve Ω 漢字 🙂", "[bold]markup is text[/]", "Ünïcödé"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_newlines_are_kept_or_shown() -> None:
    assert visible("a\r\nb\nc\td") == "a\nb\nc    d"
    assert visible("a\nb\tc", newlines=False) == "a␊b    c"


def is_safe(text: str) -> bool:
    return all(character == "\n" or unicodedata.category(character) not in UNSAFE for character in text)


def test_every_unsafe_character_of_unicode_is_shown() -> None:
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in UNSAFE:
            assert is_safe(visible(chr(code))), hex(code)


@given(ANY, st.booleans())
def test_what_is_visible_is_safe_and_can_be_encoded(text: str, newlines: bool) -> None:
    shown = visible(text, newlines)
    shown.encode("utf-8")
    assert is_safe(shown)
    assert newlines or "\n" not in shown


@given(ANY)
def test_making_visible_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)
