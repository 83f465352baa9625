"""Code in a narrow column: nothing is wider than it, and it means what the source means."""

from __future__ import annotations

import ast

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Step
from deepdive.tui.shown.lines import text_of, width_of
from deepdive.tui.widgets.code import body_of
from deepdive.tui.widgets.fold import folded
from hypothesis import given
from hypothesis import strategies as st

STEPS = [step for tutorial in catalogue.load().tutorials for step in tutorial.steps]


def lines(source: str, width: int) -> list[str]:
    return [text_of(line) for line in folded(source, width)]


def test_a_comment_goes_above_and_a_call_is_opened() -> None:
    assert lines("logits = model(**inputs).logits   # (1, tokens, vocabulary)", 40) == [
        "# (1, tokens, vocabulary)",
        "logits = model(**inputs).logits",
    ]
    assert lines('model = GPT2LMHeadModel.from_pretrained(lab.model("memoriser"))', 50) == [
        "model = GPT2LMHeadModel.from_pretrained(",
        '    lab.model("memoriser"))',
    ]


def test_a_comma_is_preferred_to_an_operator() -> None:
    assert lines("checkpoint = lab.follow(trainer, write, every=2 * evaluate_every)", 61) == [
        "checkpoint = lab.follow(trainer, write,",
        "    every=2 * evaluate_every)",
    ]


def test_outside_of_brackets_a_backslash_says_that_it_goes_on() -> None:
    assert lines("gaps = inputs.input_ids.first.nonzero.flatten.item", 40) == [
        "gaps = inputs.input_ids.first.nonzero \\",
        "    .flatten.item",
    ]
    assert lines("share = one_long_name + another_long_name", 30) == [
        "share = one_long_name \\",
        "    + another_long_name",
    ]


def test_what_fits_is_left_alone() -> None:
    source = "trainer = Trainer(model, arguments,\n    train_dataset=seen)\n\n# end"
    assert lines(source, 60) == source.split("\n")


def test_a_text_is_never_broken() -> None:
    assert lines("why = 'a text that is much longer than there is room for'", 30) == ["why = 'a text that is much lo…"]
    assert all("{" not in line or "}" in line for line in lines('x = call(1, f"{function(a, b)} and {c}", 22222)', 36))


@pytest.mark.parametrize("width", [61, 72])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_the_steps_of_the_lessons_mean_the_same(step: Step, width: int) -> None:
    body = body_of(step.function.source)
    drawn = lines(body, width)
    assert all(len(line) <= width for line in drawn)
    if not any(line.endswith("…") for line in drawn):
        assert ast.dump(ast.parse("\n".join(drawn))) == ast.dump(ast.parse(body))


@given(st.text(st.sampled_from("ab .,=()[]{}'\"#\\\n+f日"), max_size=80), st.integers(8, 30))
def test_any_text_fits(source: str, width: int) -> None:
    assert all(width_of(line) <= width for line in folded(source, width))
