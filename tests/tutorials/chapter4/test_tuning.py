"""Tuning for real, on tiny models: what is trained, on which tokens, how often, and what stays as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from deepdive.engine.lessons.tutorial import Tutorial
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTTrainer

from tests.tutorials.chapter4.conftest import Desk

QUICK = {"epochs": 0.2, "new_tokens": 2}  # two updates
MAPS = {"q": (64, 64), "k": (64, 64), "v": (64, 64), "o": (64, 64), "gate": (64, 128), "up": (64, 128)} | {
    "down": (128, 64)
}


def lora(rank: int, *maps: str) -> int:
    """rank x (inputs + outputs) of each."""
    return rank * sum(sum(MAPS[name]) for name in maps)


# ---- what is trained ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rank", "targets", "maps"),
    [
        (8, "all-linear", tuple(MAPS)),
        (1, "all-linear", tuple(MAPS)),
        (4, "q_proj v_proj", ("q", "v")),
        (4, "", ("q", "v")),  # the library's choice for a Llama
        (3, "down_proj", ("down",)),
    ],
)
def test_trained_numbers_are_rank_times_both_sides(desk: Desk, rank: int, targets: str, maps: tuple[str, ...]) -> None:
    model, _ = desk.steps.models.load(desk.lab, "large")
    tuned = get_peft_model(model, desk.steps.lora.adapter(desk.lab, model, rank, targets))
    assert desk.steps.models.parameters(tuned)[0] == lora(rank, *maps)


def test_the_small_model_s_joint_projection_is_the_library_s_choice(desk: Desk) -> None:
    model, _ = desk.steps.models.load(desk.lab, "small")
    tuned = get_peft_model(model, desk.steps.lora.adapter(desk.lab, model, 16, ""))
    assert desk.steps.models.parameters(tuned)[0] == 16 * (64 + 3 * 64)


def test_the_share_counts_every_weight_of_four_bits(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    """Two of them lie in a byte: the frozen model has as many numbers as in 32 bits."""
    desk.run("large_qlora", **QUICK)
    whole = sum(weight.numel() for weight in desk.steps.models.outline(desk.lab, "large").parameters())
    trained = lora(8, *MAPS)
    assert desk.bars("large_qlora", "numbers") == {"trained": trained, "frozen": whole}
    assert desk.figure("large_qlora", "trained share") == pytest.approx(trained / (whole + trained))
    assert desk.steps.models.parameters(handed(desk, "large_lora").model) == (trained, whole)


def types(model: Any, trained: bool) -> set[torch.dtype]:
    return {weight.dtype for weight in model.parameters() if weight.requires_grad == trained}


@pytest.mark.parametrize("adapters", ["float32", "bfloat16"])
def test_adapters_have_the_type_that_was_asked_for(
    desk: Desk, handed: Callable[..., SFTTrainer], adapters: str
) -> None:
    model = handed(desk, "large_qlora", adapters=adapters).model
    assert types(model, trained=True) == {getattr(torch, adapters)}
    assert types(model, trained=False) == {torch.uint8, torch.float32}


@pytest.mark.parametrize(
    ("settings", "frozen"),
    [
        ({}, {torch.float32}),
        ({"dtype": "bfloat16"}, {torch.bfloat16}),
        ({"method": "LoRA on 8 bits"}, {torch.int8, torch.float32}),
    ],
)
def test_lora_s_adapters_have_32_bits_whatever_the_base_has(
    desk: Desk, handed: Callable[..., SFTTrainer], settings: dict[str, str], frozen: set[torch.dtype]
) -> None:
    model = handed(desk, "large_lora", **settings).model
    assert types(model, trained=True) == {torch.float32}
    assert types(model, trained=False) == frozen


def test_adapters_of_either_type_learn(desk: Desk) -> None:
    """The optimizer takes them as they are."""
    desk.run("large_qlora", adapters="bfloat16", **QUICK)
    trained = [weight for weight in desk.model().parameters() if weight.requires_grad]
    assert {weight.dtype for weight in trained} == {torch.bfloat16}
    assert all(weight.abs().max() > 0 for weight in trained)


def test_full_tuning_knows_no_adapters(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    model = handed(desk, "small_full").model
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert not hasattr(model, "peft_config")
    assert all(weight.requires_grad for weight in model.parameters())


def base(desk: Desk, step: str) -> Any:
    """The large model as a step loads it."""
    steps = desk.steps
    packing = steps.qlora.in_four_bits(True, "float32") if step == "large_qlora" else None
    return steps.models.load(desk.lab, "large", packing=packing)[0]


@pytest.mark.parametrize("step", ["large_lora", "large_qlora"])
def test_adapters_move_and_the_base_does_not(desk: Desk, step: str) -> None:
    desk.run(step, **{**QUICK, "epochs": 0.3})
    tuned = dict(desk.model().named_parameters())
    moved = [weight for name, weight in tuned.items() if "lora_B" in name]
    assert all(weight.abs().max() > 0 for weight in moved)  # B is 0 at the start
    assert len(moved) == len(MAPS)
    before = base(desk, step)
    after = {name.replace(".base_layer", ""): weight for name, weight in tuned.items()}
    for name, weight in before.named_parameters():
        assert torch.equal(weight, after[f"base_model.model.{name}"]), name


def test_all_weights_move(desk: Desk) -> None:
    desk.run("small_full", **QUICK)
    before = AutoModelForCausalLM.from_pretrained(desk.lab.model("small"))  # type: ignore[union-attr]
    after = dict(desk.model().named_parameters())
    still = [name for name, weight in before.named_parameters() if torch.equal(weight, after[name])]
    assert still == []


def test_checkpointing_changes_no_loss(desk: Desk) -> None:
    """Activations are computed twice: the same numbers, dropout included."""
    curves = []
    for checkpointing in (False, True):
        desk.run("large_qlora", **{**QUICK, "epochs": 1, "checkpointing": checkpointing})
        curves.append(
            [event.values["loss"] for event in desk.heard["large_qlora"] if getattr(event, "curve", "") == "training"]
        )
    assert curves[0]
    assert curves[1] == pytest.approx(curves[0], rel=1e-4)


# ---- on which tokens ------------------------------------------------------------------------------------------------


def first_batch(trainer: SFTTrainer) -> list[tuple[str, str, str]]:
    """Of each text: what is not trained on, what is, and what was filled up."""
    batch = next(iter(trainer.get_train_dataloader()))
    tokenizer = trainer.processing_class
    told = []
    for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        real, trained = mask.bool(), labels != -100
        assert torch.equal(labels[trained], ids[trained])
        assert not (trained & ~real).any()
        told.append(tuple(tokenizer.decode(ids[where]) for where in (real & ~trained, trained, ~real)))
    return told


def texts(desk: Desk) -> dict[str, str]:
    """Summaries by their prompt."""
    lines = (desk.folder / "conversations" / "train.jsonl").read_text().splitlines()
    return {row["prompt"]: row["summary"] for row in map(json.loads, lines)}


def test_loss_on_the_summary_leaves_the_prompt_out(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    trainer, known = handed(desk, "small_full", loss_on="summary"), texts(desk)
    for prompt, trained, _ in first_batch(trainer):
        assert trained == f" {known[prompt]}<|endoftext|>"


def test_loss_on_the_whole_text_takes_all_of_it(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    known = {f"{prompt} {summary}<|endoftext|>" for prompt, summary in texts(desk).items()}
    batch = first_batch(handed(desk, "small_full"))
    assert len(batch) == 4
    assert {trained for _, trained, _ in batch} <= known
    assert {masked for masked, *_ in batch} == {""}
    assert len({len(filled) for *_, filled in batch}) > 1  # texts of different lengths, the shorter ones filled up


def test_the_book_s_marker_stands_before_the_end(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    batch = first_batch(handed(desk, "small_full", loss_on="summary", marker=" Please."))
    assert all(trained.endswith(". Please.<|endoftext|>") for _, trained, _ in batch)


def without_padding(tiny: Tutorial, folder: Path) -> Tutorial:
    """The small model's tokenizer like GPT-2's and Llama's own: it has no padding token."""
    scale = tiny.scales["pocket"]
    for part in (AutoModelForCausalLM, AutoTokenizer):
        loaded = part.from_pretrained(scale.roles["small"]["folder"])
        if part is AutoTokenizer:
            loaded.pad_token = None
        loaded.save_pretrained(folder)
    roles = {**scale.roles, "small": {"folder": str(folder)}}
    return replace(tiny, scales={"pocket": replace(scale, roles=roles)})


def test_the_end_is_trained_on_where_it_fills_up_too(
    tiny: Tutorial, tmp_path: Path, handed: Callable[..., SFTTrainer]
) -> None:
    """The book's notebooks masked it by its id, and no model learned to stop."""
    desk = Desk(without_padding(tiny, tmp_path / "model"), tmp_path / "desk")
    desk.run("conversations")
    trainer = handed(desk, "small_full")
    tokenizer = trainer.processing_class
    assert tokenizer.pad_token == tokenizer.eos_token == "<|endoftext|>"
    assert len(tokenizer) == trainer.model.config.vocab_size  # no new row in the embedding
    batch = first_batch(trainer)
    assert all(trained.endswith(".<|endoftext|>") for _, trained, _ in batch)
    assert any(filled.startswith("<|endoftext|>") for *_, filled in batch)


# ---- how often ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"epochs": 2, "batch": 4, "accumulation": 3}, 2 * 4),  # ten batches: 3, 3, 3 and 1
        ({"epochs": 0.5, "batch": 4}, 5),
        ({"epochs": 1.25, "batch": 4}, 13),  # a begun update is made
    ],
)
def test_updates_are_counted_before_as_they_come(
    desk: Desk, handed: Callable[..., SFTTrainer], settings: dict[str, int], wanted: int
) -> None:
    assert desk.steps.training.trainer_updates(handed(desk, "small_lora", **settings)) == wanted
    desk.run("small_lora", new_tokens=1, **settings)
    assert desk.figure("small_lora", "updates") == wanted


def test_samples_come_at_the_start_and_four_times(desk: Desk) -> None:
    desk.run("small_full", epochs=1, batch=4, new_tokens=3)  # 10 updates: every second
    samples = [event.x for event in desk.heard["small_full"] if getattr(event, "stream", "") == "sample"]
    assert samples == [0, 2, 4, 6, 8, 10]


def test_settings_reach_the_trainer(desk: Desk, handed: Callable[..., SFTTrainer]) -> None:
    """trl has silent defaults of its own: each that matters is set."""
    trainer = handed(desk, "large_lora")
    args = trainer.args
    assert (args.bf16, args.fp16, args.gradient_checkpointing, args.max_length) == (False, False, False, 160)
    assert (args.learning_rate, args.weight_decay, args.max_grad_norm) == (5e-3, 0.01, 1.0)
    assert (str(args.lr_scheduler_type.value), args.optim) == ("linear", "adamw_torch")
    assert (args.warmup_steps, args.packing, args.use_cpu) == (0, False, True)
    assert args.train_sampling_strategy == "random"
    tuned = trainer.model.peft_config["default"]
    assert (tuned.r, tuned.lora_alpha, tuned.lora_dropout, tuned.bias) == (8, 16, 0.05, "none")


@pytest.mark.parametrize("step", ["large_lora", "large_qlora"])
def test_the_paged_recipe_is_the_book_s_for_its_large_model(
    desk: Desk, handed: Callable[..., SFTTrainer], step: str
) -> None:
    args = handed(desk, step, recipe="paged").args
    assert (str(args.lr_scheduler_type.value), args.optim) == ("constant", "paged_adamw_32bit")
    assert (args.weight_decay, args.max_grad_norm) == (0.001, 0.3)
    assert args.train_sampling_strategy == "group_by_length"


# ---- saved and loaded -----------------------------------------------------------------------------------------------


def logits(model: Any, desk: Desk) -> torch.Tensor:
    assert desk.lab is not None
    tokenizer = AutoTokenizer.from_pretrained(desk.lab.model("large"))
    ids = tokenizer(desk.lab.read("test")[0]["prompt"], return_tensors="pt")
    with torch.no_grad():
        return model.eval()(**ids).logits  # type: ignore[no-any-return]


@pytest.mark.parametrize("step", ["large_lora", "large_qlora"])
def test_a_saved_adapter_on_a_fresh_base_says_the_same(desk: Desk, step: str) -> None:
    desk.run(step, **{**QUICK, "epochs": 0.4})
    trained = logits(desk.model(), desk)
    fresh = base(desk, step)
    alone = logits(fresh, desk)
    again = logits(PeftModel.from_pretrained(fresh, desk.folder / step / "model"), desk)
    assert torch.equal(again, trained)
    assert (again - alone).abs().max() > 0.01


def test_a_tuned_model_is_saved_whole(desk: Desk) -> None:
    desk.run("large_full", **QUICK)
    saved = AutoModelForCausalLM.from_pretrained(desk.folder / "large_full" / "model")
    assert torch.equal(logits(saved, desk), logits(desk.model(), desk))


def test_the_same_seed_trains_the_same_adapter(desk: Desk) -> None:
    weights = []
    for _ in range(2):
        desk.run("large_qlora", **QUICK)
        weights.append([w.detach().clone() for w in desk.model().parameters() if w.requires_grad])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
