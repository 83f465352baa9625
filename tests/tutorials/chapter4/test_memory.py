"""Memory by arithmetic: where a training stops fitting, and what each holder of it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from deepdive.engine.lab import Lab
from deepdive.engine.lessons.tutorial import Tutorial
from transformers import AutoModelForCausalLM, LlamaConfig
from trl import SFTTrainer

from tests.tutorials.chapter4.conftest import Desk

MODEL = "small", "large"


def pair() -> torch.nn.Module:
    """A weight of 24 bytes and a bias of 8 that is frozen."""
    layer = torch.nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    return layer


@pytest.mark.parametrize(
    ("budget", "what", "wants", "left"),
    [  # 24 + 8, then 24 for the gradient and 24 for each moment
        (23, "weight of weight", 24, 23),
        (31, "weight of bias", 8, 7),
        (55, "gradient of weight", 24, 23),
        (79, "first moment of weight", 24, 23),
        (103, "second moment of weight", 24, 23),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(
    steps: ModuleType, budget: int, what: str, wants: int, left: int
) -> None:
    told = rf"the {what} wants {wants} bytes, of {budget} bytes {left} are left"
    with pytest.raises(torch.OutOfMemoryError, match=told):
        steps.full.spend(budget, pair())


def test_to_the_last_byte_it_fits(steps: ModuleType) -> None:
    steps.full.spend(104, pair())


def test_adapters_of_half_the_width_need_half_the_room(steps: ModuleType) -> None:
    layer = pair().to(torch.bfloat16)
    steps.full.spend(52, layer)
    with pytest.raises(torch.OutOfMemoryError, match="second moment"):
        steps.full.spend(51, layer)


def lab_with(role: str, place: Path) -> Lab:
    return Lab(place, 0, "cpu", lambda kind, asked: str(place), lambda kind, fields: None, lambda lab, phase: "")


@pytest.mark.parametrize("role", MODEL)
def test_an_outline_has_the_real_shapes_and_no_numbers(steps: ModuleType, tiny: Tutorial, role: str) -> None:
    folder = Path(tiny.scales["pocket"].roles[role]["folder"])
    outline = steps.models.outline(lab_with(role, folder), role)
    model = AutoModelForCausalLM.from_pretrained(folder)

    def shapes(model: Any) -> list[tuple[str, torch.Size, torch.dtype]]:
        return [(name, weight.shape, weight.dtype) for name, weight in model.named_parameters()]

    assert shapes(outline) == shapes(model)
    assert all(weight.is_meta for weight in outline.parameters())


@pytest.fixture(scope="module")
def seven_billion(steps: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Llama-2 7B's outline; like the real one its file says float16, and like the book's notebook it is read in 32."""
    folder = tmp_path_factory.mktemp("llama")
    LlamaConfig(vocab_size=32000, dtype=torch.float16, architectures=["LlamaForCausalLM"]).save_pretrained(folder)
    return steps.models.outline(lab_with("large", folder), "large")


def test_the_book_s_crash_is_at_a_weight_of_64_mib(steps: ModuleType, seven_billion: Any) -> None:
    """15.77 GiB hold the embedding of 32,000 x 4,096, twenty layers of 4 x 4,096 x 4,096 + 3 x 4,096 x 11,008
    + 2 x 4,096 numbers, and three more matrices of the next: no gradient was there yet."""
    assert sum(weight.numel() for weight in seven_billion.parameters()) == 6_738_415_616
    layer = 4 * (4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096)
    left = 16_934_000_000 - 4 * 32000 * 4096 - 20 * layer - 3 * 64 * 2**20
    assert 0 < left < 64 * 2**20
    told = rf"the weight of model\.layers\.20\.self_attn\.o_proj\.weight wants 67,108,864 bytes, .* {left:,} are left"
    with pytest.raises(torch.OutOfMemoryError, match=told):
        steps.full.spend(16_934_000_000, seven_billion)


def test_all_of_it_takes_sixteen_bytes_a_number(steps: ModuleType, seven_billion: Any) -> None:
    steps.full.spend(16 * 6_738_415_616, seven_billion)
    with pytest.raises(torch.OutOfMemoryError, match=r"second moment of lm_head"):
        steps.full.spend(16 * 6_738_415_616 - 1, seven_billion)


# ---- the steps ------------------------------------------------------------------------------------------------------


def test_full_tuning_is_refused_before_a_weight_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *args, **rest: read.append(args))
    with pytest.raises(torch.OutOfMemoryError, match=r"the gradient of model\.embed_tokens\.weight wants"):
        desk.run("too_large", budget=0.22)
    assert read == []


def test_adapters_fit_where_full_tuning_does_not(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    """The tiny Llama: 214,528 bytes of weights. Adapters of 8,704 numbers: 16 bytes each."""
    outline = sum(weight.nbytes for weight in desk.steps.models.outline(desk.lab, "large").parameters())
    need = outline + 16 * 8704
    adapted = handed(desk, "large_lora").model
    desk.steps.full.spend(need, adapted)  # to the last byte
    with pytest.raises(torch.OutOfMemoryError, match=r"second moment of base_model\..*lora_B"):
        desk.steps.full.spend(need - 1, adapted)
    with pytest.raises(torch.OutOfMemoryError):
        desk.run("large_full", budget=need / 1e6)


def test_four_bits_fit_where_32_do_not(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    desk.steps.full.spend(250_000, handed(desk, "large_qlora").model)
    with pytest.raises(torch.OutOfMemoryError, match=r"gradient of base_model\..*lora_A"):
        desk.steps.full.spend(250_000, handed(desk, "large_lora").model)


def holders(desk: Desk, step: str) -> dict[str, int]:
    figures = desk.figures(step, "memory")
    return {figure.case["holder"]: round(1e6 * figure.value) for figure in figures}


def test_the_ledger_agrees_with_the_arithmetic(desk: Desk) -> None:
    """Gradients 4 bytes and moments 8 of each trained number; the optimizer also counts its updates."""
    quick = {"epochs": 0.2, "new_tokens": 1}
    for step in ("large_full", "large_lora", "large_qlora"):
        desk.run(step, **quick)
        trained = desk.figure(step, "trained")
        held = holders(desk, step)
        assert held["gradients"] == 4 * trained
        assert 8 * trained <= held["optimizer"] <= 8 * trained + 4 * 200
        assert held["activations"] > 0
        stored = {f.case["type"]: round(1e6 * f.value) for f in desk.figures(step, "weights")}
        assert stored.get("uint8", 0) == (40_960 // 2 if step == "large_qlora" else 0)  # two numbers to a byte
        assert sum(stored.values()) <= held["weights"]  # the ledger adds buffers, and the constants of four bits
    full, lora, qlora = (holders(desk, step) for step in ("large_full", "large_lora", "large_qlora"))
    assert lora["weights"] == full["weights"] + 4 * desk.figure("large_lora", "trained")
    assert qlora["weights"] < lora["weights"] - 4 * 40_960 * (1 - 6 / 32)
