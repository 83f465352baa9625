"""Before Textual: what a terminal is asked and answers, and the guard of the picture; on real pseudo-terminals."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.tui.terminal import asking, colours
from deepdive.tui.terminal.asking import Answer, Guard, ask, paintable, prepare, read_answer, settle

XTERM = b"\x1bP1$r0;48:2::1:2:3m\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?64;1;2c"
KITTY = b"\x1bP1$r48:2:1:2:3m\x1b\\\x1b]11;rgb:1212/1212/1212\x07\x1b[?62;c"
TMUX = b"\x1b[?1;2;4c"
OLD = b"\x1bP1$r0;48;5;16m\x1b\\\x1b[?6c"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (XTERM, Answer(True, True, True)),
        (KITTY, Answer(True, False, True)),
        (TMUX, Answer(False, None, True)),
        (OLD, Answer(False, None, True)),
        (b"", Answer(False, None, False)),
        (XTERM[:12], Answer(False, None, False)),
    ],
)
def test_answers(data: bytes, answer: Answer) -> None:
    assert read_answer(data) == answer


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal: (the terminal's, ours)."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def answering(master: int, data: bytes, after: float = 0.0) -> threading.Thread:
    def answer() -> None:
        select.select([master], [], [], 5)
        asked = os.read(master, 1024)
        assert b"\x1bP$qm\x1b\\" in asked and asked.endswith(b"\x1b[c")
        time.sleep(after)
        os.write(master, data)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def waiting(slave: int) -> bytes:
    """What an interface would read as keys."""
    import tty

    tty.setcbreak(slave)
    return os.read(slave, 1024) if select.select([slave], [], [], 0.05)[0] else b""


def test_a_terminal_that_answers_is_heard_and_nothing_is_left_over(line: tuple[int, int]) -> None:
    master, slave = line
    thread = answering(master, XTERM)
    assert ask(slave, seconds=5) == Answer(True, True, True)
    thread.join()
    assert waiting(slave) == b""


def test_one_that_is_silent_costs_twenty_milliseconds(line: tuple[int, int]) -> None:
    began = time.monotonic()
    assert ask(line[1]) == Answer(False, None, False)
    assert time.monotonic() - began < 0.5


def test_a_late_answer_is_not_taken_for_keys(line: tuple[int, int]) -> None:
    master, slave = line
    thread = answering(master, XTERM, after=0.15)
    environ = {"TERM": "xterm-256color", "SSH_CONNECTION": "x", "LANG": "C.UTF-8"}
    found = prepare(environ, slave)
    assert not found.complete and found.colors == "256"
    settle(found, slave, seconds=5)
    thread.join()
    assert waiting(slave) == b""


def test_a_silent_local_terminal_holds_nobody_up(line: tuple[int, int]) -> None:
    found = prepare({"TERM": "xterm-256color"}, line[1])
    os.write(line[0], b"typed too early")
    began = time.monotonic()
    settle(found, line[1])
    assert time.monotonic() - began < 0.2
    assert waiting(line[1]) == b""


def test_what_textual_reads(line: tuple[int, int]) -> None:
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    assert prepare(environ, line[1]).colors == "truecolor"
    assert environ["TEXTUAL_COLOR_SYSTEM"] == "truecolor" and "TEXTUAL_FPS" not in environ
    environ = {"TERM": "linux", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    found = prepare(environ, line[1])
    assert (found.colors, found.light, found.remote, found.complete) == ("standard", None, True, True)
    assert environ["TEXTUAL_FPS"] == "15" and environ["TEXTUAL_ANIMATIONS"] == "none"
    environ = {"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256", "TEXTUAL_FPS": "30", "SSH_CONNECTION": "x"}
    prepare(environ, line[1])
    assert environ["TEXTUAL_COLOR_SYSTEM"] == "256" and environ["TEXTUAL_FPS"] == "30"


def test_a_theme_that_suits() -> None:
    assert colours.suited("standard", None) == "sixteen"
    assert colours.suited("256", True) == "deep-light"
    assert colours.suited("truecolor", None) == "deep-dark"


def test_without_a_terminal_nothing_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not paintable({"TERM": "xterm"})
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert paintable({"TERM": "xterm"})
    assert not paintable({"TERM": "dumb"}) and not paintable({})


GUARDED = """
import os, sys
from pathlib import Path
from deepdive.tui.terminal.asking import Guard
print("before", flush=True)
with Guard(Path(sys.argv[1])):
    os.write(1, b"native one\\n"); os.write(2, b"native two\\n")
    os.system("echo child >&2")
    sys.__stderr__.write("painted "); sys.__stderr__.flush()
    print("size", os.get_terminal_size(sys.__stdout__.fileno()).columns)
os.write(2, b"after\\n")
print("end")
"""


def test_native_writes_go_to_the_log_and_the_picture_to_the_terminal(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    log = tmp_path / "interface.log"
    done = subprocess.Popen(
        [sys.executable, "-c", GUARDED, str(log)], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    seen = b""
    while select.select([master], [], [], 20)[0]:
        try:
            chunk = os.read(master, 1024)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    assert done.wait(20) == 0
    os.close(master)
    assert log.read_text() == "native one\nnative two\nchild\n"
    assert log.stat().st_mode & 0o777 == 0o600
    assert seen.decode().split() == ["before", "painted", "size", "0", "after", "end"]


def test_a_large_log_is_begun_anew_and_an_impossible_one_stops_nobody(tmp_path: Path) -> None:
    log = tmp_path / "interface.log"
    log.write_bytes(b"x" * (asking.LARGEST_LOG + 1))
    os.close(asking._open_log(log))
    assert log.stat().st_size == 0
    os.close(asking._open_log(tmp_path / "none" / "x.log"))


def test_the_guard_gives_the_streams_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr)

    def fail() -> None:
        with Guard(tmp_path / "log"):
            os.write(2, b"hidden")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr) == before
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"
