"""Rows of token ids in batches: shuffled to learn from, by length to ask, padded to the longest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor


def shuffled(count: int, size: int) -> Iterator[list[int]]:
    """The numbers of `count` rows in batches of `size`, reshuffled in every epoch (by torch's generator), without end.

    The last batch of an epoch may be smaller. Of no rows there are no batches.
    """
    while count:
        for rows in torch.randperm(count).split(size):
            yield rows.tolist()


def by_length(ids: Sequence[Sequence[int]], size: int) -> list[list[int]]:
    """Row numbers in batches of `size`, the shortest rows first: rows of like length share a batch and little is
    padded."""
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    return [order[at : at + size] for at in range(0, len(order), size)]


def padded(ids: Sequence[Sequence[int]], pad: int, device: Any = "cpu") -> tuple[Tensor, Tensor]:
    """(batch, longest) token ids, filled up on the right with `pad`, and of the same shape 1 where a token is real.

    What is real is known from the lengths: a row may hold the padding token as its own. Raises ValueError for no rows.
    """
    width = max(map(len, ids))
    inputs = torch.tensor([[*row, *[pad] * (width - len(row))] for row in ids], device=device)
    lengths = torch.tensor([len(row) for row in ids], device=device)
    return inputs, (torch.arange(width, device=device) < lengths[:, None]).long()
