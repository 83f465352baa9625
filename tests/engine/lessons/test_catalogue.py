"""The catalogue reads tutorials as text; a broken one is named with file and line and takes no other down."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.lessons import catalogue

from tests.support.laboratory import TOYS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(TOYS / "toy", tmp_path / "toy")
    shutil.copytree(TOYS / "toy", tmp_path / "other")
    change(tmp_path / "other" / "tutorial.toml", 'id = "toy"', 'id = "other"')
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_all_nine_tutorials_of_the_book_are_listed_in_the_order_of_their_chapters() -> None:
    found = catalogue.load([catalogue.shipped()])
    assert found.problems == ()
    assert [tutorial.chapter for tutorial in found.tutorials] == [2, 3, 3, 4, 5, 6, 7, 8, 9]
    assert found.tutorials[0].ready
    assert all(tutorial.title and tutorial.teaches for tutorial in found.tutorials)


def test_reading_the_catalogue_imports_no_library_that_computes() -> None:
    code = """import sys
from deepdive.engine.lessons import catalogue
assert catalogue.load().tutorials
print([name for name in ("torch", "transformers", "datasets", "numpy") if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_come_from_the_signature_with_bounds_choices_and_the_scale_s_values(root: Path) -> None:
    toy = catalogue.read(root / "toy")
    updates, rate, _ = toy.step("train").settings
    assert (updates.kind, updates.low, updates.high, updates.default) == ("int", 1, 100_000, 100)
    assert rate.kind == "float"
    assert toy.step("squares").settings[0].choices == (2, 3)
    assert toy.defaults(toy.step("train"), "pocket")["updates"] == 30


def test_the_digest_s_source_holds_the_helpers_that_a_step_uses_and_no_comment(root: Path) -> None:
    train = catalogue.read(root / "toy").step("train").function
    assert "def tiny" in train.closure
    assert "WIDTH = 16" in train.closure
    assert "def numbers" not in train.closure
    assert train.source.startswith("def train(")
    before = train.closure
    change(root / "toy" / "steps.py", "WIDTH = 16", "WIDTH = 16  # tokens")
    assert catalogue.read(root / "toy").step("train").function.closure == before
    change(root / "toy" / "steps.py", "WIDTH = 16", "WIDTH = 8")
    assert catalogue.read(root / "toy").step("train").function.closure != before


BREAKS = [
    ("tutorial.toml", "chapter = 1", "chapter = ", "TOML"),
    ("tutorial.toml", 'title = "A toy for tests"', "", "`title` is missing"),
    ("tutorial.toml", "chapter = 1", 'chapter = "one"', "chapter: expected `int`, got `str`"),
    ("tutorial.toml", 'id = "squares"', 'id = "cubes"', "no @step function cubes"),
    ("tutorial.toml", 'numbers = "numbers:numbers.jsonl"', 'numbers = "later"', "no step before it"),
    ("tutorial.toml", "updates = 30", "updates = 0", "out of range"),
    ("tutorial.toml", "updates = 30", "upgrades = 30", "no setting upgrades"),
    ("tutorial.toml", "total == 14", "total = 14", "claim"),
    ("tutorial.toml", "total == 14", "__import__('os')", "claim"),
    ("tutorial.toml", "seconds = { pocket = 1 }", "secs = 1", "there is no `secs`; there is id"),
    ("steps.py", "def numbers(lab: Lab,", "def numbers(lab: Lab", "steps.py"),
    ("steps.py", "count: Annotated[int, Range(1, 100)] = 3", "count: int", "needs a type and a default"),
    ("steps.py", "Range(1, 100)] = 3", "Range(1, 100)] = 300", "default of count is not allowed"),
    ("pages/01-numbers.md", "# One page", "One page", "must begin with"),
    ("pages/01-numbers.md", "{{step numbers}}", "{{step nonsense}}", "names the step 'nonsense'"),
    ("pages/01-numbers.md", "There are", "{{step squares}}", "at most one"),
    ("pages/01-numbers.md", "There are", "{{figure mean(k=}} and", "can't be read"),
    ("pages/01-numbers.md", "There are", "{{held Pigs fly: so | or not}}", "no claim begins with 'Pigs fly'"),
    ("book.csv", "squares,total", "nothing,total", "there is no step 'nothing'"),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), BREAKS, ids=[b[3] for b in BREAKS])
def test_a_broken_tutorial_is_a_problem_with_file_and_line_and_the_others_are_read(
    root: Path, file: str, old: str, new: str, says: str
) -> None:
    change(root / "other" / file, old, new)
    found = catalogue.load([root])
    assert [tutorial.id for tutorial in found.tutorials] == ["toy"]
    (problem,) = found.problems
    assert problem.path == root / "other" / file
    assert problem.line >= 1
    assert says in str(problem)


def test_the_problem_s_line_is_the_one_that_is_wrong(root: Path) -> None:
    change(root / "other" / "tutorial.toml", "updates = 30", "updates = 0")
    text = (root / "other" / "tutorial.toml").read_text().split("\n")
    (problem,) = catalogue.load([root]).problems
    assert text[problem.line - 1] == "updates = 0"


def test_find_names_the_tutorials_that_there_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_TUTORIALS", str(root))
    assert catalogue.find("toy").title == "A toy for tests"
    with pytest.raises(Refusal, match="no tutorial 'nonsense'") as refused:
        catalogue.find("nonsense")
    assert "toy" in refused.value.allowed
    change(root / "other" / "tutorial.toml", "chapter = 1", "chapter = ")
    with pytest.raises(Fault, match=r"tutorial\.toml"):
        catalogue.find("other")
