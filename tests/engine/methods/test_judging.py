"""Verdicts from answers and scores from verdicts; what the server does is tested in test_chat.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deepdive.engine.methods.judging import Local, Verdict, answer_type, bootstrap, read, request, score
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

RUBRIC = {"form": "Exactly two sentences?", "customer": "Is the complaint right?"}
GOOD = {name: {"reason": "so it is", "mark": "partly"} for name in RUBRIC}


def reply(content: Any, finish_reason: str = "stop", created: Any = 1_795_000_000, **message: Any) -> str:
    choice = {"message": {"content": content, **message}, "finish_reason": finish_reason}
    return json.dumps({"choices": [choice], "model": "judge-1-2026", "created": created})


def test_the_answer_asks_for_the_reason_before_the_mark_and_takes_nothing_else() -> None:
    schema = answer_type(RUBRIC).model_json_schema()
    assert list(schema["$defs"]["Form"]["properties"]) == ["reason", "mark"]
    assert schema["$defs"]["Form"]["description"] == "Exactly two sentences?"
    assert schema["properties"]["form"] == {"$ref": "#/$defs/Form"}  # strict schemas allow nothing beside a reference
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(RUBRIC)
    with pytest.raises(ValidationError):
        answer_type({"form": ""}).model_validate({"form": {"reason": "", "mark": "maybe"}})


def test_a_request_asks_for_the_form_in_words_too() -> None:
    system, user = request("m", RUBRIC, "the item")["messages"]
    assert "Exactly two sentences?" in system["content"]
    assert '"customer": {"reason": "...", "mark": "yes, partly or no"}' in system["content"]
    assert user["content"] == "the item"


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "Here it is: {} I hope that helps."])
def test_a_grading_is_found_between_words(around: str) -> None:
    verdict = read(reply(around.replace("{}", json.dumps({**GOOD, "total": 2}))), RUBRIC)
    assert verdict.scores == {"form": 0.5, "customer": 0.5}
    assert (verdict.judge, verdict.date) == ("judge-1-2026", "2026-11-18")


@pytest.mark.parametrize(
    "content", ["yes", "{}", "{broken", json.dumps({"form": GOOD["form"]}), json.dumps({**GOOD, "form": "yes"})]
)
def test_what_is_no_grading_is_a_verdict_that_says_so(content: str) -> None:
    assert "not in the form asked for" in read(reply(content), RUBRIC).failed


def test_refusals_and_filters_are_told() -> None:
    assert read(reply(None, refusal="No."), RUBRIC).failed == "the judge refused: No."
    assert "filtered" in read(reply("", finish_reason="content_filter"), RUBRIC).failed
    assert "web page" in read("<html>proxy</html>", RUBRIC).failed


def test_a_verdict_as_a_row_has_marks_reasons_and_the_judge() -> None:
    row = read(reply(json.dumps(GOOD)), RUBRIC).row()
    assert row["form"] == "partly"
    assert row["form: why"] == "so it is"
    assert (row["judge"], row["not graded"]) == ("judge-1-2026", "")
    assert Verdict(failed="the judge refused").row() == {"judge": "", "not graded": "the judge refused"}


def test_a_local_judge_marks_the_item_and_not_the_instruction() -> None:
    local = Local(lambda item: {"form": ("yes", f"read: {item}")}, {"form": "always"})
    told = local([{"role": "system", "content": "grade"}, {"role": "user", "content": "the item"}])
    assert told == {"form": {"reason": "read: the item", "mark": "yes"}}


@pytest.mark.parametrize("created", [1_795_000_000_000, 1_795_000_000_000_000, 1_795_000_000.5])
def test_a_day_told_in_thousandths_of_a_second_is_that_day(created: float) -> None:
    assert read(reply(json.dumps(GOOD), created=created), RUBRIC).date == "2026-11-18"


@pytest.mark.parametrize("created", [None, "now", -1, 0, True, [], 10**400])
def test_a_day_that_is_none_is_today(created: object) -> None:
    assert read(reply(json.dumps(GOOD), created=created), RUBRIC).date >= "2026"


VERDICTS = [
    Verdict({"a": 1.0, "b": 0.5}, judge="j", date="2026-11-27"),
    Verdict({"a": 0.0, "b": 0.5}, judge="j", date="2026-11-28"),
]
REFUSED = Verdict(failed="the judge refused: it is no summary")


def test_a_score_is_a_mean_over_what_was_graded_and_says_so() -> None:
    told = score(VERDICTS, out_of=50)
    assert told["value"] == 25.0
    assert told["n"] == 2
    assert told["note"] == "judge: j, 2026-11-27 to 2026-11-28; 2 of 2 graded; 95 % bootstrap interval"
    assert score(VERDICTS, "a")["value"] == 0.5
    assert score(VERDICTS, ["a", "b"], whole=True)["value"] == 0.25  # half marks count nothing


def test_what_is_not_graded_is_never_scaled_up() -> None:
    told = score([VERDICTS[0]] * 4 + [REFUSED] * 46, out_of=150)
    assert (told["value"], told["low"], told["high"], told["n"]) == (None, None, None, 4)
    assert told["note"].endswith("4 of 50 graded (8%): no score under 90%; mostly the judge refused: it is no summary")


def test_the_few_that_are_not_graded_add_nothing_and_widen_the_interval_to_all() -> None:
    told = score([VERDICTS[0]] * 46 + [REFUSED] * 4, "a", out_of=50)
    assert told["value"] == 46
    assert told["low"] < 46
    assert told["high"] == 50
    assert "46 of 50 graded; 95 % bootstrap interval, with the other 4 as nothing and as all" in told["note"]


def test_the_interval_of_a_fair_coin_is_about_two_standard_errors_wide() -> None:
    mean, low, high = bootstrap([0.0, 1.0] * 50)
    assert mean == 0.5
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.02)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.02)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=60))
def test_the_mean_lies_in_its_interval(values: list[float]) -> None:
    mean, low, high = bootstrap(values, draws=300)
    assert min(values) <= low <= high <= max(values)
    assert low - 0.15 <= mean <= high + 0.15


def test_nothing_graded_is_no_score_of_zero() -> None:
    told = score([REFUSED])
    assert told["value"] is None
    assert "0 of 1 graded" in told["note"]
    assert score([])["value"] is None
