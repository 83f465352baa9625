"""The models of chapter 2: a BERT and a GPT-2 that have read the village newspaper, and a GPT-2 still to be trained."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch
from transformers import BertForMaskedLM, BertTokenizer, GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

from ..making import tables
from ..making.subject import Say
from ..making.training import SEED, Batch, Recipe, bert_config, causal_batches, covered_batches, pretrain
from .articles import articles
from .sentences import sentences

POSITIONS = 128
RECIPES = {
    "bert": Recipe(updates=4_000, batch=64, learning_rate=1.5e-3),
    "gpt2": Recipe(updates=1_200, batch=96, learning_rate=1.5e-3),
}


def world_text() -> Iterator[str]:
    """What the tokenizers are trained on. Articles count four times, so that names and years become whole tokens."""
    for article in articles():
        yield from [article["text"]] * 4
    yield from sentences()


def gpt2_config(tokenizer: GPT2Tokenizer) -> GPT2Config:
    """3 layers, width 96, the output tied to the embedding."""
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS,
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
        n_positions=POSITIONS,
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

    In half of the lines that hold a word of `making/tables.py`, that word alone is covered; in all others 15 in 100
    tokens, one at least. Covering at random only, a small model takes several times longer to find that one word
    decides another.
    """
    countable = set(tokenizer.convert_tokens_to_ids(sorted(_countable())))

    def cover(ids: Sequence[int]) -> set[int]:
        inside = range(1, len(ids) - 1)
        telling = [place for place in inside if ids[place] in countable]
        if telling and rng.random() < 0.5:
            return {rng.choice(telling)}
        return {place for place in inside if rng.random() < 0.15} or {rng.choice(inside)}

    return covered_batches(tokenizer, tokenizer(list(lines)).input_ids, cover, recipe.batch, rng)


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
