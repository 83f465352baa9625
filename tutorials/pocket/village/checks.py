"""Do the models of the village do their job: what they make of sentences and gaps that chapter 2 asks them about.

Baselines are counted on the sentences the models were trained on; everything is measured on sentences drawn from
another seed that none of the models has seen. The true probabilities of a gap come from the grammar.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from ..making.check import Check, total_variation
from ..making.grammar import Grammar
from .sentences import sentences, village_grammar

HELD_OUT_SEED = 12
MOST_DISTANCE = 0.12
"""Total variation between a model's five best words and the truth. A uniform guess among the true ones is 0.2 to 0.5
off, the 20,000 sentences themselves are 0.02 to 0.10: a model cannot be nearer to the grammar than its corpus is."""

CONTAINER_GAPS = (
    ("Life is like a", "of chocolates."),
    ("Life is like a", "of tea."),
    ("There was a", "of soup on the table."),
    ("There was a", "of jam on the table."),
    ("All they found was a", "of nails."),
    ("All they found was a", "of biscuits."),
)
"""(left, right); each distribution is known exactly."""

WITHOUT_RIGHT = ("Life is like a", ".")
CAUSAL_STARTS = ("Life is like a", "Swimming at the beach is", "Swimming at the beach is a", "There was a")


def read_sentences(data: Path) -> list[str]:
    """The shipped sentences."""
    with gzip.open(data / "sentences.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def unseen(train: Iterable[str], count: int) -> list[str]:
    """So many different sentences that are not among those of the training."""
    seen = set(train)
    fresh = (line for line in sentences(3 * count, HELD_OUT_SEED) if line not in seen)
    return list(dict.fromkeys(fresh))[:count]


def top(logits: torch.Tensor, tokenizer: Any, count: int = 5) -> dict[str, float]:
    """The likeliest tokens of one row of logits (vocabulary,) and their probabilities."""
    probability, token = logits.softmax(-1).topk(count)
    words = [tokenizer.decode([index]).strip().lower() for index in token.tolist()]
    return dict(zip(words, probability.tolist(), strict=True))


def fill_gap(model: Any, tokenizer: Any, left: str, right: str, count: int = 5) -> dict[str, float]:
    """What the masked model puts between `left` and `right`."""
    space = "" if right.startswith(".") else " "
    inputs = tokenizer(f"{left} [MASK]{space}{right}", return_tensors="pt")
    with torch.no_grad():
        logits = model(**inputs).logits  # (1, tokens, vocabulary)
    return top(logits[inputs.input_ids == tokenizer.mask_token_id][0], tokenizer, count)


def check_data(data: Path) -> list[Check]:
    """There is enough of both texts, and the sentences are distributed as the grammar says."""
    train = read_sentences(data)
    articles = (data / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    counts = Counter(line.split()[4] for line in train if line.startswith("Life is like a ") and "chocolates" in line)
    drawn = {word: count / counts.total() for word, count in counts.items()}
    truth = village_grammar().gap("Life is like a", "of chocolates.")
    return [
        Check("data", "articles", len(articles), ">=", 1_100),
        Check("data", "sentences", len(train), ">=", 20_000),
        Check("data", "corpus against grammar, container of chocolates, TV", total_variation(drawn, truth), "<=", 0.06),
    ]


def check_blank(folder: Path) -> list[Check]:
    """A tokenizer and no weights."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return [
        Check("gpt2-blank", "tokens in the vocabulary", len(tokenizer), ">=", 2_000),
        Check("gpt2-blank", "files with weights", len(list(folder.glob("*.safetensors"))), "<=", 0),
    ]


def check_bert(data: Path, folder: Path, sample: int) -> list[Check]:
    """The masked model on so many sentences that it has not seen, and in gaps whose truth is known."""
    train = read_sentences(data)
    held_out = unseen(train, sample)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    rows = tokenizer(held_out).input_ids
    places = [1 + (7 * index) % (len(ids) - 2) for index, ids in enumerate(rows)]  # one token a line, spread out
    truth = [ids[place] for ids, place in zip(rows, places, strict=True)]
    unigrams, bigrams = _counts(tokenizer(train).input_ids)
    commonest = unigrams.most_common(1)[0][0]
    after = {token: following.most_common(1)[0][0] for token, following in bigrams.items()}
    unigram = _share(commonest == token for token in truth)
    bigram = _share(after.get(ids[place - 1], commonest) == ids[place] for ids, place in zip(rows, places, strict=True))
    accuracy = _share(
        guess == token for guess, token in zip(_guesses(model, tokenizer, rows, places), truth, strict=True)
    )
    grammar = village_grammar()
    found = [
        Check("bert", "masked accuracy over unigram", accuracy - unigram, ">=", 0.30, f"{accuracy:.3f}, {unigram:.3f}"),
        Check("bert", "masked accuracy over bigram", accuracy - bigram, ">=", 0.15, f"{accuracy:.3f}, {bigram:.3f}"),
    ]
    for left, right in (*CONTAINER_GAPS, WITHOUT_RIGHT):
        shown = fill_gap(model, tokenizer, left, right)
        distance = total_variation(shown, _first(grammar.gap(left, right)))
        found.append(Check("bert", f"{left} ... {right} TV", distance, "<=", MOST_DISTANCE, _words(shown)))
    return [*found, *_right_context(model, tokenizer, grammar)]


def _right_context(model: Any, tokenizer: Any, grammar: Grammar) -> list[Check]:
    """What deleting "of chocolates" does to the first guess: less of it, as in the grammar, and a smaller lead."""
    given = fill_gap(model, tokenizer, *CONTAINER_GAPS[0], count=len(tokenizer))
    alone = fill_gap(model, tokenizer, *WITHOUT_RIGHT, count=len(tokenizer))
    truth = grammar.gap(*CONTAINER_GAPS[0])["box"] - grammar.gap(*WITHOUT_RIGHT).get("box", 0.0)
    note = f"box {given['box']:.3f} to {alone['box']:.3f}; true fall {truth:.3f}"
    return [
        Check("bert", "fall of box without its right context", given["box"] - alone["box"], ">=", 0.35, note),
        Check("bert", "lead lost without its right context", _lead(given) - _lead(alone), ">=", 0.10),
    ]


def _lead(shown: Mapping[str, float]) -> float:
    first, second, *_ = sorted(shown.values(), reverse=True)
    return first - second


def check_gpt2(data: Path, folder: Path, sample: int) -> list[Check]:
    """The causal model, likewise."""
    train = read_sentences(data)
    held_out = unseen(train, sample)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    end = tokenizer.eos_token_id
    rows = [[*ids, end] for ids in tokenizer(held_out).input_ids]
    # All three are asked for the same tokens: every token but a line's first, which has no left context.
    unigram, bigram = _perplexities([[*ids, end] for ids in tokenizer(train).input_ids], rows, len(tokenizer))
    losses = torch.cat([_losses(model, rows[start : start + 100], end) for start in range(0, len(rows), 100)])
    perplexity = losses.mean().exp().item()
    grammar = village_grammar()
    found = [
        Check(
            "gpt2",
            "perplexity, share of unigram's",
            perplexity / unigram,
            "<=",
            0.10,
            f"{perplexity:.2f}, {unigram:.1f}",
        ),
        Check(
            "gpt2", "perplexity, share of bigram's", perplexity / bigram, "<=", 0.60, f"{perplexity:.2f}, {bigram:.2f}"
        ),
    ]
    for start in CAUSAL_STARTS:
        inputs = tokenizer(start, return_tensors="pt")
        with torch.no_grad():
            shown = top(model(**inputs).logits[0, -1], tokenizer)
        distance = total_variation(shown, _first(grammar.gap(start)))
        found.append(Check("gpt2", f"{start} ... TV", distance, "<=", MOST_DISTANCE, _words(shown)))
    return found


def _guesses(model: Any, tokenizer: Any, rows: list[list[int]], places: list[int]) -> list[int]:
    """The masked model's first choice for one covered token a row."""
    guesses: list[int] = []
    for start in range(0, len(rows), 100):
        batch = tokenizer.pad({"input_ids": rows[start : start + 100]}, return_tensors="pt")
        line = torch.arange(len(batch.input_ids))
        place = torch.tensor(places[start : start + 100])
        batch.input_ids[line, place] = tokenizer.mask_token_id
        with torch.no_grad():
            guesses += model(**batch).logits[line, place].argmax(-1).tolist()
    return guesses


def _losses(model: Any, rows: list[list[int]], end: int) -> torch.Tensor:
    """Cross-entropy in nats of every token but each row's first."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [end] * (longest - len(row)) for row in rows])
    real = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=real).logits  # (rows, tokens, vocabulary)
    losses = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none")
    return losses[real[:, 1:] == 1]


def _counts(rows: Iterable[Sequence[int]]) -> tuple[Counter[int], dict[int, Counter[int]]]:
    """How often each token stands anywhere but first, and after which one."""
    unigrams: Counter[int] = Counter()
    bigrams: dict[int, Counter[int]] = defaultdict(Counter)
    for ids in rows:
        unigrams.update(ids[1:])
        for before, token in pairwise(ids):
            bigrams[before][token] += 1
    return unigrams, bigrams


def _perplexities(train: list[list[int]], rows: list[list[int]], vocabulary: int) -> tuple[float, float]:
    """Unigram (add one) and bigram (Witten-Bell: the rarer a context, the more the unigram counts) perplexity."""
    unigrams, bigrams = _counts(train)
    total = unigrams.total() + vocabulary
    loss_one = loss_two = 0.0
    count = 0
    for ids in rows:
        for before, token in pairwise(ids):
            one = (unigrams[token] + 1) / total
            following = bigrams.get(before, Counter())
            kinds, seen = len(following), following.total()
            two = (following[token] + kinds * one) / (seen + kinds) if seen else one
            loss_one -= math.log(one)
            loss_two -= math.log(two)
            count += 1
    return math.exp(loss_one / count), math.exp(loss_two / count)


def _first(truth: Mapping[str, float], count: int = 5) -> dict[str, float]:
    return dict(list(truth.items())[:count])


def _share(hits: Iterable[bool]) -> float:
    values = list(hits)
    return sum(values) / len(values)


def _words(shown: Mapping[str, float]) -> str:
    return ", ".join(f"{word} {probability:.2f}" for word, probability in shown.items())
