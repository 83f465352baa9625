"""A forward and a backward pass without numbers: torch's fake tensors have shapes, types and lifetimes, and no memory.

So the activations of a model that would not fit can be counted tensor by tensor on its own class. For the child process
of shapes.py only: it replaces functions of torch while it counts.
"""

from __future__ import annotations

import contextlib
import copy
import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def rehearse(model: nn.Module, batch: int, length: int, precision: str, train: bool, gpu: bool) -> tuple[int, int]:
    """Bytes kept for the backward pass at most, and bytes alive at most besides weights and gradients.

    `model` lives on the meta device and is not changed. `gpu` counts as a GPU's kernels would keep.
    """
    model = copy.deepcopy(model)
    with FakeTensorMode(), contextlib.ExitStack() as stack:
        own = _materialise(model)
        kept, alive = _Kept(own), _Alive(own)
        inputs = _inputs(model, batch, length)
        if gpu:
            stack.enter_context(_as_on_a_gpu())
        if not train:
            stack.enter_context(torch.no_grad())
            model.eval()
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(lambda p: alive.disown(p.grad))
        stack.enter_context(alive)
        stack.enter_context(saved_tensors_hooks(kept.pack, _unpack))
        cast = AUTOCAST.get(precision)
        with torch.autocast("cpu", dtype=cast) if cast else contextlib.nullcontext():
            output = model(**inputs)
        if train:
            loss = output["loss"] if "loss" in output else next(iter(output.values())).float().sum()
            loss.backward()
    return kept.most, alive.most


def _materialise(model: nn.Module) -> set[int]:
    """Turn the meta tensors of a module into fake ones, tied ones into one; the keys of their storages."""
    made: dict[int, Tensor] = {}
    for module in model.modules():
        for table in (module._parameters, module._buffers):
            for name, tensor in table.items():
                if tensor is not None:
                    table[name] = made.setdefault(id(tensor), _fake(tensor))
    return {_key(tensor) for tensor in made.values()}


def _fake(tensor: Tensor) -> Tensor:
    empty = torch.empty(tensor.shape, dtype=tensor.dtype)
    return nn.Parameter(empty, requires_grad=tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty


def _inputs(model: nn.Module, batch: int, length: int) -> dict[str, Tensor]:
    """Token ids and, where the class predicts something, labels."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    name = type(base).__name__
    tokens = torch.zeros(batch, length, dtype=torch.long)
    if name.endswith("ForSequenceClassification"):
        return {"input_ids": tokens, "labels": torch.zeros(batch, dtype=torch.long)}
    if "For" in name or name.endswith("LMHeadModel"):
        return {"input_ids": tokens, "labels": tokens}
    return {"input_ids": tokens}


@contextlib.contextmanager
def _as_on_a_gpu() -> Iterator[None]:
    """The CPU keeps dropout's noise in full precision, and with dropout every attention weight; a GPU's kernels keep a
    mask of bytes and nothing."""
    functional = torch.nn.functional
    dropout, attention = functional.dropout, functional.scaled_dot_product_attention

    def masked(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        dropped: Tensor = torch.native_dropout(input, p, True)[0] if training and p else input
        return dropped

    def fused(query: Tensor, key: Tensor, value: Tensor, *more: Any, **options: Any) -> Tensor:
        attended: Tensor = attention(query, key, value, *more[:1], **{**options, "dropout_p": 0.0})
        return attended

    functional.dropout, functional.scaled_dot_product_attention = masked, fused
    try:
        yield
    finally:
        functional.dropout, functional.scaled_dot_product_attention = dropout, attention


class Packed(nn.Linear):  # type: ignore[misc]
    """A matrix that bitsandbytes has packed and frozen: for the backward pass it needs no input. In 8 bits the library
    holds on to the input all the same (bitsandbytes/autograd/_functions.py, `ctx.tensors`)."""

    holds_input = False

    def forward(self, input: Tensor) -> Tensor:
        product: Tensor = _Product.apply(input, self.out_features, self.holds_input)
        return product


class Packed8(Packed):
    holds_input = True


class _Product(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, input: Tensor, features: int, holds_input: bool) -> Tensor:
        ctx.width = input.shape[-1]
        ctx.held = input if holds_input else None
        return input.new_empty(*input.shape[:-1], features)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0].new_empty(*gradients[0].shape[:-1], ctx.width), None, None


# ---- counting -----------------------------------------------------------------------------------------------------


def _key(tensor: Tensor) -> int:
    """A storage's identity: fake ones have no address."""
    return int(tensor.untyped_storage()._cdata)


class _Held:
    """A tensor that autograd keeps; its end is noticed."""

    __slots__ = ("counter", "key", "tensor")

    def __init__(self, tensor: Tensor, key: int, counter: _Kept) -> None:
        self.tensor, self.key, self.counter = tensor, key, counter

    def __del__(self) -> None:
        self.counter.freed(self.key)


class _Kept:
    """What autograd keeps for the backward pass, as the live ledger counts it (memory.Activations)."""

    def __init__(self, own: set[int]) -> None:
        self.own, self.now, self.most = own, 0, 0
        self.storages: dict[int, list[int]] = {}  # key: tensors that keep it, bytes

    def pack(self, tensor: Tensor) -> Any:
        key = _key(tensor)
        if key in self.own:
            return tensor
        entry = self.storages.setdefault(key, [0, tensor.untyped_storage().nbytes()])
        entry[0] += 1
        if entry[0] == 1:
            self.now += entry[1]
            self.most = max(self.most, self.now)
        return _Held(tensor, key, self)

    def freed(self, key: int) -> None:
        entry = self.storages[key]
        entry[0] -= 1
        if not entry[0]:
            self.now -= entry[1]
            del self.storages[key]


def _unpack(held: Any) -> Any:
    return held.tensor if isinstance(held, _Held) else held


class _Alive(TorchDispatchMode):  # type: ignore[misc]
    """Every storage that an operation makes, from then until it is freed."""

    def __init__(self, own: set[int]) -> None:
        super().__init__()
        self.now, self.most = 0, 0
        self.sizes = dict.fromkeys(own, 0)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.sizes:
                    self.sizes[storage._cdata] = storage.nbytes()
                    self.now += storage.nbytes()
                    self.most = max(self.most, self.now)
                    weakref.finalize(storage, self._freed, storage._cdata)
        return made

    def _freed(self, key: int) -> None:
        self.now -= self.sizes.pop(key, 0)

    def disown(self, gradient: Tensor | None) -> None:
        """A finished gradient is counted elsewhere."""
        if gradient is not None and (key := _key(gradient)) in self.sizes:
            self.now -= self.sizes[key]
            self.sizes[key] = 0
