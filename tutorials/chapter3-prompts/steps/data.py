"""The model and the questions."""

import torch
from datasets import load_dataset
from transformers import AutoTokenizer, T5ForConditionalGeneration

CLASSES = ["no", "yes"]  # in the order of the label ids
COLUMNS = ("passage", "question")
DRAW = 1989  # the book's seed for drawing questions
# pieces of passage and question; longer ones are left out
LONGEST = 399


def t5(lab):
    """T5 and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("t5"))
    model = T5ForConditionalGeneration.from_pretrained(lab.model("t5"))
    lab.watch("t5", model.to(lab.device).eval(), tokenizer)
    return model, tokenizer


def questions(lab, tokenizer, sizes=[0], setting="sizes"):
    """Questions to train on, to choose by, and to report.

    Training: yes, no, yes, no ...; k of each class are the first 2k,
    so that a smaller set is a part of a larger one.
    """
    train = load_dataset(**lab.data("questions"))
    held = load_dataset(**lab.data("questions_test"))
    train = train.shuffle(seed=DRAW + lab.seed)
    held = held.shuffle(seed=DRAW)  # the same for every seed
    cut = round(len(held) * 1800 / 3270)
    drawn = range(min(5000, len(train)))
    train = sides(tokenizer, train.select(drawn))
    samples = [
        sides(tokenizer, held.select(part))
        for part in (range(cut), range(cut, len(held)))
    ]
    most = min(map(len, train))
    if sorted(set(sizes)) != sizes or not sizes or sizes[0] < 0:
        lab.refuse(setting, "do not rise", f"from 0 to {most}")
    if max(sizes) > most:
        why = f"{max(sizes)} of each class are more than there are"
        lab.refuse(setting, why, f"0 to {most}")
    if not all(map(all, samples)):
        why = "has too few rows with no, or with yes"
        lab.refuse("questions_test", why, "rows of both, in any order")
    train = [row for pair in zip(*train) for row in reversed(pair)]
    return train[: 2 * max(sizes)], *map(equal_halves, samples)


def sides(tokenizer, rows):
    """The rows with no, and those with yes; long ones left out."""
    texts = [f"{row['passage']} {row['question']}" for row in rows]
    ids = tokenizer(texts, add_special_tokens=False, verbose=False)
    short = [
        row
        for row, pieces in zip(rows, ids.input_ids)
        if len(pieces) <= LONGEST
    ]
    return [
        [row for row in short if row["label"] == label]
        for label in (0, 1)
    ]


def equal_halves(by_class, most=500):
    """As many with no as with yes: a constant answer gets one half."""
    count = min(most, *map(len, by_class))
    return [row for side in by_class for row in side[:count]]


def some(rows, count):
    """So many of the rows, half of them no."""
    by_class = [[r for r in rows if r["label"] == c] for c in (0, 1)]
    return equal_halves(by_class, count // 2)


def labels_of(rows):
    return torch.tensor([row["label"] for row in rows])
