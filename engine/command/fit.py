"""`deepdive fit`: what each configuration of a tutorial would hold, and what fits, as a table or as one document."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from deepdive.engine.command.console import complain, say, tell
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.words import gigabytes, shown, size
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.machine.estimate import Estimate, Remedy
from deepdive.engine.machine.fit import GB, SIZES, Row, instead, job_of, measured, own_memory, rows, verdict
from deepdive.engine.machine.hardware import Machine, describe, machine
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import RunView

COLUMNS = {"weights": 9, "gradients": 11, "optimizer": 11, "activations": 13, "other": 8, "total": 8}
SIGNS = {True: "✓", None: "≠", False: "✗"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tutorial", metavar="TUTORIAL")
    parser.add_argument("--scale", default="pocket", help="pocket (default) or book")
    parser.add_argument(
        "--memory", type=float, nargs="+", default=SIZES, metavar="GB", help="sizes to look at (default 16 24 80)"
    )


def run_fit(arguments: argparse.Namespace) -> int:
    tutorial = catalogue.find(arguments.tutorial)
    if not tutorial.ready:
        ready = ", ".join(other.id for other in catalogue.load().tutorials if other.ready)
        raise Refusal("TUTORIAL", f"{tutorial.id} is not built yet", ready)
    for wanted in arguments.memory:
        if not 0 < wanted < 1e6:
            raise Refusal("--memory", f"{shown(wanted)} is out of range", "more than 0 GB")
    here = machine()
    if sys.stderr.isatty():
        complain("counting the models from their configurations; the first time takes some seconds")
    found = rows(tutorial, arguments.scale, here=here)
    run, view = _latest(tutorial, arguments.scale)
    sizes = sorted(set(arguments.memory))
    if arguments.json:
        tell(document(tutorial, arguments.scale, found, sizes, here, run, view))
    else:
        for line in lines(tutorial, arguments.scale, found, sizes, here, view):
            say(line)
    return 0


def _latest(tutorial: Tutorial, scale: str) -> tuple[str, RunView]:
    """The tutorial's latest run at the scale and its view; a home that can't be read has none."""
    try:
        run: Run | None = Store().latest(tutorial.id, scale)
    except Fault:
        run = None
    return (run.id, run.view()) if run is not None else ("", RunView())


# ---- as one document ----------------------------------------------------------------------------------------------


def document(
    tutorial: Tutorial, scale: str, found: Sequence[Row], sizes: Sequence[float], here: Machine, run: str, view: RunView
) -> dict[str, Any]:
    """Bytes everywhere but in the names of sizes, which are GB of 10^9 bytes."""
    return {
        "tutorial": tutorial.id,
        "scale": scale,
        "machine": {"name": describe(here), "memory": own_memory(here), "gpu": bool(here.gpus)},
        "memory": [
            {
                "gb": gb,
                "fits": [row.name for row in found if row.fits(gb * GB)],
                "does_not_fit": [row.name for row in found if row.estimate is not None and not row.fits(gb * GB)],
            }
            for gb in sizes
        ],
        "configurations": [_configuration(row, found, sizes, here, run, view) for row in found],
    }


def _configuration(
    row: Row, found: Sequence[Row], sizes: Sequence[float], here: Machine, run: str, view: RunView
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": row.name,
        "step": row.step,
        "role": row.role,
        "model": row.place,
        "source": row.source,
        "plan": asdict(row.training),
        "problem": row.problem or None,
    }
    estimate = row.estimate
    if row.shape is None or estimate is None:
        return told
    limits = {f"{gb:g}": gb * GB for gb in sizes} | {"machine": float(own_memory(here))}
    return told | {
        "class": row.shape.model,
        "parameters": row.shape.parameters,
        "trainable": row.shape.trainable,
        **estimate.parts,
        "activations_error": row.error,
        "total": estimate.total,
        "fits": {name: row.fits(limit) for name, limit in limits.items()},
        "remedies": [
            {
                "change": remedy.what,
                "price": remedy.price,
                "saves": estimate.total - remedy.estimate.total,
                "total": remedy.estimate.total,
                "fits": {name: remedy.estimate.total <= limit for name, limit in limits.items()},
            }
            for remedy in row.remedies()
        ],
        "instead": {
            name: other.name if (other := instead(row, found, limit)) is not None else None
            for name, limit in limits.items()
            if not row.fits(limit)
        },
        "measured": _measured(row, estimate, run, view),
    }


def _measured(row: Row, estimate: Estimate, run: str, view: RunView) -> dict[str, Any] | None:
    """What the step's last job held, and by what share the estimate was off."""
    job = job_of(row, view)
    held = measured(job)
    if job is None or not held:
        return None
    off = {name: round(estimate.parts[name] / amount - 1, 4) for name, amount in held.items() if amount}
    return {"run": run, "job": job.id, **held, "off": off}


# ---- as text ------------------------------------------------------------------------------------------------------


def lines(
    tutorial: Tutorial, scale: str, found: Sequence[Row], sizes: Sequence[float], here: Machine, view: RunView
) -> list[str]:
    told = [f"{tutorial.title} · {scale} · {describe(here)}", ""]
    if not found:
        return [*told, "No model of this tutorial is loaded here: there is nothing to fit."]
    known = [row for row in found if row.estimate is not None]
    if known:
        told += _table(known, sizes, here)
    for row in found:
        if row.estimate is None:
            told.append(f"{row.name}: {row.problem}")
    for row in known:
        told += _about(row, found, sizes, view)
    return [*told, "", *_notes(known)]


def _table(known: Sequence[Row], sizes: Sequence[float], here: Machine) -> list[str]:
    most = max(row.estimate.total for row in known if row.estimate is not None)
    unit, divisor = ("GB", 1e9) if most >= 1e9 else ("MB", 1e6)
    width = max(len(row.name) for row in known)
    cards = "".join(f"{gb:>5g}" for gb in sizes)
    lines = [f"{unit:{width}} " + "".join(f"{part:>{wide}}" for part, wide in COLUMNS.items()) + f"  {cards} GB   here"]
    for row in known:
        assert row.estimate is not None
        amounts = [*row.estimate.parts.values(), row.estimate.total]
        cells = "".join(f"{_amount(a / divisor):>{wide}}" for a, wide in zip(amounts, COLUMNS.values(), strict=True))
        marks = "".join(f"{_sign(row, gb * GB):>5}" for gb in sizes)
        lines.append(f"{row.name:{width}} {cells}  {marks}      {_sign(row, own_memory(here))}")
    return lines


def _sign(row: Row, limit: float) -> str:
    return SIGNS[None if row.narrow(limit) else row.fits(limit)]


def _amount(value: float) -> str:
    """Three figures: 0.0168, 4.71, 26.9, 107."""
    return "0" if not value else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _about(row: Row, found: Sequence[Row], sizes: Sequence[float], view: RunView) -> list[str]:
    """Why a configuration does not fit the largest size it misses, and what would; what was measured."""
    assert row.estimate is not None
    told = []
    missed = [gb for gb in sizes if not row.fits(gb * GB)]
    if missed:
        words, fit = verdict(row, sizes)
        told += ["", f"{row.name} {words}" + ("" if fit is False else f"; it does not fit {max(missed):g}")]
        told += [_remedy(row.estimate, remedy, sizes) for remedy in row.remedies()]
        if (other := instead(row, found, min(missed) * GB)) is not None and other.estimate is not None:
            told.append(f"  {other.name} fits {min(missed):g} GB: {gigabytes(other.estimate.total)}")
    held = measured(job_of(row, view))
    if held:
        off = [
            f"{name} {size(amount)} ({row.estimate.parts[name] / amount * 100 - 100:+.0f} %)"
            for name, amount in held.items()
            if amount
        ]
        told.append(f"{row.name}, measured (and by how much the estimate is off): {', '.join(off)}")
    return told


def _remedy(before: Estimate, remedy: Remedy, sizes: Sequence[float]) -> str:
    fits = [f"{gb:g}" for gb in sizes if remedy.estimate.total <= gb * GB]
    saved = "-" + gigabytes(max(0, before.total - remedy.estimate.total))
    verdict = f"fits {' '.join(fits)}" if fits else "still too large"
    line = f"  {remedy.what:28} {saved:>6} GB  {gigabytes(remedy.estimate.total):>6} GB  {verdict:16}  {remedy.price}"
    return line.rstrip()


def _notes(known: Sequence[Row]) -> list[str]:
    """Where the numbers come from, and how sure they are."""
    places: dict[str, list[str]] = {}
    for row in known:
        if row.place not in places.setdefault(row.source, []):
            places[row.source].append(row.place)
    notes = [f"{', '.join(found)}: counted from {source}." for source, found in places.items()]
    if known:
        error = max(row.error for row in known)
        notes.append(
            f"Weights, gradients and optimizer are counted; activations are estimated for texts of full length and may "
            f"be off by {100 * error:.0f} %. `≠`: fits, but by less than that. `other`: what is needed for a moment"
            + (", and a GPU's libraries." if known[0].gpu else ".")
        )
    return notes
