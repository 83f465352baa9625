"""What a training would hold, in bytes, by arithmetic: nothing is loaded, no ML library is imported.

`Shape` is what was counted on the model's own class without its weights (shapes.py), `Plan` how it is to be trained.
The parts are those of the live ledger (memory.py), so that an estimate and a measurement can stand side by side.

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

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
METHODS = ("full", "lora", "8bit", "4bit", "use")  # use: nothing is trained
WORDS = {"LoRA": "lora", "LoRA on 8 bits": "8bit", "QLoRA": "4bit"}  # the same in a lesson's words
PRECISIONS = ("no", "bf16", "fp16")
TORCH_ADAM = ("adamw_torch", "adamw_torch_fused")
WIDE_ADAM = ("paged_adamw_32bit",)
NARROW_ADAM = ("adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit")
OPTIMIZERS = (*TORCH_ADAM, *WIDE_ADAM, *NARROW_ADAM, "sgd")

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
class Plan:
    """How a model is trained. `batch` sequences of `length` tokens go through it at a time."""

    method: str = "full"
    dtype: str = "float32"  # of the weights as loaded; in 8 and 4 bits of those that are not quantised
    adapters: str = "float32"  # dtype of their weights
    double_quantisation: bool = False
    rank: int = 8
    targets: tuple[str, ...] = ()  # empty: peft's own choice for the architecture
    batch: int = 1
    length: int = 512
    optimizer: str = "adamw_torch"
    checkpointing: bool = False
    precision: str = "no"  # autocast

    @property
    def adapted(self) -> bool:
        return self.method in ("lora", "8bit", "4bit")


ALLOWED: dict[str, tuple[str, ...]] = {
    "method": (*METHODS, *WORDS),
    "dtype": tuple(BYTES),
    "adapters": tuple(BYTES),
    "optimizer": OPTIMIZERS,
    "precision": PRECISIONS,
}


def problem_with(name: str, value: Any) -> str:
    """What is wrong with a value of a plan, or nothing."""
    kinds = {field.name: str(field.type) for field in fields(Plan)}
    if name not in kinds:
        return f"there is no {name!r}; there is {', '.join(kinds)}"
    if name in ALLOWED and value not in ALLOWED[name]:
        return f"{name} is {value!r}; it can be {', '.join(ALLOWED[name])}"
    if kinds[name] == "int" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        return f"{name} is {value!r}; it must be a whole number from 1"
    if kinds[name] == "bool" and not isinstance(value, bool):
        return f"{name} is {value!r}; it must be true or false"
    if name == "targets" and not all(isinstance(part, str) for part in ([value] if isinstance(value, str) else value)):
        return f"{name} is {value!r}; it must be names of modules"
    return ""


@dataclass(frozen=True)
class Curve:
    """Bytes as a function of batch and length: a part for each token, one for each pair of tokens of a sequence
    (attention), and a fixed one."""

    token: float = 0.0
    pair: float = 0.0
    fixed: float = 0.0

    def at(self, batch: int, length: int) -> int:
        return max(0, round(batch * (self.token * length + self.pair * length**2) + self.fixed))

    @classmethod
    def through(cls, length: int, short: int, one: float, two: float, two_short: float) -> Curve:
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

    kept: Curve
    alive: Curve


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


def estimate(shape: Shape, plan: Plan, gpu: bool = True) -> Estimate:
    """What `plan` holds of a model of this `shape`."""
    trained = BYTES[plan.adapters if plan.adapted else plan.dtype]
    rehearsed = (shape.checkpointed if plan.checkpointing else None) or shape.plain
    kept = rehearsed.kept.at(plan.batch, plan.length)
    alive = rehearsed.alive.at(plan.batch, plan.length)
    moment = max(0, alive - kept) + _unpacked(shape, plan)
    return Estimate(
        weights=_weights(shape, plan),
        gradients=shape.trainable * trained,
        optimizer=sum(count * _moments(numbers, trained, plan.optimizer) for numbers, count in shape.trained),
        activations=kept,
        other=moment + (GPU_LIBRARIES if gpu else 0),
    )


def _weights(shape: Shape, plan: Plan) -> int:
    packed = shape.quantised if plan.method in ("8bit", "4bit") else ()
    whole = shape.parameters - sum(rows * columns * count for rows, columns, count in packed)
    one = _in_8_bits if plan.method == "8bit" else _in_double_4_bits if plan.double_quantisation else _in_4_bits
    adapters = shape.adapters * BYTES[plan.adapters] if plan.adapted else 0
    matrices = sum(count * one(rows, columns) for rows, columns, count in packed)
    return whole * BYTES[plan.dtype] + matrices + adapters + shape.buffers


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


def _unpacked(shape: Shape, plan: Plan) -> int:
    """The largest packed matrix, as numbers for one product."""
    if plan.method not in ("8bit", "4bit"):
        return 0
    size = 2 if plan.precision != "no" else BYTES[plan.dtype]
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
    """A change of a plan, and what it holds then. `price` is what it costs the learner."""

    what: str
    price: str
    plan: Plan
    estimate: Estimate


def remedies(shape: Shape, plan: Plan, gpu: bool = True) -> list[Remedy]:
    """Changes that leave the method as it is, each alone; the last one is all of them together."""
    changes: list[tuple[str, str, dict[str, Any]]] = []
    if plan.method == "use":
        return []
    if plan.batch > 1:
        words = f"batch {plan.batch} → 1, accumulate {plan.batch}"
        changes.append((words, "same update, more time", {"batch": 1}))
    if not plan.checkpointing and shape.checkpointed is not None:
        changes.append(("gradient checkpointing", "one more forward pass", {"checkpointing": True}))
    if plan.optimizer in (*TORCH_ADAM, *WIDE_ADAM) and _worthwhile(shape):
        changes.append(("8-bit Adam", "optimizer adamw_8bit", {"optimizer": "adamw_8bit"}))
    found = [_remedy(shape, plan, what, price, change, gpu) for what, price, change in changes]
    if len(changes) > 1:
        every = {name: value for _, _, change in changes for name, value in change.items()}
        found.append(_remedy(shape, plan, "both" if len(changes) == 2 else "all three", "", every, gpu))
    return found


def _worthwhile(shape: Shape) -> bool:
    """An optimizer in 8 bits helps where many weights are trained."""
    return 20 * shape.trainable >= shape.parameters


def _remedy(shape: Shape, plan: Plan, what: str, price: str, change: dict[str, Any], gpu: bool) -> Remedy:
    changed = replace(plan, **change)
    return Remedy(what, price, changed, estimate(shape, changed, gpu))
