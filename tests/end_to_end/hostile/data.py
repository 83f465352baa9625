"""A learner's own data in a step of chapter 3."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation
from tests.support.laboratory import TOYS


def row(name: str, file: str, data: str | bytes, says: str) -> Situation:
    """One worker serves them all, because their tutorials are the same."""
    words = f"run chapter3-fewshot fill_the_blank --set 'sentiment={{here}}/{file}'"
    return Situation(
        f"data: {name}",
        words,
        says,
        2,
        lambda world: world.write(file, data),
        {"DEEPDIVE_TUTORIALS": str(TOYS)},
        worker=True,
    )


SITUATIONS = (
    row("other columns", "mine.jsonl", '{"review": "Good.", "stars": 5}\n', r"mine\.jsonl, row 1, has no column sentence; it has review, stars.*Allowed: rows with the columns sentence, label"),
    row("labels as words", "mine.csv", "sentence,label\nGood.,positive\n", r"mine\.csv, row 1: label is 'positive'.*a number"),
    row("no rows", "mine.csv", "sentence,label\n", r"mine\.csv has no rows"),
    row("Latin-1", "mine.csv", b"sentence,label\nCaf\xe9.,1\n", r"mine\.csv, line 2, is not UTF-8"),
    row("UTF-16", "mine.csv", "sentence,label\nGood.,1\n".encode("utf-16"), r"mine\.csv is UTF-16 text"),
    row("semicolons", "mine.csv", "sentence;label\nGood.;1\n", r"separated by semicolons.*commas"),
    row("a path that is a pattern", "reviews [2024].jsonl", '{"review": "Good."}\n', r"reviews \[2024\]\.jsonl, row 1, has no column"),
    Situation("data: a file that is gone", "run chapter3-fewshot fill_the_blank --set sentiment={here}/gone.jsonl", r"neither a path that exists nor a hub id", 2),
)  # fmt: skip
