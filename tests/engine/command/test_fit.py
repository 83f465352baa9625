"""`deepdive fit` as a user types it: one document, a table, what is wrong; no library that computes in its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def deepdive(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deepdive.tui", "fit", *words],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=dict(os.environ),
        check=False,
    )


def test_the_models_of_a_lesson_are_counted_as_they_lie_on_the_disk() -> None:
    done = deepdive("chapter2", "--memory", "16", "0.005", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["tutorial"], told["scale"]) == ("chapter2", "pocket")
    assert [size["gb"] for size in told["memory"]] == [0.005, 16]
    bert = next(row for row in told["configurations"] if row["role"] == "masked_lm")
    assert bert["class"] == "BertForMaskedLM"
    assert bert["weights"] == pytest.approx(4 * bert["parameters"], rel=0.01)
    assert bert["fits"]["16"]
    assert bert["fits"]["machine"]
    assert bert["name"] in told["memory"][1]["fits"]
    table = deepdive("chapter2")
    assert table.returncode == 0
    assert "masked lm" in table.stdout
    assert "\x1b" not in table.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "no tutorial 'nonsense'"),
        (["chapter9"], "not built yet"),
        (["chapter2", "--scale", "huge"], "no scale 'huge'"),
        (["chapter2", "--memory", "0"], "--memory: 0.0 is out of range"),
        (["chapter2", "--memory", "much"], "invalid float value"),
    ],
)
def test_a_wrong_request_is_named(words: list[str], says: str) -> None:
    done = deepdive(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_that_can_t_be_asked_is_told_of_each_model() -> None:
    done = deepdive("chapter2", "--scale", "book", "--json")  # tests are offline
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["configurations"]
    assert rows
    assert all("offline" in row["problem"].lower() for row in rows)


def test_the_command_imports_no_library_that_computes() -> None:
    code = (
        "import sys; from deepdive.tui.__main__ import main; main(['fit', 'chapter2', '--scale', 'book']);"
        "print([m for m in ('textual', 'torch', 'transformers', 'numpy') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
