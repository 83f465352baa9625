"""The house keeps its shape: imports one way, no circle, small files, rooms that can be looked over."""

from __future__ import annotations

import graphlib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("engine", "tui", "tutorials", "tests", "benchmarks", "docs")
MOST_LINES = 400
MOST_FILES = 12  # in a room of the engine


def files() -> list[Path]:
    return [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py")) if "__pycache__" not in path.parts]


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    long = {
        str(path.relative_to(ROOT)): lines for path in files() if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long


@pytest.mark.parametrize("package", ["deepdive.engine", "deepdive.tui"])
def test_no_imports_go_in_a_circle(package: str) -> None:
    """Those inside of functions and for types count too."""
    graph = grimp.build_graph(package, cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_a_room_of_the_engine_can_be_looked_over() -> None:
    rooms = {path.name: len(list(path.glob("*.py"))) - 1 for path in (ROOT / "engine").iterdir() if path.is_dir()}
    assert {room: count for room, count in rooms.items() if count > MOST_FILES} == {}
