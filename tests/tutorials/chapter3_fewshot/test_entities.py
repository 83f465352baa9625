"""Names by a head on each token and by a blank for each candidate, on the shipped pocket encoder; few sentences."""

from __future__ import annotations

import pytest
import torch
from deepdive.engine.lab import Lab
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.methods.entities import spans

from tests.support.bench import Bench
from tests.tutorials.chapter3_fewshot.conftest import assert_claims

SIZES = [0, 2, 4]


def lab_of(bench: Bench) -> Lab:
    assert bench.lab is not None
    return bench.lab


@pytest.fixture(scope="module")
def curves(bench: Bench) -> Bench:
    bench.run("align")
    bench.run("candidates")
    bench.run("entity_curves", heads=1, sizes=SIZES, test_sentences=20)
    bench.run("equal_updates", test_sentences=20)
    return bench


@pytest.mark.parametrize("step", ["align", "candidates"])
def test_every_claim_holds(curves: Bench, fewshot: Tutorial, step: str) -> None:
    assert_claims(curves, fewshot, step)


@pytest.mark.parametrize("policy", ["every piece", "first piece"])
def test_a_perfect_tagger_is_right_by_every_score(bench: Bench, policy: str) -> None:
    """What it says at [CLS] and [SEP], and by one policy at later pieces, counts for nothing."""
    bench.run("candidates")
    steps = bench.steps
    rows, _ = steps.news.news(lab_of(bench), [30], 1)
    tagger = steps.finding.Tagger(lab_of(bench), policy)
    ids, labels = tagger.examples(rows)
    truth = torch.tensor([label for row in labels for label in row])
    said = torch.where(truth == steps.news.UNCOUNTED, 1, truth)
    tagger.head.predict = lambda ids: torch.nn.functional.one_hot(said, len(steps.news.TAGS)).float()
    reading = tagger.read(rows, ids, labels)
    assert reading[2] == [spans(row["ner_tags"]) for row in rows]
    figures = steps.finding.entity_figures(rows, *reading, steps.finding.STARTS)
    assert figures["F1"] == figures["strict F1"] == figures["accuracy"] == 1


def test_candidates_are_each_entity_and_each_other_word(bench: Bench) -> None:
    bench.run("candidates")
    steps = bench.steps
    rows, _ = steps.news.news(lab_of(bench), [30], 1)
    for row in rows:
        asked = steps.news.each_candidate(row)
        assert " ".join(c["candidate"] for c in asked) == " ".join(row["tokens"])
        assert {(*c["span"], c["label"]) for c in asked if c["label"]} == spans(row["ner_tags"])


def test_the_head_has_as_many_updates_as_the_prompt_had(curves: Bench) -> None:
    for size in SIZES:
        asked = curves.figure("entity_curves", "updates", method="prompt", sentences=size)
        assert curves.figure("equal_updates", "updates", method="head, equal updates", sentences=size) == asked
    assert curves.figure("entity_curves", "updates", method="head", sentences=4) == 3


def test_anew_a_size_leans_on_no_other_and_going_on_it_does(curves: Bench) -> None:
    def scores() -> dict[tuple[str, int], float]:
        found = curves.figures("entity_curves", "accuracy")
        return {(figure.case["method"], figure.case["sentences"]): figure.value for figure in found}

    anew = scores()
    curves.run("entity_curves", heads=1, sizes=[4], test_sentences=20)
    assert scores() == {case: value for case, value in anew.items() if case[1] == 4}
    curves.run("entity_curves", heads=1, start="where it stood", sizes=SIZES, test_sentences=20)
    going_on = scores()
    assert {case: value for case, value in going_on.items() if case[1] < 4} == {
        case: value for case, value in anew.items() if case[1] < 4
    }
    assert going_on != anew
