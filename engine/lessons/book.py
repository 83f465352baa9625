"""What the book reports: book.csv."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from deepdive.engine.lessons.source import Broken, read_text
from deepdive.engine.lessons.tutorial import BookFigure

COLUMNS = ("step", "name", "case", "x", "value")


def read_book(path: Path, steps: list[str]) -> tuple[BookFigure, ...]:
    """The book's figures: step, name, case (JSON or empty), x (or empty), value. Raises Broken."""
    if not path.exists():
        return ()
    figures = []
    line, rows = 1, csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        if not set(COLUMNS) <= set(rows.fieldnames or COLUMNS):
            raise ValueError("the first line names no such columns")
        for line, row in enumerate(rows, start=2):  # noqa: B007 - told
            step, name, case, x, value = (row[key] for key in COLUMNS)
            if step not in steps:
                raise ValueError(f"there is no step {step!r}")
            conditions = json.loads(case) if case else {}
            if not isinstance(conditions, dict):
                raise ValueError("case must be a JSON object")
            figures.append(BookFigure(step, name, conditions, float(x) if x else None, _value(value)))
    except (KeyError, ValueError, TypeError, RecursionError, csv.Error) as error:
        raise Broken(path, line, f"needs {','.join(COLUMNS)}: {error}") from error
    return tuple(figures)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
