"""Tuning weights by the cross-entropy of class scores, update by update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Scorer(Protocol):
    """A model that scores classes: a Head, a PromptModel."""

    @property
    def model(self) -> Any: ...

    def scores(self, ids: Sequence[list[int]]) -> Tensor:
        """(labels, classes), with gradients."""
        ...


def tune(
    scorer: Scorer,
    ids: Sequence[list[int]],
    labels: Sequence[Sequence[int]],
    batches: Iterable[list[int]],
    optimizers: Sequence[Optimizer],
    schedules: Sequence[LRScheduler] = (),
    clip: float | None = None,
    then: Callable[[int], None] = lambda update: None,
) -> None:
    """One update for each batch of row numbers, in the mode that the model is in.

    A row has its token ids and a list of labels: one, or one for every token (-100 does not count). With `clip` the
    gradients of all the model's parameters together have no larger norm. `then` is called after each update with its
    number, from 1. Raises FloatingPointError where the training diverges.
    """
    for update, rows in enumerate(batches, start=1):
        scores = scorer.scores([ids[row] for row in rows])
        truth = [label for row in rows for label in labels[row]]
        loss = cross_entropy(scores, torch.tensor(truth, device=scores.device))
        if not torch.isfinite(loss):
            raise FloatingPointError(f"its loss is {loss.item()} at update {update}")
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(scorer.model.parameters(), clip)
        for optimizer in optimizers:
            optimizer.step()
        for schedule in schedules:
            schedule.step()
        for optimizer in optimizers:
            optimizer.zero_grad()  # of its own weights
        then(update)
