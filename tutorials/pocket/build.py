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
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from .making.check import Check, check_size, table
from .making.subject import Subject

HERE = Path(__file__).parent
DATA = HERE / "data"
MODELS = HERE / "models"
FOLDERS = ("village", "entities", "questions", "reviews", "support")
"""One for each subject, in the order in which the parts are made and checked."""
SUBJECTS: tuple[Subject, ...] = tuple(import_module(f".{folder}", __package__).SUBJECT for folder in FOLDERS)
PARTS = ("data", *(part for subject in SUBJECTS for part in subject.parts))


def build(parts: Sequence[str] = PARTS, data: Path = DATA, models: Path = MODELS) -> None:
    """Write the named parts into the two folders."""
    if "data" in parts:
        write_data(data)
    for subject in SUBJECTS:
        for part in subject.parts:
            if part in parts:
                _build_models(subject, part, data, models)


def write_data(folder: Path) -> None:
    """What all subjects say; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for subject in SUBJECTS:
        for name, rows in subject.files().items():
            _write_rows(folder / name, rows)
    _say("data", "written")


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _build_models(subject: Subject, part: str, data: Path, models: Path) -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    made = subject.make(part, partial(_say, part))
    for folder, contents in made.models.items():
        _replace(models / folder, contents)
    for name, rows in made.files.items():
        _write_rows(data / name, rows)
    _say(part, "written")


def _replace(folder: Path, contents: Iterable[Any]) -> None:
    """Save a tokenizer and a model or configuration; the old ones stay until the new ones are whole."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for content in contents:
        content.save_pretrained(new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def check(parts: Iterable[str] = PARTS, data: Path = DATA, models: Path = MODELS, whole: bool = True) -> list[Check]:
    """All checks of the named parts; if not `whole`, without those that take longest and on fewer sentences."""
    return [result for part in parts for result in _check(part, data, models, whole)]


def _check(part: str, data: Path, models: Path, whole: bool) -> list[Check]:
    if part == "data":
        return [result for subject in SUBJECTS for result in subject.check_data(data)]
    subject = next(subject for subject in SUBJECTS if part in subject.parts)
    weights = models / part / "model.safetensors"
    size = [check_size(part, weights)] if weights.exists() else []
    return [*size, *subject.check(part, data, models, whole)]


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
    results = check(parts)
    held = all(result.held for result in results)
    if options.json:
        print(json.dumps({"held": held, "checks": [result.as_dict() for result in results]}, indent=1))
    else:
        print(table(results))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
