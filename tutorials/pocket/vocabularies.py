"""The pocket world's two tokenizers, trained on all of its text: GPT-2's byte-level BPE and BERT's WordPiece."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizer, GPT2Tokenizer

VOCABULARY = 2048
END = "<|endoftext|>"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train_gpt2(lines: Iterable[str], positions: int) -> GPT2Tokenizer:
    """Byte-level BPE: 256 bytes, the merges, and the end-of-text token last, as in GPT-2."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 1,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(lines, trainer)
    trained = json.loads(bpe.to_str())["model"]  # the library gives the merges only as JSON
    vocabulary = {**trained["vocab"], END: len(trained["vocab"])}
    merges = [tuple(merge) for merge in trained["merges"]]
    return GPT2Tokenizer(vocab=vocabulary, merges=merges, model_max_length=positions)


def train_bert(lines: Iterable[str], positions: int) -> BertTokenizer:
    """Uncased WordPiece with BERT's five special tokens first."""
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=True)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.decoder = decoders.WordPiece(prefix="##")
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, show_progress=False)
    pieces.train_from_iterator(lines, trainer)
    return BertTokenizer(vocab=pieces.get_vocab(), model_max_length=positions)
