"""Opinions on films, without any training."""

from itertools import chain
from typing import Annotated

from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.prompting import PromptModel
from transformers import AutoModelForSequenceClassification

from .reviews import SENTIMENTS, labels_of, reviews, verdict
from .telling import filled, tell_confusion, tell_sentiment
from .ways import fresh_head, masked_lm, standing_for, worded
from .wordings import (
    FOUR,
    IT_IS,
    PAIRS,
    TERRIBLE_GREAT,
    Lines,
    Wording,
    Words,
)


@step
def random_head(
    lab: Lab,
    heads: Annotated[int, Range(1, 50)] = 8,
):
    """Ask an encoder with a head that has learned nothing.

    heads: how many are drawn; more show how far chance reaches
    """
    _, test = reviews(lab)
    auto = AutoModelForSequenceClassification
    head = fresh_head(lab, "encoder", auto, 2)
    ids, truth = head.encode(test), labels_of(test)

    rows = []
    for number in lab.loop(range(heads), "heads"):
        head.draw(lab.seed + number)
        said = head.predict(ids).argmax(-1)
        right = (said == truth).float().mean().item()
        positive = said.float().mean().item()
        rows.append((f"head {number + 1}", right, positive))
        if number == 0:
            tell_sentiment(lab, said, truth)
            tell_confusion(lab, "confusion", said, truth, SENTIMENTS)

    always = truth.float().mean().item()
    rows.append(("always positive", always, 1.0))
    rows.append(("always negative", 1 - always, 0.0))
    names = ("answers", "accuracy", "share positive")
    lab.rows("heads", rows, columns=names)
    lab.plot("accuracy", "bars", {name: a for name, a, _ in rows})
    lab.measure("worst head", min(a for _, a, _ in rows[:heads]))
    lab.measure("best head", max(a for _, a, _ in rows[:heads]))
    lab.measure("constant", always, answer="positive")
    lab.measure("constant", 1 - always, answer="negative")


@step
def fill_the_blank(
    lab: Lab,
    template: Wording = IT_IS,
    label_words: Words = TERRIBLE_GREAT,
    shown: Annotated[int, Range(1, 200)] = 40,
):
    """Ask the same encoder for a word instead.

    template: the words around the review and its blank
    label_words: the words at the blank that count for each class
    shown: reviews in the table, half of them misread
    """
    _, test = reviews(lab)
    asked = verdict(lab, "encoder", template, label_words)
    truth = labels_of(test)

    scores = asked.predict(asked.encode(test)).cpu()  # (reviews, 2)
    said = scores.argmax(-1)
    tell_sentiment(lab, said, truth)
    tell_confusion(lab, "confusion", said, truth, SENTIMENTS)

    some = misread_first(said, truth)[:shown]
    answers = filled(asked, [test[n] for n in some], scores[some])
    lab.rows(
        "reviews",
        [
            {
                "sentence": test[n]["sentence"],
                "truth": SENTIMENTS[test[n]["label"]],
                **answer,
            }
            for n, answer in zip(some, answers)
        ],
    )


def misread_first(said, truth):
    """Row numbers: every second one misread while there are any."""
    wrong = (said != truth).nonzero()[:, 0].tolist()
    right = (said == truth).nonzero()[:, 0].tolist()
    pairs = chain(*zip(wrong, right))
    both = min(len(wrong), len(right))
    return [*pairs, *wrong[both:], *right[both:]]


@step
def templates(
    lab: Lab,
    wordings: Lines = FOUR,
    words: Lines = PAIRS,
):
    """Compare wordings and label words, without any training.

    wordings: a template in each line
    words: in each line a word for negative, a slash, one for positive
    """
    _, test = reviews(lab)
    bert, truth, rows = masked_lm(lab, "encoder"), labels_of(test), []
    cases = [
        (wording, pair)
        for wording in lines(wordings)
        for pair in lines(words)
    ]
    if not cases:
        lab.refuse("wordings", "or words are empty", "a line of each")
    for wording, pair in lab.loop(cases, "wordings"):
        asked = paired(lab, bert, wording, pair)
        scores = asked.predict(asked.encode(test)).cpu()
        empty = asked.predict(asked.encode([{"sentence": ""}])).cpu()
        row = {"template": wording, "words": pair}
        for name, s in (
            ("plain", scores),
            ("calibrated", scores - empty),
        ):
            right = (s.argmax(-1) == truth).float().mean().item()
            case = {"template": wording, "words": pair, "scores": name}
            lab.measure("accuracy", right, n=len(truth), **case)
            row[name] = right
        row["positive"] = scores.argmax(-1).float().mean().item()
        rows.append(row)
    lab.rows("wordings", rows)
    best, worst = (f(row["plain"] for row in rows) for f in (max, min))
    lab.measure("best wording", best)
    lab.measure("worst wording", worst)


def lines(text):
    return [line.strip() for line in text.split("\n") if line.strip()]


def paired(lab, bert, wording, pair):
    """BERT asked in a wording, read by a pair such as bad / good."""
    sides = enumerate(side.split(",") for side in pair.split("/"))
    told = worded(lab, wording, setting="wordings")
    read = standing_for(lab, bert[1], dict(sides), SENTIMENTS, "words")
    return PromptModel(*bert, told, read)
