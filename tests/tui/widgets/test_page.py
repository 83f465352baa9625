"""Prose and code in lines: the measure is kept, no word is lost, columns stand right, mounting is fast."""

from __future__ import annotations

from time import process_time

import pytest
from deepdive.tui.shown.ink import STRONG, TEXT
from deepdive.tui.shown.lines import text_of, width_of
from deepdive.tui.shown.page import CodeBlock, Paragraph, Span, read
from deepdive.tui.widgets.code import CALL, COMMENT, KEYWORD, STRING, TYPE, Code, body_of, code_lines, window
from deepdive.tui.widgets.page import PageText
from deepdive.tui.widgets.prose import set_prose, wrap
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll

runs = st.lists(st.tuples(st.text("ab 日é\u00a0\n-", max_size=12), st.sampled_from([TEXT, STRONG])), max_size=8)

SOURCE = '''def pretrain(lab: Lab, updates: int = 300):
    """Train from nothing.

    Longer words.
    """
    # random weights
    model = GPT2LMHeadModel(config)   # nothing learned yet
    for text in seen:
        lab.follow(trainer, sample="the river")
    trainer.train(fit(3))
'''


@given(runs, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_no_word(text: list[tuple[str, object]], width: int) -> None:
    lines = wrap(text, width)  # type: ignore[arg-type]
    assert all(width_of(line) <= width for line in lines)
    whole = "".join(part for part, _ in text)
    assert "".join("".join(text_of(line) for line in lines).split(" ")) == "".join(whole.replace("\n", " ").split(" "))


def test_prose_is_never_wider_than_its_measure() -> None:
    lines = set_prose(read("word " * 200), 150)
    assert max(width_of(line) for line in lines) in range(60, 69)
    assert max(width_of(line) for line in set_prose(read("word " * 200), 40)) <= 40


def test_lists_hang_and_footnotes_are_raised() -> None:
    page = "1. one two three four five\n2. x\n\n- a\n\nText[^n].\n\n[^n]: Note."
    lines = [text_of(line) for line in set_prose(read(page), 20)]
    assert lines[:3] == ["1. one two three", "   four five", "2. x"]
    assert "– a" in lines
    assert lines[-3:] == ["Text¹.", "", "¹ Note."]


def test_table_columns_stand_under_each_other() -> None:
    page = "| method | accuracy |\n|---|---|\n| prompt | 0.9 |\n| new head | 0.66 |"
    assert [text_of(line) for line in set_prose(read(page), 60)] == [
        "method     accuracy",
        "prompt          0.9",
        "new head       0.66",
    ]


@given(st.lists(st.text("ab 日", max_size=30), min_size=3, max_size=3), st.integers(12, 50))
def test_a_table_never_outgrows_the_page(cells: list[str], width: int) -> None:
    page = "| a | b | c |\n|---|---|---|\n| " + " | ".join(cells) + " |"
    assert all(width_of(line) <= max(width, 18) for line in set_prose(read(page), width))


def test_code_is_clipped_and_says_so() -> None:
    block = CodeBlock("a" * 100, "text")
    line = set_prose([block], 40)[0]
    assert width_of(line) == 40 and text_of(line).endswith("…")
    assert text_of(window(code_lines("abcdef")[0], 2, 3)) == "cd…"
    assert text_of(window(code_lines("日本語")[0], 1, 3)).startswith(" ")


def test_the_body_of_a_step_is_what_it_does() -> None:
    body = body_of(SOURCE)
    assert body.startswith("# random weights\nmodel = GPT2LMHeadModel")
    assert "\n    lab.follow" in body and "Longer words" not in body
    assert body_of("x = 1") == "x = 1"
    assert body_of("def broken(:") == "def broken(:"
    assert body_of('def f():\n    """Doc."""') == 'def f():\n    """Doc."""'
    assert body_of("def f(a,\n      b):\n    # why\n    return a") == "# why\nreturn a"


def test_code_is_coloured_by_what_it_means() -> None:
    inks = {text.strip(): ink for line in code_lines(SOURCE) for text, ink in line}
    assert inks["GPT2LMHeadModel"] == TYPE
    assert inks["follow"] == CALL and inks["fit"] == CALL
    assert inks["for"] == KEYWORD and inks['"the river"'] == STRING
    assert inks["# random weights"] == COMMENT
    assert not any("train" in text and ink == CALL for text, ink in inks.items())


@given(st.text(st.sampled_from("ab('\"\\\n #日=.:"), max_size=60))
def test_any_text_can_be_shown_as_code(source: str) -> None:
    assert "\n".join(text_of(line) for line in code_lines(source)) == source


def page_of(text: str) -> PageText:
    page = PageText()
    page.show_blocks(read(text))
    return page


class Host(App[None]):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield page_of("First *words*.\n\n" + "prose " * 60)
            yield Code("x = " + "1 + " * 60)


async def test_text_changes_in_place_and_code_moves() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        page, code = app.query_one(PageText), app.query_one(Code)
        assert page.size.height == len(page.lines_at(page.size.width))
        page.show_blocks(read("Now one line."))
        await pilot.pause()
        assert page.size.height == 1 and page.text == "Now one line."
        page.show_blocks([Paragraph((Span("a b"),))])
        await pilot.pause()
        assert page.text == "a b"
        code.focus()
        await pilot.press("right", "right", "left")
        assert code.start == 8
        await pilot.press("left", "left")
        assert code.start == 0


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_a_page_of_four_kilobytes_is_there_at_once(theme: str) -> None:
    text = "\n\n".join(
        f"A paragraph of *some* length with **strong** words and `code`, number {n}. " * 2 for n in range(28)
    )
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        app.theme = theme
        spent = []
        for _ in range(3):
            began = process_time()
            await app.query_one(VerticalScroll).mount(page_of(text))
            await pilot.pause()
            spent.append(process_time() - began)
        assert min(spent) < 0.15  # CPU seconds: a busy machine fails nobody
