"""The interface in a real terminal, with a real worker: by keyboard alone, killed, and found again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from deepdive.engine.runs.store import Store

from tests.support import laboratory
from tests.support.tmux import Terminal, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
TOYS = str(laboratory.TOYS)
COLD = 90.0  # seconds for a worker to import the libraries on a busy machine


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 36), (200, 50)])
def test_home_and_chapter_two_open_at_every_size(width: int, height: int) -> None:
    with Terminal(width, height, DEEPDIVE_TUTORIALS="") as terminal:
        terminal.wait("Masked and causal language models")
        terminal.wait("enter open")
        terminal.press("Enter")
        terminal.wait(r"page 1 of \d+")
        terminal.press("n")
        terminal.wait(r"page 2 of \d+")
        terminal.press("Escape")
        terminal.wait("Go on where you were")
        terminal.press("q")
        assert terminal.wait_gone() in ("0", "unknown")


def test_a_training_is_run_left_killed_and_found_again() -> None:
    """One worker for the whole story: a cold start costs many seconds."""
    with Terminal(120, 36, DEEPDIVE_TUTORIALS=TOYS) as terminal:
        terminal.wait("A toy for tests")
        _open_training(terminal)
        terminal.press("e", "Down", "Down", "0", ".", "0", "5", "Enter")
        terminal.press("e", "Up", "Up", "2", "0", "0", "0", "Enter")
        terminal.wait(r"updates +2000")
        terminal.press("r")
        terminal.wait(r"● running, update \d+ of 2,000", COLD)
        terminal.wait("Loss")
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait_gone()
    store = Store()
    run = store.latest("toy")
    assert run is not None
    assert run.worker() is not None

    with Terminal(120, 36, DEEPDIVE_TUTORIALS=TOYS) as terminal:
        terminal.wait("Go on where you were")
        terminal.press("Enter")
        screen = terminal.wait(r"● running, update \d+ of 2,000")
        assert "page 3 of 3" in screen
        first = _update(screen)
        later = _update(terminal.wait(rf"update (?!{first} )\d+ of 2,000"))
        assert later > first
        terminal.press("s")
        terminal.wait(r"■ stopped at \d+ of 2,000", 20)
        terminal.press("r")
        screen = terminal.wait(r"● running, update [1-9]\d* of 2,000", COLD)
        assert _update(screen) >= first

        worker = run.worker()
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        began = time.monotonic()
        terminal.wait("the worker was killed", 10)
        assert time.monotonic() - began < 4
        os.kill(terminal.pid, signal.SIGHUP)
        terminal.wait_gone()
    with Terminal(80, 24, DEEPDIVE_TUTORIALS=TOYS) as terminal:
        terminal.wait("Go on where you were")
        terminal.press("Enter")
        terminal.wait("page 3 of 3")


def _open_training(terminal: Terminal) -> None:
    """The third tutorial is the toy, after `borrower` and `judged`; its third page is the training."""
    terminal.press("Home", "Down", "Down", "Enter")
    terminal.wait("page 1 of 3")
    terminal.press("n")
    terminal.wait("page 2 of 3")
    terminal.press("n")
    terminal.wait("page 3 of 3")


def _update(screen: str) -> int:
    found = re.search(r"update (\d+) of", screen)
    assert found is not None, screen
    return int(found.group(1))


@pytest.fixture(autouse=True)
def no_worker_is_left() -> object:
    """Workers that the interface warmed up in this test's home."""
    yield None
    home = os.environ["DEEPDIVE_HOME"]
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "deepdive.engine.work.worker" not in words:
            continue
        try:
            if process.environ().get("DEEPDIVE_HOME") == home:
                process.kill()
        except psutil.Error:
            continue


def test_the_package_starts_the_command_without_a_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deepdive.tui", "list"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0
    assert "chapter2" in done.stdout
