"""The command as a person runs it, and a hub on loopback for its book scale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.loopback.fixtures import hub

__all__ = ["hub"]
PATIENCE = 400  # seconds for one command: a whole lesson on a busy machine


@dataclass
class Command:
    """`deepdive` with a home, a runtime folder and a cache of its own."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    runtime: str = field(default_factory=lambda: tempfile.mkdtemp(prefix="dd-", dir="/tmp"))

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        own = {
            "DEEPDIVE_HOME": str(self.home / "home"),
            "XDG_RUNTIME_DIR": self.runtime,
            "HF_HOME": str(self.home / "hf"),
        }
        return subprocess.run(
            [sys.executable, "-m", "deepdive.tui", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**clean, **self.environment, **environment, **own},
            check=False,
        )

    def lines(self, *words: str) -> list[dict[str, Any]]:
        """What a command that ends with 0 prints under --json."""
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def close(self) -> None:
        shutil.rmtree(self.runtime)  # a worker without its socket ends by itself


@pytest.fixture
def deepdive(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    command.close()
