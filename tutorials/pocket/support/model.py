"""The two summarisers of the support desk, which differ in what they can do: a GPT-2 of one layer and a Llama of three.

"Find the earlier occurrence and continue it" takes two layers, one to tell each token what stood before it and one to
look that up. So the small model cannot copy a name that it has never met, and the large one learns to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ..making.subject import Say
from ..making.training import IGNORED, Batch, Recipe, padded, pretrain
from .rows import SEED, SUMMARY, rows
from .text import lines
from .words import SYLLABLES, names

POSITIONS = 192
END, PAD, UNKNOWN = "<|endoftext|>", "<pad>", "<unk>"
WITHIN = "~"
"""Marks a piece that goes on with a word."""
RECIPES = {
    "support-gpt2": Recipe(updates=2_000, batch=32, learning_rate=3e-3),
    "support-llama": Recipe(updates=3_000, batch=32, learning_rate=3e-3),
}
_PIECES = r"### Conversation:\n|\n\n### Summary:|\n?[A-Z][a-z]+:| ?[A-Za-z]+|[^A-Za-z]"
_STARTS = [f" {syllable.capitalize()}" for syllable in SYLLABLES]
_INVENTED = re.compile(f"(?:{'|'.join(_STARTS)})(?:{'|'.join(SYLLABLES)})+")
_SAMPLE = 3_000
"""So many lines and rows hold every word that they can hold."""


def support_tokenizer() -> PreTrainedTokenizerFast:
    """Whole words with the blank before them, headings and speakers as one piece each, names by the syllable.

    What is decoded is the text itself. A word that the support desk does not use is unknown.
    """
    splitter = pre_tokenizers.Split(Regex(_PIECES), "isolated")
    summaries = (f"{SUMMARY} {row['summary']}" for row in rows(_SAMPLE, SEED, names()[0]))
    text = (*islice(lines(SEED), _SAMPLE), *summaries)
    pieces = {piece for line in text for piece, _ in splitter.pre_tokenize_str(line)}
    said = sorted(piece for piece in pieces if not _INVENTED.fullmatch(piece))
    every = [PAD, END, UNKNOWN, *said, *_STARTS, *(WITHIN + syllable for syllable in SYLLABLES)]
    vocabulary = {piece: index for index, piece in enumerate(every)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, continuing_subword_prefix=WITHIN))
    backend.pre_tokenizer = splitter
    backend.decoder = decoders.Sequence([decoders.Replace(WITHIN, ""), decoders.Fuse()])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=END,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def small_config(tokenizer: Any) -> GPT2Config:
    """1 layer, width 64, the output tied to the embedding."""
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS,
        n_embd=64,
        n_layer=1,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.06,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def large_config(tokenizer: Any) -> LlamaConfig:
    """3 layers, width 128, tied. Every width is a multiple of 64, the block in which bitsandbytes stores 4 bits."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=POSITIONS,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
        tie_word_embeddings=True,
        initializer_range=0.06,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def batches(tokenizer: Any, batch: int, seed: int) -> Iterator[Batch]:
    """Whole lines of any length side by side, for ever, each closed by the end-of-text token."""
    text = lines(seed)
    while True:
        encoded = tokenizer(list(islice(text, batch))).input_ids
        closed = [[*ids, tokenizer.eos_token_id] for ids in encoded]
        yield {"input_ids": padded(closed, tokenizer.pad_token_id), "labels": padded(closed, IGNORED)}


def make_summariser(name: str, tokenizer: Any, say: Say) -> GPT2LMHeadModel | LlamaForCausalLM:
    """The model of that name, from random weights."""
    torch.manual_seed(SEED)
    small = name == "support-gpt2"
    model = GPT2LMHeadModel(small_config(tokenizer)) if small else LlamaForCausalLM(large_config(tokenizer))
    recipe = RECIPES[name]
    pretrain(model, batches(tokenizer, recipe.batch, SEED), recipe, say)
    return model
