"""The reviews of chapter 3, and the encoder that knows from the column what a good one is."""

from __future__ import annotations

from pathlib import Path

from ..making.check import Check
from ..making.subject import Files, Made, Say, Subject


def _files() -> Files:
    from .rows import labelled

    train, validation = labelled()
    return {"reviews-train.jsonl": train, "reviews-validation.jsonl": validation}


def _make(part: str, say: Say) -> Made:
    """Two checkpoints of one training, and the record of what the model knew on the way."""
    from .model import make_sentiment, review_tokenizer
    from .rows import column, labelled

    train, validation = labelled()
    lines = list(column(without=[row["sentence"] for row in (*train, *validation)]))
    tokenizer = review_tokenizer(lines)
    made = make_sentiment(tokenizer, lines, validation, say)
    return Made(
        {part: (tokenizer, made.mature), f"{part}-young": (tokenizer, made.young)},
        {f"{part}-history.jsonl": made.history},
    )


def _check(part: str, data: Path, models: Path, whole: bool) -> list[Check]:
    from .checks import check_sentiment

    return check_sentiment(data, models, seeds=5 if whole else 2)


SUBJECT = Subject(("sentiment-bert",), _files, _make, _check)
