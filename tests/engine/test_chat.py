"""Clients of an OpenAI-compatible server: metered, capped, never paid twice. The server is real and on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest
from deepdive.engine import chat
from deepdive.engine.methods.judging import Verdict, grade
from deepdive.engine.resources import Endpoint

from tests.loopback.openai_server import Judge, marks, serve

RUBRIC = {"customer": "Is the complaint right?", "agent": "Is the advice right?"}
PRICES = (1.0, 2.0)  # dollars for a million tokens


class Told:
    def __init__(self) -> None:
        self.spent: list[dict[str, Any]] = []

    def __call__(self, kind: str, fields: dict[str, Any]) -> None:
        assert kind == "spend"
        self.spent.append(fields)


def judge(**options: Any) -> Judge:
    return Judge(marks(customer="yes", agent="partly"), **options)


def client(server: Judge, folder: Path, told: Told | None = None, **options: Any) -> openai.OpenAI:
    place = Endpoint(server.url, "judge-1", "openai", options.pop("prices", PRICES))
    key = options.pop("key", server.key)
    return chat.client(place, "judge", key, folder, told or Told(), **options)


def graded(client: openai.OpenAI, n: int = 6, model: str = "judge-1") -> list[Verdict]:
    return grade(client, model, RUBRIC, [f"dialogue {i}" for i in range(n)])


def test_verdicts_have_scores_and_reasons_and_the_meter_counts_what_the_server_counted(tmp_path: Path) -> None:
    told = Told()
    with serve(judge()) as server:
        verdicts = graded(client(server, tmp_path, told))
    assert [v.scores for v in verdicts] == [{"customer": 1.0, "agent": 0.5}] * 6
    assert verdicts[0].reasons["agent"] == "because of agent"
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


def test_garbage_is_asked_again_and_then_fails_that_item_only(tmp_path: Path) -> None:
    with serve(judge(troubles=["garbage"])) as server:
        assert not graded(client(server, tmp_path / "once"), n=1)[0].failed
        server.troubles[:] = ["garbage", "garbage"]
        told = Told()
        (verdict,) = graded(client(server, tmp_path / "twice", told), n=1)
    assert verdict.failed == "the judge's answer was not in the form asked for, 2 times"
    assert told.spent[-1]["calls"] == 2  # garbage is paid for too


def test_a_proxy_page_instead_of_json_fails_the_item_with_its_reason(tmp_path: Path) -> None:
    with serve(judge(troubles=["no json"] * 20)) as server:
        (verdict,) = graded(client(server, tmp_path), n=1)
    assert verdict.failed


def test_a_refusal_is_told_in_the_judges_words(tmp_path: Path) -> None:
    with serve(judge(troubles=["refusal"])) as server:
        (verdict,) = graded(client(server, tmp_path), n=1)
    assert verdict.failed == "the judge refused: I can't grade this."


@pytest.mark.parametrize("hopeless", ["key", "model"])
def test_what_is_hopeless_for_all_ends_the_asking_and_every_item_has_its_reason(tmp_path: Path, hopeless: str) -> None:
    with serve(judge()) as server:
        wrong = client(server, tmp_path, key="sk-wrong" if hopeless == "key" else server.key)
        verdicts = graded(wrong, n=40, model="judge-0" if hopeless == "model" else "judge-1")
        assert len(server.keys) < 20
    says = "Incorrect API key" if hopeless == "key" else "does not exist"
    assert len(verdicts) == 40
    assert all(says in verdict.failed for verdict in verdicts)


def test_the_cap_is_never_exceeded_with_several_calls_at_once(tmp_path: Path) -> None:
    told = Told()
    most = 1e-3 * 8
    with serve(judge(usage=(300, 590), seconds=0.02)) as server:
        verdicts = graded(client(server, tmp_path, told, cap=most), n=40)
        paid = sum(not verdict.failed for verdict in verdicts)
        assert 0 < paid == len(server.asked) < 40
    assert told.spent[-1]["cost"] <= most
    assert all("spend cap" in verdict.failed for verdict in verdicts if verdict.failed)


def test_what_is_planned_is_estimated_before_the_first_call_and_refused_over_the_cap(tmp_path: Path) -> None:
    told = Told()
    with serve(judge()) as server:
        verdicts = graded(client(server, tmp_path, told, cap=0.01, planned=150), n=10)
        assert server.asked == []
    assert told.spent[0]["calls"] == 0
    assert told.spent[0]["estimate"] > 0.01
    assert all("150 calls to judge-1 cost at most" in verdict.failed for verdict in verdicts)


def test_a_cap_without_known_prices_is_refused(tmp_path: Path) -> None:
    with serve(judge()) as server, pytest.raises(ValueError, match="prices of judge-1 are not known"):
        client(server, tmp_path, prices=(), cap=1.0)


def test_without_a_key_the_local_judge_answers_and_is_named_so(tmp_path: Path) -> None:
    def local(messages: list[dict[str, Any]]) -> dict[str, Any]:
        assert messages[-1]["content"].startswith("dialogue")
        return {name: {"reason": "by program", "mark": "no"} for name in RUBRIC}

    with serve(judge()) as server:
        answering = client(server, tmp_path, key=None, offline=local)
        verdicts = graded(answering, n=3)
        assert server.asked == []
        reply = answering.chat.completions.create(
            model="judge-1", messages=[{"role": "user", "content": "dialogue"}], max_completion_tokens=5
        )
    assert [verdict.scores for verdict in verdicts] == [{"customer": 0.0, "agent": 0.0}] * 3
    assert reply.model == "local judge"


def test_the_date_of_a_models_retirement_is_told_where_the_server_tells_it(tmp_path: Path) -> None:
    with serve(judge(models={"judge-1": "2026-12-31", "judge-2": None})) as server:
        asking = client(server, tmp_path)
        assert chat.retirement(asking, "judge-1") == "2026-12-31"
        assert chat.retirement(asking, "judge-2") is None
        with pytest.raises(openai.NotFoundError):
            chat.retirement(asking, "judge-0")


def test_the_key_stands_in_no_kept_reply(tmp_path: Path) -> None:
    with serve(judge()) as server:
        graded(client(server, tmp_path))
        assert all(server.key not in file.read_text() for file in tmp_path.iterdir())
