"""Standard streams: what an encoding lacks is spelled, and a locale of UTF-8 is known from one that Python made up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from deepdive.engine.common import streams
from hypothesis import given
from hypothesis import strategies as st

SHOWN = "✓ held · 0.86 ± 0.02 … café ␛ 語 █░"


@pytest.fixture(autouse=True)
def settled() -> None:
    streams.settle()


def test_what_an_encoding_lacks_is_spelled() -> None:
    assert SHOWN.encode("ascii", streams.SPELLED) == b"+ held . 0.86 +- 0.02 ... cafe ^[ <U+8A9E> #-"
    assert SHOWN.encode("latin-1", streams.SPELLED) == b"+ held \xb7 0.86 \xb1 0.02 ... caf\xe9 ^[ <U+8A9E> #-"


@given(st.text())
def test_whatever_is_said_can_be_written(text: str) -> None:
    text.encode("ascii", streams.SPELLED)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "C"}, False),
        ({"LC_ALL": "POSIX"}, False),
        ({}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "C.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C", "LC_ALL": "en_US.utf8"}, True),
        ({"LANG": "de_DE.UTF-8@euro"}, True),
    ],
)
def test_a_locale_of_utf8_is_told_from_the_one_that_python_makes_up(
    environment: dict[str, str], expected: bool
) -> None:
    """In a process of its own: Python puts LC_CTYPE into its environment when it starts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    code = "from deepdive.engine.common import streams; print(streams.utf8())"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(expected)
