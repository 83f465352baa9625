"""Who holds the memory: weights, gradients, optimizer, activations. Used in the worker; torch is imported late."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psutil

from .faults import Fault
from .hardware import machine
from .settings import shown

Held = Mapping[str, tuple[Any, Any, Any]]  # the lab's watched models: (model, tokenizer, optimizer)
HOLDERS = ("weights", "gradients", "optimizer", "activations", "cache", "libraries", "other")
_process = psutil.Process()


def used() -> int:
    """Resident memory of this process, in bytes."""
    return int(_process.memory_info().rss)


class Activations:
    """Counts the bytes that the forward pass keeps for the backward pass, while it is entered.

    Every tensor that autograd saves is counted once by its storage, weights excluded. The tensors themselves are
    handed back untouched, so that the numbers stay the same bit for bit.
    """

    def __init__(self, models: Iterable[Any]) -> None:
        import torch

        self.bytes = 0
        self._seen = {p.untyped_storage().data_ptr() for model in models for p in model.parameters()}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def _pack(self, tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if (address := storage.data_ptr()) not in self._seen:
            self._seen.add(address)
            self.bytes += storage.nbytes()
        return tensor

    def __enter__(self) -> Activations:
        self._hooks.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._hooks.__exit__(*details)


def held(models: Held) -> dict[str, int]:
    """Bytes of weights, gradients and optimizer states of the watched models, each tensor counted once."""
    sums = {"weights": 0, "gradients": 0, "optimizer": 0}
    seen: set[int] = set()
    for model, _, optimizer in models.values():
        for parameter in [*model.parameters(), *model.buffers()]:
            sums["weights"] += _bytes(parameter, seen)
            if parameter.grad is not None:
                sums["gradients"] += _bytes(parameter.grad, seen)
        for tensor in _tensors(getattr(optimizer, "optimizer", optimizer)):
            sums["optimizer"] += _bytes(tensor, seen)
    return sums


def _bytes(tensor: Any, seen: set[int]) -> int:
    if id(tensor) in seen:
        return 0
    seen.add(id(tensor))
    return int(tensor.numel() * tensor.element_size())


def _tensors(optimizer: Any) -> Iterator[Any]:
    for state in getattr(optimizer, "state", {}).values():
        yield from (value for value in state.values() if hasattr(value, "element_size"))


def sample(models: Held, device: str, activations: int, libraries: int, peak: int) -> dict[str, Any]:
    """The fields of a memory event. The parts of `held` add up to `used`: what nobody claims is `other`.

    `activations` is what the last measured update kept, `libraries` what the process held before the step began,
    `peak` the highest use so far in this job; all in bytes.
    """
    parts = held(models)
    if device == "cuda":
        import torch

        free, total = torch.cuda.mem_get_info()
        allocated, reserved = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
        known = sum(parts.values())
        parts["activations"] = min(activations, max(0, torch.cuda.max_memory_allocated() - known))
        parts["cache"] = reserved - allocated
        parts["other"] = max(0, allocated - known)
        return {
            "device": "cuda",
            "used": reserved,
            "total": total,
            "peak": max(peak, torch.cuda.max_memory_reserved()),
            "held": parts,
            "others": max(0, total - free - reserved),
        }
    now = used()
    room = max(0, now - libraries)  # what this step added to the process
    parts["activations"] = min(activations, max(0, room - sum(parts.values())))
    parts["libraries"] = max(0, min(libraries, now - sum(parts.values())))
    parts["other"] = max(0, now - sum(parts.values()))
    whole = machine()
    return {
        "device": "cpu",
        "used": now,
        "total": whole.total,
        "peak": max(peak, now),
        "held": parts,
        "others": max(0, whole.total - whole.available - now),
    }


def check_limit(fields: Mapping[str, Any], limit: int) -> None:
    """Act as if the device had `limit` bytes for what the step itself holds. Raises torch.OutOfMemoryError."""
    own = fields["used"] - fields["held"].get("libraries", 0)
    if own > limit:
        import torch

        raise torch.OutOfMemoryError(
            f"simulated limit: the step holds {own / 1e9:.2f} GB, the limit of this run is {limit / 1e9:.2f} GB"
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on a GPU or for the process."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def explain(error: BaseException, models: Held, activations: int) -> Fault:
    """What was asked for, who held the memory, and what would make it fit."""
    text = str(error)
    asked = re.search(r"[Tt]ried to allocate ([\d.,]+ \w+)|allocate (\d+) bytes", text)
    parts = {**held(models), "activations": activations}
    owners = ", ".join(f"{name} {size(bytes)}" for name, bytes in parts.items() if bytes)
    if "simulated limit" in text:
        what = text
    elif asked:
        amount = asked.group(1) or size(int(asked.group(2)))
        what = f"{amount} more were asked for on a machine with {size(machine().total)}"
    else:
        what = text
    cause = f"out of memory: {what}" + (f"; held: {owners}" if owners else "")
    largest = max(parts, key=lambda name: parts[name])
    action = {
        "activations": "A smaller batch with gradient accumulation, shorter texts or gradient checkpointing",
        "optimizer": "An 8-bit optimizer or an adapter (LoRA), then a smaller batch",
        "gradients": "An adapter (LoRA) has few gradients; a smaller batch helps less",
        "weights": "A smaller model, or its weights in 8 or 4 bits; then a smaller batch",
    }[largest if parts[largest] else "activations"]
    return Fault(cause, f"{action} would make it fit")


def size(bytes: float) -> str:
    return f"{shown(round(bytes / 1e9, 2))} GB" if bytes >= 1e9 else f"{bytes / 1e6:.1f} MB"
