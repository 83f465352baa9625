"""How the shipped parts are measured: every check states its threshold."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LIMIT_BYTES = 6_000_000

_COMPARE: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Check:
    part: str
    name: str
    measured: float
    sign: str
    """"<=" or ">="."""
    threshold: float
    note: str = ""

    @property
    def held(self) -> bool:
        return _COMPARE[self.sign](self.measured, self.threshold)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "held": self.held}


def check_size(part: str, weights: Path) -> Check:
    """That a file of weights is small enough to be shipped."""
    return Check(part, "bytes of weights", weights.stat().st_size, "<=", LIMIT_BYTES)


def read(path: Path) -> list[Any]:
    """The rows of a file of `data/`."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(results: Sequence[Check]) -> str:
    """One line a check."""
    width = max(len(result.name) for result in results)
    return "\n".join(
        f"{'held' if r.held else 'NOT held':<9} {r.part:<11} {r.name:<{width}}  {r.measured:>12,.4g} {r.sign} "
        f"{r.threshold:<9,.6g} {r.note}".rstrip()
        for r in results
    )


def total_variation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Half the sum of the differences; what either lacks to 1 counts as one more outcome. 0 is equal, 1 disjoint."""
    rest = abs(sum(one.values()) - sum(other.values()))
    return (sum(abs(one.get(word, 0) - other.get(word, 0)) for word in one.keys() | other.keys()) + rest) / 2
