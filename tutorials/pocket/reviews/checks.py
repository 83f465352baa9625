"""Do the encoders of the sentiment do their job: what the prompt knows at once, what the head has to learn first.

The lesson itself shows whole curves (`tutorials/chapter3-fewshot`); here are the points that its claims rest on.
"""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Any

import torch
from deepdive.engine.methods.prompting import Template
from transformers import AutoTokenizer, BertForMaskedLM, BertForSequenceClassification

from ..making.check import Check, read
from .model import balanced, head_accuracy, prompt_accuracy, zero_shot
from .rows import Row

PART = "sentiment-bert"
WORSE = ("it is {mask} . {sentence}", "{sentence} {mask}", "{sentence} we left {mask} .")


def check_sentiment(data: Path, models: Path, seeds: int) -> list[Check]:
    """All checks; the tuned points are means over `seeds` label samples."""
    train, validation = (read(data / f"reviews-{split}.jsonl") for split in ("train", "validation"))
    history: list[dict[str, float]] = read(data / "sentiment-bert-history.jsonl")
    tokenizer = AutoTokenizer.from_pretrained(models / PART)
    mature, young = (BertForMaskedLM.from_pretrained(models / name) for name in (PART, f"{PART}-young"))
    at_once, at_once_young = (zero_shot(model, tokenizer, validation) for model in (mature, young))
    best = max(zero_shot(mature, tokenizer, validation, Template(text, shorten="sentence")) for text in WORSE)
    found = [
        Check(PART, "zero-shot accuracy", at_once, ">=", 0.80),
        Check(PART, "zero-shot accuracy, room to improve", at_once, "<=", 0.97),
        Check(PART, "zero-shot accuracy against the record", abs(at_once - history[-1]["zero_shot"]), "<=", 0.005),
        Check(PART, "lead over the best of the worse templates", at_once - best, ">=", 0.15),
        Check(PART, "zero-shot accuracy of the young model", at_once_young, ">=", 0.58),
        Check(PART, "zero-shot accuracy of the young model", at_once_young, "<=", 0.72),
    ]
    for size in (0, 16, 32, 128):
        prompts, heads = curve_point(models / PART, tokenizer, train, validation, size, seeds)
        gap, note = mean(prompts) - mean(heads), f"{mean(prompts):.3f}, {mean(heads):.3f}"
        if size == 0:
            found.append(Check(PART, "head before training, off chance", abs(mean(heads) - 0.5), "<=", 0.15))
        elif size < 128:
            found.append(Check(PART, f"prompt over head, {size} a class", gap, ">=", 0.08, note))
        else:
            found.append(Check(PART, f"prompt and head apart, {size} a class", abs(gap), "<=", 0.05, note))
    return found


def curve_point(
    folder: Path, tokenizer: Any, train: list[Row], validation: list[Row], size: int, seeds: int
) -> tuple[list[float], list[float]]:
    """Accuracies of prompt and head, one a seed, each from the checkpoint anew; a seed draws rows, head and order."""
    prompts, heads = [], []
    for seed in range(seeds):
        rows = balanced(train, size, seed)
        prompts.append(prompt_accuracy(BertForMaskedLM.from_pretrained(folder), tokenizer, rows, validation, seed))
        torch.manual_seed(seed)
        head = BertForSequenceClassification.from_pretrained(folder, num_labels=2)
        heads.append(head_accuracy(head, tokenizer, rows, validation, seed))
    return prompts, heads
