"""Does the encoder of the entities do its job: chapter 3's two ways of tuning it, on one sample of sentences.

A fresh head soon answers O for nearly everything; the prompt learns from as few sentences. The head's figures are means
over five draws of its random weights, which decide much. The lesson itself shows more
(`tutorials/chapter3-fewshot`); here is as little as tells whether a new encoder is fit for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from deepdive.engine.methods.prompting import PromptModel, Template, Verbalizer
from transformers import AutoTokenizer, BertForMaskedLM, BertForTokenClassification, get_linear_schedule_with_warmup

from ..making.check import Check, read
from ..making.training import IGNORED, padded
from .rows import KINDS, Names, Row, describe, news
from .words import DESCRIBED

SIZES = (0, 4, 8, 16, 32, 64)
DRAWS = 5
TEMPLATE = Template("{sentence} {candidate} is a {mask} entity .", shorten="sentence")
WORDS = {"O": ["non"], "PER": ["person"], "ORG": ["organization"], "LOC": ["location"], "MISC": ["other"]}
RELATION_SEED = 34


def check_entities(data: Path, folder: Path, whole: bool) -> list[Check]:
    """All checks; the prompt's tuning, which takes half a minute, only if `whole`."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    train, validation = (read(data / f"entities-{split}.jsonl") for split in ("train", "validation"))
    found = [
        Check(folder.name, "nouns of the right kind for unseen names", related(folder, tokenizer), ">=", 0.85),
        Check(folder.name, "F1 of the prompt before tuning", prompt_f1(folder, tokenizer, [], validation), "<=", 0.3),
    ]
    curves = [head_curve(folder, tokenizer, train, validation, draw) for draw in range(DRAWS)]
    for size in (32, 64):
        f1, share = (mean(curve[size][which] for curve in curves) for which in (0, 1))
        found += [
            Check(folder.name, f"share of O of the head, {size} sentences", share, ">=", 0.93),
            Check(folder.name, f"F1 of the head, {size} sentences", f1, "<=", 0.15),
        ]
    if whole:
        tuned = prompt_f1(folder, tokenizer, train[:32], validation)
        found.append(Check(folder.name, "F1 of the prompt, 32 sentences", tuned, ">=", 0.6))
    return found


def related(folder: Path, tokenizer: Any, count: int = 300) -> float:
    """How often "Torli is a ..." behind news of an unseen Torli gets a noun of Torli's kind."""
    model = BertForMaskedLM.from_pretrained(folder).eval()
    rng = random.Random(RELATION_SEED)
    names = Names(rng, held_out=True)
    kinds = {noun: kind for kind, (_, nouns, _) in DESCRIBED.items() for noun in nouns}
    ids = torch.tensor(tokenizer.convert_tokens_to_ids(list(kinds)))
    lines = [line for line in (news(rng, names) for _ in range(count)) if line.names]
    right = 0
    for line in lines:
        name = rng.choice(line.names)
        start, _, _ = describe(name, rng).partition(" is a ")
        inputs = tokenizer(f"{line.text} {start} is a {tokenizer.mask_token} .", return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits[inputs.input_ids == tokenizer.mask_token_id][0]
        right += KINDS[list(kinds.values())[int(logits[ids].argmax())]] == KINDS[name.kind]
    return right / len(lines)


def candidates(row: Row) -> Iterator[tuple[str, int]]:
    """Each entity and each other word, with its class: an index into `WORDS`."""
    starts = [place for place, tag in enumerate(row["ner_tags"]) if tag % 2 or not tag]
    for start, end in pairwise([*starts, len(row["tokens"])]):
        yield " ".join(row["tokens"][start:end]), (row["ner_tags"][start] + 1) // 2


def prompt_f1(folder: Path, tokenizer: Any, train: Sequence[Row], validation: Sequence[Row]) -> float:
    """Tuned in the stages of `SIZES`, five epochs of batches of 4 each, at a constant rate, without dropout."""
    torch.manual_seed(0)
    asked = PromptModel(
        BertForMaskedLM.from_pretrained(folder).eval(), tokenizer, TEMPLATE, Verbalizer.of(tokenizer, WORDS)
    )

    def encoded(rows: Sequence[Row]) -> tuple[list[list[int]], torch.Tensor]:
        pairs = [(" ".join(row["tokens"]), *candidate) for row in rows for candidate in candidates(row)]
        prompts = asked.encode([{"sentence": sentence, "candidate": name} for sentence, name, _ in pairs])
        return prompts, torch.tensor([label for _, _, label in pairs])

    for start, end in pairwise(size for size in SIZES if size <= len(train)):
        ids, labels = encoded(train[start:end])
        optimizer = torch.optim.AdamW(asked.model.parameters(), lr=1e-4, eps=1e-6)
        for _ in range(5):
            for chosen in torch.randperm(len(ids)).split(4):
                scores = asked.scores([ids[index] for index in chosen.tolist()])
                torch.nn.functional.cross_entropy(scores, labels[chosen]).backward()
                optimizer.step()
                optimizer.zero_grad()
    ids, labels = encoded(validation)
    return f1_score(asked.predict(ids).argmax(-1), labels, range(1, len(WORDS)))


def head_curve(
    folder: Path, tokenizer: Any, train: Sequence[Row], validation: Sequence[Row], draw: int
) -> dict[int, tuple[float, float]]:
    """F1 and share of O after each size, three epochs of batches of 8 a stage, the rate falling to zero."""
    torch.manual_seed(draw)
    model = BertForTokenClassification.from_pretrained(folder, num_labels=9)
    curve = {}
    for start, end in pairwise(SIZES):
        rows = train[start:end]
        updates = 3 * -(-len(rows) // 8)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.0)
        schedule = get_linear_schedule_with_warmup(optimizer, 0, updates)
        model.train()
        for chosen in [part for _ in range(3) for part in torch.randperm(len(rows)).split(8)]:
            model(**pieces(tokenizer, [rows[index] for index in chosen.tolist()])).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        batch = pieces(tokenizer, validation)
        with torch.no_grad():
            said = model.eval()(**batch).logits.argmax(-1)[batch["labels"] != IGNORED]
        truth = batch["labels"][batch["labels"] != IGNORED]
        curve[end] = f1_score(said, truth, (1, 3, 5, 7)), (said == 0).float().mean().item()
    return curve


def pieces(tokenizer: Any, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """Each word's tag on each of its pieces; special tokens and padding count for nothing."""
    inputs = tokenizer([row["tokens"] for row in rows], is_split_into_words=True, padding=True, return_tensors="pt")
    tags = [
        [IGNORED if word is None else row["ner_tags"][word] for word in inputs.word_ids(index)]
        for index, row in enumerate(rows)
    ]
    return {**inputs, "labels": padded(tags, IGNORED)}


def f1_score(said: torch.Tensor, truth: torch.Tensor, positive: Sequence[int]) -> float:
    """Of precision over what is said to be of the classes `positive`, and recall over what is."""
    wanted = torch.tensor(list(positive))
    right = (said == truth) & torch.isin(truth, wanted)
    counted = torch.isin(said, wanted).sum() + torch.isin(truth, wanted).sum()
    return (2 * right.sum() / counted.clamp(min=1)).item()
