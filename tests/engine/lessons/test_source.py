"""What a step uses is followed through the tutorial's own files and engine/methods, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.lessons.source import Broken, Definition, Library, closure, texts
from deepdive.engine.work.process import load_steps

WHOLE = '''
"""A lesson in one file."""
import math
from collections import Counter, deque

from deepdive.engine.lab import Lab, step
from deepdive.engine.methods.generation import continuation

WIDTH = 16
UNUSED = 3


def double(number: int) -> int:
    """Twice."""
    return 2 * number  # a comment


@step
def measure(lab: Lab, size: int = WIDTH):
    """Measure."""
    lab.measure("size", double(size) + math.floor(0.5) + len(Counter()), role=lab.model("causal_lm"))


@step
def write(lab: Lab):
    """Write."""
    return continuation, UNUSED
'''
INIT = "from .measuring import measure\nfrom .writing import write\n"
MEASURING = '''
import math
from collections import Counter

from deepdive.engine.lab import Lab, step

from .shared import WIDTH, double as double


@step
def measure(lab: Lab, size: int = WIDTH):
    """Measure, told in other words.

    size: how large
    """
    lab.measure(
        "size", double(size) + math.floor(0.5) + len(Counter()), role=lab.model("causal_lm")
    )
'''
SHARED = "WIDTH = 16\n\n\ndef double(number):\n    return 2 * number\n"
WRITING = """
from deepdive.engine.lab import Lab, step
from deepdive.engine.methods.generation import continuation

UNUSED = 3


@step
def write(lab: Lab):
    return continuation, UNUSED
"""


def one_file(folder: Path, text: str = WHOLE) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "steps.py").write_text(text)
    return folder


def divided(folder: Path, **changes: str) -> Path:
    files = {"__init__": INIT, "measuring": MEASURING, "shared": SHARED, "writing": WRITING, **changes}
    (folder / "steps").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "steps" / f"{name}.py").write_text(text)
    return folder


def covers(folder: Path, name: str) -> str:
    found = Library(folder).steps.find(name)
    assert isinstance(found, Definition)
    return closure(found)


@pytest.mark.parametrize("step", ["measure", "write"])
def test_code_that_only_moved_has_the_same_closure(tmp_path: Path, step: str) -> None:
    assert covers(one_file(tmp_path / "a"), step) == covers(divided(tmp_path / "b"), step)


def test_what_is_for_the_reader_alone_and_what_is_not_used_do_not_count(tmp_path: Path) -> None:
    before = covers(one_file(tmp_path), "measure")
    told = (
        WHOLE.replace("# a comment", "").replace('"""Twice."""', '"""Two times."""').replace("UNUSED = 3", "UNUSED = 4")
    )
    told = told.replace("number: int) -> int", "number)").replace("Counter, deque", "deque, Counter")
    told = told.replace("size: int = WIDTH", "size: float = 3.0")  # a step's settings are in its digest themselves
    assert covers(one_file(tmp_path, told), "measure") == before
    assert covers(one_file(tmp_path, told), "write") != covers(one_file(tmp_path), "write")


@pytest.mark.parametrize(
    "changed",
    [
        {"shared": SHARED.replace("2 *", "3 *")},
        {"measuring": MEASURING + "Counter = list\n"},
    ],
)
def test_a_helper_that_changed_in_another_file_changes_the_step(tmp_path: Path, changed: dict[str, str]) -> None:
    assert covers(divided(tmp_path / "a"), "measure") != covers(divided(tmp_path / "b", **changed), "measure")


def test_a_local_variable_that_is_called_like_a_function_is_not_that_function(tmp_path: Path) -> None:
    text = """
def double(n):
    return 2 * n


def local(lab):
    double = 3
    return [double for _ in range(double)]


def inside(lab):
    return [n for n in map(double, range(3))]
"""
    assert "def double" not in covers(one_file(tmp_path, text), "local")
    assert "def double" in covers(one_file(tmp_path, text), "inside")


def test_a_method_of_ours_is_followed_and_other_libraries_are_named(tmp_path: Path) -> None:
    text = covers(divided(tmp_path), "write")
    assert "def continuation(" in text
    assert "from collections import Counter" in covers(divided(tmp_path), "measure")
    assert "deque" not in covers(one_file(tmp_path / "one"), "measure")


def test_a_method_module_is_followed_by_the_attributes_that_are_used(tmp_path: Path) -> None:
    text = "from deepdive.engine.methods import generation\n\n\ndef write(lab):\n    return generation.continuation\n"
    assert "def continuation(" in covers(one_file(tmp_path, text), "write")


def test_a_role_named_in_another_file_is_found(tmp_path: Path) -> None:
    shared = SHARED.replace("return 2", 'lab.model("judge")\n    return 2')
    found = Library(divided(tmp_path, shared=shared)).steps.find("measure")
    assert isinstance(found, Definition)
    assert {"judge", "causal_lm"} <= texts(found)


def test_a_role_named_in_a_type_is_found_though_types_are_not_in_the_digest(tmp_path: Path) -> None:
    typed = MEASURING.replace("size: int = WIDTH", 'size: int = WIDTH, role: Literal["small", "large"] = "small"')
    found = Library(divided(tmp_path, measuring=typed)).steps.find("measure")
    assert isinstance(found, Definition)
    assert {"small", "large"} <= texts(found)
    assert "large" not in closure(found)


@pytest.mark.parametrize(
    ("changes", "file", "what"),
    [
        ({"__init__": INIT + "from .gone import thing\n"}, "__init__.py", "imports from gone.py, which is missing"),
        ({"shared": "WIDTH = 16\n"}, "measuring.py", "imports double from shared.py, which does not define it"),
        ({"shared": "def double(:\n"}, "shared.py", "is not valid Python"),
    ],
)
def test_an_import_that_leads_nowhere_names_file_and_line(
    tmp_path: Path, changes: dict[str, str], file: str, what: str
) -> None:
    with pytest.raises(Broken, match=what) as raised:
        Library(divided(tmp_path, **changes))
    assert raised.value.path.name == file
    assert raised.value.line >= 1


def test_a_divided_lesson_is_loaded_anew_after_a_change(tmp_path: Path) -> None:
    folder = divided(tmp_path / "lesson")
    assert load_steps(folder).measure.__module__.endswith(".measuring")
    (folder / "steps" / "shared.py").write_text(SHARED.replace("2 *", "30 * "))
    assert load_steps(folder).measure.__globals__["double"](2) == 60
