"""How the pocket models are pre-trained: one short loop for all families, and how lines become its batches."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import BertConfig, BertTokenizer, GPT2Tokenizer, PreTrainedModel, get_linear_schedule_with_warmup

from .subject import Say

IGNORED = -100
SEED = 0

Batch = dict[str, torch.Tensor]
Cover = Callable[[Sequence[int]], set[int]]


@dataclass(frozen=True)
class Recipe:
    updates: int
    batch: int
    learning_rate: float
    warmup: int = 100
    clip: float = 1.0


def bert_config(tokenizer: BertTokenizer) -> BertConfig:
    """3 layers, width 96. A small width wants a wider initial spread than BERT's 0.02."""
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=tokenizer.model_max_length,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.08,
        pad_token_id=tokenizer.pad_token_id,
    )


def covered_batches(
    tokenizer: BertTokenizer, encoded: Sequence[Sequence[int]], cover: Cover, batch: int, rng: random.Random
) -> Iterator[Batch]:
    """Encoded lines for ever; `cover` chooses the places of a line that the model has to guess."""
    for chosen in draws(encoded, batch, rng):
        rows, labels = [], []
        for ids in (encoded[index] for index in chosen):
            covered = cover(ids)
            rows.append([tokenizer.mask_token_id if i in covered else token for i, token in enumerate(ids)])
            labels.append([token if i in covered else IGNORED for i, token in enumerate(ids)])
        inputs = padded(rows, tokenizer.pad_token_id)
        yield {
            "input_ids": inputs,
            "attention_mask": (inputs != tokenizer.pad_token_id).long(),
            "labels": padded(labels, IGNORED),
        }


def causal_batches(
    tokenizer: GPT2Tokenizer, lines: Sequence[str], recipe: Recipe, rng: random.Random
) -> Iterator[Batch]:
    """Whole lines, for ever, each closed by the end-of-text token so that the model learns to stop."""
    encoded = [[*ids, tokenizer.eos_token_id] for ids in tokenizer(list(lines)).input_ids]
    for chosen in draws(encoded, recipe.batch, rng):
        rows = [encoded[index] for index in chosen]
        yield {"input_ids": padded(rows, tokenizer.eos_token_id), "labels": padded(rows, IGNORED)}


def pretrain(
    model: PreTrainedModel,
    batches: Iterator[Batch],
    recipe: Recipe,
    say: Say,
    after: Callable[[int], None] = lambda update: None,
) -> None:
    """AdamW, linear warm-up and decay. One line to `say` every 100 updates, with the time left.

    `after` is called with the number of each update once it is made, such as to measure the model on the way.
    """
    torch.set_num_threads(1)  # two threads on a busy machine are slower than one, and their sums differ
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, recipe.warmup, recipe.updates)
    model.train()
    began, total = time.monotonic(), 0.0
    for update in range(1, recipe.updates + 1):
        loss = model(**next(batches)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        total += loss.item()
        after(update)
        if update % 100 == 0:
            left = (time.monotonic() - began) / update * (recipe.updates - update)
            say(f"update {update:,} of {recipe.updates:,}  loss {total / 100:.3f}  {left:.0f} s left")
            total = 0.0
    model.eval()


def draws(encoded: Sequence[Sequence[int]], batch: int, rng: random.Random) -> Iterator[list[int]]:
    """Epoch after epoch of shuffled batches of lines of like length, so that little is padded.

    The last, smaller batch of an epoch is left out.
    """
    order = list(range(len(encoded)))
    while True:
        rng.shuffle(order)
        like: list[int] = []
        for start in range(0, len(order), 8 * batch):
            like += sorted(order[start : start + 8 * batch], key=lambda index: len(encoded[index]))
        batches = [like[start : start + batch] for start in range(0, len(like) - batch + 1, batch)]
        rng.shuffle(batches)
        yield from batches


def padded(rows: list[list[int]], value: int) -> torch.Tensor:
    """(rows, longest row)"""
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])
