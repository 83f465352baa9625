"""The news of chapter 3 whose names are marked, and the encoder that learns to mark them."""

from __future__ import annotations

from pathlib import Path

from ..making.check import Check
from ..making.subject import Files, Made, Say, Subject


def _files() -> Files:
    from .rows import training_rows, validation_rows

    return {"entities-train.jsonl": training_rows(), "entities-validation.jsonl": validation_rows()}


def _make(part: str, say: Say) -> Made:
    from .model import entity_tokenizer, make_entity_bert
    from .rows import entity_text

    tokenizer = entity_tokenizer()
    return Made({part: (tokenizer, make_entity_bert(tokenizer, entity_text(), say))})


def _check(part: str, data: Path, models: Path, whole: bool) -> list[Check]:
    from .checks import check_entities

    return check_entities(data, models / part, whole)


SUBJECT = Subject(("entities-bert",), _files, _make, _check)
