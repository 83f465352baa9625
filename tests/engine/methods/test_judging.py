"""Scores from verdicts; what the server does is tested in test_chat.py."""

from __future__ import annotations

import pytest
from deepdive.engine.methods.judging import answer_type, score
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError


def test_the_answer_asks_for_the_reason_before_the_mark() -> None:
    schema = answer_type({"form": "Exactly two sentences?"}).model_json_schema()
    assert list(schema["$defs"]["Form"]["properties"]) == ["reason", "mark"]
    assert schema["properties"]["form"]["description"] == "Exactly two sentences?"
    with pytest.raises(ValidationError):
        answer_type({"form": ""}).model_validate({"form": {"reason": "", "mark": "maybe"}})


def test_the_interval_of_a_fair_coin_is_about_two_standard_errors_wide() -> None:
    mean, low, high = score([0.0, 1.0] * 50)
    assert mean == 0.5
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.02)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.02)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=60))
def test_the_mean_lies_in_its_interval(values: list[float]) -> None:
    mean, low, high = score(values, draws=300)
    assert min(values) <= low <= high <= max(values)
    assert low - 0.15 <= mean <= high + 0.15


def test_nothing_graded_is_no_score_of_zero() -> None:
    with pytest.raises(ValueError, match="nothing was graded"):
        score([])
