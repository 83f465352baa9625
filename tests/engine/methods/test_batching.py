"""Every row is in a batch once; what is padded is known from the lengths."""

from __future__ import annotations

from itertools import chain, islice

import torch
from deepdive.engine.methods.batching import by_length, padded, shuffled
from hypothesis import given
from hypothesis import strategies as st

rows = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=12)


@given(st.integers(1, 20), st.integers(1, 8), st.integers(0, 99))
def test_an_epoch_has_each_row_once(count: int, size: int, seed: int) -> None:
    torch.manual_seed(seed)
    per_epoch = -(-count // size)
    drawn = list(islice(shuffled(count, size), 3 * per_epoch))
    for epoch in range(3):
        part = drawn[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert sorted(chain(*part)) == list(range(count))
        assert [len(batch) for batch in part[:-1]] == [size] * (per_epoch - 1)


def test_the_order_is_that_of_torch_s_permutations_and_no_more_are_drawn() -> None:
    torch.manual_seed(5)
    wanted = [rows.tolist() for _ in range(2) for rows in torch.randperm(5).split(2)]
    after = torch.get_rng_state()
    torch.manual_seed(5)
    assert list(islice(shuffled(5, 2), 6)) == wanted
    assert torch.equal(torch.get_rng_state(), after)


def test_of_no_rows_there_are_no_batches() -> None:
    assert list(shuffled(0, 4)) == by_length([], 4) == []


@given(rows, st.integers(1, 5))
def test_the_shortest_rows_come_first_and_none_is_lost(ids: list[list[int]], size: int) -> None:
    batches = by_length(ids, size)
    order = list(chain(*batches))
    assert sorted(order) == list(range(len(ids)))
    assert [len(ids[row]) for row in order] == sorted(map(len, ids))
    assert all(len(batch) == size for batch in batches[:-1])


def test_padded_by_hand() -> None:
    """The padding token stands in the second row as its own."""
    inputs, real = padded([[5, 6, 7], [8, 0]], 0)
    assert inputs.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert real.tolist() == [[1, 1, 1], [1, 1, 0]]
