"""A lesson of learning curves, and runs of it as a worker would write them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.events import AnyEvent, Figure, Job, Progress, Rows
from deepdive.engine.runs.plan import Plan

from tests.support.fake import FakeRun

CURVES = Path(__file__).parent
SIZES = [0, 8, 16, 32, 64, 128]
MEANS = {"prompt": [0.85, 0.85, 0.9, 0.9, 0.91, 0.92], "head": [0.5, 0.55, 0.65, 0.78, 0.86, 0.9]}
REVIEWS = [
    ("the plot is thin but anna ross is a joy to watch .", "great", {"great": 0.44, "fine": 0.19, "terrible": 0.06}),
    ("a long evening without one good line .", "terrible", {"terrible": 0.61, "great": 0.12, "fine": 0.05}),
    ("it never finds its feet .", "terrible", {"great": 0.31, "terrible": 0.28, "fine": 0.1}),
]
NEWS = [
    ["Anna Ross", "right"],
    [" met ", ""],
    ["Orla", "wrong"],
    [" of ", ""],
    ["the North Bank", "missed"],
    [" .", ""],
]


def few() -> Tutorial:
    tutorial = catalogue.read(CURVES / "few")
    assert tutorial.ready
    return tutorial


class FewRun(FakeRun):
    """A run of the lesson: `seed(0)` writes a whole job, `seed(1, upto=3)` one that is at work on its fourth size."""

    def __init__(self) -> None:
        super().__init__(few())

    def seed(self, seed: int, upto: int = len(SIZES), **settings: Any) -> str:
        draw = random.Random(seed)
        self._jobs += 1
        job, step = f"{self._jobs}-learning_curves", self.tutorial.step("learning_curves")
        wanted, inputs, digest = Plan(self.tutorial, "pocket", self.view, self.run.edits(), seed=seed).wanted(step)
        told = {**wanted, **settings}
        self.put(Job(t=self.now, job=job, step=step.id, seed=seed, settings=told, inputs=inputs, digest=digest))
        total = 2 * len(SIZES)
        for at, k in enumerate(SIZES[:upto]):
            for method in ("prompt", "head"):
                self.now += 3
                value = min(0.97, MEANS[method][at] + draw.uniform(-0.05, 0.05))
                events: list[AnyEvent] = [
                    Figure(t=self.now, job=job, name="accuracy", value=value, n=400, case={"method": method, "k": k}),
                    Figure(t=self.now, job=job, name="share of no", value=1 - value, case={"method": method, "k": k}),
                    Progress(t=self.now, job=job, what=f"{method} at {k}", done=2 * at + 1, total=total, unit="fits"),
                ]
                self.put(*events)
        self.put(*self.tables(job))
        if upto == len(SIZES):
            self.end(job)
        return job

    def tables(self, job: str) -> list[AnyEvent]:
        """Reviews with what fills the mask, sentences with their entities, and a confusion."""
        reviews = [
            {
                "review": {"spans": [[text, ""], [" it was ", "given"], ["<mask>", "mask"], [" .", ""]]},
                "truth": truth,
                "said": max(shares, key=lambda word: shares[word]),
                "fills the mask": {"bars": shares},
            }
            for text, truth, shares in REVIEWS * 7
        ]
        counts = [("great", "great", 122), ("great", "terrible", 78), ("terrible", "great", 58)]
        counts.append(("terrible", "terrible", 142))
        confusion = [{"truth": truth, "said": said, "count": count} for truth, said, count in counts]
        return [
            Rows(t=self.now, job=job, name="reviews", rows=reviews),
            Rows(t=self.now, job=job, name="confusion of the head", view="confusion", rows=confusion),
            Rows(t=self.now, job=job, name="entities", rows=[{"sentence": {"spans": NEWS}, "right": 1}]),
        ]
