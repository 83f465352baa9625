"""What no model can answer is refused by name, with what is allowed; what only looks odd is read."""

from __future__ import annotations

import re

import pytest
from deepdive.engine.lab import Refused

from tests.support.bench import Bench


@pytest.mark.parametrize(
    ("step", "setting", "text", "says"),
    [
        *(
            (step, "sentence", "Life is like a box.", "has no gap: one .MASK.")
            for step in ("fill_the_gap", "true_share")
        ),
        *((step, "sentence", "a [MASK] of [MASK].", "has 2 gaps") for step in ("fill_the_gap", "true_share")),
        ("fill_the_gap", "sentence", "[MASK] " + "dog " * 3000, "has 3,0.. tokens.*at most"),
        ("true_share", "sentence", "Quantum [MASK] of chocolates.", "is not in the newspaper"),
        ("both_sides", "sentence", "dog " * 3000, "has 3,0.. tokens.*at most"),
        ("both_sides", "sentence", " ", "is too short"),
        ("look_inside", "text", "", "is empty"),
        ("look_inside", "text", "dog", "at least 2 words"),
        ("look_inside", "text", "日 本", "no word or sign that the tokenizer knows"),
        ("next_token", "prompt", "", "is empty"),
        ("next_token", "prompt", "dog " * 3000, "tokens.*at most"),
        ("word_by_word", "prompt", "", "is empty"),
        ("word_by_word", "prompt", "dog " * 3000, "tokens.*at most"),
        ("tokenise", "gap", " ", "is empty"),
        ("tokenise", "start", "", "is empty"),
    ],
)
def test_a_text_that_no_model_can_answer_is_refused(
    bench: Bench, step: str, setting: str, text: str, says: str
) -> None:
    with pytest.raises(Refused, match=f"{setting}: .*") as refused:
        bench.run(step, **{setting: text})
    assert re.search(says, f"{refused.value.why}: {refused.value.allowed}")


@pytest.mark.parametrize("text", ["dog\0", "日本 dog\u202e", "👩‍👩‍👧\n\ndog"])
def test_odd_signs_are_read(bench: Bench, text: str) -> None:
    bench.run("next_token", prompt=text)
    bench.run("fill_the_gap", sentence=f"{text} [MASK]")
    bench.run("both_sides", sentence=f"{text} cat")


@pytest.mark.parametrize(
    ("probe", "setting", "text"),
    [("next_word", "text", ""), ("complete", "prompt", ""), ("complete", "prompt", "dog " * 3000)],
)
def test_a_probe_refuses_as_well(bench: Bench, probe: str, setting: str, text: str) -> None:
    bench.run("next_token")
    with pytest.raises(Refused, match=setting):
        bench.ask(probe, **{setting: text})
