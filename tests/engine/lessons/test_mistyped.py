"""Whatever stands in a tutorial's files: it is read, or it is a problem with file and line, and no other is hidden."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.roles import roles_of
from deepdive.engine.results.measured import results
from deepdive.engine.runs.plan import orders
from deepdive.engine.runs.view import RunView

from tests.support.fake import LESSONS
from tests.support.laboratory import TOYS

MORE = """
[[fit]]
name = "all weights"
step = "pretrain"
role = "masked_lm"
scales = ["book"]
batch = 8
[architecture."google-bert/bert-base-uncased"]
model_type = "bert"
architectures = ["BertForMaskedLM"]
[[claim]]
step = "pretrain"
text = "It holds at every k"
holds = "last(training_loss) < k"
each = { k = [1, 2] }
seeds = { least = 3, on = "mean" }
scale = "pocket"
[[prediction]]
id = "P2"
step = "pretrain"
ask = "Which is lower?"
kind = "order"
choices = ["last(training_loss)", "last(validation_loss)"]
"""
OTHERS = (-1, 10**30, math.nan, "banana", True, ["a"], [[]], {"a": 1})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(LESSONS / "little", tmp_path / "little")
    shutil.copytree(TOYS / "toy", tmp_path / "toy")
    with (tmp_path / "little" / "tutorial.toml").open("a") as file:
        file.write(MORE)
    return tmp_path


def changed(value: Any) -> Iterator[Any]:
    """`value` with any one part of it replaced by something else, or left out."""
    yield from OTHERS
    parts = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, inner in parts:
        without = value.copy()
        del without[key]
        yield without
        for other in changed(inner):
            copy = value.copy()
            copy[key] = other
            yield copy


def written(value: Any) -> str:
    """As TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value) if isinstance(value, float) else json.dumps(value)


def used(found: catalogue.Catalogue) -> None:
    """What the readers of a lesson do with it."""
    for tutorial in found.tutorials:
        hash(repr(tutorial))
        for scale in tutorial.scales:
            results(tutorial, scale, RunView())
            orders(tutorial, scale, RunView(), [step.id for step in tutorial.steps if step.at(scale)])
            for step in tutorial.steps:
                assert all(role.allowed for role in roles_of(tutorial, scale, step))


def test_every_value_of_another_type_is_read_or_is_a_problem_with_its_line(root: Path) -> None:
    file = root / "little" / "tutorial.toml"
    table = tomllib.loads(file.read_text())
    shutil.rmtree(root / "toy")
    cases = 0
    for part, value in table.items():
        for other in changed(value):
            lines = [f"{key} = {written(inner)}" for key, inner in {**table, part: other}.items()]
            file.write_text("\n".join(lines))
            found = catalogue.load([root])
            assert len(found.tutorials) + len(found.problems) == 1, lines
            assert all(file.parent in problem.path.parents for problem in found.problems), found.problems
            assert not any("Error" in problem.what for problem in found.problems), found.problems
            used(found)
            cases += 1
    assert cases > 600


@pytest.mark.parametrize(
    ("near", "old", "new", "says"),
    [
        ("seeds = 5", 'seeds = { least = 3, on = "mean" }', "seeds = 5", "every k: seeds: expected a table"),
        ("each = 3", "each = { k = [1, 2] }", "each = 3", "each: expected a table"),
        ('needs = ["a"]', 'needs = { articles = "articles" }', 'needs = ["a"]', "step blocks: needs: expected a table"),
        ('masked_lm = "x"', 'masked_lm = { pocket = "models/bert" }', 'masked_lm = "x"', "masked_lm: expected a table"),
        ("a = 3", "[scales.pocket.pretrain]", "[scales.pocket]\na = 3\n[scales.pocket.pretrain]", "expected a table"),
        ("seconds = 5", "seconds = { pocket = 65 }", "seconds = 5", "step pretrain: seconds: expected a table"),
        ('kind = "banana"', 'kind = "number"', 'kind = "banana"', "prediction P1: kind: it can't be 'banana'"),
        ('scale = "poket"', 'scale = "pocket"', 'scale = "poket"', "there is no scale poket; there is pocket, book"),
        ('id = "../x"', 'id = "little"', 'id = "../x"', "id: expected"),
        ('id = "P1"', 'id = "P2"', 'id = "P1"', "two predictions are named P1"),
    ],
)  # fmt: skip
def test_the_problem_names_the_entry_the_key_and_the_line(root: Path, near: str, old: str, new: str, says: str) -> None:
    file = root / "little" / "tutorial.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    (problem,) = catalogue.load([root]).problems
    assert says in problem.what
    assert file.read_text().split("\n")[problem.line - 1].startswith(near.split(" ")[0])


@pytest.mark.parametrize("name", ["tutorial.toml", "steps.py", "book.csv", "pages/01-two-ways.md", "moved.json"])
@pytest.mark.parametrize("made", ["pipe", "folder", "zeros", "nothing", "latin", "link", "deep"])
def test_a_file_that_is_no_text_is_a_problem_at_once(root: Path, name: str, made: str) -> None:
    path = root / "little" / name
    path.unlink(missing_ok=True)
    match made:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to("/dev/zero")
        case "zeros":
            path.write_bytes(bytes(1000))
        case "latin":
            path.write_bytes("id = 'é'".encode("latin-1"))
        case "deep":
            path.write_text("[" * 100_000)
        case _:
            path.write_bytes(b"")
    began = time.monotonic()
    found = catalogue.load([root])
    assert time.monotonic() - began < 2.0
    assert len(found.tutorials) + len(found.problems) == 2
    if made != "nothing":
        (problem,) = found.problems
        assert problem.path in (path, root / "little" / "tutorial.toml")


def test_a_byte_order_mark_is_read_as_meant(root: Path) -> None:
    for name in ("tutorial.toml", "steps.py", "book.csv", "pages/01-two-ways.md"):
        path = root / "little" / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert not catalogue.load([root]).problems


def test_a_claim_of_ten_million_cases_is_refused_at_once(root: Path) -> None:
    file = root / "little" / "tutorial.toml"
    many = ", ".join(f"{name} = {list(range(100))}" for name in "kxyz")
    file.write_text(file.read_text().replace("each = { k = [1, 2] }", f"each = {{ {many} }}"))
    began = time.monotonic()
    (problem,) = catalogue.load([root]).problems
    assert "more than 1,000 cases" in problem.what
    assert time.monotonic() - began < 1.0
