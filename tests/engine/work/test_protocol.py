"""What a worker is started with, and which workers can stand in for each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.common import child, services
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.work import protocol


def test_a_worker_s_environment_has_no_secret_and_absolute_tutorial_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in services.VARIABLES:
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", "mine:/yours")
    environment = child.environment()
    assert "canary" not in environment.values()
    assert environment["DEEPDIVE_TUTORIALS"] == f"{Path.cwd() / 'mine'}:/yours"


def test_a_worker_s_environment_has_absolute_folders_and_nothing_that_libraries_fail_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in child.FOLDERS:
        monkeypatch.setenv(name, "mine")
    for name in child.UNFIT:
        monkeypatch.setenv(name, "2")
    environment = child.environment()
    assert {environment[name] for name in child.FOLDERS} == {str(Path.cwd() / "mine")}
    assert not environment.keys() & set(child.UNFIT)


@pytest.mark.parametrize("said", ["abc", "-1", "0", "nan", "inf", "1e9"])
def test_idle_minutes_that_are_none_are_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_IDLE_MINUTES", said)
    with pytest.raises(Refusal, match="is no number of minutes"):
        protocol.idle_seconds()


def test_another_home_or_hub_is_another_family(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = protocol.family(tmp_path)
    assert protocol.family(tmp_path) == before
    assert protocol.family(tmp_path / "other")[0] != before[0]
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert protocol.family(tmp_path)[0] == before[0]
    assert protocol.family(tmp_path)[1] != before[1]


def test_a_socket_s_path_is_short_enough_for_the_kernel(tmp_path: Path) -> None:
    assert len(str(protocol.new_socket(tmp_path)).encode()) <= 107


@pytest.mark.parametrize("fault", [Fault("it broke", "mend it", "how"), Refusal("size", "too large", "1 … 3")])
def test_a_fault_travels_as_it_is(fault: Fault) -> None:
    back = protocol.raised(protocol.told(fault))
    assert type(back) is type(fault)
    assert str(back) == str(fault)
