"""Whole pocket runs of the four lessons, as `deepdive run` wrote them at commit a65e1d4; without their models."""

from __future__ import annotations

import tarfile
from pathlib import Path

from deepdive.engine.runs.store import Run, Store

TUTORIALS = ("chapter2", "chapter3-fewshot", "chapter3-prompts", "chapter4")


def recorded(tutorial: str, store: Store) -> Run:
    """The run, put into a home."""
    with tarfile.open(Path(__file__).with_name(f"{tutorial}.tar.gz")) as archive:
        archive.extractall(store.folder, filter="data")
    return store.open(f"{tutorial}-1")
