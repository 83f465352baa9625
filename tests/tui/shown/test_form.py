"""The form of a step's settings, key by key: typing, ranges, defaults, leaving."""

from __future__ import annotations

from typing import Any

import pytest
from deepdive.engine.lessons.settings import Setting
from deepdive.tui.shown.form import Form, bounds, nudged
from hypothesis import given
from hypothesis import strategies as st

UPDATES = Setting("updates", "int", 300, low=50, high=2000)
RATE = Setting("learning_rate", "float", 0.001, low=1e-5, high=1e-1)
SHUFFLE = Setting("shuffle", "bool", True)
METHOD = Setting("method", "choice", "head", choices=("head", "prompt", "both"))
SENTENCE = Setting("sentence", "str", "Life is like")
SIZES = Setting("sizes", "list", [8, 16], item="int", low=0, high=512)
TEMPLATE = Setting("template", "template", "{text} it was", slots=("text",), required=("text",))
ALL = (UPDATES, RATE, SHUFFLE, METHOD, SENTENCE, SIZES, TEMPLATE)


def form(at: int = 0) -> Form:
    made = Form()
    values: dict[str, Any] = {setting.name: setting.default for setting in ALL}
    made.take(ALL, values, values)
    made.enter()
    made.at = at
    return made


def press(made: Form, *keys: str) -> list[str]:
    return [made.press(key, {"space": " "}.get(key, key if len(key) == 1 else None)) for key in keys]


def test_typing_replaces_and_arrows_choose() -> None:
    made = form()
    assert press(made, *"400", "down", *"0.003", "enter")[-1] == "left"
    assert made.reported() == [("updates", 400), ("learning_rate", 0.003)]
    assert made.reported() == []
    assert not made.active


def test_out_of_range_is_refused_in_place_with_the_range() -> None:
    made = form()
    press(made, *"5000", "enter")
    assert made.active and made.at == 0 and made.text == "5000"
    assert "5000 is out of range" in made.refused and "50 … 2000" in made.refused
    press(made, "down")
    assert made.at == 0, "one does not walk away from a value that can't be"
    press(made, "backspace")
    press(made, "enter")
    assert made.reported() == [("updates", 500)]


def test_escape_takes_back_what_was_typed_then_leaves() -> None:
    made = form()
    press(made, *"9999", "enter", "escape")
    assert made.active and made.shown(UPDATES) == "300" and not made.refused
    assert press(made, "escape") == ["left"]
    assert made.reported() == []


def test_default_comes_back() -> None:
    made = form()
    press(made, *"400", "enter")
    made.enter()
    assert made.differs(UPDATES)
    assert press(made, "d") == ["changed"]
    assert not made.differs(UPDATES) and made.reported()[-1] == ("updates", 300)


def test_d_is_a_letter_in_a_text() -> None:
    made = form(ALL.index(SENTENCE))
    press(made, *"dogs", "enter")
    assert made.reported() == [("sentence", "dogs")]
    made.enter()
    press(made, "ctrl+d")
    assert made.reported() == [("sentence", "Life is like")]


def test_a_text_is_mended_at_the_caret() -> None:
    made = form(ALL.index(SENTENCE))
    press(made, "left", *("left",) * 3, "delete", "w", "end", "!", "home", ">", "enter")
    assert made.reported() == [("sentence", ">Life is wike!")]


def test_letters_that_no_number_has_are_left_to_others() -> None:
    made = form()
    assert press(made, "r", "n") == ["", ""]
    assert not made.editing
    press(made, "1")
    assert press(made, "r") == ["taken"] and made.text == "1"


def test_switches_and_choices_move_with_arrows_and_first_letters() -> None:
    made = form(ALL.index(SHUFFLE))
    press(made, "right", "down", "right", "b", "left")
    assert made.reported() == [("shuffle", False), ("method", "prompt"), ("method", "both"), ("method", "prompt")]


def test_lists_and_templates() -> None:
    made = form(ALL.index(SIZES))
    press(made, *"0", "space", *"600", "enter")
    assert "600 is out of range" in made.refused
    press(made, "backspace", "enter")
    assert made.reported() == [("sizes", [0, 60])]
    made.enter()
    made.at = ALL.index(TEMPLATE)
    made.insert("no slot")
    press(made, "enter")
    assert made.active and made.refused


def test_paste_keeps_to_one_line_where_one_is_wanted() -> None:
    made = form()
    made.insert(" 1,000\n")
    press(made, "enter")
    assert made.reported() == [("updates", 1000)]


def test_the_workers_refusal_stands_at_its_setting() -> None:
    made = form()
    assert made.refuse("sentence", "no [MASK] in it")
    assert made.at == ALL.index(SENTENCE) and made.refused == "no [MASK] in it"
    assert not made.refuse("unknown", "?")


def test_no_settings_no_form() -> None:
    assert not Form().enter()


@pytest.mark.parametrize("setting", [UPDATES, RATE, Setting("dropout", "float", 0.0, low=0, high=0.5)])
@given(data=st.data(), way=st.sampled_from([1, -1]))
def test_a_slider_stays_in_range_and_always_moves(setting: Setting, data: st.DataObject, way: int) -> None:
    assert setting.low is not None and setting.high is not None
    number = (
        st.integers(int(setting.low), int(setting.high))
        if setting.kind == "int"
        else st.floats(setting.low, setting.high)
    )
    value = data.draw(number)
    moved = nudged(setting, value, way)
    assert setting.low <= moved <= setting.high
    if setting.low * 1.01 < value < setting.high * 0.99:
        assert (moved - value) * way > 0


@given(
    st.lists(
        st.sampled_from(["up", "down", "left", "right", "enter", "escape", "d", "1", "e", "x", "delete", "ctrl+d"])
    )
)
def test_no_sequence_of_keys_leaves_a_value_that_is_not_allowed(keys: list[str]) -> None:
    made = form()
    for key in keys:
        made.enter()
        made.press(key, key if len(key) == 1 else None)
        for setting in ALL:
            setting.check(made.values[setting.name])
        assert 0 <= made.caret <= len(made.text or "x" * 99)


def test_ranges_are_told_with_groups() -> None:
    assert bounds(UPDATES) == "50 … 2,000"
    assert bounds(RATE) == "1e-5 … 0.1"
    assert bounds(SENTENCE) == ""


def test_delete_sets_the_default_back_and_deletes_while_one_types() -> None:
    made = form(ALL.index(SENTENCE))
    press(made, *"cats", "enter")
    made.enter()
    assert press(made, "delete") == ["changed"]
    press(made, "left", "home", "delete", "enter")
    assert made.reported() == [("sentence", "cats"), ("sentence", "Life is like"), ("sentence", "ife is like")]
