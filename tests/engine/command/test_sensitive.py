"""What a step is sensitive about is told first by the command and in plain mode; the interface has its own test."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from deepdive.engine.command.plain import read_aloud

from tests.engine.command.test_main import deepdive
from tests.support.laboratory import TOYS, Laboratory


def test_the_command_announces_a_sensitive_step_before_anything_of_it(laboratory: Laboratory) -> None:
    done = deepdive("run", "toy", "alone", "numbers")
    lines = done.stdout.splitlines()
    assert "! alone: This step shows what others left." in lines[:2]
    assert done.stdout.count("This step shows") == 1


def test_plain_mode_announces_it_before_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, laboratory: Laboratory
) -> None:
    shutil.copytree(TOYS / "toy", tmp_path / "toy")
    (tmp_path / "toy" / "pages" / "04-alone.md").write_text("# Alone\n\nA page about it.\n\n{{step alone}}\n")
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", str(tmp_path))
    out = io.StringIO()
    assert read_aloud("toy", out) == 0
    text = out.getvalue()
    assert text.index("! This step shows what others left.") < text.index("A page about it.")
    assert text.count("! This step shows") == 1
