"""Writing: left-padded batches, markers, ends; and an adapter that is added into the weights."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.tutorials.chapter4.conftest import TEST, Desk

QUICK = {"epochs": 2, "new_tokens": 2}  # 20 updates


@pytest.fixture(scope="module")
def tuned(desk: Desk) -> Desk:
    """A little, so that the two models write different things about different conversations."""
    desk.run("large_lora", **QUICK)
    desk.run("small_full", **QUICK)
    return desk


def prompts(desk: Desk) -> list[str]:
    lines = (desk.folder / "conversations" / "test.jsonl").read_text().splitlines()
    return [json.loads(line)["prompt"] for line in lines]


@pytest.mark.parametrize("role", ["small", "large"])
def test_left_padded_batches_write_what_is_written_one_by_one(tuned: Desk, role: str) -> None:
    model, tokenizer = tuned.steps.models.load(tuned.lab, role)
    asked = prompts(tuned)
    assert len({len(tokenizer(prompt).input_ids) for prompt in asked}) > 3
    alone = [text for prompt in asked for text in tuned.steps.writing.written(model, tokenizer, [prompt], 12)]
    assert tuned.steps.writing.written(model, tokenizer, asked, 12) == alone
    assert len(set(alone)) > 1
    assert all(alone)


def test_the_step_says_so_and_counts_what_there_is(tuned: Desk) -> None:
    tuned.run("in_batches", count=200, batch=5, new_tokens=6)  # more than there are
    assert tuned.figure("in_batches", "same texts") == 1.0
    for batch in (1, 5):
        seconds = tuned.figure("in_batches", "seconds", batch=batch)
        assert tuned.figure("in_batches", "texts a second", batch=batch) == pytest.approx(TEST / seconds)


def test_right_padding_would_not(tuned: Desk) -> None:
    """What the test above could not notice if it compared nothing: the same batch, filled up behind."""
    model, tokenizer = tuned.steps.models.load(tuned.lab, "small")
    asked = sorted(prompts(tuned), key=len)[:: TEST - 1]
    inputs = tokenizer(asked, return_tensors="pt", padding=True, padding_side="right")
    assert inputs.attention_mask[0].sum() < inputs.attention_mask[1].sum()
    output = model.generate(**inputs, max_new_tokens=12, do_sample=False, pad_token_id=0)
    behind = tokenizer.batch_decode(output[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
    assert behind != tuned.steps.writing.written(model, tokenizer, asked, 12)


@pytest.mark.parametrize("role", ["small", "large"])
def test_a_text_ends_where_the_model_has_no_more_positions(tuned: Desk, role: str) -> None:
    """Of a batch, where its longest text does."""
    model, tokenizer = tuned.steps.models.load(tuned.lab, role)
    asked = sorted(prompts(tuned), key=len)[-2:]
    longest = max(len(tokenizer(prompt).input_ids) for prompt in asked)
    model.generation_config.eos_token_id = None  # it goes on for as long as it can
    texts = tuned.steps.writing.written(model, tokenizer, asked, 500)
    assert all(0 < len(tokenizer(text).input_ids) <= 160 - longest for text in texts)


def test_a_text_ends_at_the_marker(tuned: Desk) -> None:
    model, tokenizer = tuned.steps.models.load(tuned.lab, "small")
    [whole] = tuned.steps.writing.written(model, tokenizer, prompts(tuned)[:1], 12)
    words = whole.split()
    marker = next(word for word in words[2:] if word not in words[:2])
    [cut] = tuned.steps.writing.written(model, tokenizer, prompts(tuned)[:1], 12, marker)
    assert cut == whole.split(marker)[0]
    assert 0 < len(cut) < len(whole)


def test_what_was_written_lies_beside_what_was_wanted(tuned: Desk) -> None:
    tuned.run("conversations", graded=3)
    tuned.run("small_base", new_tokens=4)
    lines = (tuned.folder / "small_base" / "summaries.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    test = [json.loads(line) for line in (tuned.folder / "conversations" / "test.jsonl").read_text().splitlines()]
    assert [row["wanted"] for row in rows] == [row["summary"] for row in test[:3]]
    assert [row["part"] for row in rows] == [row["part"] for row in test[:3]]  # the judge goes by it
    shown = tuned.rows("small_base", "written")
    assert [row["summary"] for row in shown] == [row["summary"] for row in rows]


# ---- merging --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def merged(tuned: Desk) -> Desk:
    tuned.run("merge")
    return tuned


def test_merged_and_not_merged_are_equal(merged: Desk) -> None:
    assert merged.figure("merge", "merged and not merged differ by") <= 1e-4
    assert merged.figure("merge", "largest change of a logit") > 0.01
    assert merged.figure("merge", "layers with an adapter") == 7


def test_what_was_merged_is_an_ordinary_model(merged: Desk) -> None:
    saved: Any = AutoModelForCausalLM.from_pretrained(merged.folder / "merge" / "merged")
    assert not any("lora" in name for name, _ in saved.named_parameters())
    base, _ = merged.steps.models.load(merged.lab, "large")
    moved = [
        name
        for (name, before), after in zip(base.named_parameters(), saved.parameters(), strict=True)
        if not torch.equal(before, after)
    ]
    assert len(moved) == 7
    assert all("_proj" in name for name in moved)


def test_the_update_has_the_adapter_s_rank(merged: Desk) -> None:
    """W' - W = (a/r) B A: no more than r directions."""
    saved: Any = AutoModelForCausalLM.from_pretrained(merged.folder / "merge" / "merged")
    base, _ = merged.steps.models.load(merged.lab, "large")
    name = "model.layers.0.mlp.up_proj.weight"
    difference = saved.get_parameter(name) - base.get_parameter(name)
    values = torch.linalg.svdvals(difference.detach())
    assert values[8] < 1e-3 * values[0]
    assert values[7] > 1e-3 * values[0]


# ---- asked in between -----------------------------------------------------------------------------------------------


def test_a_conversation_of_one_s_own(tuned: Desk) -> None:
    tuned.run("small_base", new_tokens=1)
    conversation = "Customer: Hello. My Vimava lamp hums at night.\nAgent: Please clean the Visaki part."
    told = tuned.ask("summarise", conversation=conversation, new_tokens=5)
    [text] = [event for event in told if hasattr(event, "pieces")]
    said = "".join(piece.text for piece in text.pieces)
    assert said.startswith(f"### Conversation:\n{conversation}\n\n### Summary:")
    assert len(said) > len(f"### Conversation:\n{conversation}\n\n### Summary:")
