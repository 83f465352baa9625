"""What only the book's sizes need: weights of 16 bits, few summaries at once, texts by their length, a sampled plot."""

from __future__ import annotations

import json
from types import ModuleType

import pytest
import torch

from tests.tutorials.chapter4.conftest import Desk

QUICK = {"updates": 2, "new_tokens": 4, "graded": 3}


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
    outlined = desk.steps.outline(desk.lab, "large", "float16")
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


def test_how_many_are_written_at_once_changes_no_summary(desk: Desk) -> None:
    desk.run("large_base", new_tokens=4, graded=5, at_once=2)
    two = summaries(desk, "large_base")
    desk.run("large_base", new_tokens=4, graded=5, at_once=5)
    assert len(two) == 5
    assert summaries(desk, "large_base") == two


def test_texts_by_their_length_are_trained_on_as_often(desk: Desk) -> None:
    desk.run("small_full", by_length=True, epochs=1, batch=4, new_tokens=1, graded=1)
    assert desk.figure("small_full", "updates") == 10


def test_a_large_matrix_is_plotted_by_a_sample(desk: Desk, steps: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    class One(torch.nn.Module):
        """DistilGPT2's first matrix."""

        def __init__(self) -> None:
            super().__init__()
            self.h = torch.nn.ModuleList([torch.nn.Linear(2304, 768)])

    monkeypatch.setattr(steps, "load", lambda lab, role: (One(), None))
    desk.run("four_bits", role="small", blocks=[4096])
    [plotted] = [e.data for e in desk.heard["four_bits"] if getattr(e, "name", "") == "weights"]
    [drawn] = plotted.values()
    assert 5_000 < len(drawn) <= 10_001
