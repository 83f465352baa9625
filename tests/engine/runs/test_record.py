"""A worker is told from a later process with its number, whatever the clock does."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest
from deepdive.engine.runs.record import Worker, process_started

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_a_process_is_alive_until_it_has_ended_and_no_zombie_counts() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    worker = Worker(child.pid, process_started(child.pid) or 0.0, "")
    assert worker.alive()
    assert not Worker(child.pid, worker.started + 1, "").alive(), "a later process with its number"
    child.kill()
    end = time.monotonic() + 10
    while worker.alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert not worker.alive()  # it is a zombie: nobody has waited for it
    child.wait()
    assert process_started(child.pid) is None


@linux
def test_a_clock_that_is_set_leaves_a_living_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    before = process_started(os.getpid())
    created = psutil.Process().create_time()
    real = psutil._pslinux.boot_time
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: real() + 2)
    assert psutil.Process().create_time() != created, "what the clock does to seconds since the epoch"
    assert process_started(os.getpid()) == before
