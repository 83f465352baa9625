"""The yes/no questions of chapter 3, and the T5 that answers them from a passage."""

from __future__ import annotations

from pathlib import Path

from ..making.check import Check
from ..making.subject import Files, Made, Say, Subject


def _files() -> Files:
    from .rows import training_rows, validation_rows

    return {"questions-train.jsonl": training_rows(), "questions-validation.jsonl": validation_rows()}


def _make(part: str, say: Say) -> Made:
    from .model import make_question_t5, question_tokenizer

    tokenizer = question_tokenizer()
    return Made({part: (tokenizer, make_question_t5(tokenizer, say))})


def _check(part: str, data: Path, models: Path, whole: bool) -> list[Check]:
    from .checks import check_questions

    return check_questions(data, models / part, whole)


SUBJECT = Subject(("questions-t5",), _files, _make, _check)
