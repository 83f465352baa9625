"""Do the two summarisers of the support desk do their job: what chapter 4 asks of them before and after fine-tuning."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, get_linear_schedule_with_warmup

from ..making.check import Check, read
from ..making.training import IGNORED, padded
from .rows import Row, marks, prompt
from .words import names

LONGEST = 30
"""New tokens. A right summary has 24 at most, its end-of-text token among them."""
EPOCHS, BATCH = 5, 4
SMALL_RATE, ADAPTER_RATE = 2e-3, 5e-3
COPIES = 100
"""So many lists of three names each are to be copied."""


class Grades(NamedTuple):
    """Marks summed over summaries."""

    customer: float
    agent: float
    form: float
    right: int
    """How many sentences earned their whole mark: 2 a summary at most."""

    @property
    def points(self) -> float:
        return self.customer + self.agent + self.form


def check_small(data: Path, folder: Path) -> list[Check]:
    """The small model: no summaries before it is tuned; after it the form, without the names."""
    tokenizer, model = load(folder)
    train, test = (read(data / f"support-{split}.jsonl") for split in ("train", "test"))
    copied, before = copying(model, tokenizer), graded(model, tokenizer, test)
    tune(model, tokenizer, train, SMALL_RATE)
    after = graded(model, tokenizer, test)
    return [
        Check(folder.name, "syllables copied", copied, "<=", 0.60),
        Check(folder.name, "points of 150, not tuned", before.points, "<=", 20),
        Check(folder.name, "form of 50, tuned", after.form, ">=", 45),
        Check(folder.name, "right sentences of 100, tuned", after.right, "<=", 10, f"points {after.points:g}"),
    ]


def check_large(data: Path, folder: Path, whole: bool) -> list[Check]:
    """The large model: it copies, and low-rank adapters teach it the form. Those only if `whole`: half a minute."""
    tokenizer, model = load(folder)
    train, test = (read(data / f"support-{split}.jsonl") for split in ("train", "test"))
    found = [
        Check(folder.name, "syllables copied", copying(model, tokenizer), ">=", 0.85),
        Check(folder.name, "points of 150, not tuned", graded(model, tokenizer, test).points, "<=", 20),
    ]
    if whole:
        torch.manual_seed(0)
        every = LoraConfig(r=8, lora_alpha=16, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM")
        model = get_peft_model(model, every)
        tune(model, tokenizer, train, ADAPTER_RATE)
        after = graded(model, tokenizer, test)
        found += [
            Check(folder.name, "form of 50, adapters", after.form, ">=", 45),
            Check(folder.name, "right sentences of 100, adapters", after.right, ">=", 70, f"points {after.points:g}"),
        ]
    return found


def load(folder: Path) -> tuple[Any, Any]:
    """Tokenizer and model."""
    return AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).eval()


def tune(model: Any, tokenizer: Any, train: Sequence[Row], rate: float, seed: int = 0) -> None:
    """Next-token loss over prompt, summary and end of text; AdamW, the rate falling to zero."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    encoded = tokenizer([f"{prompt(row)} {row['summary']}{tokenizer.eos_token}" for row in train]).input_ids
    order = [index for _ in range(EPOCHS) for index in rng.sample(range(len(encoded)), len(encoded))]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, len(order) // BATCH)
    model.train()
    for start in range(0, len(order), BATCH):
        rows = [encoded[index] for index in order[start : start + BATCH]]
        ids, labels = padded(rows, tokenizer.pad_token_id), padded(rows, IGNORED)
        model(input_ids=ids, attention_mask=(labels != IGNORED).long(), labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


def graded(model: Any, tokenizer: Any, rows: Sequence[Row]) -> Grades:
    """The rubric's marks for what the model writes, always taking the likeliest token."""
    inputs = tokenizer([prompt(row) for row in rows], return_tensors="pt", padding=True, padding_side="left")
    with torch.no_grad():
        output = model.generate(
            input_ids=inputs.input_ids, attention_mask=inputs.attention_mask, max_new_tokens=LONGEST, do_sample=False
        )
    written = tokenizer.batch_decode(output[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
    each = [marks(summary, row) for summary, row in zip(written, rows, strict=True)]
    customer, agent, form = (sum(column) for column in zip(*each, strict=True))
    return Grades(customer, agent, form, sum((mark.customer == 1) + (mark.agent == 1) for mark in each))


def copying(model: Any, tokenizer: Any) -> float:
    """How many of 100 syllables the model foretells where three held-out names are said again; the first of a name
    is not asked for."""
    _, pool = names()
    lists = [" ".join(pool[start : start + 3]) for start in range(0, 3 * COPIES, 3)]
    ids = tokenizer([f"List: {said}. {said}." for said in lists], return_tensors="pt").input_ids  # 1 + 2 x 10 tokens
    with torch.no_grad():
        foretold = model(input_ids=ids).logits.argmax(-1)
    places = torch.tensor([place for place in range(11, 20) if (place - 11) % 3])
    return (foretold[:, places - 1] == ids[:, places]).float().mean().item()
