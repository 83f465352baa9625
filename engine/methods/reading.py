"""A text of the learner's becomes token ids that a model can read, or is refused with what is allowed."""

from __future__ import annotations

from typing import Any

GAP = "[MASK]"


def tokens_of(lab: Any, setting: str, text: str, model: Any, tokenizer: Any, least: int = 1) -> Any:
    """The tokenizer's inputs of one text, (1, tokens), where the model is. `least` words or signs must be in it."""
    inputs = tokenizer(text, return_tensors="pt", verbose=False)
    ids = inputs.input_ids[0].tolist()
    marks = {tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id}  # that the tokenizer adds
    own = [token for token in ids if token not in marks]
    most = getattr(model.config, "max_position_embeddings", None) or len(ids)
    if len(own) < least:
        few = "is empty" if not text.strip() else f"has {len(own)} of the tokenizer's words and signs"
        lab.refuse(setting, few, "at least one word" if least == 1 else f"at least {least} words")
    if (
        own
        and all(token == tokenizer.unk_token_id for token in own)
        and tokenizer.unk_token_id != tokenizer.eos_token_id
    ):
        lab.refuse(setting, "has no word or sign that the tokenizer knows", "words of the model's vocabulary")
    if len(ids) > most:
        lab.refuse(setting, f"has {len(ids):,} tokens", f"at most {most:,}, the model's positions")
    return inputs.to(model.device)


def gap_of(lab: Any, setting: str, sentence: str, model: Any, tokenizer: Any) -> tuple[Any, int]:
    """The same of a sentence with one gap, and the row of the gap."""
    if (count := sentence.count(GAP)) != 1:
        lab.refuse(setting, f"has {count or 'no'} gap{'s' if count else ''}", f"one {GAP} in a sentence")
    if tokenizer.mask_token is None:
        lab.refuse(setting, "is asked of a model that fills no gaps", "a masked language model")
    inputs = tokens_of(lab, setting, sentence.replace(GAP, tokenizer.mask_token), model, tokenizer)
    return inputs, inputs.input_ids[0].tolist().index(tokenizer.mask_token_id)
