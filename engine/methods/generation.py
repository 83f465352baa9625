"""Greedy generation, told token by token: what was chosen, how sure the model was, what else it could have been."""

from __future__ import annotations

from typing import Any

import torch

Piece = list[Any]  # [text, {"probability": p}, [[another token, its p], ...]]

UNFINISHED = "\ufffd"  # what the first bytes of a longer character decode to


def continuation(model: Any, tokenizer: Any, prompt: str, tokens: int = 24, top: int = 5) -> list[Piece]:
    """`prompt` and what a causal model greedily makes of it, one piece per token.

    Each piece after the first has its probability given everything to its left, and the `top` likeliest tokens in its
    place. The tokens are those of `model.generate(do_sample=False)`; generation also ends at the end-of-text token and
    where the model has no more positions. Call it in evaluation mode. Raises ValueError for a prompt without tokens or
    with more than the model has positions.
    """
    ids = tokenizer(prompt, return_tensors="pt").input_ids.to(model.device)  # (1, tokens)
    positions = getattr(model.config, "max_position_embeddings", None) or ids.shape[1] + tokens
    if not 0 < ids.shape[1] <= positions:
        raise ValueError(f"a prompt of {ids.shape[1]} tokens for a model of {positions} positions")
    end = min(ids.shape[1] + tokens, positions)
    past, new = None, ids
    distributions: list[torch.Tensor] = []  # one row (vocabulary,) for every token but the first
    while ids.shape[1] < end or not distributions:
        with torch.no_grad():
            output = model(input_ids=new, past_key_values=past, use_cache=True)
        past = output.past_key_values
        distributions += output.logits[0].float().softmax(-1)
        new = distributions[-1].argmax().reshape(1, 1)
        if new.item() == tokenizer.eos_token_id or ids.shape[1] == end:
            break
        ids = torch.cat([ids, new], dim=1)
    return _told(tokenizer, ids[0].tolist(), distributions, top)


def _told(tokenizer: Any, ids: list[int], distributions: list[torch.Tensor], top: int) -> list[Piece]:
    texts = spelt(tokenizer, ids)
    pieces: list[Piece] = [[texts[0], {}, []]]
    for text, token, row in zip(texts[1:], ids[1:], distributions, strict=False):
        best = row.topk(min(top, len(row)))
        others = [
            [tokenizer.decode([other]), probability]
            for other, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        pieces.append([text, {"probability": row[token].item()}, others])
    return pieces


def spelt(tokenizer: Any, ids: list[int]) -> list[str]:
    """The text that each token adds, so that they join to the whole.

    A character of several bytes may be spread over several tokens; it stands where its last byte is.
    """
    texts: list[str] = []
    said = ""
    for end in range(1, len(ids) + 1):
        whole = tokenizer.decode(ids[:end], clean_up_tokenization_spaces=False)
        if whole.endswith(UNFINISHED) and end < len(ids):
            texts.append("")
            continue
        texts.append(whole[len(said) :])
        said = whole
    return texts
