"""Reads tutorials as data: nothing of theirs is imported, so that the interface opens all of them at once.

A folder that can't be read is a `Problem` with file and line; it does not take the others down.
"""

from __future__ import annotations

import os
import re
import tomllib
from importlib.resources import files
from pathlib import Path

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.folders import config
from deepdive.engine.lessons.language import check_claim as check_claim
from deepdive.engine.lessons.reader import Reader
from deepdive.engine.lessons.source import Broken, read_text
from deepdive.engine.lessons.tutorial import (
    Catalogue,
    Problem,
    Tutorial,
)


def shipped() -> Path:
    """The folder of the tutorials that come with the program."""
    return Path(str(files("deepdive.tutorials")))


def pocket() -> Path:
    """The pocket world: models and data that need no network."""
    return shipped() / "pocket"


def folders() -> list[Path]:
    """Where tutorials are looked for: ours, the learner's own, and `DEEPDIVE_TUTORIALS` (separated by `:`)."""
    extra = [Path(part) for part in os.environ.get("DEEPDIVE_TUTORIALS", "").split(os.pathsep) if part]
    return [shipped(), config() / "tutorials", *extra]


def load(where: list[Path] | None = None) -> Catalogue:
    """Every tutorial below `where`, in the order of chapters, and what could not be read."""
    tutorials: list[Tutorial] = []
    problems: list[Problem] = []
    for root in folders() if where is None else where:
        try:
            found = sorted(folder for folder in root.iterdir() if os.path.lexists(folder / "tutorial.toml"))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(Problem(root.name, root, 1, f"can't be read: {error.strerror}"))
            continue
        for folder in found:
            try:
                tutorials.append(read(folder))
            except Broken as broken:
                problems.append(Problem(folder.name, broken.path, broken.line, broken.what))
    return Catalogue(tuple(sorted(tutorials, key=lambda t: (t.chapter, t.id))), tuple(problems))


def read(folder: Path) -> Tutorial:
    """One tutorial. Raises Broken, whatever is wrong with it."""
    file = folder / "tutorial.toml"
    try:
        return _read(folder, file)
    except Broken:
        raise
    except Exception as error:  # what nobody thought of in one tutorial takes no other down
        raise Broken(file, 1, f"can't be read: {type(error).__name__}: {error}") from error


def _read(folder: Path, file: Path) -> Tutorial:
    text = read_text(file)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        last = text.rstrip("\n").count("\n") + 1
        raise Broken(file, int(line.group(1)) if line else last, f"is not valid TOML: {error}") from error
    return Reader(folder, file, text, table).tutorial()


def find(id: str) -> Tutorial:
    """One tutorial by its id. Raises Refusal if there is none, Fault if it can't be read."""
    for root in folders():
        if id == Path(id).name and os.path.lexists(root / id / "tutorial.toml"):
            try:
                return read(root / id)
            except Broken as broken:
                raise Fault(
                    f"{broken.path}:{broken.line}: {broken.what}", "Mend the file; the others still work"
                ) from broken
    known = ", ".join(tutorial.id for tutorial in load().tutorials)
    raise Refusal("TUTORIAL", f"there is no tutorial {id!r}", known)
