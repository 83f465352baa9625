"""Every test has a home, a keyring and a terminal environment of its own; nothing of the user's is touched."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.laboratory import laboratory, worker_home

__all__ = ["laboratory", "worker_home"]

TAKEN_AWAY = ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM", "SSH_CONNECTION", "TMUX", "DEEPDIVE_TUTORIALS", "HF_ENDPOINT")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TAKEN_AWAY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEEPDIVE_HOME", str(tmp_path / "deepdive"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(scope="session", autouse=True)
def own_runtime() -> Iterator[None]:
    """A short folder for sockets, one for the whole session: a worker may serve several tests."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    folder = tempfile.mkdtemp(prefix="dd-", dir="/tmp")
    os.environ["XDG_RUNTIME_DIR"] = folder
    yield
    if before is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = before
    shutil.rmtree(folder, ignore_errors=True)
