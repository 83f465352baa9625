"""Runs made of events, and a tutorial to read them with: no worker, no disk."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.lessons.tutorial import BookFigure, Claim, Function, Scale, Step, Tutorial
from deepdive.engine.results.evidence import Evidence, gather
from deepdive.engine.runs.events import AnyEvent, End, Figure, Job, Outcome, Point
from deepdive.engine.runs.view import RunView, of

_number = count(1)


def figure(name: str, value: float | str | None, **rest: Any) -> Figure:
    """Arguments that a Figure does not have are its case."""
    own = {key: rest.pop(key) for key in ("unit", "low", "high", "n", "note") if key in rest}
    return Figure(name=name, value=value, case=rest, **own)


def curve(name: str, metric: str, values: Mapping[float, float | None]) -> list[Point]:
    return [Point(curve=name, x=x, values={metric: value}) for x, value in values.items()]


def job(
    step: str,
    *told: AnyEvent | list[Any],
    seed: int = 0,
    outcome: Outcome | None = "done",
    settings: dict[str, Any] | None = None,
) -> list[AnyEvent]:
    """The events of one job, its end among them unless `outcome` is None."""
    id = f"{step}-{next(_number)}"
    events: list[AnyEvent] = [Job(job=id, step=step, seed=seed, settings=settings or {})]
    for one in told:
        events += one if isinstance(one, list) else [one]
    if outcome is not None:
        events.append(End(outcome=outcome))
    return [msgspec.structs.replace(event, job=id) for event in events]


def view(*jobs: list[AnyEvent]) -> RunView:
    return of(event for events in jobs for event in events)


def tutorial(
    *claims: Claim,
    steps: dict[str, int] | None = None,
    book: list[BookFigure] | None = None,
    **rest: Any,
) -> Tutorial:
    """`steps` maps the id of a step to its number of seeds."""
    known = steps or {"pretrain": 1, "recite": 1}
    return Tutorial(
        id="chapter2",
        chapter=2,
        title="Two",
        teaches="",
        folder=Path(),
        ready=True,
        scales={name: Scale(name, {}, {}) for name in ("pocket", "book")},
        steps=tuple(Step(id, id, Function(id, "", (), ""), seeds=seeds) for id, seeds in known.items()),
        claims=claims,
        book=tuple(book or []),
        **rest,
    )


def evidence(*jobs: list[AnyEvent], **rest: Any) -> Evidence:
    return gather(tutorial(**rest), view(*jobs))
