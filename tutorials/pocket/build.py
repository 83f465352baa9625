"""Makes the pocket world from its seeds, or checks that the shipped one does its job.

python -m deepdive.tutorials.pocket.build                 make everything again (several minutes)
python -m deepdive.tutorials.pocket.build --only bert     one part, as listed by --help
python -m deepdive.tutorials.pocket.build --check         measure the shipped parts; exit code 1 if one falls short
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = HERE / "data"
MODELS = HERE / "models"
SUPPORT = ("support-gpt2", "support-llama")
PARTS = ("data", "gpt2-blank", "gpt2", "bert", "entities-bert", "questions-t5", "sentiment-bert", *SUPPORT)


def build(parts: Sequence[str] = PARTS, data: Path = DATA, models: Path = MODELS) -> None:
    """Write the named parts into the two folders."""
    if "data" in parts:
        write_data(data)
    if village := [part for part in parts if part in ("gpt2-blank", "gpt2", "bert")]:
        _build_models(village, models)
    if "entities-bert" in parts:
        _build_entities_bert(models)
    if "questions-t5" in parts:
        _build_questions_t5(models)
    if "sentiment-bert" in parts:
        _build_sentiment_bert(data, models)
    for part in SUPPORT:
        if part in parts:
            _build_summariser(part, models)


def write_data(folder: Path) -> None:
    """The encyclopedia, the village newspaper and the labelled texts; the same bytes every time."""
    from . import questions, support
    from .articles import articles
    from .entities import training_rows, validation_rows
    from .reviews import labelled
    from .sentences import sentences

    folder.mkdir(parents=True, exist_ok=True)
    _write_rows(folder / "articles.jsonl", articles())
    _write_rows(folder / "entities-train.jsonl", training_rows())
    _write_rows(folder / "entities-validation.jsonl", validation_rows())
    _write_rows(folder / "questions-train.jsonl", questions.training_rows())
    _write_rows(folder / "questions-validation.jsonl", questions.validation_rows())
    _write_rows(folder / "support-train.jsonl", support.training_rows())
    _write_rows(folder / "support-validation.jsonl", support.validation_rows())
    _write_rows(folder / "support-test.jsonl", support.test_rows())
    for split, rows in zip(("train", "validation"), labelled(), strict=True):
        _write_rows(folder / f"reviews-{split}.jsonl", rows)
    text = "".join(json.dumps({"text": line}, ensure_ascii=False) + "\n" for line in sentences())
    (folder / "sentences.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    _say("data", "written")


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def world_text() -> Iterator[str]:
    """What the tokenizers are trained on. Articles count four times, so that names and years become whole tokens."""
    from .articles import articles
    from .sentences import sentences

    for article in articles():
        yield from [article["text"]] * 4
    yield from sentences()


def _build_models(parts: Sequence[str], models: Path) -> None:
    from transformers.utils import logging

    from . import training
    from .sentences import sentences
    from .vocabularies import train_bert, train_gpt2

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    lines = list(sentences())
    for name in parts:
        positions = training.POSITIONS[name]
        if name == "bert":
            pieces = train_bert(world_text(), positions)
            model = training.make_bert(pieces, lines, partial(_say, name))
            _replace(models / name, pieces, model)
        else:
            bpe = train_gpt2(world_text(), positions)
            if name == "gpt2-blank":
                _replace(models / name, bpe, training.blank_config(bpe))
            else:
                _replace(models / name, bpe, training.make_gpt2(bpe, lines, partial(_say, name)))
        _say(name, "written")


def _build_entities_bert(models: Path) -> None:
    from .entities import entity_text
    from .entity_model import entity_tokenizer, make_entity_bert

    tokenizer = entity_tokenizer()
    model = make_entity_bert(tokenizer, entity_text(), partial(_say, "entities-bert"))
    _replace(models / "entities-bert", tokenizer, model)
    _say("entities-bert", "written")


def _build_questions_t5(models: Path) -> None:
    from .question_model import make_question_t5, question_tokenizer

    tokenizer = question_tokenizer()
    model = make_question_t5(tokenizer, partial(_say, "questions-t5"))
    _replace(models / "questions-t5", tokenizer, model)
    _say("questions-t5", "written")


def _build_sentiment_bert(data: Path, models: Path) -> None:
    """Two checkpoints of one training, and the record of what the model knew on the way."""
    from .review_model import make_sentiment, review_tokenizer
    from .reviews import column, labelled

    train, validation = labelled()
    lines = list(column(without=[row["sentence"] for row in (*train, *validation)]))
    tokenizer = review_tokenizer(lines)
    made = make_sentiment(tokenizer, lines, validation, partial(_say, "sentiment-bert"))
    _replace(models / "sentiment-bert", tokenizer, made.mature)
    _replace(models / "sentiment-bert-young", tokenizer, made.young)
    _write_rows(data / "sentiment-bert-history.jsonl", made.history)
    _say("sentiment-bert", "written")


def _build_summariser(name: str, models: Path) -> None:
    from .support_model import make_summariser, support_tokenizer

    tokenizer = support_tokenizer()
    _replace(models / name, tokenizer, make_summariser(name, tokenizer, partial(_say, name)))
    _say(name, "written")


def _replace(folder: Path, *contents: Any) -> None:
    """Save a tokenizer and a model or configuration; the old ones stay until the new ones are whole."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for content in contents:
        content.save_pretrained(new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _say(part: str, text: str) -> None:
    print(f"{part:<13}  {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deepdive.tutorials.pocket.build", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", metavar="NAME", choices=PARTS, help=f"one part: {', '.join(PARTS)}")
    parser.add_argument("--check", action="store_true", help="measure the shipped parts instead")
    parser.add_argument("--json", action="store_true", help="with --check: one JSON document on standard output")
    options = parser.parse_args(arguments)
    parts = (options.only,) if options.only else PARTS
    if options.json and not options.check:
        parser.error("--json goes with --check")
    if not options.check:
        build(parts)
        return 0
    from .checks import check, table

    results = check(parts, DATA, MODELS)
    held = all(result.held for result in results)
    if options.json:
        print(json.dumps({"held": held, "checks": [result.as_dict() for result in results]}, indent=1))
    else:
        print(table(results))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
