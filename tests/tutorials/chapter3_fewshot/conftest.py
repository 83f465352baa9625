"""Chapter 3's first lesson on a bench, at pocket scale."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.results.claims import evaluate
from deepdive.engine.results.evidence import gather

from tests.support.bench import Bench


@pytest.fixture(scope="session")
def fewshot() -> Tutorial:
    return catalogue.read(catalogue.shipped() / "chapter3-fewshot")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two threads on a loaded machine can be ten times slower than one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def bench(fewshot: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder: Path = tmp_path_factory.mktemp("fewshot")
    return Bench(fewshot, folder)


def assert_claims(bench: Bench, tutorial: Tutorial, step: str) -> None:
    """Every claim of a step at pocket scale holds; one over several seeds is looked at with this one."""
    evidence = gather(tutorial, bench.view())
    for claim in tutorial.claims:
        if claim.step == step and claim.scale in ("", "pocket"):
            verdict = evaluate(replace(claim, least=1), evidence)
            assert verdict.held, (claim.text, verdict.evidence)


def bodies(tutorial: Path) -> Iterator[tuple[str, int]]:
    """Each function of a lesson's steps, and how many lines it has below its docstring."""
    for file in sorted((tutorial / "steps").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                told = ast.get_docstring(node) is not None
                above = node.body[0].end_lineno if told else node.body[0].lineno - 1
                yield f"{file.stem}.{node.name}", (node.end_lineno or 0) - (above or 0)
