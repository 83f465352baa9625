"""Guards the ledger: it counts right, adds up, disturbs no number and costs next to nothing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from deepdive.engine.machine import ledger
from deepdive.engine.machine.ledger import Activations, Ledger, held, resident
from torch import nn
from torch.utils.checkpoint import checkpoint

MB = 1_000_000


class Tied(nn.Module):
    """An output layer that shares the embedding's weights, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 16)
        self.head = nn.Linear(16, 100, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("positions", torch.arange(8))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.embedding(tokens))
        return logits


def perceptron(width: int = 512) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, width))


def update(model: nn.Module, optimizer: torch.optim.Optimizer, batch: int, width: int = 512) -> float:
    loss: torch.Tensor = model(torch.randn(batch, width)).square().mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def test_tied_weights_and_their_gradients_count_once() -> None:
    model = Tied()
    model(torch.tensor([1, 2])).sum().backward()
    assert held({"model": (model, None, None)}) == {"weights": 6400 + 64, "gradients": 6400, "optimizer": 0}


def test_a_model_that_is_watched_twice_counts_once() -> None:
    model = Tied()
    assert held({"a": (model, None, None), "b": (model, None, None)})["weights"] == 6464


def test_adam_keeps_two_numbers_for_each_trained_weight_also_behind_accelerates_wrapper() -> None:
    from accelerate import Accelerator

    model = perceptron()
    optimizer = torch.optim.AdamW(model.parameters())
    update(model, optimizer, 4)
    weights = sum(p.numel() for p in model.parameters()) * 4
    for wrapped in (optimizer, Accelerator(cpu=True).prepare_optimizer(optimizer)):
        parts = held({"model": (model, None, wrapped)})
        assert parts["weights"] == weights
        assert parts["optimizer"] == pytest.approx(2 * weights, rel=0.001)  # and a count of steps for each tensor


def test_weights_in_four_bits_count_with_their_constants() -> None:
    import bitsandbytes as bnb

    torch.manual_seed(0)
    layer = bnb.nn.Linear4bit(256, 256, bias=False, quant_type="nf4", compress_statistics=True).to("cpu")
    layer(torch.randn(2, 256))
    state = layer.weight.quant_state
    assert layer.weight.numel() == 256 * 256 // 2
    constants = sum(t.nbytes for t in (state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code))
    assert held({"model": (layer, None, None)})["weights"] == 256 * 256 // 2 + constants


def test_a_batchs_activations_are_what_autograd_keeps() -> None:
    model = perceptron()
    with Activations({"model": (model, None, None)}) as counted:
        loss = model(torch.randn(64, 512)).square().mean()
        kept = 64 * 512 * 4
        # what both linear layers, GELU and the square keep, and the dropout's mask
        assert counted.bytes == counted.live == 5 * kept
        loss.backward()
        del loss
    assert counted.live == 0
    assert counted.moment is not None


def test_activations_grow_with_the_batch_and_not_with_the_number_of_batches_accumulated() -> None:
    def most(batch: int, batches: int) -> int:
        model = perceptron()
        with Activations({"model": (model, None, None)}) as counted:
            for _ in range(batches):
                model(torch.randn(batch, 512)).square().mean().backward()
        return counted.bytes

    assert most(64, 1) == 4 * most(16, 1)
    assert most(16, 4) == most(16, 1)


def test_checkpointing_keeps_less() -> None:
    def most(forward: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> int:
        model = perceptron()
        with Activations({"model": (model, None, None)}) as counted:
            forward(model, torch.randn(64, 512)).square().mean().backward()
        return counted.bytes

    assert most(lambda model, x: checkpoint(model, x, use_reentrant=False)) < most(lambda model, x: model(x)) / 2


def test_counting_leaves_every_number_the_same_bit_for_bit() -> None:
    def trace(counted: frozenset[int]) -> list[Any]:
        model = perceptron(64)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        models = {"model": (model, None, optimizer)}
        torch.manual_seed(1)
        losses = []
        for number in range(1, 7):
            if number in counted:
                with Activations(models):
                    losses.append(update(model, optimizer, 8, 64))
            else:
                losses.append(update(model, optimizer, 8, 64))
            held(models)
        return [losses, *(p.detach().clone() for p in model.parameters())]

    plain, looked_into = trace(frozenset()), trace(frozenset({1, 2, 4, 5}))
    assert plain[0] == looked_into[0]
    assert all(torch.equal(a, b) for a, b in zip(plain[1:], looked_into[1:], strict=True))


def test_transformers_trains_the_same_while_it_is_looked_into() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    def losses(look: bool) -> list[float]:
        torch.manual_seed(0)
        model = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=16, n_embd=32, n_layer=2, n_head=2)).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        tokens = torch.randint(50, (4, 16))
        found = []
        for _ in range(3):
            with Activations({"model": (model, None, optimizer)} if look else {}):
                loss = model(tokens, labels=tokens).loss
                loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            found.append(float(loss.detach()))
        return found

    assert losses(True) == losses(False)


def ledger_after(updates: int, batch: int = 2048) -> tuple[Ledger, dict[str, Any], Any]:
    gc.collect()
    ledger = Ledger("cpu")
    model = perceptron(1024)
    optimizer = torch.optim.AdamW(model.parameters())
    models = {"model": (model, None, optimizer)}
    for number in range(1, updates + 1):
        ledger.before_update(models, number)
        update(model, optimizer, batch, 1024)
        ledger.after_update()
    return ledger, ledger.sample(models), models


@pytest.mark.parametrize("updates", [0, 1, 3])
def test_the_parts_add_up_to_what_is_used(updates: int) -> None:
    _, fields, _ = ledger_after(updates)
    assert sum(fields["held"].values()) == pytest.approx(fields["used"], rel=0.05)
    assert all(size >= 0 for size in fields["held"].values())
    assert fields["used"] <= fields["peak"] <= fields["total"]


def test_what_the_ledger_knows_is_most_of_what_the_process_grew_by() -> None:
    """The independent check: the kernel's figure for the process against the sum of tensors."""
    before = ledger.resident()
    _, fields, _ = ledger_after(3)
    parts = fields["held"]
    weights = 2 * (1024 * 1024 + 1024) * 4
    assert parts["weights"] == weights
    assert parts["gradients"] == weights
    assert parts["optimizer"] == pytest.approx(2 * weights, rel=0.001)
    assert parts["activations"] > 25 * MB
    known = sum(parts[name] for name in ("weights", "gradients", "optimizer", "activations"))
    assert known > 0.4 * (fields["used"] - before)


def test_a_step_of_its_own_loop_is_looked_into_too() -> None:
    ledger = Ledger("cpu")
    model = perceptron()
    optimizer = torch.optim.AdamW(model.parameters())
    models = {"model": (model, None, optimizer)}
    news = []
    for _ in range(4):
        update(model, optimizer, 256)
        news.append(ledger.after_item(models))
    ledger.close()
    assert news == [False, True, False, False]
    assert ledger.sample(models)["held"]["activations"] > 256 * 512 * 4


def test_a_loop_that_trains_nothing_has_no_activations() -> None:
    ledger = Ledger("cpu")
    model = perceptron()
    models = {"model": (model, None, None)}
    with torch.no_grad():
        for _ in range(4):
            model(torch.randn(8, 512))
            assert not ledger.after_item(models)
    assert ledger.sample(models)["held"]["activations"] == 0


def test_another_model_starts_a_new_page() -> None:
    ledger, fields, _ = ledger_after(2, batch=512)
    assert fields["held"]["activations"]
    other = {"model": (perceptron(8), None, None)}
    assert ledger.sample(other)["held"]["activations"] == 0


def test_the_peak_is_the_kernels_and_begins_with_the_job() -> None:
    torch.zeros(100 * MB // 4).add_(1)  # before the job
    ledger = Ledger("cpu")
    if not ledger._resets:
        pytest.skip("this kernel does not reset the peak")
    before = resident()
    assert ledger.sample({})["peak"] < before + 20 * MB
    torch.zeros(50 * MB // 4).add_(1)  # gone before the sample
    assert 40 * MB < ledger.sample({})["peak"] - before < 80 * MB


def test_a_sample_takes_less_than_a_millisecond() -> None:
    ledger, _, models = ledger_after(2, batch=8)
    times = []
    for _ in range(50):
        began = time.thread_time()
        ledger.sample(models)
        times.append(time.thread_time() - began)
    assert sorted(times)[25] < 0.001


def test_the_hooks_are_gone_when_the_update_is_over() -> None:
    model = perceptron()
    with Activations({"model": (model, None, None)}) as counted:
        pass
    model(torch.randn(8, 512)).sum().backward()
    assert counted.bytes == 0 and counted.moment is None
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
