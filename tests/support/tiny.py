"""Tiny models with random weights and the tokenizers to match, spread wide enough that their answers differ."""

from __future__ import annotations

from typing import Any

from deepdive.engine.lessons.catalogue import pocket
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
    set_seed,
)

WORDS = [
    "the",
    "a",
    "film",
    "town",
    "river",
    "was",
    "is",
    "it",
    "great",
    "good",
    "terrible",
    "bad",
    "yes",
    "no",
    "question",
    "answer",
    ":",
    "unhappy",
]


def bert_tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(pocket() / "models" / "bert")


def t5_tokenizer() -> Any:
    words = [(f"▁{word}", -3.0) for word in WORDS]
    letters = [(letter, -6.0) for letter in "abcdefghijklmnopqrstuvwxyz.,?<>_0123456789/"]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    sentinels = [(f"<extra_id_{at}>", 0.0) for at in range(4)]  # among the pieces, as in the real one
    return T5Tokenizer(vocab=special + words + letters + sentinels, extra_ids=4)


def masked(tokenizer: Any, kind: str = "bert") -> Any:
    set_seed(0)
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "initializer_range": 0.3,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if kind == "bert":
        return BertForMaskedLM(BertConfig(**shape, max_position_embeddings=64))
    if kind == "roberta":
        return RobertaForMaskedLM(RobertaConfig(**shape, max_position_embeddings=72, type_vocab_size=1))
    return ModernBertForMaskedLM(ModernBertConfig(**shape, max_position_embeddings=64))


def t5(tokenizer: Any) -> Any:
    set_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        num_heads=4,
        d_ff=64,
        num_layers=2,
        initializer_factor=2.0,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return T5ForConditionalGeneration(config)
