"""The valley of chapter 2: its encyclopedia and its newspaper, the models that read it, and one that is yet to."""

from __future__ import annotations

from pathlib import Path

from ..making.check import Check
from ..making.subject import Files, Made, Say, Subject


def _files() -> Files:
    from .articles import articles
    from .sentences import sentences

    return {"articles.jsonl": articles(), "sentences.jsonl.gz": ({"text": line} for line in sentences())}


def _make(part: str, say: Say) -> Made:
    from ..making.vocabularies import train_bert, train_gpt2
    from .model import POSITIONS, blank_config, make_bert, make_gpt2, world_text
    from .sentences import sentences

    if part == "bert":
        pieces = train_bert(world_text(), POSITIONS)
        return Made({part: (pieces, make_bert(pieces, list(sentences()), say))})
    bpe = train_gpt2(world_text(), POSITIONS)
    if part == "gpt2-blank":
        return Made({part: (bpe, blank_config(bpe))})
    return Made({part: (bpe, make_gpt2(bpe, list(sentences()), say))})


def _check(part: str, data: Path, models: Path, whole: bool) -> list[Check]:
    from .checks import check_bert, check_blank, check_gpt2

    if part == "gpt2-blank":
        return check_blank(models / part)
    measure = check_bert if part == "bert" else check_gpt2
    return measure(data, models / part, sample=1_000 if whole else 300)


def _check_data(data: Path) -> list[Check]:
    from .checks import check_data

    return check_data(data)


SUBJECT = Subject(("gpt2-blank", "gpt2", "bert"), _files, _make, _check, _check_data)
