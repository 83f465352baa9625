"""What only the book's sizes need: weights of 16 bits, few summaries at once, texts by their length, a sampled plot."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

from tests.tutorials.chapter4.conftest import TEST, Desk

QUICK = {"epochs": 0.2, "new_tokens": 4}  # two updates


def test_adapters_in_32_bits_are_trained_beside_a_base_in_16(desk: Desk) -> None:
    desk.run("large_lora", dtype="float16", **QUICK)
    stored = {figure.case["type"]: 1e6 * figure.value for figure in desk.figures("large_lora", "weights")}
    trained = desk.figure("large_lora", "trained")
    assert stored["float32"] == pytest.approx(4 * trained)
    assert set(stored) == {"float32", "float16"}
    moved = [weight for name, weight in desk.model().named_parameters() if "lora_B" in name]
    assert all(weight.isfinite().all() for weight in moved)
    assert any(weight.abs().max() > 0 for weight in moved)  # they begin at zero


def test_a_budget_counts_weights_of_16_bits_as_half(desk: Desk) -> None:
    """E7 as the chapter tells it: in 16 bits the weights would have fitted, and the gradients not."""
    outlined = desk.steps.models.outline(desk.lab, "large", "float16")
    assert {weight.dtype for weight in outlined.parameters()} == {torch.float16}
    weights = sum(weight.nbytes for weight in outlined.parameters())
    with pytest.raises(torch.OutOfMemoryError, match="the gradient of"):
        desk.run("too_large", dtype="float16", budget=weights / 1e6)
    with pytest.raises(torch.OutOfMemoryError, match="the weight of"):
        desk.run("too_large", budget=weights / 1e6)


def test_merged_in_16_bits(desk: Desk) -> None:
    desk.run("large_lora", **QUICK)
    desk.run("merge", dtype="float16")
    assert {weight.dtype for weight in desk.model().parameters()} == {torch.float16}


def summaries(desk: Desk, step: str) -> list[str]:
    return [json.loads(line)["summary"] for line in (desk.folder / step / "summaries.jsonl").open(encoding="utf-8")]


def test_how_many_are_written_at_once_changes_no_summary(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("large_base", new_tokens=4)
    ten = summaries(desk, "large_base")
    assert len(ten) == TEST
    writing, (model, tokenizer) = desk.steps.writing, desk.lab.held["model"][:2]  # type: ignore[union-attr]
    asked: list[int] = []
    written = writing.written
    monkeypatch.setattr(writing, "at_once", lambda model: 2)
    monkeypatch.setattr(writing, "written", lambda *of: asked.append(len(of[2])) or written(*of))
    writing.write(desk.lab, model, tokenizer, 4)
    assert asked == [2] * (TEST // 2)
    assert summaries(desk, "large_base") == ten


def test_two_are_written_at_once_where_the_model_is_large(desk: Desk) -> None:
    """As in the book: ten by DistilGPT2, two by Llama-2 7B."""
    made = {"small": GPT2Config(n_layer=6), "large": LlamaConfig(vocab_size=32000)}
    with torch.device("meta"):
        models = {role: AutoModelForCausalLM.from_config(config) for role, config in made.items()}
    assert {role: desk.steps.writing.at_once(model) for role, model in models.items()} == {"small": 10, "large": 2}


def test_the_test_conversations_that_are_graded_are_the_first(desk: Desk) -> None:
    desk.run("conversations", graded=5)
    test, graded = (
        (desk.folder / "conversations" / f"{name}.jsonl").read_text().splitlines() for name in ("test", "graded")
    )
    assert (len(test), graded) == (TEST, test[:5])
    desk.run("large_base", new_tokens=1)
    assert len(summaries(desk, "large_base")) == 5
    desk.run("conversations")


def test_texts_by_their_length_are_trained_on_as_often(desk: Desk) -> None:
    desk.run("large_lora", recipe="paged", epochs=1, batch=4, new_tokens=1)
    assert desk.figure("large_lora", "updates") == 10


def test_a_large_matrix_is_plotted_by_a_sample(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class One(torch.nn.Module):
        """DistilGPT2's first matrix."""

        def __init__(self) -> None:
            super().__init__()
            self.h = torch.nn.ModuleList([torch.nn.Linear(2304, 768)])

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *of, **rest: One())
    desk.run("four_bits", role="small", blocks=[4096])
    [plotted] = [e.data for e in desk.heard["four_bits"] if getattr(e, "name", "") == "weights"]
    [drawn] = plotted.values()
    assert len(drawn) == len(range(0, 2304 * 768, 1 + 2304 * 768 // 10_000))
    assert 5_000 < len(drawn) <= 10_001
