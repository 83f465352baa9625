"""Keys in a real Secret Service: gnome-keyring, as a desktop has it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.services import SERVICES
from deepdive.engine.keys import finding, system_keyring

from tests.support import secret_service
from tests.support.processes import watched

KEY = "sk-canary-in-the-keyring"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    secret_service.require()
    return tmp_path_factory.mktemp("keyring")


@pytest.fixture
def keyring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with secret_service.running(folder) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for entry in SERVICES.values():
            for variable in entry.variables:
                monkeypatch.delenv(variable, raising=False)
        yield


def tool(*words: str) -> str:
    """What the desktop's own command finds."""
    return subprocess.run(["secret-tool", *words], capture_output=True, text=True, check=False, timeout=20).stdout


@pytest.mark.usefixtures("keyring")
def test_a_key_is_stored_found_and_deleted() -> None:
    assert finding.survey().storable[0] == "keyring"
    finding.put("openai", KEY, "keyring")
    found = finding.survey().found["openai"]
    assert (found.where, found.place, found.last) == ("keyring", "system keyring (SecretService)", "…ring")
    assert finding.find(["openai", "kaggle"]) == {"openai": KEY}
    assert tool("lookup", "service", "deepdive", "username", "openai") == KEY
    finding.delete(found)
    assert finding.survey().found["openai"].where == "none"
    assert tool("lookup", "service", "deepdive", "username", "openai") == ""


@pytest.mark.usefixtures("keyring")
def test_an_exported_key_comes_before_the_stored_one(monkeypatch: pytest.MonkeyPatch) -> None:
    finding.put("openai", KEY, "keyring")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-exported")
    found = finding.survey().found["openai"]
    assert found.where == "environment"
    assert "unset it to use the one in: system keyring" in found.next
    assert finding.find(["openai"]) == {"openai": "sk-exported"}


@pytest.mark.usefixtures("keyring")
def test_deleting_what_is_not_there_is_no_failure() -> None:
    assert system_keyring.ask("delete", ["kaggle"]).works


def test_a_locked_keyring_is_told_within_its_patience_and_nothing_is_stored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secret_service.running(folder) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        finding.put("openai", KEY, "keyring")
    with secret_service.running(folder, unlocked=False) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        began = time.monotonic()
        survey = finding.survey()
        assert time.monotonic() - began < 4
        assert survey.keyring.state in ("locked", "silent")
        assert "keyring" not in survey.storable
        assert finding.find(["openai"]) == {}
        with pytest.raises(Fault, match="nothing was stored") as fault:
            finding.put("openai", "sk-another-canary", "keyring")
        assert "sk-another" not in str(fault.value) + fault.value.detail
        assert "--file" in fault.value.action


def test_a_keyring_that_went_away_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secret_service.running(folder) as environment:
        pass
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", environment["DBUS_SESSION_BUS_ADDRESS"])
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")  # found as on a learner's machine
    answer = system_keyring.ask("get", ["openai"])
    assert (answer.state, answer.says) == ("none", "this machine has no system keyring")


@pytest.mark.usefixtures("keyring")
def test_the_key_is_in_no_argument_and_no_environment_while_it_is_stored() -> None:
    with watched(lambda command: b"keyring_child" in command) as seen:
        finding.put("openai", KEY, "keyring")
    assert seen
    assert not any(KEY.encode() in raw for raw in seen)
