"""What the book reports: book.csv."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from deepdive.engine.lessons.source import Broken
from deepdive.engine.lessons.tutorial import BookFigure


def read_book(path: Path, steps: list[str]) -> tuple[BookFigure, ...]:
    """The book's figures: step, name, case (JSON or empty), x (or empty), value. Raises Broken."""
    if not path.exists():
        return ()
    figures = []
    with path.open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                step, name, case, x, value = (row[key] for key in ("step", "name", "case", "x", "value"))
                if step not in steps:
                    raise ValueError(f"there is no step {step!r}")
                figures.append(
                    BookFigure(step, name, json.loads(case) if case else {}, float(x) if x else None, _value(value))
                )
            except (KeyError, ValueError, TypeError) as error:
                raise Broken(path, line, f"needs step,name,case,x,value: {error}") from error
    return tuple(figures)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
