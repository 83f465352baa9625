"""What a stranger wrote, and what a poor terminal lacks, on the bytes that the real interface writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import loud
from tests.support.line import Line

OBEYED = [sign.encode() for sign in "\u202e\u2066\u009b\u200b\ue000\ufeff"] + [b"\x1b]52"]

CONSOLE = "─│┌┐└┘├┤┬┴┼█▀▄▌▐░▒▓·°±"


@pytest.fixture
def shouting(tmp_path: Path) -> str:
    loud.LoudRun(loud.lesson(tmp_path / "own"))
    return str(tmp_path / "own")


def test_no_title_sets_the_clipboard_by_being_shown(shouting: str) -> None:
    with Line(DEEPDIVE_TUTORIALS=shouting) as line:
        line.wait("]52;c;aGk=")
        line.wait("disk")
        assert [sign for sign in OBEYED if sign in line.seen] == []


@pytest.mark.parametrize(("term", "locale"), [("linux", "C.UTF-8"), ("xterm", "POSIX")])
def test_a_poor_terminal_gets_the_signs_that_it_has(shouting: str, term: str, locale: str) -> None:
    with Line(TERM=term, LC_ALL=locale, DEEPDIVE_TUTORIALS=shouting) as line:
        line.wait("Masked")
        line.wait("disk")
        painted = re.sub(rb"^.*?\x1b\[\?1049h", b"", line.seen, flags=re.DOTALL).decode()  # after what it was asked
        more = CONSOLE if term == "linux" else ""
        assert {sign for sign in painted if not sign.isascii() and sign not in more} == set()
