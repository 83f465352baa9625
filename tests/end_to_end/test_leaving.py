"""However the interface is told to end, the terminal is left as it was."""

from __future__ import annotations

import signal
import sys
import termios
import time

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
