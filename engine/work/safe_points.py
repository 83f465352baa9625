"""Between two batches: a stop is obeyed, a probe answered, memory sampled."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.lab import Lab
from deepdive.engine.machine import ledger, out_of_memory

MEMORY_SECONDS = 1.0
Report = Callable[[str, dict[str, Any]], None]


class Question:
    """A probe that waits for a safe point."""

    def __init__(self, probe: str, settings: dict[str, Any]) -> None:
        self.probe, self.settings = probe, settings
        self.answered = threading.Event()
        self.events: list[Any] = []
        self.fault: Fault | None = None


@dataclass
class Wish:
    """What was asked of the job that runs: "stop", "finish" or nothing. It is there before the job is."""

    verdict: str = ""


class SafePoints:
    """What happens at a safe point: stop and finish are obeyed, a probe is answered, memory is sampled."""

    def __init__(
        self, report: Report, probe: Callable[[Lab], None], limit: int | None, device: str, wish: Wish | None = None
    ) -> None:
        self.report, self.probe, self.limit = report, probe, limit
        self.wish = wish or Wish()
        self.was_finished = False
        self.sampled = 0.0
        self.ledger = ledger.Ledger(device)

    def __call__(self, lab: Lab, phase: str) -> str:
        if phase == "before update":
            self.ledger.before_update(lab.held, int(lab.x or 0) + 1)
            return ""
        news = self.ledger.after_item(lab.held) if phase == "after item" else self.ledger.after_update()
        if phase != "after update":  # before the optimizer's step weights, gradients and moments are all there
            self.sample(lab, news)
        if phase == "gradients":
            return ""
        self.probe(lab)
        if self.wish.verdict == "finish":
            self.was_finished, self.wish.verdict = True, ""
            return "finish"
        return self.wish.verdict

    def sample(self, lab: Lab, news: bool = True) -> None:
        """Tell who holds the memory, at most once a second without news. Raises torch.OutOfMemoryError at a limit."""
        due = news or time.monotonic() - self.sampled > MEMORY_SECONDS
        if not due and self.limit is None:
            return
        fields = self.ledger.sample(lab.held)
        if due:
            self.sampled = time.monotonic()
            self.report("memory", {**fields, "x": lab.x})
        if self.limit is not None:
            out_of_memory.check(fields, self.limit)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the main thread after `seconds`; without effect in another thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
