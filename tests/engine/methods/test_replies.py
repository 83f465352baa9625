"""Gradings found in whatever a chat endpoint answers, and reasons where there is none."""

from __future__ import annotations

import json

import pytest
from deepdive.engine.methods import replies
from deepdive.engine.methods.judging import Verdict, read
from hypothesis import given
from hypothesis import strategies as st

from tests.support.loopback.openai_server import GRADINGS, NO_GRADINGS

RUBRIC = {"customer": "Is the complaint right?", "agent": "Is the advice right?"}
GOOD = {"customer": {"reason": "so it is", "mark": "yes"}, "agent": {"reason": "so not", "mark": "no"}}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def verdict(mood: str) -> Verdict:
    message = {"role": "assistant", "content": json.dumps(GOOD)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = {**GRADINGS, **NO_GRADINGS}[mood]({"model": "judge-1", "created": 1_795_000_000, "choices": [choice]})
    return read(body.decode() if isinstance(body, bytes) else json.dumps(body), RUBRIC)


@pytest.mark.parametrize("mood", GRADINGS)
def test_a_grading_in_another_form_is_read(mood: str) -> None:
    assert verdict(mood).scores == {"customer": 1.0, "agent": 0.0}, verdict(mood).failed
    assert verdict(mood).date == "2026-11-18"


@pytest.mark.parametrize(
    ("mood", "says", "foreign"),
    [
        ("thoughts only", "only thought, and gave no answer", False),
        ("not", "not in the form asked for: Yes.", False),
        ("page", "a web page (Sign in), none of a chat API", True),
        ("nothing", "the reply is empty", True),
        ("other json", "JSON, but none of a chat API: [1, 2]", True),
        ("no choices", "no choices with a message", True),
        ("error", "an error: the model crashed", True),
        ("stream", "a stream, which was not asked for", True),
        ("deep", "no JSON: [[[[", True),
    ],
)
def test_what_is_no_grading_is_told_for_what_it_is(mood: str, says: str, foreign: bool) -> None:
    told = verdict(mood)
    assert says in told.failed
    assert told.unusable
    assert told.foreign is foreign


def test_a_thought_that_was_cut_off_is_no_answer() -> None:
    said = f"<think>Perhaps {json.dumps(GOOD)} or"
    message = {"message": {"content": said}, "finish_reason": "length"}
    assert not read(json.dumps({"choices": [message]}), RUBRIC).scores


def test_the_last_grading_in_a_text_counts() -> None:
    other = {**GOOD, "agent": {"reason": "on second thought", "mark": "partly"}}
    found = replies.grading(f'{json.dumps(GOOD)} no: {json.dumps(other)} and {{"note": 1}}', RUBRIC)
    assert found == other


@given(st.text(), st.sampled_from(["", "<think>", "</think>", "{", '{"customer":']))
def test_no_body_and_no_text_is_too_odd_to_read(text: str, before: str) -> None:
    read(before + text, RUBRIC)
    read(json.dumps({"choices": [{"message": {"content": before + text}}]}), RUBRIC)


@given(values)
def test_no_json_is_too_odd_to_read(value: object) -> None:
    for body in (value, {"choices": value}, {"choices": [value]}, {"choices": [{"message": value}]}):
        read(json.dumps(body), RUBRIC)
    for name in ("content", "refusal", "tool_calls", "function_call", "reasoning"):
        read(json.dumps({"choices": [{"message": {name: value}}], "model": value, "created": value}), RUBRIC)
    for inner in (value, {"customer": value, "agent": value}):
        read(json.dumps({"choices": [{"message": {"content": json.dumps(inner)}}]}), RUBRIC)


MARKS = {"yes": 1.0, "partly": 0.5, "no": 0.0}


@given(
    st.sampled_from(sorted(MARKS)),
    st.sampled_from(sorted(MARKS)),
    st.text(),
    st.text().filter(lambda text: "{" not in text and "<" not in text),
    st.text().filter(lambda text: "}" not in text and "{" not in text and "<" not in text),
)
def test_a_grading_between_any_words_is_found_with_its_reasons(
    customer: str, agent: str, reason: str, before: str, after: str
) -> None:
    grading = {
        "customer": {"reason": reason, "mark": customer.upper()},
        "AGENT": {"Mark": f"{agent}.", "Reason": reason},
    }
    said = read(json.dumps({"choices": [{"message": {"content": before + json.dumps(grading) + after}}]}), RUBRIC)
    assert said.scores == {"customer": MARKS[customer], "agent": MARKS[agent]}
    assert set(said.reasons.values()) == {reason}
