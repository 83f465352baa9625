"""The pocket world's two tokenizers, trained on all of its text: GPT-2's byte-level BPE and BERT's WordPiece."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizer, GPT2Tokenizer

VOCABULARY = 2048
END = "<|endoftext|>"
START = "▁"
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
    """Uncased WordPiece with BERT's five special tokens first.

    The library's WordPiece trainer breaks ties by the order of a hash table, differently in every run. So the pieces
    are found by byte-pair merges, which are the same every time, over words marked at their start; a piece without
    the mark goes on from another one and is written with "##".
    """
    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False)
    split = (splitter.pre_tokenize_str(normalizer.normalize_str(line)) for line in lines)
    bpe.train_from_iterator((" ".join(START + word for word, _ in words) for words in split), trainer)
    found = bpe.get_vocab()
    typed = set(string.ascii_lowercase + string.digits + string.punctuation)  # what a reader may type
    letters = sorted(typed | {piece for piece in found if len(piece) == 1} - {START})
    longer = sorted((piece for piece in found if len(piece) > 1), key=lambda piece: found[piece])
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    pieces += [piece[1:] if piece[0] == START else f"##{piece}" for piece in longer]
    vocabulary = {piece: index for index, piece in enumerate(list(dict.fromkeys(pieces))[:VOCABULARY])}
    return BertTokenizer(vocab=vocabulary, model_max_length=positions)
