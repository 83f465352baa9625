"""Runs written by hand for the interface's tests: a real run folder, its log through the real writer, no worker."""

from __future__ import annotations

import math
import os
import random
import time
from pathlib import Path
from typing import Any

from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.events import (
    AnyEvent,
    End,
    Figure,
    Job,
    Memory,
    Outcome,
    Piece,
    Plot,
    Point,
    Progress,
    Rows,
    Text,
)
from deepdive.engine.runs.log import Writer
from deepdive.engine.runs.plan import Plan
from deepdive.engine.runs.record import Worker, process_started
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import RunView

LESSONS = Path(__file__).parent / "lessons"
TEXT = "the river town of orla is known for its stone bridge and the small market by the water . it was built by hand"
WORDS = TEXT.split()


def little() -> Tutorial:
    tutorial = catalogue.read(LESSONS / "little")
    assert tutorial.ready
    return tutorial


class FakeRun:
    """A run whose worker is this test."""

    def __init__(
        self, tutorial: Tutorial | None = None, edits: dict[str, dict[str, Any]] | None = None, home: Path | None = None
    ) -> None:
        self.tutorial = tutorial or little()
        self.run: Run = Store(home).create(self.tutorial.id, "pocket")
        for step, values in (edits or {}).items():
            self.run.edit(step, values)
        self.view = RunView()
        self._writer = Writer(self.run.log)
        self._random = random.Random(1)
        self._jobs = 0
        self.now = time.time() - 200

    def put(self, *events: AnyEvent) -> None:
        for event in events:
            self._writer.append(event)
        self.view.add(events)

    def begin(self, step: str, **settings: Any) -> str:
        """A job starts as the worker would start it."""
        self._jobs += 1
        job = f"{self._jobs}-{step}"
        plan = Plan(self.tutorial, "pocket", self.view, self.run.edits())
        wanted, inputs, digest = plan.wanted(self.tutorial.step(step))
        told = {**wanted, **settings}
        self.put(Job(t=self.now, job=job, step=step, settings=told, inputs=inputs, digest=digest))
        return job

    def end(self, job: str, outcome: Outcome = "done", **why: str) -> None:
        self.now += 0.5
        self.put(End(t=self.now, job=job, outcome=outcome, **why))

    def fill_the_gap(self) -> str:
        job = self.begin("fill_the_gap")
        self.put(
            Plot(t=self.now, job=job, name="fits the gap", kind="bars", data={"box": 0.55, "bag": 0.24, "bowl": 0.12}),
            Rows(t=self.now, job=job, name="tokens", rows=[{"id": 101, "token": "[CLS]"}, {"id": 7, "token": "life"}]),
        )
        self.end(job)
        return job

    def data(self) -> None:
        for step in ("articles", "blocks"):
            self.end(self.begin(step))

    def pretrain(self, upto: int = 300, total: int = 300, since: int = 0, job: str = "", **settings: Any) -> str:
        """A training up to an update; with `job` it goes on."""
        job = job or self.begin("pretrain", **settings)
        for x in range(since, upto + 1):
            self.now += 0.2
            self.put(*self._update(job, x, total))
        return job

    def _update(self, job: str, x: int, total: int) -> list[AnyEvent]:
        where: dict[str, Any] = {"t": self.now, "job": job}
        loss = 0.05 + 7.5 * math.exp(-x / 70) + self._random.gauss(0, 0.05)
        values = {"loss": loss, "learning_rate": 3e-3 * (1 - x / total), "grad_norm": 0.42, "tokens_per_second": 9800.0}
        events: list[AnyEvent] = [Point(**where, curve="training", x=x, values=values)] if x else []
        if x % 10 == 0:
            unseen = 2.3 + 5.3 * math.exp(-x / 25) + 1.7 * (1 - math.exp(-x / 180))
            events.append(Point(**where, curve="validation", x=x, values={"eval_loss": unseen}))
        if x % 30 == 0:
            events.append(Text(**where, stream="sample", x=x, pieces=self._sample(x)))
        if x % 5 == 0:
            held = {"weights": 12_600_000, "gradients": 12_600_000, "optimizer": 25_200_000, "activations": 41_000_000}
            used = {"used": 103_000_000, "total": 23_400_000_000, "peak": 103_000_000 + 1000 * x}
            events.append(Memory(**where, device="cpu", held=held, x=x, **used))
        events.append(Progress(**where, what="training", done=x, total=total, unit="updates"))
        return events

    def _sample(self, x: int) -> list[Piece]:
        pieces = [Piece(" " + word) for word in WORDS[:8]]
        for word in WORDS[8:]:
            share = min(0.99, max(0.02, self._random.random() * x / 200))
            others = [(f" {w}", (1 - share) * part) for w, part in zip(WORDS[:3], (0.4, 0.3, 0.1), strict=True)]
            pieces.append(Piece(f" {word}@{x}", {"probability": share}, [(f" {word}@{x}", share), *others]))
        return pieces

    def figures(self, job: str) -> None:
        self.put(Figure(t=self.now, job=job, name="recites a seen article", value="128 of 128"))

    def served(self, by: int | None = None) -> None:
        """Make the run look served by a living process (this one), or by one that is dead."""
        pid = os.getpid() if by is None else by
        self.run.record.worker = Worker(pid, process_started(pid) or 1.0, "/tmp/no-socket")
        self.run.write()
