"""What an earlier step left and what is gone or damaged since is told with the step that makes it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.laboratory import Laboratory


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def cut_off(folder: Path) -> None:
    (folder / "numbers.jsonl").write_text('{"n": 1}\n{"n"')


def no_text(folder: Path) -> None:
    (folder / "numbers.jsonl").write_bytes(b"\xff\xfe")


@pytest.mark.parametrize(
    ("spoil", "says"), [(removed, "left and which is gone"), (cut_off, "can't be read"), (no_text, "can't be read")]
)
def test_what_a_step_needs_and_is_not_whole_is_made_again(
    laboratory: Laboratory, spoil: Callable[[Path], None], says: str
) -> None:
    run = laboratory.run()
    numbers = laboratory.finish(run, "numbers")
    spoil(run.artifacts(numbers.id))
    squares = laboratory.finish(run, "squares")
    assert (squares.step, squares.outcome) == ("squares", "failed")
    assert "numbers.jsonl" in squares.cause and says in squares.cause
    assert squares.action.startswith("Run numbers again")
    laboratory.finish(run, "numbers")
    assert laboratory.finish(run, "squares").outcome == "done"
