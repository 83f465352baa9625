"""WikiGold in the place of CoNLL-2003: the same four kinds of names, of real Wikipedia sentences."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from deepdive.engine.methods.entities import spans
from transformers import AutoTokenizer

from tests.support.loopback.chapter3 import NER, tiny_bert
from tests.tutorials.real_data.conftest import Pointed, bench, shared, written

COUNTS = {"LOC": 1014, "PER": 934, "ORG": 898, "MISC": 712}  # entities, by WikiGold's own README
Row = dict[str, Any]


def sentences() -> list[Row]:
    """IO tags become IOB2: an entity begins where the kind changes."""
    rows: list[Row] = []
    for block in shared("wikigold/wikigold.conll.txt").read_text().split("\n\n"):
        pairs = [line.split(" ") for line in block.splitlines() if line and not line.startswith("-DOCSTART-")]
        if not pairs:
            continue
        tokens, kinds = zip(*((token, tag.removeprefix("I-")) for token, tag in pairs), strict=True)
        begins = [kind != before for kind, before in zip(kinds, ("O", *kinds), strict=False)]
        tags = [
            "O" if kind == "O" else f"{'B' if new else 'I'}-{kind}" for kind, new in zip(kinds, begins, strict=True)
        ]
        rows.append({"tokens": list(tokens), "ner_tags": [NER.index(tag) for tag in tags]})
    return rows


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return sentences()


@pytest.fixture(scope="module")
def news(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Pointed:
    folder: Path = tmp_path_factory.mktemp("news")
    encoder = tiny_bert(folder / "bert", (" ".join(row["tokens"]) for row in rows))
    train, test = written(folder / "train.jsonl", rows[:1200]), written(folder / "test.jsonl", rows[1200:])
    made = bench("chapter3-fewshot", folder, entities=train, entities_test=test, entity_encoder=encoder)
    made.run("candidates")
    return made


def test_the_rows_are_wikigold_s(rows: list[Row]) -> None:
    assert len(rows) == 1696
    assert sum(len(row["tokens"]) for row in rows) == 39_007


def test_spans_are_the_entities_that_wikigold_counts(news: Pointed, rows: list[Row]) -> None:
    steps = news.steps  # each access reads the files anew
    found = Counter(steps.news.CLASSES[kind] for row in rows for _, _, kind in spans(row["ner_tags"]))
    assert found == COUNTS


def test_labels_follow_the_pieces_as_the_source_repeats_them(news: Pointed, rows: list[Row]) -> None:
    """The source's own procedure, word by word, against the lesson's one call of the tokenizer."""
    assert news.lab is not None
    tokenizer = AutoTokenizer.from_pretrained(news.lab.model("entity_encoder"))
    ids, labels = news.steps.news.aligned(tokenizer, rows, "every piece")
    _, first = news.steps.news.aligned(tokenizer, rows, "first piece")
    cut = 0
    for row, of_row, tags, starts in zip(rows, ids, labels, first, strict=True):
        alone = [tokenizer(word, add_special_tokens=False).input_ids for word in row["tokens"]]
        repeated = [tag for pieces, tag in zip(alone, row["ner_tags"], strict=True) for _ in pieces]
        once = [
            tag if n == 0 else -100
            for pieces, tag in zip(alone, row["ner_tags"], strict=True)
            for n in range(len(pieces))
        ]
        assert of_row[1:-1] == [piece for pieces in alone for piece in pieces][:126]
        assert tags == [-100, *repeated[:126], -100]
        assert starts == [-100, *once[:126], -100]
        cut += len(repeated) > 126
    assert cut >= 1  # some are longer than BERT was shown


def test_candidates_are_each_entity_and_each_other_word(news: Pointed, rows: list[Row]) -> None:
    steps = news.steps
    for row in rows:
        asked = steps.news.each_candidate(row)
        assert " ".join(c["candidate"] for c in asked) == " ".join(row["tokens"])
        entities = spans(row["ner_tags"])
        assert {(*c["span"], c["label"]) for c in asked if c["label"]} == entities
        assert sum(c["label"] == 0 for c in asked) == row["ner_tags"].count(0)
    assert news.figure("candidates", "names among them") == 1


def test_a_perfect_tagger_has_all_but_what_is_cut_off(news: Pointed, rows: list[Row]) -> None:
    """Scores that say the truth at each piece: F1 is 1, strict F1 misses only names beyond the cut."""
    steps = news.steps
    tagger = steps.finding.Tagger(news.lab, "every piece")
    ids, labels = tagger.examples(rows)
    truth = torch.tensor([label for row in labels for label in row])
    said = torch.where(truth == -100, 1, truth)  # at [CLS] and [SEP] it says that a person begins
    tagger.head.predict = lambda ids: torch.nn.functional.one_hot(said, len(NER)).float()
    reading = tagger.read(rows, ids, labels)
    figures = steps.finding.entity_figures(rows, *reading, steps.finding.STARTS)
    assert figures["F1"] == figures["accuracy"] == 1
    lost: Counter[bool] = Counter()
    for row, of_row, found in zip(rows, ids, reading[2], strict=True):
        true = spans(row["ner_tags"])
        if len(of_row) < 128:
            assert found == true
        lost[len(of_row) < 128] += len(true - found)
        assert all(end <= len(row["tokens"]) for _, end, _ in found)
        assert not {span for span in found if span[1] - span[0] == 1} - true  # nothing is made up at [SEP]
    assert lost[True] == 0
    assert 0.98 < figures["strict F1"] <= 1


def test_the_curves_run_on_them(news: Pointed) -> None:
    news.run("entity_curves", sizes=[0, 2], test_sentences=10)
    assert news.figure("entity_curves", "updates", method="head", sentences=2) == 3
    curve = (news.folder / "entity_curves" / "curve.jsonl").read_text().splitlines()
    assert [json.loads(line)["method"] for line in curve] == ["prompt", "head"] * 2
