"""The support desk of chapter 4: calls about devices, two sentences that sum each up, and two models that are to."""

from __future__ import annotations

from pathlib import Path

from ..making.check import Check
from ..making.subject import Files, Made, Say, Subject


def _files() -> Files:
    from .rows import test_rows, training_rows, validation_rows

    return {
        "support-train.jsonl": training_rows(),
        "support-validation.jsonl": validation_rows(),
        "support-test.jsonl": test_rows(),
    }


def _make(part: str, say: Say) -> Made:
    from .model import make_summariser, support_tokenizer

    tokenizer = support_tokenizer()
    return Made({part: (tokenizer, make_summariser(part, tokenizer, say))})


def _check(part: str, data: Path, models: Path, whole: bool) -> list[Check]:
    from .checks import check_large, check_small

    if part == "support-gpt2":
        return check_small(data, models / part)
    return check_large(data, models / part, whole)


SUBJECT = Subject(("support-gpt2", "support-llama"), _files, _make, _check)
