"""Servers that count wrongly, answer in their own way, or are none: money and the learner's time are safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.methods.judging import Unfinished, grade
from deepdive.engine.places import endpoint
from deepdive.engine.places.meter import Budget, Meter, counted
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.places.test_endpoint import PRICES, RUBRIC, Told, client, graded, judge
from tests.support.loopback.openai_server import GRADINGS, NO_GRADINGS, serve

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(ODD | st.fixed_dictionaries({}, optional={"prompt_tokens": ODD, "completion_tokens": ODD}))
def test_no_count_is_below_one_or_above_what_was_sent_and_asked_for(usage: object) -> None:
    prompt, reply = counted(usage, (300, 2000))
    assert 0 < prompt <= 300
    assert 0 < reply <= 2000


@pytest.mark.parametrize("odd", [None, -1, 0, 20.5, "20", 1e9, 10**9, True, [], {}])
def test_an_odd_count_is_the_most(odd: Any) -> None:
    assert counted({"prompt_tokens": 100, "completion_tokens": odd}, (300, 2000)) == (100, 2000)
    assert counted({"prompt_tokens": odd, "completion_tokens": 20}, (300, 2000)) == (300, 20)
    assert counted(odd, (300, 2000)) == (300, 2000)


@pytest.mark.parametrize("usage", [None, [], {}, {"completion_tokens": None}, {"completion_tokens": 10**9}])
def test_a_cap_acts_whatever_the_server_counts(tmp_path: Path, usage: Any) -> None:
    told = Told()
    with serve(judge(usage=usage)) as server:
        with pytest.raises(Unfinished) as failed:
            graded(client(server, tmp_path, told, cap=0.03), n=40)
        assert 3 <= len(server.asked) < 8  # a reply of 2,000 tokens costs $0.004
    assert 0.015 < told.spent[-1]["cost"] <= 0.03
    assert "spend cap of $0.03 is reached" in endpoint.explain(failed.value).cause


def test_a_wrong_count_refuses_no_judge_that_is_free(tmp_path: Path) -> None:
    budget = Budget(1.0, spent=8000.0)  # as an earlier version booked it
    with serve(judge()) as server:
        assert not any(v.failed for v in graded(client(server, tmp_path, prices=(0.0, 0.0), budget=budget), n=40))
    assert budget.spent == 8000.0
    meter = Meter("judge", "judge-1", PRICES, Budget(1.0), lambda kind, fields: None)
    meter.settle(meter.reserve((300, 2000)), {"prompt_tokens": 100, "completion_tokens": 1e9}, (300, 2000))
    assert meter.cost == pytest.approx((100 * 1 + 2000 * 2) / 1e6)


@pytest.mark.parametrize("mood", GRADINGS)
def test_a_grading_in_another_form_is_paid_once(tmp_path: Path, mood: str) -> None:
    with serve(judge(always=mood)) as server:
        assert [v.failed for v in graded(client(server, tmp_path), n=2)] == ["", ""]
        assert len(server.asked) == 2


@pytest.mark.parametrize("mood", [*NO_GRADINGS, "garbage", 400])
def test_a_judge_that_is_no_use_is_asked_a_few_times_and_its_reason_told(tmp_path: Path, mood: str | int) -> None:
    with serve(judge(always=mood)) as server:
        with pytest.raises(Unfinished) as failed:
            graded(client(server, tmp_path), n=200)
        assert len(server.asked) <= 20
    fault = endpoint.explain(failed.value)
    assert fault.cause.startswith("the judge grades nothing, so the rest of 200 is not asked; mostly the ")
    assert "--set ROLE=MODEL" in fault.action


def test_a_judge_that_refuses_some_goes_on_to_the_others(tmp_path: Path) -> None:
    with serve(judge(troubles=["refusal"] * 10)) as server:
        verdicts = graded(client(server, tmp_path), n=14)
        assert len(server.asked) == 14
    assert sum(not verdict.failed for verdict in verdicts) == 4


def test_equal_items_are_paid_once_and_share_their_verdict(tmp_path: Path) -> None:
    with serve(judge()) as server:
        items = ["same"] * 18 + ["other", "same"]
        verdicts = grade(client(server, tmp_path), "judge-1", RUBRIC, items)
        assert len(server.asked) == 2
    assert len(verdicts) == 20
    assert not any(verdict.failed for verdict in verdicts)


def test_a_key_follows_no_redirect(tmp_path: Path) -> None:
    with serve(judge(always="redirect")) as server, pytest.raises(Unfinished) as failed:
        graded(client(server, tmp_path), n=40)
    assert "sends on to http://judge.invalid" in endpoint.explain(failed.value).cause
    assert len(server.asked) < 9


def test_no_money_left_is_told_at_once(tmp_path: Path) -> None:
    with serve(judge(always=402)) as server, pytest.raises(Unfinished) as failed:
        graded(client(server, tmp_path), n=40)
    assert "the account has no money left: " in endpoint.explain(failed.value).cause


def test_a_model_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with serve(judge(models={"qwen": None, "llama": None})) as server, pytest.raises(Fault) as failed:
        client(server, tmp_path, model="judge-0")
    assert failed.value.action == "`--set judge=MODEL` names another. It has llama, qwen"
