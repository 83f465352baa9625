"""Chapter 2's steps on a bench, at pocket scale."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial

from tests.support.bench import Bench


@pytest.fixture(scope="session")
def chapter2() -> Tutorial:
    return catalogue.read(catalogue.shipped() / "chapter2")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two threads on a loaded machine can be ten times slower than one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def bench(chapter2: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder: Path = tmp_path_factory.mktemp("chapter2")
    return Bench(chapter2, folder)
