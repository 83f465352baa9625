"""Guards the explanation of running out of memory: what was asked for, who held it, what would make it fit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from deepdive.engine.machine.ledger import Ledger
from deepdive.engine.machine.out_of_memory import breaks_the_device, check, explain, is_out_of_memory

GIB = 1 << 30
CUDA = (
    "CUDA out of memory. Tried to allocate 64.00 MiB. GPU 0 has a total capacity of 15.77 GiB of which 24.12 MiB is "
    "free. Process 4711 has 15.74 GiB memory in use. Of the allocated memory 14.89 GiB is allocated by PyTorch, and 0 "
    "bytes is reserved by PyTorch but unallocated."
)


def fields(device: str = "cuda", others: int = 0, **held: int) -> dict[str, Any]:
    used = sum(held.values())
    return {"device": device, "used": used, "total": 16 * GIB, "peak": used, "held": held, "others": others}


def test_torchs_message_is_read() -> None:
    fault = explain(torch.OutOfMemoryError(CUDA), fields(weights=15 * GIB))
    assert fault.cause == (
        "out of memory: 67.1 MB more were asked for on the GPU, where 25.3 MB of 16.9 GB were free. "
        "Held by weights 16.1 GB"
    )
    assert "16, 8 or 4 bits" in fault.action
    assert fault.detail == CUDA


@pytest.mark.parametrize(
    ("largest", "way"),
    [("activations", "smaller batch"), ("optimizer", "8-bit"), ("gradients", "LoRA"), ("weights", "smaller model")],
)
def test_the_way_out_fits_the_largest_holder(largest: str, way: str) -> None:
    held = dict.fromkeys(("weights", "gradients", "optimizer", "activations"), GIB) | {largest: 4 * GIB}
    assert way in explain(torch.OutOfMemoryError(CUDA), fields(**held, libraries=9 * GIB)).action


def test_others_on_the_gpu_are_named() -> None:
    fault = explain(torch.OutOfMemoryError(CUDA), fields(weights=GIB, others=14 * GIB))
    assert fault.action.startswith("Other processes hold 15 GB")


def test_the_cpus_refusal_names_the_batch() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**13)
    assert is_out_of_memory(caught.value)
    fault = explain(caught.value, fields("cpu", activations=3), {"batch": 4096})
    assert fault.cause.startswith(
        "out of memory: a batch of 4,096 asked for 40 TB on the CPU, where 17.2 GB of 17.2 GB"
    )


def test_a_limit_raises_torchs_own_error_for_what_the_step_holds() -> None:
    sample = fields("cpu", weights=40_000_000, activations=70_000_000, libraries=500_000_000, other=60_000_000)
    check(sample, 110_000_000)
    with pytest.raises(torch.OutOfMemoryError) as caught:
        check(sample, 100_000_000)
    fault = explain(caught.value, sample)
    assert fault.cause == (
        "out of memory: the step needs 110 MB, and this run's limit is 100 MB. Held by activations 70 MB, weights 40 MB"
    )
    assert "smaller batch" in fault.action


def test_on_the_cpu_data_and_libraries_do_not_count_towards_a_limit() -> None:
    check(fields("cpu", libraries=500_000_000, other=60_000_000), 1_000_000)
    with pytest.raises(torch.OutOfMemoryError):
        check(fields("cuda", libraries=500_000_000, other=60_000_000), 1_000_000)


def test_where_no_model_is_watched_there_is_a_way_out_too() -> None:
    assert "other programs" in explain(MemoryError(), fields("cpu", libraries=GIB)).action


def test_a_real_update_hits_the_limit() -> None:
    torch.manual_seed(0)
    model = torch.nn.Linear(512, 512)
    models = {"model": (model, None, None)}
    ledger = Ledger("cpu")
    ledger.before_update(models, 1)
    model(torch.randn(512, 512)).square().mean().backward()
    assert ledger.after_update()
    with pytest.raises(torch.OutOfMemoryError):
        check(ledger.sample(models), 1_000_000)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA driver error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17.97 GiB, max allowed: 18.13 GiB)"), True),
        (RuntimeError("Error out of memory at line 380 in file /src/csrc/ops.cu"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED"), False),
        (RuntimeError("shapes do not fit"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, verdict: bool) -> None:
    assert is_out_of_memory(error) is verdict


@pytest.mark.parametrize(
    ("what", "action"),
    [("weight", "load them in 16"), ("gradient", "fewer weights"), ("second moment", "an 8-bit optimizer")],
)
def test_a_declared_budget_names_the_first_tensor_that_does_not_fit(what: str, action: str) -> None:
    said = f"the {what} of lm_head.weight wants 64 bytes, of 100 bytes 36 are left"
    fault = explain(torch.OutOfMemoryError(f"Declared budget: {said}"), {"held": {}, "device": "cpu"})
    assert fault.cause == f"out of memory: {said}"
    assert action in fault.action


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (torch.AcceleratorError("CUDA error: device-side assert triggered"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), True),
        (RuntimeError("CUDA error: out of memory"), False),
        (torch.OutOfMemoryError(CUDA), False),
        (IndexError("index out of range in self"), False),
    ],
)
def test_a_cuda_error_that_every_later_call_repeats_is_known(error: Exception, verdict: bool) -> None:
    assert breaks_the_device(error) is verdict
