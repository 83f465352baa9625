"""Sixteen levels and blocks: the lesson's own rounding is bitsandbytes' own, and its error behaves as told."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit

from tests.tutorials.chapter4.conftest import Desk

# bitsandbytes 0.50.2 loses parts of a matrix on a CPU in blocks of 256 to 1024, and where a row is no whole number of
# blocks of 64: those are not compared.
BLOCKS = (64, 4096)


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("seed", range(3))
def test_rounding_is_that_of_bitsandbytes_number_by_number(steps: ModuleType, block: int, seed: int) -> None:
    numbers = 0.02 * drawn(seed, 128, 192 if block == 64 else 128)
    theirs = dequantize_4bit(*quantize_4bit(numbers, blocksize=block, quant_type="nf4"))
    assert torch.equal(steps.levels.rounded(numbers, block, steps.levels.NF4), theirs)


def test_the_levels_are_those_of_the_paper(steps: ModuleType) -> None:
    """Dettmers et al. 2023, appendix E, to four digits."""
    paper = [-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0]
    paper += [0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0]
    assert steps.levels.NF4.tolist() == pytest.approx(paper, abs=5e-5)
    assert steps.levels.EVEN.tolist() == pytest.approx([-1 + 2 * n / 15 for n in range(16)])


def test_rounding_by_hand(steps: ModuleType) -> None:
    levels = torch.tensor([-1.0, 0.0, 0.5, 1.0])
    numbers = torch.tensor([[4.0, 1.2, -1.0, 0.1], [-0.2, 0.1, 0.06, 0.0]])
    wanted = torch.tensor([[4.0, 2.0, 0.0, 0.0], [-0.2, 0.1, 0.1, 0.0]])
    assert torch.allclose(steps.levels.rounded(numbers, 4, levels), wanted)


def test_a_block_of_zeros_stays_zero(steps: ModuleType) -> None:
    numbers = torch.cat([torch.zeros(64), drawn(0, 64)])
    copy = steps.levels.rounded(numbers, 64, steps.levels.NF4)
    assert torch.equal(copy[:64], torch.zeros(64))
    assert copy.isfinite().all()


@pytest.fixture(scope="module")
def asked(desk: Desk) -> Desk:
    desk.run("four_bits", matrix=0, outlier=20.0, blocks=[64, 4096])
    return desk


def error(desk: Desk, **case: Any) -> float:
    return float(desk.figure("four_bits", "error", **case))


def test_the_error_is_that_of_the_copy(asked: Desk) -> None:
    """In standard deviations of the matrix; random weights are normal ones, for which the levels were made."""
    weight = asked.model().get_parameter("model.layers.0.self_attn.q_proj.weight").detach()
    for block in BLOCKS:
        copy = dequantize_4bit(*quantize_4bit(weight, blocksize=block, quant_type="nf4"))
        wanted = ((copy - weight).square().mean().sqrt() / weight.std()).item()
        assert error(asked, levels="NF4", block=block, outlier="none") == pytest.approx(wanted, rel=1e-4)


def test_normal_levels_beat_even_ones_and_small_blocks_beat_large_ones(asked: Desk) -> None:
    for block in BLOCKS:
        nf4, even = (error(asked, levels=levels, block=block, outlier="none") for levels in ("NF4", "even"))
        assert nf4 < 0.95 * even
    small, large = (error(asked, levels="NF4", block=block, outlier="none") for block in BLOCKS)
    assert small < large


def test_an_outlier_spoils_its_block(asked: Desk) -> None:
    small, large = (error(asked, levels="NF4", block=block, outlier="one") for block in BLOCKS)
    assert large > 2 * small


def test_the_matrix_in_memory_is_not_spoilt(asked: Desk) -> None:
    weight = asked.model().get_parameter("model.layers.0.self_attn.q_proj.weight")
    [bars] = [e.data for e in asked.heard["four_bits"] if getattr(e, "name", "") == "weights"]
    [told] = bars.values()
    assert told == pytest.approx(weight.flatten().tolist())


def test_bits_of_a_weight(asked: Desk) -> None:
    bits = {
        (block, scales): asked.figure("four_bits", "bits a weight", block=block, scales=scales)
        for block in BLOCKS
        for scales in ("32 bits", "8 bits")
    }
    assert bits[64, "32 bits"] == 4.5
    assert bits[64, "8 bits"] == pytest.approx(4.127, abs=5e-4)
    assert bits[4096, "32 bits"] == 4 + 1 / 128


def test_the_last_matrix_is_one_of_the_blocks(desk: Desk) -> None:
    """Seven in each block of a Llama; the embedding is none of them."""
    desk.run("four_bits", matrix=6, blocks=[64])
    [name] = [name for e in desk.heard["four_bits"] if getattr(e, "name", "") == "weights" for name in e.data]
    assert name == "model.layers.0.mlp.down_proj.weight"
