"""Four bits: sixteen levels, and blocks that share a scale."""

import re
from typing import Annotated, Literal

import torch
from bitsandbytes.functional import get_4bit_type
from deepdive.engine.lab import Lab, Range, step

from .models import load

NF4 = get_4bit_type("nf4", "cpu")  # sixteen quantiles of the normal
EVEN = torch.linspace(-1, 1, 16)


@step
def four_bits(
    lab: Lab,
    role: Literal["small", "large"] = "large",
    matrix: Annotated[int, Range(0, 1000)] = 0,
    outlier: Annotated[float, Range(1.0, 100.0)] = 20.0,
    blocks: Annotated[list[int], Range(1, 1_000_000)] = [
        64,
        256,
        1024,
        4096,
    ],
):
    """One weight matrix in 4 bits: levels, blocks, an outlier.

    role: which model the matrix is of
    matrix: which of its blocks' matrices, from 0
    outlier: one weight is made so many times the largest; a larger one
        coarsens its block more
    blocks: weights that share a scale; larger blocks take fewer bits
        and err more
    """
    model, _ = load(lab, role)
    names = [
        name
        for name, weight in model.named_parameters()
        if weight.ndim == 2 and re.search(r"\.\d+\.", name)
    ]  # the matrices of the blocks
    if matrix >= len(names):
        why = f"there are {len(names)}"
        lab.refuse("matrix", why, "a number from 0")
    weight = model.get_parameter(names[matrix]).detach().cpu()
    every = 1 + weight.numel() // 10_000
    drawn = weight.flatten()[::every].tolist()
    lab.plot("weights", "histogram", {names[matrix]: drawn})
    spoilt = weight.clone()
    spoilt[0, 0] = outlier * weight.abs().max()

    for name, numbers in {"none": weight, "one": spoilt}.items():
        for block in blocks:
            if block < 1 or weight.numel() % block:
                why = f"{block} does not divide {weight.numel()}"
                lab.refuse("blocks", why, "a power of 2")
            for levels, values in {"NF4": NF4, "even": EVEN}.items():
                copy = rounded(numbers, block, values)
                error = (copy - numbers).square().mean().sqrt()
                share = (error / weight.std()).item()
                case = {"levels": levels, "block": block}
                lab.measure("error", share, **case, outlier=name)
    for block in blocks:
        bits = 4 + 32 / block
        double = 4 + 8 / block + 32 / (256 * block)
        lab.measure(
            "bits a weight", bits, block=block, scales="32 bits"
        )
        lab.measure(
            "bits a weight", double, block=block, scales="8 bits"
        )


def rounded(numbers, block, levels):
    """Each weight at the nearest of 16 levels, by its block's scale."""
    parts = numbers.reshape(-1, block)
    scale = parts.abs().amax(1, keepdim=True)  # 32 bits for a block
    place = (parts / scale)[..., None].sub(levels).abs().argmin(-1)
    return (levels[place] * scale).reshape(numbers.shape)
