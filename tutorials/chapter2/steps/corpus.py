"""What a model learns from: articles, cut into blocks."""

import re
from typing import Annotated, Literal

from datasets import Dataset, load_dataset
from deepdive.engine.lab import Lab, Range, step
from transformers import AutoTokenizer

NAMES_AND_NUMBERS = re.compile(r"\d+|(?<=[a-z0-9,] )[A-Z]\w+")


@step
def articles(
    lab: Lab,
    count: Annotated[int, Range(2, 500)] = 50,
    draw: Literal["shuffled", "in order"] = "shuffled",
    buffer: Annotated[int, Range(100, 100_000)] = 10_000,
):
    """Draw articles to learn from, and as many to test on.

    count: articles to learn from, and as many to test on; more are
        harder to learn by heart
    draw: from anywhere in the encyclopedia, or its first ones
    buffer: articles that the shuffling draws from; a larger one mixes
        better and is slower to fill
    """
    encyclopedia = load_dataset(**lab.data("articles"))  # a stream
    if draw == "shuffled":
        encyclopedia = encyclopedia.shuffle(
            seed=lab.seed, buffer_size=buffer
        )
    wanted = encyclopedia.take(2 * count)
    drawn = list(lab.loop(wanted, "articles"))
    if len(drawn) < 2 * count:
        why = f"{2 * count} articles are drawn, there are {len(drawn)}"
        lab.refuse("count", why, f"2 to {len(drawn) // 2}")

    for sample in "seen", "unseen":
        part, drawn = drawn[:count], drawn[count:]
        rows = [marked(article) for article in part]
        Dataset.from_list(rows).to_json(lab.folder / f"{sample}.jsonl")
        characters = sum(len(row["text"]) for row in rows)
        lab.measure("articles", len(rows), sample=sample)
        lab.measure("characters", characters, sample=sample)
        lab.rows(
            sample,
            [
                {name: row[name] for name in ("id", "title", "text")}
                for row in rows
            ],
            key="id",
        )
        if sample == "seen":
            lab.text(rows[0]["text"][:200])


def marked(article):
    """An article with the places of its facts.

    The pocket encyclopedia says where they are; in other texts names
    and numbers stand for them.
    """
    text = article["text"]
    guess = [list(m.span()) for m in NAMES_AND_NUMBERS.finditer(text)]
    return {
        "id": article["id"],
        "title": article["title"],
        "text": text,
        "facts": article.get("facts", guess),
        "echoes": article.get("echoes", []),
    }


@step
def blocks(
    lab: Lab,
    length: Annotated[int, Range(8, 1024)] = 128,
    at_most: Annotated[int, Range(1, 10_000)] = 312,
):
    """Cut the articles into blocks of equal length.

    length: tokens of a block; longer ones lose more of each article
    at_most: blocks that are kept of each sample
    """
    tokenizer = AutoTokenizer.from_pretrained(lab.model("blank"))
    for sample in "seen", "unseen":
        pieces = []
        for number, article in enumerate(lab.read(sample)):
            ids = tokenizer(article["text"]).input_ids
            kind = kinds(tokenizer, article)
            for start in range(0, len(ids), length):
                end = start + length
                piece = {"article": number}
                piece["input_ids"] = ids[start:end]
                piece["kinds"] = kind[start:end]
                pieces.append(piece)
        full = [p for p in pieces if len(p["input_ids"]) == length]
        kept = full[:at_most]
        if not kept:
            lab.refuse("length", f"no {sample} article is so long")
        file = lab.folder / f"{sample}_blocks.jsonl"
        Dataset.from_list(kept).to_json(file)
        measure_blocks(lab, sample, pieces, kept)


def kinds(tokenizer, article):
    """Of every token: a free fact, an echo of one, or pattern."""
    text = article["text"]
    kind = ["pattern"] * len(text)  # of every character
    for name, spans in ("fact", "facts"), ("echo", "echoes"):
        for start, end in article[spans]:
            kind[start:end] = [name] * (end - start)
    inputs = tokenizer(text, return_offsets_mapping=True)
    return [kind[end - 1] for _, end in inputs.offset_mapping]


def measure_blocks(lab, sample, pieces, kept):
    """Tell what blocking kept and what it lost."""
    all_tokens = sum(len(piece["input_ids"]) for piece in pieces)
    tokens = sum(len(piece["input_ids"]) for piece in kept)
    lost = {p["article"] for p in pieces} - {p["article"] for p in kept}
    lab.measure("blocks", len(kept), sample=sample)
    lab.measure("tokens", tokens, sample=sample)
    lab.measure("dropped", all_tokens - tokens, sample=sample)
    lab.measure("articles lost", len(lost), sample=sample)
    first_two = [p for p in pieces if p["article"] < 2]
    lab.rows(
        f"first two articles, {sample}",
        [
            {
                "piece": number,
                "article": piece["article"],
                "tokens": len(piece["input_ids"]),
                "kept": "yes" if piece in kept else "no",
            }
            for number, piece in enumerate(first_two)
        ],
    )
