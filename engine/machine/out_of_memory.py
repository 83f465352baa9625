"""Out of memory, as a lesson: what was asked for, who held the memory, what would make it fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.words import size

UNITS = {"bytes": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_ASKED = re.compile(r"[Tt]ried to allocate ([\d.,]+) ?(bytes|[KMGT]iB)")
_CAPACITY = re.compile(r"total capacity of ([\d.]+) ([KMGT]iB) of which ([\d.]+) (bytes|[KMGT]iB) is free")
_LIMIT = re.compile(r"Simulated limit: (\d+) bytes are needed, (\d+) bytes are allowed")
_BUDGET = re.compile(r"Declared budget: (the (weight|gradient|\w+ moment) of .*)")
_SAID = (
    "out of memory",  # CUDA, its driver, MPS, bitsandbytes
    "can't allocate memory",  # the CPU
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUSOLVER_STATUS_ALLOC_FAILED",
    "CUSPARSE_STATUS_ALLOC_FAILED",
    "cudaErrorMemoryAllocation",
)
_KINDS = {"weight": "weights", "gradient": "gradients"}  # the rest are the optimizer's
BATCHES = ("batch", "batch_size", "per_device_train_batch_size")


def check(fields: Mapping[str, Any], limit: int) -> None:
    """Act as if the device had `limit` bytes for what a step puts there. `fields` are a memory event's. On the CPU
    those are the tensors of the watched models: a GPU would not hold Python's own objects.
    Raises torch.OutOfMemoryError."""
    held = fields["held"]
    own = sum(held.get(name, 0) for name in (ACTIONS if fields["device"] == "cpu" else (*ACTIONS, "other")))
    if own > limit:
        import torch

        raise torch.OutOfMemoryError(f"Simulated limit: {own} bytes are needed, {limit} bytes are allowed")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on a GPU or for the process."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SAID)


def breaks_the_device(error: BaseException) -> bool:
    """Whether the device is lost to this process: any CUDA error but out of memory (an index outside a table is one)
    is told again by every later call."""
    if is_out_of_memory(error):
        return False
    return type(error).__name__ == "AcceleratorError" or (
        isinstance(error, RuntimeError) and "CUDA error" in str(error)
    )


def explain(error: BaseException, fields: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Fault:
    """`fields` are those of the ledger's last sample, `settings` the step's. A step may also lay its tensors into a
    budget of its own and name the first that does not fit: `Declared budget: the gradient of NAME wants ...`."""
    text, parts = str(error), {name: held for name, held in fields["held"].items() if held}
    if budget := _BUDGET.search(text):
        return Fault(f"out of memory: {budget[1]}", ACTIONS[_KINDS.get(budget[2], "optimizer")], text)
    where = "the CPU" if fields["device"] == "cpu" else "the GPU"
    limit = _LIMIT.search(text)
    if limit:
        what = f"the step needs {size(int(limit[1]))}, and this run's limit is {size(int(limit[2]))}"
        parts = {name: held for name, held in parts.items() if name in ACTIONS}
    else:
        what = f"{_asked(text, settings or {})} on {where}, where {_room(text, fields)}"
    holders = sorted(parts.items(), key=lambda part: -part[1])
    owners = ", ".join(f"{name} {size(held)}" for name, held in holders)
    cause = f"out of memory: {what}" + (f". Held by {owners}" if owners else "")
    return Fault(cause, _action(parts, fields, bool(limit)), text)


def _asked(text: str, settings: Mapping[str, Any]) -> str:
    batch = next((settings[name] for name in BATCHES if isinstance(settings.get(name), int)), None)
    asked = _ASKED.search(text)
    amount = size(_bytes(asked[1], asked[2])) if asked else "more than there was"
    return f"a batch of {batch:,} asked for {amount}" if batch else f"{amount} more were asked for" if asked else amount


def _room(text: str, fields: Mapping[str, Any]) -> str:
    found = _CAPACITY.search(text)
    total = _bytes(found[1], found[2]) if found else fields["total"]
    free = _bytes(found[3], found[4]) if found else max(0, total - fields["used"] - fields["others"])
    return f"{size(free)} of {size(total)} were free"


def _bytes(amount: str, unit: str) -> int:
    return int(float(amount.replace(",", "")) * UNITS[unit])


ACTIONS = {
    "activations": "A smaller batch would make it fit; accumulate gradients over several to keep the update the same, "
    "or turn on gradient checkpointing, which computes activations twice instead of keeping them",
    "gradients": "Train fewer weights: an adapter (LoRA) has hardly any gradients. A smaller batch changes little here",
    "optimizer": "Adam keeps two numbers for each trained weight: an adapter (LoRA) or an 8-bit optimizer needs fewer. "
    "A smaller batch changes little here",
    "weights": "The weights themselves are too many: load them in 16, 8 or 4 bits, or take a smaller model. "
    "A smaller batch does not help here",
}


def _action(parts: Mapping[str, int], fields: Mapping[str, Any], limited: bool) -> str:
    """By the largest of those that a learner can change."""
    others = fields["others"]
    if not limited and fields["device"] != "cpu" and others > fields["total"] / 4 and others > fields["used"]:
        return f"Other processes hold {size(others)} of this GPU (see `nvidia-smi`): end them or wait for them"
    own = {name: held for name, held in parts.items() if name in ACTIONS}
    return (
        ACTIONS[max(own, key=lambda name: own[name])]
        if own
        else "Take a smaller batch or less data at a time, or close other programs"
    )
