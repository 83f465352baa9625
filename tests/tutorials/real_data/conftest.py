"""Chapter 3 on real rows: the book's scale with its data pointed at ../shared/data and tiny random models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.places.places import override
from deepdive.engine.places.resolver import Resolver

from tests.support.bench import Bench

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def shared(name: str) -> Path:
    """A file of the shared folder, which lies beside the checkout where the project is developed."""
    if not (path := DATA / name).is_file():
        pytest.skip(f"real data: {path} is not here")
    return path


@dataclass
class Pointed(Bench):
    """A bench whose roles are pointed elsewhere, as `--set ROLE=PATH` does."""

    roles: dict[str, Path] = field(default_factory=dict)

    def _resolver(self, needs: dict[str, str]) -> Resolver:
        usual = super()._resolver(needs)
        pointed = {role: override(usual.places[role], str(path), role) for role, path in self.roles.items()}
        return replace(usual, places={**usual.places, **pointed})


def bench(slug: str, folder: Path, **roles: Path) -> Pointed:
    tutorial = catalogue.read(catalogue.shipped() / slug)
    if not tutorial.steps:
        pytest.skip(f"{slug} is not built yet")
    return Pointed(tutorial, folder, scale="book", roles=roles)


def written(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Two threads on a loaded machine can be ten times slower than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
