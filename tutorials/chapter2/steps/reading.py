"""Two ways to read: what BERT and GPT-2 see of a sentence."""

import re
from collections import Counter
from typing import Annotated

import torch
from datasets import load_dataset
from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.reading import gap_of, tokens_of
from transformers import AutoTokenizer

from .models import causal_lm, masked_lm, show_best


@step
def tokenise(
    lab: Lab,
    gap: str = "Life is like a [MASK] of chocolates.",
    start: str = "Swimming at the beach is",
    look_up: Annotated[int, Range(0, 250_000)] = 7967,
):
    """Cut two sentences into tokens.

    gap: a sentence for BERT; [MASK] is its gap
    start: a sentence for GPT-2
    look_up: an id; the token that it stands for in both vocabularies
    """
    for name, role, text in (
        ("BERT", "masked_lm", gap),
        ("GPT-2", "causal_lm", start),
    ):
        tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
        if not text.strip():
            setting = "gap" if name == "BERT" else "start"
            lab.refuse(setting, "is empty", "at least one word")
        ids = tokenizer(text).input_ids  # a sentence is a list of ids
        tokens = [tokenizer.decode([id]) for id in ids]
        lab.rows(
            name,
            [
                {"position": n, "id": id, "token": t.replace(" ", "␣")}
                for n, (id, t) in enumerate(zip(ids, tokens))
            ],
        )
        lab.measure("tokens", len(ids), model=name)
        lab.measure("vocabulary", len(tokenizer), model=name)
        if look_up < len(tokenizer):
            token = tokenizer.decode([look_up])
            lab.measure("looked up", token, model=name, id=look_up)


@step
def fill_the_gap(
    lab: Lab,
    sentence: str = "Life is like a [MASK] of chocolates.",
    top_k: Annotated[int, Range(1, 20)] = 5,
):
    """Ask BERT which words fit the gap.

    sentence: what BERT reads; [MASK] stands for one token
    top_k: how many of the likeliest words are shown
    """
    model, tokenizer = masked_lm(lab)

    # the question is at the mask: so is the answer
    inputs, row = gap_of(lab, "sentence", sentence, model, tokenizer)
    with torch.no_grad():
        logits = model(**inputs).logits  # (1, tokens, vocabulary)
    words, probability = show_best(
        lab, "fits the gap", logits[0, row], tokenizer, top_k
    )

    lab.measure("logits", str(list(logits.shape)))
    lab.measure("row to read", row)
    for word, p in zip(words, probability):
        lab.measure("probability", p, word=word)
    lab.measure("best word", words[0])
    lab.measure("best guess", probability[0])
    if top_k > 1:
        lab.measure("lead", probability[0] - probability[1])


@step
def true_share(
    lab: Lab, sentence: str = "Life is like a [MASK] of chocolates."
):
    """Compare the guesses with what the newspaper really says.

    sentence: what BERT reads; the newspaper is searched for the words
        around its [MASK]
    """
    model, tokenizer = masked_lm(lab)
    gap_of(lab, "sentence", sentence, model, tokenizer)  # is there one?
    newspaper = load_dataset(**lab.data("newspaper"))["text"]
    left, right = sentence.split("[MASK]")

    for case, rest in ("whole", right), ("right side deleted", "."):
        pattern = re.escape(left) + r"(\w+)" + re.escape(rest) + "$"
        pattern = re.compile(pattern, re.IGNORECASE)
        found = (pattern.match(line) for line in newspaper)
        counts = Counter(match[1].lower() for match in found if match)
        if not counts:
            why = f"is not in the newspaper ({case})"
            lab.refuse("sentence", why, "a sentence that it prints")

        gap = tokenizer(left + "[MASK]" + rest, return_tensors="pt")
        row = gap.input_ids[0].tolist().index(tokenizer.mask_token_id)
        with torch.no_grad():
            logits = model(**gap.to(lab.device)).logits
        guess = logits[0, row].softmax(-1)

        rows, away = [], 0.0  # away: what is guessed and never said
        for word, count in counts.most_common():
            p = guess[tokenizer.convert_tokens_to_ids(word)].item()
            true = count / counts.total()
            rows.append({"word": word, "model": p, "newspaper": true})
            away += max(0.0, true - p)
            lab.measure("guess", p, case=case, word=word)
        lab.rows(case, rows)
        lab.measure("distance", away, case=case, n=counts.total())


@step
def look_inside(lab: Lab, text: str = "The bakery sells bread."):
    """Open both models and compare their parts.

    text: what both models read, once as it is and once with another
        last token
    """
    parts = {}
    for name, load in ("BERT", masked_lm), ("GPT-2", causal_lm):
        model, tokenizer = load(lab)
        lab.text(str(model), stream=f"modules of {name}")
        parts[name] = measure_parts(lab, name, model)

        # change the last word: which rows of the output notice?
        ids = tokens_of(
            lab, "text", text, model, tokenizer, 2
        ).input_ids
        other = ids.clone()
        other[0, -1] = ids[0, 1]
        with torch.no_grad():
            before = model(ids.to(lab.device)).logits
            after = model(other.to(lab.device)).logits
        moved = (before - after).abs().amax(-1)[0] > 1e-3  # (tokens,)
        lab.measure("rows", len(moved), model=name)
        lab.measure("rows that notice", int(moved.sum()), model=name)

    lab.rows(
        "parts",
        [
            {"part": part, "BERT": parts["BERT"][part], "GPT-2": other}
            for part, other in parts["GPT-2"].items()
        ],
    )


def measure_parts(lab, name, model):
    """Sizes that decide how many parameters a model has."""
    config, head = model.config, model.get_output_embeddings()
    table = model.get_input_embeddings().weight  # (vocabulary, width)
    lab.measure("parameters", model.num_parameters(), model=name)
    return {
        "token embedding": f"{table.shape[0]:,} × {table.shape[1]}",
        "positions": f"{config.max_position_embeddings:,}",
        "segments": getattr(config, "type_vocab_size", 0),
        "layers": config.num_hidden_layers,
        "heads in a layer": config.num_attention_heads,
        "output head": f"{head.in_features} → {head.out_features:,}",
        "bias in the head": "no" if head.bias is None else "yes",
        "head is the embedding": str(head.weight is table),
        "parameters": f"{model.num_parameters():,}",
    }


@step
def both_sides(
    lab: Lab, sentence: str = "Life is like a box of chocolates."
):
    """Cover each word once: who misses it more?

    sentence: its words are covered one by one
    """
    words = [match.span() for match in re.finditer(r"\w+", sentence)]
    if len(words) < 2:
        lab.refuse("sentence", "is too short", "two words or more")
    nats = {
        "both sides": surprises(lab, *masked_lm(lab), sentence, words),
        "left only": surprises(lab, *causal_lm(lab), sentence, words),
    }
    lab.rows(
        "surprise",
        [
            {"word": sentence[start:end], **dict(zip(nats, told))}
            for (start, end), *told in zip(words, *nats.values())
        ],
    )
    for name in nats:  # without the first word: nothing is left of it
        mean = sum(nats[name][1:]) / len(nats[name][1:])
        lab.measure("surprise", mean, unit="nats a word", sees=name)


def surprises(lab, model, tokenizer, sentence, words):
    """-ln p of every word: the higher, the less it was expected."""
    tokens_of(lab, "sentence", sentence, model, tokenizer)
    inputs = tokenizer(sentence, return_offsets_mapping=True)
    ids = torch.tensor(inputs.input_ids)
    ends = torch.tensor(inputs.offset_mapping)[:, 1]
    nats = []
    for start, end in words:
        place = ((ends > start) & (ends <= end)).nonzero()[:, 0]
        given = ids.clone()
        if tokenizer.mask_token_id is not None:
            given[place] = tokenizer.mask_token_id
            rows = place  # a masked model answers at the gap
        else:
            rows = place - 1  # a causal model one row before
        with torch.no_grad():
            logits = model(given[None].to(lab.device)).logits[0].cpu()
        surprise = (
            -logits.log_softmax(-1)[rows, ids[place]].sum().item()
        )
        nats.append(surprise if rows[0] >= 0 else None)
    return nats
