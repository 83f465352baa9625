"""How good answers are: the uncertainty of a share, the table of confusions."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import torch
from torch import Tensor


def standard_error(share: float, n: int) -> float:
    """How far a share of n items is off the true one, typically."""
    return sqrt(share * (1 - share) / n)


def interval(share: float, n: int, errors: float) -> tuple[float, float]:
    """So many standard errors to both sides of a share (Wald's), never outside of 0 and 1."""
    wide = errors * standard_error(share, n)
    return max(0.0, share - wide), min(1.0, share + wide)


def confusion(truth: Tensor, said: Tensor, classes: Sequence[str]) -> list[dict[str, Any]]:
    """How often each class was taken for each: a row of `lab.rows(..., key="cell", view="confusion")` for each pair.

    `truth` and `said` are class numbers of the same shape (n,), from 0.
    """
    count = torch.bincount(truth * len(classes) + said, minlength=len(classes) ** 2)
    cells = [(one, other) for one in classes for other in classes]
    return [
        {"cell": f"{one}, {other}", "truth": one, "said": other, "count": n}
        for (one, other), n in zip(cells, count.tolist(), strict=True)
    ]
