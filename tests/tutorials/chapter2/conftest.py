"""Chapter 2's steps on a bench, at pocket scale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.work import exercise_child

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


def load(folder: Path, name: str) -> Any:
    """An exercise of the lesson. Its folder is a package named as every lesson's is: what another test read goes."""
    for known in [module for module in sys.modules if module.partition(".")[0] == "exercises"]:
        del sys.modules[known]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        return exercise_child.load(folder, name)
