"""The reader of the questions: a small T5, its vocabulary of whole words, and its pre-training."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from ..making.subject import Say
from ..making.training import Batch, Recipe, padded, pretrain
from ..making.world import words
from .rows import MASK, SEED
from .text import ANYWHERE, STOPS, Line, lines

POSITIONS = 128
RECIPE = Recipe(updates=600, batch=64, learning_rate=1.5e-3, warmup=200)
PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
TEMPLATE_WORDS = words(
    "yes no true false it was is in summary all a just the answer question passage premise hypothesis context "
    "information based on this paragraph text of two options or to review film opinion entity type named"
)
_SAMPLE = 20_000
"""So many lines hold every word that the lines can hold."""


def question_tokenizer() -> PreTrainedTokenizerFast:
    """Whole words and stops, whatever the spaces between them; any other text by the letter. T5's special tokens,
    with one sentinel, which is all that a question needs."""
    splitter = pre_tokenizers.BertPreTokenizer()
    text = (line.text.replace(MASK, line.word) for line in islice(lines(SEED), _SAMPLE))
    known = {word for line in text for word, _ in splitter.pre_tokenize_str(line)}
    known.update(TEMPLATE_WORDS, map(str.capitalize, TEMPLATE_WORDS))
    letters = sorted(set(string.ascii_letters + string.digits + string.punctuation))
    pieces = [PAD, END, UNKNOWN, MASK, *letters, *(f"##{letter}" for letter in letters), *sorted(known)]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    backend.pre_tokenizer = splitter
    backend.decoder = decoders.WordPiece(cleanup=False)
    backend.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, vocabulary[END])])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=[MASK],
        model_max_length=POSITIONS,
    )


def question_config(tokenizer: Any) -> T5Config:
    """Width 96, two encoder layers and one decoder layer. A third encoder layer took half as much time again and read
    no better in the first 500 updates."""
    return T5Config(
        vocab_size=len(tokenizer),
        d_model=96,
        d_kv=24,
        num_heads=4,
        d_ff=192,
        num_layers=2,
        num_decoder_layers=1,
        dropout_rate=0.0,
        relative_attention_max_distance=64,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )


def look_for_equals(model: T5ForConditionalGeneration) -> None:
    """Half of the heads of the encoder's layers after the first start with equal queries and keys, and so look for
    their own word elsewhere in the line. In one short trial the look-up of places began earlier so (0.56 against 0.51
    after 400 updates); the answers themselves came as early without."""
    config = model.config
    half = config.num_heads // 2 * config.d_kv
    with torch.no_grad():
        for block in model.encoder.block[1:]:
            attention = block.layer[0].SelfAttention
            attention.q.weight[:half] = attention.k.weight[:half] / config.d_kv**0.5


def cover(tokenizer: Any, line: Line, rng: random.Random) -> tuple[list[int], int]:
    """The line's ids with one covered token, and that token's id: the telling word, or now and then any token."""
    blank, word = tokenizer.convert_tokens_to_ids([MASK, line.word])
    ids: list[int] = tokenizer(line.text).input_ids
    if rng.random() >= ANYWHERE:
        return ids, word
    ids[ids.index(blank)] = word
    stops = set(tokenizer.convert_tokens_to_ids(list(STOPS)))
    places = [place for place, token in enumerate(ids) if token in stops]
    place = rng.choice(places) if places and rng.random() < 0.5 else rng.randrange(len(ids) - 1)
    word, ids[place] = ids[place], blank
    return ids, word


def covered_lines(tokenizer: Any, batch: int, seed: int) -> Iterator[Batch]:
    """For ever. The decoder is given the sentinel and asked for the covered token, as in T5."""
    rng, text = random.Random(seed), lines(seed)
    blank, pad = tokenizer.convert_tokens_to_ids(MASK), tokenizer.pad_token_id
    while True:
        rows, covered = zip(*(cover(tokenizer, line, rng) for line in islice(text, batch)), strict=True)
        inputs = padded(list(rows), pad)
        labels = torch.tensor([[blank, word, tokenizer.eos_token_id] for word in covered])
        yield {"input_ids": inputs, "attention_mask": (inputs != pad).long(), "labels": labels}


def make_question_t5(tokenizer: Any, say: Say) -> T5ForConditionalGeneration:
    """From random weights."""
    torch.manual_seed(SEED)
    model = T5ForConditionalGeneration(question_config(tokenizer))
    look_for_equals(model)
    pretrain(model, covered_lines(tokenizer, RECIPE.batch, SEED), RECIPE, say)
    return model
