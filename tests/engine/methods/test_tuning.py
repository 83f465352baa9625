"""Updates are those of a loop written here once more with torch alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from deepdive.engine.methods.tuning import tune
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import get_linear_schedule_with_warmup

IDS = [[0], [1], [2], [3]]
LABELS = [[0], [1], [1], [0]]
BATCHES = [[0, 1], [3, 2], [2], [1, 3]]


class Bag:
    """Scores three classes by one token's row of a table."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = torch.nn.Embedding(4, 3)

    def scores(self, ids: Any) -> Tensor:
        scores: Tensor = self.model(torch.tensor([token for row in ids for token in row]))
        return scores


def by_hand(model: Any, clip: float | None, rates: list[float]) -> Tensor:
    """Plain gradient descent at a rate for each update."""
    weight = copy.deepcopy(model.weight)
    for rows, rate in zip(BATCHES, rates, strict=True):
        loss = cross_entropy(weight[[IDS[row][0] for row in rows]], torch.tensor([LABELS[row][0] for row in rows]))
        (gradient,) = torch.autograd.grad(loss, weight)
        if clip is not None and gradient.norm() > clip:
            gradient = gradient * clip / gradient.norm()
        weight = (weight - rate * gradient).detach().requires_grad_()
    return weight


@pytest.mark.parametrize("clip", [None, 0.1])
def test_plain_descent(clip: float | None) -> None:
    bag = Bag()
    wanted = by_hand(bag.model, clip, [0.5] * 4)
    tune(bag, IDS, LABELS, BATCHES, [torch.optim.SGD(bag.model.parameters(), lr=0.5)], clip=clip)
    assert torch.allclose(bag.model.weight, wanted, atol=1e-5)


def test_the_rate_follows_its_schedule() -> None:
    bag = Bag()
    optimizer = torch.optim.SGD(bag.model.parameters(), lr=0.5)
    schedule = get_linear_schedule_with_warmup(optimizer, 2, 4)
    wanted = by_hand(bag.model, None, [0.0, 0.25, 0.5, 0.25])
    tune(bag, IDS, LABELS, BATCHES, [optimizer], [schedule])
    assert torch.allclose(bag.model.weight, wanted, atol=1e-5)


def test_one_who_watches_is_told_each_update_after_it_is_done() -> None:
    bag = Bag()
    seen: list[tuple[int, Tensor]] = []
    optimizer = torch.optim.SGD(bag.model.parameters(), lr=0.5)
    tune(bag, IDS, LABELS, BATCHES, [optimizer], then=lambda update: seen.append((update, bag.model.weight.clone())))
    assert [update for update, _ in seen] == [1, 2, 3, 4]
    assert torch.equal(seen[-1][1], bag.model.weight)
    assert not torch.equal(seen[0][1], seen[1][1])


def test_several_optimizers_have_each_their_weights_and_the_rest_stays() -> None:
    bag = Bag()
    other = torch.nn.Parameter(torch.ones(1))
    before = bag.model.weight.clone()
    tune(bag, IDS, LABELS, BATCHES, [torch.optim.SGD([other], lr=0.5)])
    assert torch.equal(bag.model.weight, before)
    assert bag.model.weight.grad is not None  # it piles up where no optimizer has the weight
    assert other.item() == 1


def test_a_row_of_several_labels_has_as_many_scores_and_uncounted_ones_do_not_count() -> None:
    told = []
    for ids, labels in (([[0, 1, 2]], [[1, -100, 0]]), ([[0, 2]], [[1, 0]])):
        bag = Bag()
        tune(bag, ids, labels, [[0]], [torch.optim.SGD(bag.model.parameters(), lr=0.5)])
        told.append(bag.model.weight)
    assert torch.allclose(told[0], told[1])


def test_a_training_that_diverges_ends_with_its_update() -> None:
    bag = Bag()
    with pytest.raises(FloatingPointError, match="its loss is nan at update 2"):
        tune(bag, IDS, LABELS, BATCHES, [torch.optim.SGD(bag.model.parameters(), lr=float("inf"))])
