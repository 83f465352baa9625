"""What a training would hold, in bytes, by arithmetic: nothing is loaded, no ML library is imported.

`Shape` is what was counted on the model's own class without its weights (shapes.py), `Training` how it is trained.
The parts are those of the live ledger (ledger.py), so that an estimate and a measurement can stand side by side.

    weights      parameters as stored: dtype, or packed by bitsandbytes with the constants of quantisation; adapters
    gradients    one number for each trained weight
    optimizer    Adam: two for each trained weight
    activations  what the forward pass keeps for the backward pass
    other        what is needed for a moment besides: logits and their gradients, matrices unpacked for a product, the
                 libraries of a GPU

Sources of the block rules: bitsandbytes, functional.py (quantize_4bit, int8_vectorwise_quant), optim/optimizer.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import ceil
from typing import Any

from deepdive.engine.lessons.training import BYTES, NARROW_ADAM, TORCH_ADAM, WIDE_ADAM, Training

BLOCK = 64  # weights that share a scale in 4 bits
OUTER_BLOCK = 256  # scales that share a scale in double quantisation
CODE_4BIT, CODE_8BIT = 16 * 4, 256 * 4  # bytes of the tables of levels
OFFSET = 4  # bytes of the mean that double quantisation takes off
MOMENT_BLOCK = 256  # numbers of an 8-bit moment that share a scale
LEAST_8BIT = 4096  # below so many numbers an 8-bit optimizer keeps 32 bits
STEP_COUNT = 4  # bytes of torch's count of updates, one for each tensor
GPU_LIBRARIES = 500_000_000  # CUDA's context, cuBLAS and its workspace: about so much on every card
CPU_ERROR, GPU_ERROR = 0.1, 0.2  # of activations: tests measure the one; a GPU's kernels keep other things


@dataclass(frozen=True)
class Growth:
    """Bytes as a function of batch and length: a part for each token, one for each pair of tokens of a sequence
    (attention), and a fixed one."""

    token: float = 0.0
    pair: float = 0.0
    fixed: float = 0.0

    def at(self, batch: int, length: int) -> int:
        return max(0, round(batch * (self.token * length + self.pair * length**2) + self.fixed))

    @classmethod
    def through(cls, length: int, short: int, one: float, two: float, two_short: float) -> Growth:
        """The curve through three measurements: batches of one and two of `length` tokens, two of `short` ones."""
        sequence = two - one
        fixed = one - sequence
        slope, slope_short = sequence / length, (two_short - fixed) / 2 / short
        pair = (slope - slope_short) / (length - short)
        return cls(slope - pair * length, pair, fixed)


@dataclass(frozen=True)
class Rehearsal:
    """One forward and backward pass without numbers: what was kept for the backward pass, and all that was alive at
    the fullest moment but weights and gradients."""

    kept: Growth
    alive: Growth


@dataclass(frozen=True)
class Shape:
    """What a model is made of. Tied weights count once; `parameters` and `quantised` are without adapters."""

    model: str  # its class
    parameters: int
    buffers: int  # bytes
    quantised: tuple[tuple[int, int, int], ...]  # matrices that bitsandbytes would pack: rows, columns, how many
    adapters: int  # parameters
    trained: tuple[tuple[int, int], ...]  # tensors: numbers, how many
    plain: Rehearsal
    checkpointed: Rehearsal | None = None

    @property
    def trainable(self) -> int:
        """Trained parameters."""
        return sum(numbers * count for numbers, count in self.trained)


@dataclass(frozen=True)
class Estimate:
    """Bytes."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    other: int

    @property
    def parts(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def total(self) -> int:
        """At most: gradients come while activations go."""
        return sum(self.parts.values())

    @property
    def certain(self) -> int:
        """What does not depend on the data."""
        return self.weights + self.gradients + self.optimizer


def estimate(shape: Shape, training: Training, gpu: bool = True) -> Estimate:
    """What `training` holds of a model of this `shape`."""
    trained = BYTES[training.adapters if training.adapted else training.dtype]
    rehearsed = (shape.checkpointed if training.checkpointing else None) or shape.plain
    kept = rehearsed.kept.at(training.batch, training.length)
    alive = rehearsed.alive.at(training.batch, training.length)
    moment = max(0, alive - kept) + _unpacked(shape, training)
    return Estimate(
        weights=_weights(shape, training),
        gradients=shape.trainable * trained,
        optimizer=sum(count * _moments(numbers, trained, training.optimizer) for numbers, count in shape.trained),
        activations=kept,
        other=moment + (GPU_LIBRARIES if gpu else 0),
    )


def _weights(shape: Shape, training: Training) -> int:
    packed = shape.quantised if training.method in ("8bit", "4bit") else ()
    whole = shape.parameters - sum(rows * columns * count for rows, columns, count in packed)
    one = _in_8_bits if training.method == "8bit" else _in_double_4_bits if training.double_quantisation else _in_4_bits
    adapters = shape.adapters * BYTES[training.adapters] if training.adapted else 0
    matrices = sum(count * one(rows, columns) for rows, columns, count in packed)
    return whole * BYTES[training.dtype] + matrices + adapters + shape.buffers


def _in_8_bits(rows: int, columns: int) -> int:
    """A byte a weight and a scale for each row."""
    return rows * columns + rows * 4


def _in_4_bits(rows: int, columns: int) -> int:
    """Half a byte a weight and a scale for each block: 4.5 bits."""
    return ceil(rows * columns / 2) + ceil(rows * columns / BLOCK) * 4 + CODE_4BIT


def _in_double_4_bits(rows: int, columns: int) -> int:
    """The scales in 8 bits with scales of their own: 4.127 bits."""
    blocks = ceil(rows * columns / BLOCK)
    return ceil(rows * columns / 2) + blocks + ceil(blocks / OUTER_BLOCK) * 4 + CODE_4BIT + CODE_8BIT + OFFSET


def _unpacked(shape: Shape, training: Training) -> int:
    """The largest packed matrix, as numbers for one product."""
    if training.method not in ("8bit", "4bit"):
        return 0
    size = 2 if training.precision != "no" else BYTES[training.dtype]
    return max((rows * columns * size for rows, columns, _ in shape.quantised), default=0)


def _moments(numbers: int, size: int, optimizer: str) -> int:
    """Bytes that an optimizer keeps for a tensor of so many numbers of `size` bytes."""
    if optimizer in TORCH_ADAM:
        return 2 * numbers * size + STEP_COUNT
    if optimizer in NARROW_ADAM and numbers >= LEAST_8BIT:
        return 2 * (numbers + ceil(numbers / MOMENT_BLOCK) * 4)
    return 0 if optimizer == "sgd" else 2 * numbers * 4


# ---- what would make it fit ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Remedy:
    """A change of a training, and what it holds then. `price` is what it costs the learner."""

    what: str
    price: str
    training: Training
    estimate: Estimate


def remedies(shape: Shape, training: Training, gpu: bool = True) -> list[Remedy]:
    """Changes that leave the method as it is, each alone; the last one is all of them together."""
    changes: list[tuple[str, str, dict[str, Any]]] = []
    if training.method == "use":
        return []
    if training.batch > 1:
        words = f"batch {training.batch} → 1, accumulate {training.batch}"
        changes.append((words, "same update, more time", {"batch": 1}))
    if not training.checkpointing and shape.checkpointed is not None:
        changes.append(("gradient checkpointing", "one more forward pass", {"checkpointing": True}))
    if training.optimizer in (*TORCH_ADAM, *WIDE_ADAM) and _worthwhile(shape):
        changes.append(("8-bit Adam", "optimizer adamw_8bit", {"optimizer": "adamw_8bit"}))
    found = [_remedy(shape, training, what, price, change, gpu) for what, price, change in changes]
    if len(changes) > 1:
        every = {name: value for _, _, change in changes for name, value in change.items()}
        found.append(_remedy(shape, training, "both" if len(changes) == 2 else "all three", "", every, gpu))
    return found


def _worthwhile(shape: Shape) -> bool:
    """An optimizer in 8 bits helps where many weights are trained."""
    return 20 * shape.trainable >= shape.parameters


def _remedy(shape: Shape, training: Training, what: str, price: str, change: dict[str, Any], gpu: bool) -> Remedy:
    changed = replace(training, **change)
    return Remedy(what, price, changed, estimate(shape, changed, gpu))
