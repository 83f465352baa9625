"""Reviews of films, and what they are asked."""

import torch
from datasets import load_dataset

from .ways import masked_lm, prompt, worded

SENTIMENTS = ["negative", "positive"]  # in the order of the label ids


def reviews(lab):
    """Training and test rows: a sentence, and 0 or 1."""
    train = load_dataset(**lab.data("sentiment"))
    test = load_dataset(**lab.data("sentiment_test"))
    return train, list(test)


def balanced(lab, train, sizes):
    """Of a thousand drawn, the positives and the negatives in order.

    The first k of each are the training set of size k, so that a
    smaller set is a part of a larger one.
    """
    drawn = train.shuffle(seed=lab.seed)
    drawn = list(drawn.select(range(min(1000, len(drawn)))))
    by_class = [
        [row for row in drawn if row["label"] == label]
        for label in (0, 1)
    ]
    most = min(map(len, by_class))
    if max(sizes) > most or min(sizes) < 0:
        why = f"{max(sizes)} of each class are more than there are"
        lab.refuse("sizes", why, f"0 to {most}")
    return by_class


def labels_of(rows):
    return torch.tensor([row["label"] for row in rows])


def verdict(lab, role, template, label_words):
    """An encoder that fills in what to think of a review."""
    wording = worded(lab, template)
    bert = masked_lm(lab, role)
    return prompt(lab, *bert, wording, label_words, SENTIMENTS)
