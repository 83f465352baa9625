"""Chapter 3's second lesson on a bench, at pocket scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial

from tests.support.bench import Bench

SIMPLEST = "{passage} {question} {mask}"
PUNCTUATED = "{passage} . {question} ? {mask}"


@pytest.fixture(scope="session")
def prompts() -> Tutorial:
    return catalogue.read(catalogue.shipped() / "chapter3-prompts")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two threads on a loaded machine can be ten times slower than one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def bench(prompts: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder: Path = tmp_path_factory.mktemp("prompts")
    return Bench(prompts, folder)


@pytest.fixture(scope="module")
def small(prompts: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The same with 160 questions to ask instead of 866: for what is the same or not, whatever the accuracy."""
    scale = prompts.scales["pocket"]
    asked = {**scale.roles["questions_test"], "split": "train[:300]"}
    scales = {"pocket": replace(scale, roles={**scale.roles, "questions_test": asked})}
    return Bench(replace(prompts, scales=scales), tmp_path_factory.mktemp("small"))
