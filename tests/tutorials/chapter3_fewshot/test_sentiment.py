"""Sentiment by a head and by a blank, run for real on the shipped pocket encoders."""

from __future__ import annotations

import pytest
import torch
from deepdive.engine.lab import Refused
from deepdive.engine.lessons.tutorial import Tutorial
from transformers import AutoModelForSequenceClassification

from tests.support.bench import Bench
from tests.tutorials.chapter3_fewshot.conftest import assert_claims

QUICK = ["random_head", "fill_the_blank", "templates"]


@pytest.fixture(scope="module", autouse=True)
def _run(bench: Bench) -> None:
    for step in QUICK:
        bench.run(step)


@pytest.mark.parametrize("step", QUICK)
def test_every_claim_holds(bench: Bench, fewshot: Tutorial, step: str) -> None:
    assert_claims(bench, fewshot, step)


def test_the_constants_stand_beside_the_heads(bench: Bench) -> None:
    always = bench.figure("random_head", "constant", answer="positive")
    assert always + bench.figure("random_head", "constant", answer="negative") == pytest.approx(1)
    rows = bench.rows("random_head", "heads")
    assert len(rows) == 8 + 2
    assert rows[0]["accuracy"] == bench.figure("random_head", "accuracy")


def test_a_prompt_is_told_with_its_blank_and_its_words(bench: Bench) -> None:
    rows = bench.rows("fill_the_blank", "reviews")
    assert len(rows) == 40
    for row in rows:
        pieces = row["prompt"]["spans"]
        assert "".join(text for text, _ in pieces) == f"{row['sentence']} it is [MASK] ."
        assert [text for text, label in pieces if label == "mask"] == ["[MASK]"]
        bars = row["label words"]["bars"]
        assert sum(bars.values()) == pytest.approx(1)
        assert row["said"] == ("positive" if bars["great"] > bars["terrible"] else "negative")
    assert any(row["said"] != row["truth"] for row in rows)


def test_the_confusion_counts_every_review_once(bench: Bench) -> None:
    cells = bench.rows("fill_the_blank", "confusion")
    assert sum(cell["count"] for cell in cells) == 600
    right = sum(cell["count"] for cell in cells if cell["truth"] == cell["said"])
    assert right / 600 == pytest.approx(bench.figure("fill_the_blank", "accuracy"))


def test_the_same_number_again(bench: Bench) -> None:
    before = bench.figure("fill_the_blank", "accuracy")
    bench.run("fill_the_blank")
    assert bench.figure("fill_the_blank", "accuracy") == before


BAD_TEMPLATES = ["{sentence} it is good .", "{mask} and {mask}", "{mask", "{review} it is {mask} ."]
BAD_WORDS = [
    {"negative": ["terrible"], "positive": ["日本"]},
    {"negative": ["great"], "positive": ["great"]},
    {"negative": ["bad"], "positive": []},
    {"negative": ["bad"]},
]


@pytest.mark.parametrize("template", BAD_TEMPLATES)
@pytest.mark.parametrize("step", ["fill_the_blank", "learning_curves"])
def test_a_template_that_can_not_be_asked_is_refused(bench: Bench, step: str, template: str) -> None:
    with pytest.raises(Refused, match="template"):
        bench.run(step, template=template)


@pytest.mark.parametrize("words", BAD_WORDS)
@pytest.mark.parametrize("step", ["fill_the_blank", "learning_curves"])
def test_label_words_that_tell_nothing_are_refused(bench: Bench, step: str, words: dict[str, list[str]]) -> None:
    with pytest.raises(Refused, match="label_words"):
        bench.run(step, label_words=words)


@pytest.mark.parametrize("lines", ["great", "great / great", "a / b / c", " / great"])
def test_pairs_of_words_are_two(bench: Bench, lines: str) -> None:
    with pytest.raises(Refused, match="words"):
        bench.run("templates", words=lines)


@pytest.mark.parametrize("sizes", [[0, 501], [-1]])
def test_a_training_size_larger_than_the_data_is_refused(bench: Bench, sizes: list[int]) -> None:
    with pytest.raises(Refused, match="0 to 500"):
        bench.run("learning_curves", sizes=sizes)


def test_a_split_label_word_is_told(bench: Bench) -> None:
    bench.run("fill_the_blank", label_words={"negative": ["terrible"], "positive": ["zgreat"]})
    notes = [event.text for event in bench.heard["fill_the_blank"] if type(event).__name__ == "Note"]
    assert any("zgreat" in note and "only" in note for note in notes)
    bench.run("fill_the_blank")


def test_own_template_at_once(bench: Bench) -> None:
    bench.run("fill_the_blank")
    told = {event.name: event for event in bench.ask("own_template", template="{sentence} it is {mask} .")}
    assert told["accuracy"].value >= 0.8
    assert told["accuracy"].n == 200
    assert 0 < told["share positive"].value < 1
    with pytest.raises(Refused):
        bench.ask("own_template", template="{sentence} it is good .")


def test_a_review_under_the_cursor(bench: Bench) -> None:
    bench.run("fill_the_blank")
    answer = {event.name: event.data for event in bench.ask("blank", sentence="The plot was hopeless.")}
    assert answer["label words"]["terrible"] > 0.5
    assert len(answer["fills the blank"]) == 8


# ---- learning curves ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curves(bench: Bench) -> Bench:
    bench.run("learning_curves", sizes=[0, 16, 32, 128])
    return bench


def test_prompting_leads_with_few_examples_and_the_head_catches_up(curves: Bench, fewshot: Tutorial) -> None:
    assert_claims(curves, fewshot, "learning_curves")


def test_the_updates_are_counted_as_the_book_s(curves: Bench) -> None:
    assert curves.figure("learning_curves", "updates", method="head", k=16) == 12
    assert curves.figure("learning_curves", "updates", method="prompt", k=16) == 40
    assert curves.figure("learning_curves", "updates", method="prompt", k=0) == 0


def test_without_training_both_are_what_they_were_before(curves: Bench) -> None:
    accuracy = curves.figure("learning_curves", "accuracy", method="prompt", k=0)
    assert accuracy == curves.figure("fill_the_blank", "accuracy")
    zero = curves.figure("learning_curves", "accuracy", method="head", k=0)
    assert zero == curves.figure("random_head", "accuracy")


def test_sizes_do_not_lean_on_each_other(curves: Bench) -> None:
    """A size begins from the pre-trained weights: alone it gives the same number."""
    wanted = {m: curves.figure("learning_curves", "accuracy", method=m, k=16) for m in ("head", "prompt")}
    curves.run("learning_curves", sizes=[16])
    assert {m: curves.figure("learning_curves", "accuracy", method=m, k=16) for m in wanted} == wanted


def test_equal_updates(bench: Bench) -> None:
    bench.run("equal_reviews", sizes=[4])
    assert bench.figure("equal_reviews", "updates", method="head") == 10


def test_the_young_model_knows_less(bench: Bench, fewshot: Tutorial) -> None:
    bench.run("young", sizes=[0, 128])
    assert_claims(bench, fewshot, "young")


def test_the_classes_of_a_sample_are_equal_and_smaller_ones_are_parts(bench: Bench) -> None:
    bench.run("fill_the_blank")
    assert bench.lab is not None
    train, _ = bench.steps.reviews.reviews(bench.lab)
    negatives, positives = bench.steps.reviews.balanced(bench.lab, train, [0, 128])
    assert {row["label"] for row in negatives} == {0}
    assert {row["label"] for row in positives} == {1}
    shuffled = list(train.shuffle(seed=0).select(range(1000)))
    assert positives == [row for row in shuffled if row["label"] == 1]


def test_a_head_on_padded_sentences_says_what_it_says_on_one(bench: Bench) -> None:
    bench.run("random_head", heads=1)
    assert bench.lab is not None
    head = bench.steps.ways.fresh_head(bench.lab, "encoder", AutoModelForSequenceClassification, 2)
    ids = head.encode([{"sentence": text} for text in ("Good.", "The story was long and the songs were dull.")])
    together = head.predict(ids)
    alone = torch.cat([head.predict([row]) for row in ids])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.slow
def test_the_lesson_s_shape_with_another_seed(fewshot: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> None:
    bench = Bench(fewshot, tmp_path_factory.mktemp("other"), seed=7)
    bench.run("learning_curves", sizes=[0, 16, 128])
    for k in (0, 16):
        head, prompt = (bench.figure("learning_curves", "accuracy", method=m, k=k) for m in ("head", "prompt"))
        assert prompt >= head + 0.08
