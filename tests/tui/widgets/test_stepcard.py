"""A step's card: what stands in it, its form through real keys, what it posts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deepdive.engine.lessons.settings import Setting
from deepdive.tui.shown.form import Form
from deepdive.tui.shown.lines import Line, text_of, width_of
from deepdive.tui.terminal import colours
from deepdive.tui.widgets.cardlines import CARET, draw_card
from deepdive.tui.widgets.stepcard import Card, StepCard
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message

SETTINGS = (
    Setting("updates", "int", 300, low=50, high=2000),
    Setting("learning_rate", "float", 0.001, low=1e-5, high=1e-1),
    Setting("sentence", "str", "a text that is rather long and goes on"),
)
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
SOURCE = 'def pretrain(lab, updates=300):\n    """Train."""\n' + "\n".join(f"    lab.follow({n})" for n in range(12))
CARD = Card(
    step="pretrain",
    title="pretrain",
    state="running",
    state_text="● running, update 124 of 300",
    code=SOURCE,
    settings=SETTINGS,
    values={**DEFAULTS, "learning_rate": 0.003},
    defaults=DEFAULTS,
    needs=(("articles", "done"), ("blocks", "never")),
    writes="memoriser",
    about="65 s on this machine, 110 MB",
)


def lines_of(card: Card, width: int = 66, active: bool = False, **options: Any) -> list[str]:
    form = Form()
    form.take(card.settings, card.values, card.defaults)
    form.active = active
    drawn = draw_card(card, form, width, **options).lines
    assert all(width_of(line) == width for line in drawn)
    return [text_of(line).rstrip() for line in drawn]


def test_the_chosen_setting_is_explained_and_nothing_moves_where_one_has_no_help() -> None:
    explained = replace(CARD, settings=(replace(SETTINGS[0], help="how often the weights change"), *SETTINGS[1:]))
    with_help, without = lines_of(explained, active=True), lines_of(CARD, active=True)
    assert "how often the weights change" in "\n".join(with_help)
    assert "how often the weights change" not in "\n".join(lines_of(explained))
    assert len(with_help) == len(without)


def test_state_code_settings_needs_and_time_stand_in_it() -> None:
    lines = lines_of(CARD)
    assert lines[0].startswith("▌ pretrain") and lines[0].endswith("● running, update 124 of 300")
    assert all(line.startswith("▌") for line in lines)
    text = "\n".join(lines)
    assert "lab.follow(0)" in text and "def pretrain" not in text
    assert "300 50 … 2,000" in text and "0.003 1e-5 … 0.1" in text and "default 0.001" in text
    assert "needs  ✓ articles  ○ blocks" in text and "writes  memoriser" in text
    assert "about  65 s on this machine, 110 MB" in text


def test_values_stand_under_each_other() -> None:
    lines = lines_of(CARD)
    updates = next(line for line in lines if "updates" in line)
    rate = next(line for line in lines if "learning rate" in line)
    assert updates.index("300") + 3 == rate.index("0.003") + 5


def test_the_narrow_card_tells_settings_in_one_line() -> None:
    lines = lines_of(CARD, compact=True)
    text = "\n".join(lines)
    assert "updates 300   learning rate 0.003*" in text
    assert "* changed, default 0.001" in text
    assert "needs" not in text and len(lines) == 16


def test_long_code_is_cut_and_says_how_to_see_it() -> None:
    lines = lines_of(CARD, code_rows=6)
    assert sum("lab.follow" in line for line in lines) == 5
    assert any("… 7 more lines  v whole code" in line for line in lines)


def test_a_reason_is_told() -> None:
    stale = replace(CARD, state="stale", state_text="≠ stale", reason="blocks was run with length 64; it is 128 now")
    assert "blocks was run with length 64" in "\n".join(lines_of(stale))


@pytest.mark.parametrize("width", [30, 44, 66, 100])
@pytest.mark.parametrize("active", [False, True])
def test_every_width(width: int, active: bool) -> None:
    lines_of(CARD, width, active)
    lines_of(CARD, width, active, compact=True)
    lines_of(replace(CARD, settings=(), values={}, code="", needs=()), width)


def test_untrusted_text_is_made_visible() -> None:
    odd = replace(
        CARD, state_text="✗ \x1b[31m", reason="\x1b]0;x\x07", about="\u202e", values={**CARD.values, "sentence": "\x1b"}
    )
    text = "\n".join(lines_of(odd))
    assert "\x1b" not in text and "\u202e" not in text


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Message] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return colours.defaults()

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield StepCard(CARD)

    def on_step_card_setting_changed(self, message: StepCard.SettingChanged) -> None:
        self.seen.append(message)

    def on_step_card_form_left(self, message: StepCard.FormLeft) -> None:
        self.seen.append(message)

    def on_step_card_run_requested(self, message: StepCard.RunRequested) -> None:
        self.seen.append(message)


def values(app: Host) -> list[tuple[str, str, Any]]:
    return [(m.step, m.name, m.value) for m in app.seen if isinstance(m, StepCard.SettingChanged)]


async def test_edit_a_setting_with_keys() -> None:
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        card, before = app.query_one(StepCard), app.screen.focused
        assert not card.can_focus
        assert card.edit() and card.busy
        await pilot.pause()
        await pilot.press(*"9999", "enter")
        assert card.busy and "out of range" in card.text
        await pilot.press("escape", *"400", "down", "right", "enter")
        await pilot.pause()
        assert values(app) == [("pretrain", "updates", 400), ("pretrain", "learning_rate", 0.005)]
        assert isinstance(app.seen[-1], StepCard.FormLeft)
        assert not card.busy and app.screen.focused is before


async def test_a_new_card_leaves_what_is_being_typed() -> None:
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        card = app.query_one(StepCard)
        card.edit()
        await pilot.press("4", "5")
        card.show(replace(CARD, state_text="● running, update 125 of 300"))
        await pilot.pause()
        assert card.form.text == "45" and "125 of 300" in card.text
        await pilot.press("0", "tab")
        await pilot.pause()
        assert values(app) == [("pretrain", "updates", 450)] and not card.busy


async def test_mouse_chooses_a_field_and_asks_for_a_run() -> None:
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        card = app.query_one(StepCard)
        row = next(row for row, at in card._drawing.fields.items() if at == 1)
        await pilot.click(StepCard, offset=(10, row))
        assert card.busy and card.form.at == 1
        await pilot.press("escape")
        await pilot.click(StepCard, offset=(card.size.width - 4, 0))
        await pilot.pause()
        assert isinstance(app.seen[-1], StepCard.RunRequested)


async def test_the_card_grows_in_a_small_terminal_while_it_is_edited() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        card = app.query_one(StepCard)
        await pilot.pause()
        small = card.size.height
        card.edit()
        await pilot.pause()
        await pilot.press("down", "down")
        await pilot.pause()
        assert card.size.height > small
        await pilot.press("enter")
        await pilot.pause()
        assert card.size.height == small


def typed(text: str, caret: int) -> Line:
    """The line of the last setting while `text` is typed into it."""
    form = Form()
    form.take(CARD.settings, CARD.values, CARD.defaults)
    form.active, form.at, form.text, form.caret = True, 2, text, caret
    drawing = draw_card(CARD, form, 66)
    return drawing.lines[next(row for row, at in drawing.fields.items() if at == 2)]


def caret_of(line: Line) -> str:
    return next(text for text, ink in line if ink == CARET)


@given(st.text("ab 日\u0301\t\x1b\u200b\n", max_size=80), st.data())
def test_the_caret_is_seen_wherever_it_stands(text: str, data: st.DataObject) -> None:
    caret = data.draw(st.integers(0, len(text)))
    line = typed(text, caret)
    assert width_of(line) == 66
    assert width_of([(caret_of(line), CARET)]) > 0


def test_a_long_text_scrolls_with_its_caret_and_shows_where_it_goes_on() -> None:
    text = "the first words of a sentence that is far wider than the card is, and the last"
    at_end, at_start = text_of(typed(text, len(text))), text_of(typed(text, 0))
    assert "…" in at_end and at_end.rstrip().endswith("and the last")
    assert "the first words" in at_start and at_start.rstrip().endswith("…")
    assert caret_of(typed(text, 4)) == "f"
