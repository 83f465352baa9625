"""Who holds the memory of this process: weights, gradients, optimizer, activations, libraries. For the worker only.

What is held changes within one update: activations fill up in the forward pass and go in the backward pass, while
gradients come. So the ledger looks into a few updates from within and tells of their fullest moment; between those it
follows what stays (weights, optimizer) and what the process uses. torch is imported late.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepdive.engine.machine import hardware

Held = Mapping[str, tuple[Any, Any, Any]]  # the lab's watched models: (model, tokenizer, optimizer)
COUNTED = frozenset({1, 2, 50, 500})  # updates that are looked into; in the first the optimizer has no state yet
HWM_RESET = "5"  # see proc(5), clear_refs: the peak of the resident memory starts anew


def held(models: Held, device: str = "") -> dict[str, int]:
    """Bytes of weights (with buffers and constants of quantisation), gradients and optimizer states; each storage
    counts once, so tied weights do too. With `device` only what lies on that kind of device."""
    seen: set[int] = set()
    parts = dict.fromkeys(("weights", "gradients", "optimizer"), 0)
    for model, _, optimizer in models.values():
        for tensor in _weights(model):
            parts["weights"] += _new_bytes(tensor, seen, device)
        for parameter in _parameters(model):
            if parameter.grad is not None:
                parts["gradients"] += _new_bytes(parameter.grad, seen, device)
        for tensor in _states(optimizer):
            parts["optimizer"] += _new_bytes(tensor, seen, device)
    return parts


def _parameters(model: Any) -> Iterator[Any]:
    return iter(model.parameters()) if hasattr(model, "parameters") else iter(())


def _weights(model: Any) -> Iterator[Any]:
    for parameter in _parameters(model):
        yield parameter
        yield from _constants(getattr(parameter, "quant_state", None))  # bitsandbytes, 4 bits
        yield from (t for name in ("CB", "SCB") if _is_tensor(t := getattr(parameter, name, None)))  # and 8 bits
    for module in model.modules() if hasattr(model, "modules") else ():
        state = getattr(module, "state", None)  # where bitsandbytes moves the scales of 8 bits at the first pass
        yield from (t for name in ("CB", "SCB") if _is_tensor(t := getattr(state, name, None)))
    yield from model.buffers() if hasattr(model, "buffers") else ()


def _constants(state: Any) -> Iterator[Any]:
    if state is not None:
        yield from (value for value in vars(state).values() if _is_tensor(value))
        yield from _constants(getattr(state, "state2", None))  # double quantisation


def _states(optimizer: Any) -> Iterator[Any]:
    while hasattr(optimizer, "optimizer"):  # accelerate's wrapper
        optimizer = optimizer.optimizer
    for state in list(getattr(optimizer, "state", {}).values()):
        yield from (value for value in state.values() if _is_tensor(value))


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "untyped_storage")


def _new_bytes(tensor: Any, seen: set[int], device: str) -> int:
    tensor = getattr(tensor, "_local_tensor", tensor)  # the shard that this rank holds
    if tensor.is_meta or (device and tensor.device.type != device):
        return 0
    storage = tensor.untyped_storage()
    address = storage.data_ptr()
    if not address or address in seen:
        return 0
    seen.add(address)
    return int(storage.nbytes())


@dataclass(frozen=True)
class Moment:
    """The fullest moment of an update, in bytes. `used` is what the device's allocator (on the CPU: the process) had
    in use, `lasting` the weights and optimizer states among it. `gradients` are the most of the whole update."""

    used: int = 0
    activations: int = 0
    gradients: int = 0
    lasting: int = 0


class _Kept:
    """A tensor that autograd keeps for the backward pass; its end is noticed."""

    __slots__ = ("address", "counter", "tensor")

    def __init__(self, tensor: Any, address: int, counter: Activations) -> None:
        self.tensor, self.address, self.counter = tensor, address, counter

    def __del__(self) -> None:
        self.counter.freed(self.address)


class Activations:
    """Looks into one update while it is entered: what the forward pass keeps for the backward pass, and the gradients.

    Every storage counts once and only as long as it lives; the models' own tensors do not. Tensors are handed back
    untouched: the numbers stay the same bit for bit.
    """

    def __init__(self, models: Held, device: str = "cpu") -> None:
        self.bytes = 0  # most that was kept at one time
        self.live = 0  # kept now
        self.moment: Moment | None = None  # None: nothing was kept, so this was no training
        self._fullest = 0  # activations and gradients at that moment
        self._kept: dict[int, list[int]] = {}  # address of a storage: tensors that keep it, bytes
        self._gradients: dict[int, int] = {}  # id of a parameter: bytes
        self._models, self._device = models, device
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Activations:
        from torch.autograd.graph import saved_tensors_hooks

        parts = held(self._models, self._device)
        self._lasting = parts["weights"] + parts["optimizer"]
        self._own: set[int] = set()
        for model, *_ in self._models.values():
            for tensor in _weights(model):
                self._own.add(getattr(tensor, "_local_tensor", tensor).untyped_storage().data_ptr())
            for parameter in _parameters(model):
                if parameter.requires_grad and id(parameter) not in self._gradients:
                    self._gradients[id(parameter)] = _gradient(parameter)
                    self._stack.callback(parameter.register_post_accumulate_grad_hook(self._accumulated).remove)
        self._stack.enter_context(saved_tensors_hooks(self._pack, _unpack))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def freed(self, address: int) -> None:
        entry = self._kept.get(address)
        if entry is not None:
            entry[0] -= 1
            if not entry[0]:
                self.live -= entry[1]
                del self._kept[address]

    def _pack(self, tensor: Any) -> Any:
        if not _is_tensor(tensor) or tensor.device.type != self._device:
            return tensor
        storage = tensor.untyped_storage()
        address = storage.data_ptr()
        if not address or address in self._own:
            return tensor
        entry = self._kept.setdefault(address, [0, 0])
        entry[0] += 1
        if entry[0] == 1:
            entry[1] = int(storage.nbytes())
            self.live += entry[1]
            self.bytes = max(self.bytes, self.live)
            self._look()
        return _Kept(tensor, address, self)

    def _accumulated(self, parameter: Any) -> None:
        self._gradients[id(parameter)] = _gradient(parameter)
        self._look()

    def _look(self) -> None:
        """The fullest moment is that with the most activations and gradients; the resident memory of a process does
        not tell, since what is freed is not given back at once."""
        gradients = sum(self._gradients.values())
        if self.moment is None or self.live + gradients > self._fullest:
            self._fullest = self.live + gradients
            self.moment = Moment(in_use(self._device), self.live, gradients, self._lasting)
        elif gradients > self.moment.gradients:
            self.moment = replace(self.moment, gradients=gradients)


def _unpack(kept: Any) -> Any:
    return kept.tensor if isinstance(kept, _Kept) else kept


def _gradient(parameter: Any) -> int:
    return 0 if parameter.grad is None else _new_bytes(parameter.grad, set(), "")


# ---- what the device says -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """Bytes: `process` is all that this process holds, of which the allocator has `reserved` and `allocated`; on the
    CPU the three are one. `others` is everybody else's, `peak` the most so far in this job."""

    process: int
    reserved: int
    allocated: int
    total: int
    others: int
    peak: int


def in_use(device: str) -> int:
    """What tensors occupy; on the CPU the resident memory of this process. Microseconds."""
    if device == "cpu":
        return resident()
    import torch

    allocated = torch.cuda.memory_allocated() if device == "cuda" else torch.mps.current_allocated_memory()
    return int(allocated)


def read(device: str) -> Reading:
    if device == "cuda":
        return _read_cuda()
    if device == "mps":
        return _read_mps()
    now = resident()
    total, available = hardware.memory()
    return Reading(now, now, now, total, max(0, total - available - now), max(now, resident_peak()))


def _read_cuda() -> Reading:
    import torch

    index = torch.cuda.current_device()
    stats = torch.cuda.memory_stats(index)
    reserved, allocated = stats.get("reserved_bytes.all.current", 0), stats.get("allocated_bytes.all.current", 0)
    process = max(hardware.gpu_used(index, os.getpid()) or 0, reserved)
    free, total = torch.cuda.mem_get_info(index)
    peak = process - reserved + stats.get("reserved_bytes.all.peak", 0)
    return Reading(process, reserved, allocated, total, max(0, total - free - process), max(process, peak))


def _read_mps() -> Reading:
    import torch

    process, allocated = torch.mps.driver_allocated_memory(), torch.mps.current_allocated_memory()
    return Reading(process, process, allocated, torch.mps.recommended_max_memory(), 0, process)


def resident() -> int:
    """Resident bytes of this process."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read(128).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return hardware.used(os.getpid())


def resident_peak() -> int:
    """The most resident bytes since the peak was reset; 0 where the kernel does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_bytes().splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def reset_peak(device: str) -> bool:
    """Let the peak start anew. False where this system can't: then the highest sample is the peak."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        Path("/proc/self/clear_refs").write_text(HWM_RESET)
    except OSError:
        return False
    return device == "cpu"


def give_back(device: str) -> None:
    """Return what the last job left behind, so that this one is not measured inside the other's leavings."""
    gc.collect()
    if device == "cuda":
        import torch

        torch.cuda.empty_cache()
    with contextlib.suppress(OSError, AttributeError):  # glibc keeps freed memory; others have no such call
        ctypes.CDLL(None).malloc_trim(0)


# ---- the ledger ---------------------------------------------------------------------------------------------------


class Ledger:
    """One for a job. Told of safe points, it looks into some updates; asked for a sample, it says who holds what."""

    def __init__(self, device: str) -> None:
        give_back(device)
        self.device = device
        self.libraries = resident() if device == "cpu" else 0
        self.peak = 0
        self.counting: Activations | None = None
        self._moment = Moment()
        self._models: tuple[int, ...] = ()
        self._items = 0
        self._resets = reset_peak(device)

    def before_update(self, models: Held, update: int) -> None:
        """Look into this update, if it is one of those."""
        self.close()
        self._changed(models)
        if update in COUNTED:
            self.counting = Activations(models, self.device).__enter__()

    def after_update(self) -> bool:
        """Whether this update was looked into, so that there is news."""
        counted = self.counting
        self.close()
        if counted is None or counted.moment is None:
            return False
        self._moment = counted.moment
        return True

    def after_item(self, models: Held) -> bool:
        """The same for a loop of the step's own, which has one safe point an item: the next item may be looked into."""
        self._changed(models)
        news = self.after_update()
        self._items += 1
        if models and self._items + 1 in COUNTED:
            self.counting = Activations(models, self.device).__enter__()
        return news

    def close(self) -> None:
        """Look no further; at the end of a job, however it ended."""
        if self.counting is not None:
            self.counting.__exit__()
            self.counting = None

    def sample(self, models: Held) -> dict[str, Any]:
        """The fields of a memory event: the fullest moment of an update like the last that was looked into. The parts
        of `held` add up to `used`; what nobody claims is `other`. Gradients come as activations go, so that a part of
        the one may stand where the other was."""
        self._changed(models)
        now, parts, moment = read(self.device), held(models, self.device), self._moment
        lasting = parts["weights"] + parts["optimizer"]
        fullest = max(now.allocated, moment.used + lasting - moment.lasting if moment.used else 0)
        parts["gradients"] = max(parts["gradients"], moment.gradients)
        parts["activations"] = max(moment.activations, self.counting.live if self.counting else 0)
        claimed = sum(parts.values())
        fullest = max(fullest, claimed)  # a tensor that was never written to is held but not resident
        if self.device == "cpu":
            parts["libraries"] = min(self.libraries, fullest - claimed)
            used = fullest
        else:
            parts["libraries"] = now.process - now.reserved  # the driver's context and kernels
            parts["cache"] = max(0, now.reserved - fullest)
            used = now.process + max(0, fullest - now.reserved)
        parts["other"] = used - sum(parts.values())
        self.peak = max(now.peak if self._resets else now.process, used, self.peak)
        return {
            "device": self.device,
            "used": used,
            "total": now.total,
            "peak": self.peak,
            "held": parts,
            "others": now.others,
        }

    def _changed(self, models: Held) -> None:
        """What was seen of other models says nothing about these."""
        now = tuple(id(model) for model, *_ in models.values())
        if now != self._models:
            self._models, self._moment, self._items = now, Moment(), 0
