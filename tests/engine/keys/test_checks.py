"""Does a key work, for whom, what may it: the services' own clients against servers on loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.engine.common.services import SERVICES
from deepdive.engine.keys import checks
from deepdive.engine.keys.checks import GATED, JUDGE, Verdict, check
from deepdive.engine.keys.finding import Found
from deepdive.engine.keys.secret import Secret

from tests.support.loopback import kaggle as kaggle_server
from tests.support.loopback.hub import NARROW, STRANGER, TOKEN, Hub
from tests.support.loopback.openai_server import Judge, marks, serve
from tests.support.processes import watched


def asked(name: str, secret: str) -> Verdict:
    return check(Found(SERVICES[name], "session", "", Secret(secret)))


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    with serve(Judge(marks(a="yes"), key="sk-good", models={JUDGE: None, "other": None})) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


def test_an_openai_key_tells_its_models(openai: Judge) -> None:
    verdict = asked("openai", "sk-good")
    assert (verdict.state, verdict.may, verdict.says) == ("works", "2 models", f"{JUDGE} is among them")


def test_the_judges_retirement_is_told(openai: Judge) -> None:
    openai.models[JUDGE] = "2027-01-31"
    assert asked("openai", "sk-good").says == f"{JUDGE} is shut down on 2027-01-31"
    del openai.models[JUDGE]
    assert "not among them" in asked("openai", "sk-good").says


def test_an_openai_key_that_is_refused_is_not_repeated(openai: Judge) -> None:
    verdict = asked("openai", "sk-bad-canary")
    assert verdict.state == "refused"
    assert "canary" not in repr(verdict)
    assert "platform.openai.com/api-keys" in verdict.action


def test_a_check_gives_the_key_to_its_child_over_a_pipe_alone(openai: Judge) -> None:
    openai.seconds = 0.5
    with watched(lambda command: b"engine.keys.checks" in command) as seen:
        assert asked("openai", "sk-good").state == "works"
    assert seen
    assert not any(b"sk-good" in raw for raw in seen)


@pytest.fixture
def online(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return hub


def test_a_hugging_face_token_tells_whose_it_is_and_whether_the_gate_is_open(online: Hub) -> None:
    verdict = asked("huggingface", TOKEN)
    assert (verdict.state, verdict.who, verdict.may) == ("works", "learner", "read token")
    assert verdict.says == f"{GATED} (gated): granted"


def test_a_token_that_was_not_let_in_says_what_to_accept_and_what_else_there_is(online: Hub) -> None:
    verdict = asked("huggingface", STRANGER)
    assert (verdict.state, verdict.who) == ("works", "stranger")
    assert verdict.says == f"{GATED} (gated): not yet granted"
    assert f"huggingface.co/{GATED}" in verdict.action and "Qwen/Qwen2.5-7B" in verdict.action


def test_a_fine_grained_token_without_gated_models_is_told_apart(online: Hub) -> None:
    verdict = asked("huggingface", NARROW)
    assert (verdict.state, verdict.may) == ("works", "fine-grained token")
    assert "this token may read no gated models" in verdict.says
    assert "huggingface.co/settings/tokens" in verdict.action


def test_a_hugging_face_token_that_is_refused_or_can_not_be_asked(online: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked("huggingface", "hf_canary").state == "refused"
    with online.trouble("whoami", status=503):
        assert asked("huggingface", TOKEN).state == "unknown"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set" in asked("huggingface", TOKEN).says


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[kaggle_server.Kaggle]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with kaggle_server.serve(kaggle_server.Kaggle({}), tmp_path) as running:
        for name, value in running.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield running


def test_a_kaggle_token_tells_whose_it_is_and_until_when(kaggle: kaggle_server.Kaggle) -> None:
    verdict = asked("kaggle", kaggle_server.TOKEN)
    assert (verdict.state, verdict.who, verdict.may) == ("works", "learner", "datasets.get")
    assert verdict.says.startswith("until ")


def test_a_kaggle_token_that_has_expired_or_is_none(kaggle: kaggle_server.Kaggle) -> None:
    kaggle.expired = True
    assert asked("kaggle", kaggle_server.TOKEN).state == "expired"
    assert asked("kaggle", "KGAT_canary").state == "refused"


@pytest.mark.parametrize("name", list(SERVICES))
def test_without_a_network_the_key_is_not_called_wrong(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    verdict = asked(name, f"{SERVICES[name].prefix}canary")
    assert verdict.state == "unknown"
    assert verdict.says.startswith(f"{SERVICES[name].title} was not reached")
    assert "canary" not in repr(verdict)


def test_a_service_that_is_silent_is_given_up(openai: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SECONDS", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        began = time.monotonic()
        verdict = asked("openai", "sk-canary")
    assert time.monotonic() - began < 4
    assert verdict.state == "unknown" and "no answer in 1.5 s" in verdict.says
