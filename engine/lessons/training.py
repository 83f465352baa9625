"""How a model is to be trained: what a `[[fit]]` row of a tutorial may say, and what the rest is taken to be."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
METHODS = ("full", "lora", "8bit", "4bit", "use")  # use: nothing is trained
WORDS = {"LoRA": "lora", "LoRA on 8 bits": "8bit", "QLoRA": "4bit"}  # the same in a lesson's words
PRECISIONS = ("no", "bf16", "fp16")
TORCH_ADAM = ("adamw_torch", "adamw_torch_fused")
WIDE_ADAM = ("paged_adamw_32bit",)
NARROW_ADAM = ("adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit")
OPTIMIZERS = (*TORCH_ADAM, *WIDE_ADAM, *NARROW_ADAM, "sgd")


@dataclass(frozen=True)
class Training:
    """How a model is to be trained. `batch` sequences of `length` tokens go through it at a time."""

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
    """What is wrong with a value of a training, or nothing."""
    kinds = {field.name: str(field.type) for field in fields(Training)}
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
