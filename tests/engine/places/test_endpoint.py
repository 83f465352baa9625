"""Clients of an OpenAI-compatible server: metered, capped, never paid twice. The server is real and on loopback."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path
from typing import Any

import openai
import pytest
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.methods.judging import Local, Unfinished, Verdict, grade
from deepdive.engine.places import endpoint
from deepdive.engine.places.meter import Budget, CapReached
from deepdive.engine.places.places import Endpoint

from tests.support.loopback.openai_server import Judge, marks, serve

RUBRIC = {"customer": "Is the complaint right?", "agent": "Is the advice right?"}
PRICES = (1.0, 2.0)  # dollars for a million tokens


class Told:
    def __init__(self) -> None:
        self.spent: list[dict[str, Any]] = []
        self.notes: list[str] = []

    def __call__(self, kind: str, fields: dict[str, Any]) -> None:
        assert kind in ("spend", "note")
        self.spent.append(fields) if kind == "spend" else self.notes.append(fields["text"])


def judge(**options: Any) -> Judge:
    return Judge(marks(customer="yes", agent="partly"), **options)


def client(server: Judge, folder: Path, told: Told | None = None, **options: Any) -> endpoint.Client:
    fields = {name: options.pop(name) for name in ("secret", "local_role") if name in options}
    place = Endpoint(
        server.url,
        options.pop("model", "judge-1"),
        fields.get("secret", "openai"),
        options.pop("prices", PRICES),
        fields.get("local_role", False),
    )
    key = options.pop("key", server.key)
    if "cap" in options:
        options["budget"] = Budget(options.pop("cap"), options.pop("chosen", True), options.pop("spent", 0.0))
    return endpoint.client(place, "judge", key, folder, told or Told(), **options)


def graded(client: openai.OpenAI, n: int = 6, model: str = "judge-1") -> list[Verdict]:
    return grade(client, model, RUBRIC, [f"dialogue {i}" for i in range(n)])


def test_verdicts_have_scores_reasons_judge_and_day_and_the_meter_counts_what_the_server_counted(
    tmp_path: Path,
) -> None:
    told = Told()
    with serve(judge()) as server:
        verdicts = graded(client(server, tmp_path, told))
    assert [v.scores for v in verdicts] == [{"customer": 1.0, "agent": 0.5}] * 6
    assert verdicts[0].reasons["agent"] == "because of agent"
    assert (verdicts[0].judge, verdicts[0].date) == ("judge-1", "2026-11-18")
    last = told.spent[-1]
    assert (last["calls"], last["tokens"]) == (6, 720)
    assert last["cost"] == pytest.approx(6 * (100 * 1.0 + 20 * 2.0) / 1e6)


def test_grading_that_stopped_half_way_goes_on_without_paying_twice(tmp_path: Path) -> None:
    with serve(judge()) as server:
        graded(client(server, tmp_path), n=4)
        told = Told()
        verdicts = graded(client(server, tmp_path, told), n=6)
        assert len(server.asked) == 6
    assert told.spent[-1]["calls"] == 2
    assert all(not verdict.failed for verdict in verdicts)


def test_a_reply_that_is_torn_by_a_kill_is_asked_for_again(tmp_path: Path) -> None:
    with serve(judge()) as server:
        graded(client(server, tmp_path), n=1)
        (kept,) = tmp_path.glob("*.json")
        kept.rename(kept.with_suffix(".part"))
        assert not graded(client(server, tmp_path), n=1)[0].failed
        assert len(server.asked) == 2


@pytest.mark.parametrize("trouble", [429, 500, 503])
def test_a_passing_trouble_is_waited_for(tmp_path: Path, trouble: int) -> None:
    with serve(judge(troubles=[trouble] * 2)) as server:
        told = Told()
        verdicts = graded(client(server, tmp_path, told), n=1)
        assert len(server.asked) == 3
    assert not verdicts[0].failed
    assert told.spent[-1]["calls"] == 1


def test_the_time_that_a_rate_limit_names_is_waited_for(tmp_path: Path) -> None:
    with serve(judge(troubles=[429], retry_after=1.3)) as server:
        assert not graded(client(server, tmp_path), n=1)[0].failed
        first, second = server.times
    assert 1.3 <= second - first < 4


def test_between_tries_the_client_backs_off(tmp_path: Path) -> None:
    with serve(judge(troubles=[503] * 3, retry_after=0)) as server:
        assert not graded(client(server, tmp_path), n=1)[0].failed
        waits = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert waits[0] < waits[1] < waits[2]


def test_garbage_is_asked_again_and_then_fails_that_item_only(tmp_path: Path) -> None:
    with serve(judge(troubles=["garbage"])) as server:
        assert not graded(client(server, tmp_path / "once"), n=1)[0].failed
        server.troubles[:] = ["garbage", "empty"]
        told = Told()
        (verdict,) = graded(client(server, tmp_path / "twice", told), n=1)
    assert verdict.failed == "the judge's answer is empty"
    assert told.spent[-1]["calls"] == 2  # garbage is paid for too


@pytest.mark.parametrize("troubles", [["garbage", "garbage"], ["refusal"], ["no json", "no json"]])
def test_what_was_no_grading_is_asked_anew_when_grading_goes_on(tmp_path: Path, troubles: list[int | str]) -> None:
    with serve(judge()) as server:
        graded(client(server, tmp_path), n=4)
        server.troubles[:] = troubles
        verdicts = graded(client(server, tmp_path), n=5)
        assert [bool(verdict.failed) for verdict in verdicts] == [False] * 4 + [True]
        asked = len(server.asked)
        assert all(not verdict.failed for verdict in graded(client(server, tmp_path), n=5))
        assert len(server.asked) == asked + 1


def test_a_proxy_page_instead_of_json_fails_the_item_with_its_reason(tmp_path: Path) -> None:
    with serve(judge(troubles=["no json"] * 20)) as server:
        (verdict,) = graded(client(server, tmp_path), n=1)
    assert "a web page" in verdict.failed


def test_a_refusal_is_told_in_the_judges_words(tmp_path: Path) -> None:
    with serve(judge(troubles=["refusal"])) as server:
        (verdict,) = graded(client(server, tmp_path), n=1)
    assert verdict.failed == "the judge refused: I can't grade this."


def test_a_model_that_takes_no_temperature_is_asked_without(tmp_path: Path) -> None:
    with serve(judge(troubles=["temperature"])) as server:
        assert not graded(client(server, tmp_path), n=1)[0].failed
        assert "temperature" not in server.asked[-1]
        assert "response_format" in server.asked[-1]


@pytest.mark.parametrize(
    ("trouble", "says"),
    [("key", "does not accept the key"), ("quota", "no money left"), ("cap", "spend cap"), (503, "trouble 503")],
)
def test_what_is_hopeless_for_all_ends_the_asking_and_says_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: int | str, says: str
) -> None:
    monkeypatch.setattr(endpoint, "RETRIES", 1)
    with serve(judge()) as server:
        graded(client(server, tmp_path), n=3)
        server.keys.clear()
        server.troubles[:] = [trouble] * 99 if trouble in ("quota", 503) else []
        key = "sk-wrong" if trouble == "key" else server.key
        budget = {"cap": 0.001} if trouble == "cap" else {}
        with pytest.raises(openai.OpenAIError) as failed:
            graded(client(server, tmp_path, key=key, **budget), n=40)
        assert len(server.keys) < 20
    fault = endpoint.explain(failed.value)
    assert says in fault.cause
    # the three that are kept are read beside the ones that fail: the first failure may come before the last of them
    assert trouble == "cap" or re.match("[123] of 40 are graded; ", fault.cause)
    assert fault.action


def test_a_server_that_is_away_ends_the_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "RETRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = judge(url=f"http://127.0.0.1:{port}/v1")
    with pytest.raises(Unfinished) as failed:
        graded(client(away, tmp_path), n=40)
    assert "was not reached" in endpoint.explain(failed.value).cause


def test_a_judge_that_is_silent_is_given_up_and_what_it_may_have_cost_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "RETRIES", 0)
    monkeypatch.setattr(endpoint, "TIMEOUT_SECONDS", 0.3)
    told = Told()
    began = time.monotonic()
    with serve(judge(troubles=["silent"])) as server:
        verdicts = graded(client(server, tmp_path, told), n=6)
    assert sorted(bool(verdict.failed) for verdict in verdicts) == [False] * 5 + [True]
    assert time.monotonic() - began < 10
    assert told.spent[-1]["calls"] == 6
    assert told.spent[-1]["tokens"] > 5 * 120 + 2000


def test_a_model_that_is_gone_is_known_before_anything_is_asked(tmp_path: Path) -> None:
    with serve(judge()) as server, pytest.raises(Fault, match="has no model judge-0") as failed:
        client(server, tmp_path, model="judge-0")
    assert "--set judge=MODEL" in failed.value.action
    assert server.asked == []


def test_the_cap_is_never_exceeded_with_several_calls_at_once(tmp_path: Path) -> None:
    told = Told()
    cap = 0.05  # the estimate for 40 calls, with 120 tokens a reply, lies below it; the replies are 15 times as long
    with serve(judge(usage=(300, 1900), seconds=0.02)) as server:
        with pytest.raises(Unfinished) as failed:
            graded(client(server, tmp_path, told, cap=cap), n=40)
        assert 0 < len(server.asked) < 40
    assert told.spent[-1]["cost"] <= cap
    assert "spend cap" in endpoint.explain(failed.value).cause


def test_what_the_run_has_spent_before_counts(tmp_path: Path) -> None:
    with serve(judge()) as server, pytest.raises(CapReached):
        graded(client(server, tmp_path, cap=1.0, spent=0.999), n=40)
    assert server.asked == []


def test_what_is_planned_is_estimated_before_the_first_call_and_refused_over_the_cap(tmp_path: Path) -> None:
    told = Told()
    with serve(judge()) as server:
        with pytest.raises(CapReached, match="150 calls to judge-1 cost about"):
            graded(client(server, tmp_path, told, cap=0.01), n=150)
        assert server.asked == []
    assert told.spent[0]["calls"] == 0
    assert told.spent[0]["estimate"] > 0.01


def test_the_estimate_counts_only_what_is_not_kept_and_comes_true(tmp_path: Path) -> None:
    told = Told()
    with serve(judge()) as server:
        graded(client(server, tmp_path), n=90)
        graded(client(server, tmp_path, told), n=100)
        fresh = Told()
        graded(client(server, tmp_path / "fresh", fresh), n=100)
    first, last = told.spent[0], told.spent[-1]
    assert first["estimate"] == pytest.approx(fresh.spent[0]["estimate"] / 10, rel=0.1)
    assert last["estimate"] == pytest.approx(last["cost"])


def test_a_cap_without_known_prices_is_refused_with_the_way_to_tell_them(tmp_path: Path) -> None:
    with serve(judge()) as server, pytest.raises(Refusal, match="prices of judge-1 are not known") as refused:
        client(server, tmp_path, prices=(), cap=1.0)
    assert "prices=" in refused.value.allowed


def test_the_default_cap_does_not_stand_in_the_way_where_prices_are_not_known(tmp_path: Path) -> None:
    told = Told()
    with serve(judge()) as server:
        assert not graded(client(server, tmp_path, told, prices=(), cap=0.0, chosen=False), n=1)[0].failed
    assert told.spent[-1]["cap"] is None


def by_program(item: str) -> dict[str, tuple[str, str]]:
    assert item.startswith("dialogue")
    return dict.fromkeys(RUBRIC, ("no", "by program"))


@pytest.mark.parametrize("role", ["no key", "local"])
def test_the_local_judge_answers_without_a_key_is_named_so_and_shows_its_criteria(tmp_path: Path, role: str) -> None:
    told = Told()
    with serve(judge()) as server:
        key = {"key": None} if role == "no key" else {"local_role": True}
        local = Local(by_program, {"customer": "never", "agent": "never"})
        verdicts = graded(client(server, tmp_path, told, local=local, **key), n=3)
        assert server.keys == []
    assert [verdict.scores for verdict in verdicts] == [{"customer": 0.0, "agent": 0.0}] * 3
    assert {verdict.judge for verdict in verdicts} == {"local judge"}
    assert "a program and no model" in told.notes[0]
    assert "Its criteria: customer: never; agent: never." in told.notes[0]
    assert ("no key for judge-1" in told.notes[0]) == (role == "no key")
    assert not list(tmp_path.iterdir())  # kept replies would outlive a change of the program


def test_a_local_judge_that_raises_is_a_fault_with_its_own_words(tmp_path: Path) -> None:
    def broken(item: str) -> dict[str, tuple[str, str]]:
        raise KeyError("no such dialogue")

    with serve(judge()) as server:
        asking = client(server, tmp_path, key=None, local=Local(broken, {}))
        with pytest.raises(Unfinished) as failed:
            graded(asking, n=3)
    fault = endpoint.explain(failed.value)
    assert "no such dialogue" in fault.cause
    assert "in broken" in fault.detail


def test_without_a_key_and_without_a_local_judge_the_way_to_one_is_named(tmp_path: Path) -> None:
    with serve(judge()) as server, pytest.raises(Fault, match="needs a key for judge-1") as failed:
        client(server, tmp_path, key=None)
    assert "deepdive keys set openai" in failed.value.action


def test_a_server_of_ones_own_needs_no_key(tmp_path: Path) -> None:
    with serve(judge(key="none")) as server:
        assert not graded(client(server, tmp_path, secret="", key=None), n=1)[0].failed


def test_a_key_goes_over_no_open_line(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not sent over http"):
        client(judge(url="http://judge.example/v1"), tmp_path)


def test_the_date_of_a_models_retirement_is_told_where_the_server_tells_it(tmp_path: Path) -> None:
    told = Told()
    with serve(judge(models={"judge-1": "2026-12-31", "judge-2": None})) as server:
        asking = client(server, tmp_path, told)
        assert told.notes == ["judge-1 is to be shut down on 2026-12-31."]
        assert endpoint.retirement(asking, "judge-2") is None
        with pytest.raises(openai.NotFoundError):
            endpoint.retirement(asking, "judge-0")


def test_a_server_without_a_list_of_models_is_asked_all_the_same(tmp_path: Path) -> None:
    told = Told()
    with serve(judge(lists=False)) as server:
        assert not graded(client(server, tmp_path, told), n=1)[0].failed
    assert told.notes == []


def test_the_key_stands_in_no_kept_reply(tmp_path: Path) -> None:
    with serve(judge(troubles=["echo"])) as server:
        graded(client(server, tmp_path), n=2)
        kept = [file.read_text() for file in tmp_path.iterdir()]
    assert len(kept) == 2
    assert sum("you sent ***" in text for text in kept) == 1
    assert all(server.key not in text for text in kept)


def test_a_proxy_that_the_environment_names_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(judge()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        away = judge(url="http://judge.invalid/v1")
        asking = client(away, tmp_path, secret="", key=None)
        with pytest.raises(Unfinished):
            graded(asking, n=1)
        assert proxy.keys  # it came to the proxy, which knows no such key
