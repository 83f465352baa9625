"""Both ways to find names, and what is told of what they found."""

from itertools import chain

import torch
from deepdive.engine.methods.entities import f1, spans
from transformers import AutoModelForTokenClassification

from .news import (
    CLASSES,
    CUT,
    TAGS,
    UNCOUNTED,
    aligned,
    each_candidate,
)
from .telling import tell_confusion
from .ways import fresh_head, masked_lm, prompt, worded

STARTS = torch.tensor([1, 3, 5, 7])  # the B- tags


class Tagger:
    """A fresh head on every token; its tags are joined to entities."""

    def __init__(self, lab, policy):
        auto = AutoModelForTokenClassification
        head = fresh_head(lab, "entity_encoder", auto, len(TAGS))
        self.model, self.tokenizer = head.model, head.tokenizer
        self.scores, self.head = head.scores, head
        self.policy = policy

    def examples(self, rows):
        """Ids and labels of sentences."""
        return aligned(self.tokenizer, rows, self.policy)

    def read(self, rows, ids, labels):
        """What it says, and what is true, per piece; and entities."""
        scores = self.head.predict(ids)
        truth = torch.tensor(list(chain(*labels)))
        said = scores.argmax(-1)
        of_rows = said.split([len(row) for row in ids])
        entities = [
            spans(self.of_words(row["tokens"], tags.tolist()))
            for row, tags in zip(rows, of_rows)
        ]
        counted = truth != UNCOUNTED
        return said[counted], truth[counted], entities

    def of_words(self, tokens, tags):
        """The tag of each word's first piece, O where it is cut off."""
        words = self.tokenizer(
            tokens,
            is_split_into_words=True,
            truncation=True,
            max_length=CUT,
        ).word_ids()
        first = {}
        for word, tag in zip(words, tags):
            first.setdefault(word, tag)
        return [first.get(word, 0) for word in range(len(tokens))]


class Asker:
    """A prompt for each candidate of a sentence."""

    def __init__(self, lab, template, label_words):
        bert = masked_lm(lab, "entity_encoder")
        asked = worded(lab, template, ("sentence", "candidate"))
        self.prompt = prompt(lab, *bert, asked, label_words, CLASSES)
        self.model, self.scores = self.prompt.model, self.prompt.scores
        self.tokenizer = self.prompt.tokenizer

    def examples(self, rows):
        """Ids and labels of the candidates of sentences."""
        asked = [c for row in rows for c in each_candidate(row)]
        return self.prompt.encode(asked), [[c["label"]] for c in asked]

    def read(self, rows, ids, labels):
        """What it says, and what is true, per candidate."""
        said = self.prompt.predict(ids).argmax(-1).cpu()
        answers, entities = iter(said.tolist()), []
        for row in rows:
            pairs = [
                (c["span"], next(answers)) for c in each_candidate(row)
            ]
            entities.append({(*span, n) for span, n in pairs if n})
        return said, torch.tensor(labels)[:, 0], entities


def entity_figures(test, said, truth, entities, positive):
    """The book's F1, the strict one, and what stands behind them."""
    told, true = torch.isin(said, positive), torch.isin(truth, positive)
    right = ((said == truth) & true).sum().item()
    real = [spans(row["ner_tags"]) for row in test]
    both = sum(len(a & b) for a, b in zip(entities, real))
    counts = sum(map(len, entities)), sum(map(len, real))
    return {
        "F1": f1(right, told.sum().item(), true.sum().item()),
        "share of O": (said == 0).float().mean().item(),
        "accuracy": (said == truth).float().mean().item(),
        "recall of starts": right / max(1, true.sum().item()),
        "strict F1": f1(both, *counts),
    }


def tell_readings(lab, way, test, readings, **case):
    """The means over the heads; the confusion is the first one's."""
    tags = isinstance(way, Tagger)
    positive = STARTS if tags else torch.arange(1, len(CLASSES))
    figures = [entity_figures(test, *r, positive) for r in readings]
    for name in figures[0]:
        values = [each[name] for each in figures]
        lab.measure(name, sum(values) / len(values), **case)
    said, truth, entities = readings[0]
    if tags:  # B- and I- of a class are one row of the confusion
        said, truth = (said + 1) // 2, (truth + 1) // 2
    name = f"confusion of the {case['method']}"
    tell_confusion(lab, name, said, truth, CLASSES)
    return sum(each["F1"] for each in figures) / len(figures), entities


def tell_marked(lab, name, test, entities):
    """Sentences in which something was misread, verdicts marked."""
    rows = []
    for row, said in zip(test, entities):
        true = spans(row["ner_tags"])
        if said != true:
            marks = marked(row["tokens"], said, true)
            rows.append({"sentence": {"spans": marks}})
    lab.rows(name, rows[:40])


def marked(words, said, true):
    """Pieces of a sentence: right, wrong, missed, or plain."""
    verdict = [""] * len(words)
    for start, end, _ in true - said:
        verdict[start:end] = ["missed"] * (end - start)
    for start, end, _ in said - true:
        verdict[start:end] = ["wrong"] * (end - start)
    for start, end, _ in said & true:
        verdict[start:end] = ["right"] * (end - start)
    pieces = []
    for word, label in zip(words, verdict):
        if pieces and pieces[-1][1] == label:
            pieces[-1][0] += " " + word
        else:
            pieces.append([word, label])
    return [[text + " ", label] for text, label in pieces]
