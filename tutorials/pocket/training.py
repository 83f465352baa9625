"""How the pocket models are pre-trained on the village newspaper: one short loop for both families."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Tokenizer,
    get_linear_schedule_with_warmup,
)

from . import tables

IGNORED = -100
SEED = 0
POSITIONS = {"bert": 128, "gpt2": 128, "gpt2-blank": 128}

Batch = dict[str, torch.Tensor]
Say = Callable[[str], None]
Cover = Callable[[Sequence[int]], set[int]]


@dataclass(frozen=True)
class Recipe:
    updates: int
    batch: int
    learning_rate: float
    warmup: int = 100
    clip: float = 1.0


RECIPES = {
    "bert": Recipe(updates=4_000, batch=64, learning_rate=1.5e-3),
    "gpt2": Recipe(updates=1_200, batch=96, learning_rate=1.5e-3),
}


def bert_config(tokenizer: BertTokenizer) -> BertConfig:
    """3 layers, width 96. A small width wants a wider initial spread than BERT's 0.02."""
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=POSITIONS["bert"],
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.08,
        pad_token_id=tokenizer.pad_token_id,
    )


def gpt2_config(tokenizer: GPT2Tokenizer) -> GPT2Config:
    """3 layers, width 96, the output tied to the embedding."""
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS["gpt2"],
        n_embd=96,
        n_layer=3,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.06,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


def blank_config(tokenizer: GPT2Tokenizer) -> GPT2Config:
    """What chapter 2 trains from random weights: 4 layers, width 128, GPT-2's own dropout and initial spread."""
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS["gpt2-blank"],
        n_embd=128,
        n_layer=4,
        n_head=4,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        architectures=["GPT2LMHeadModel"],
    )


def masked_batches(
    tokenizer: BertTokenizer, lines: Sequence[str], recipe: Recipe, rng: random.Random
) -> Iterator[Batch]:
    """Lines with covered words, for ever.

    In half of the lines that hold a word of `tables.py`, that word alone is covered; in all others 15 in 100 tokens,
    one at least. Covering at random only, a small model takes several times longer to find that one word decides
    another.
    """
    countable = set(tokenizer.convert_tokens_to_ids(sorted(_countable())))

    def cover(ids: Sequence[int]) -> set[int]:
        inside = range(1, len(ids) - 1)
        telling = [place for place in inside if ids[place] in countable]
        if telling and rng.random() < 0.5:
            return {rng.choice(telling)}
        return {place for place in inside if rng.random() < 0.15} or {rng.choice(inside)}

    return covered_batches(tokenizer, tokenizer(list(lines)).input_ids, cover, recipe.batch, rng)


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
    model: BertForMaskedLM | GPT2LMHeadModel,
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


def make_bert(tokenizer: BertTokenizer, lines: Sequence[str], say: Say) -> BertForMaskedLM:
    """The masked model, from random weights."""
    torch.manual_seed(SEED)
    model = BertForMaskedLM(bert_config(tokenizer))
    recipe = RECIPES["bert"]
    pretrain(model, masked_batches(tokenizer, lines, recipe, random.Random(SEED)), recipe, say)
    return model


def make_gpt2(tokenizer: GPT2Tokenizer, lines: Sequence[str], say: Say) -> GPT2LMHeadModel:
    """The causal model, from random weights."""
    torch.manual_seed(SEED)
    model = GPT2LMHeadModel(gpt2_config(tokenizer))
    recipe = RECIPES["gpt2"]
    pretrain(model, causal_batches(tokenizer, lines, recipe, random.Random(SEED)), recipe, say)
    return model


def _countable() -> set[str]:
    """The words whose true probabilities a lesson shows."""
    containers = {container for shares in tables.CONTAINERS.values() for container in shares}
    return containers | set(tables.LIFE_ALONE) | set(tables.PRAISE)


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
