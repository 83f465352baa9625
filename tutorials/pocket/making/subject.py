"""What `build.py` asks of a subject: its data, its models, and whether they do their job.

A subject imports its own files only when it is asked, so that nothing waits for torch that does not train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .check import Check

Files = Mapping[str, Iterable[Mapping[str, Any]]]
"""File of `data/`: its rows. A name that ends in ".gz" is compressed."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """What a recipe has made, to be saved."""

    models: Mapping[str, Sequence[Any]]
    """Folder of `models/`: a tokenizer, and a model or the configuration of one."""
    files: Files = field(default_factory=dict)
    """What was recorded on the way."""


def _nothing(data: Path) -> list[Check]:
    return []


@dataclass(frozen=True)
class Subject:
    parts: tuple[str, ...]
    """The names by which its models are made and checked, each one a folder of `models/`."""
    files: Callable[[], Files]
    """All its data; the same rows every time."""
    make: Callable[[str, Say], Made]
    """A part, from random weights; how far it is goes to the second argument."""
    check: Callable[[str, Path, Path, bool], list[Check]]
    """The checks of a part, given `data/` and `models/`; those that take longest only if the last argument is true."""
    check_data: Callable[[Path], list[Check]] = _nothing
    """The checks of its data, given `data/`."""
