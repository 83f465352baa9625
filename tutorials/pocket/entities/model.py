"""The encoder of chapter 3's entities: its WordPiece vocabulary and its pre-training."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Sequence

import torch
from transformers import BertForMaskedLM, BertTokenizer

from ..making.subject import Say
from ..making.training import SEED, Cover, Recipe, bert_config, covered_batches, pretrain
from ..making.vocabularies import SPECIAL
from .rows import FOLK, PLACES, SYLLABLES, common_words
from .words import DESCRIBED

POSITIONS = 128
HEAD_SPREAD = 0.02
RECIPE = Recipe(updates=3_000, batch=64, learning_rate=1.5e-3)


def entity_tokenizer() -> BertTokenizer:
    """Uncased WordPiece: common words whole, made-up names by the syllable, anything else by the letter."""
    letters = sorted({*string.ascii_lowercase, *string.digits, *string.punctuation})
    inner = [*letters, *SYLLABLES, *PLACES, FOLK]
    pieces = [*SPECIAL, *letters, *common_words(), *SYLLABLES, *(f"##{piece}" for piece in inner)]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    return BertTokenizer(vocab=vocabulary, model_max_length=POSITIONS)


def informative(tokenizer: BertTokenizer, rng: random.Random) -> Cover:
    """Which places of a line are covered.

    In half of the lines those that only the rest of the line can tell: the noun that says what a name is, or else
    about 40 in 100 pieces of the names. In the other half 20 in 100 of all. Covering at random only, the model learns
    to relate a name to its sentence several times later.
    """
    nouns = set(tokenizer.convert_tokens_to_ids([noun for _, nouns, _ in DESCRIBED.values() for noun in nouns]))
    inner = (f"##{piece}" for piece in (*SYLLABLES, *PLACES, FOLK))
    of_names = set(tokenizer.convert_tokens_to_ids([*SYLLABLES, *inner]))

    def cover(ids: Sequence[int]) -> set[int]:
        inside = range(1, len(ids) - 1)
        if rng.random() < 0.5:
            if saying := {place for place in inside if ids[place] in nouns}:
                return saying
            if names := [place for place in inside if ids[place] in of_names]:
                return {place for place in names if rng.random() < 0.4} or {rng.choice(names)}
        return {place for place in inside if rng.random() < 0.2} or {rng.choice(inside)}

    return cover


def make_entity_bert(tokenizer: BertTokenizer, lines: Iterable[str], say: Say) -> BertForMaskedLM:
    """From random weights. The head that a lesson puts on it starts with the spread of BERT's own heads."""
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    model = BertForMaskedLM(bert_config(tokenizer))
    encoded = tokenizer(list(lines)).input_ids
    pretrain(model, covered_batches(tokenizer, encoded, informative(tokenizer, rng), RECIPE.batch, rng), RECIPE, say)
    model.config.initializer_range = HEAD_SPREAD
    return model
