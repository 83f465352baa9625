"""However the interface is told to end, the terminal is left as it was."""

from __future__ import annotations

import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.line import Line

WRAPPING = {"7"}  # on before, and on again
STUCK = """
import sys, time
from deepdive.tui import __main__, app
def held_up():
    sys.__stderr__.write("held up")
    sys.__stderr__.flush()
    time.sleep(60)
app.DeepApp.on_ready = lambda self: self.set_timer(0.3, held_up)
sys.exit(__main__.main([]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(number: signal.Signals) -> None:
    with Line() as line:
        line.wait("enter")
        assert "1049" in line.modes
        line.process.send_signal(number)
        began = time.monotonic()
        assert line.ended() == 128 + number
        assert time.monotonic() - began < 2
        assert line.modes <= WRAPPING
        assert line.keyboard_is_as_it_was
        assert termios.tcgetattr(line.slave) == line.before
        assert b"Traceback" not in line.seen


def test_one_that_is_held_up_ends_as_well() -> None:
    with Line(sys.executable, "-c", STUCK) as line:
        line.wait("held up")
        line.process.send_signal(signal.SIGTERM)
        assert line.ended(5) == 128 + signal.SIGTERM
        assert line.modes <= WRAPPING
        assert line.keyboard_is_as_it_was
        assert termios.tcgetattr(line.slave) == line.before


def test_what_nobody_thought_of_is_a_sentence_without_any_variable(tmp_path: Path) -> None:
    broken = STUCK.replace("time.sleep(60)", "key = 'sk-' + 'canary' * 2; raise OverflowError('too large')")
    with Line(sys.executable, "-c", broken, DEEPDIVE_HOME=str(tmp_path)) as line:
        assert line.ended() == 1
        assert b"deepdive: something in Deep Dive failed (OverflowError: too large)" in line.seen
        assert b"Traceback" not in line.seen and b"canary" not in line.seen
        assert line.modes <= WRAPPING
        assert "OverflowError: too large" in (tmp_path / "interface.log").read_text()
