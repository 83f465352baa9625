"""The encoders of the reviews: their words, what of a line they have to guess, and whether the shipped ones are fit."""

import random
from collections import Counter

import pytest
from deepdive.tutorials.pocket.build import DATA, MODELS
from deepdive.tutorials.pocket.reviews.checks import check_sentiment
from deepdive.tutorials.pocket.reviews.model import balanced, one_word, review_tokenizer
from deepdive.tutorials.pocket.reviews.rows import column, labelled
from deepdive.tutorials.pocket.reviews.words import VERDICTS
from transformers import AutoModelForMaskedLM, AutoTokenizer

TRAIN, VALIDATION = labelled()
LABELLED = [row["sentence"] for row in (*TRAIN, *VALIDATION)]
TOKENIZER = review_tokenizer(column(without=LABELLED))


def test_any_text_can_be_spelt_and_label_words_are_single_tokens():
    for text in (*LABELLED[:100], 'Zyx (42) costs 3.50; "isn\'t it?" a/b#c'):
        ids = TOKENIZER(text).input_ids
        assert TOKENIZER.unk_token_id not in ids
        assert TOKENIZER.decode(ids, skip_special_tokens=True).replace(" ", "") == text.lower().replace(" ", "")
    common = (
        "it was is in summary all a just the answer question passage premise context information based on this "
        "paragraph text of two options or to review film opinion type named person organization location other "
        "miscellaneous yes no true false hypothesis entity sentiment overall"
    )
    for word in (*VERDICTS["good"], *VERDICTS["bad"], *common.split()):
        assert TOKENIZER.tokenize(word) == [word]


def test_one_word_is_covered_and_often_the_verdict():
    cover = one_word(TOKENIZER, random.Random(0))
    ids = TOKENIZER("The plot was dull. It is terrible.").input_ids
    verdict = ids.index(TOKENIZER.convert_tokens_to_ids("terrible"))
    drawn = [cover(ids) for _ in range(400)]
    assert all(len(places) == 1 and 0 < min(places) < len(ids) - 1 for places in drawn)
    assert 0.85 < sum(places == {verdict} for places in drawn) / len(drawn) < 0.95


def test_samples_are_balanced_and_grow():
    small, large = balanced(TRAIN, 4, seed=1), balanced(TRAIN, 16, seed=1)
    assert Counter(row["label"] for row in large) == {0: 16, 1: 16}
    assert all(row in large for row in small)
    assert balanced(TRAIN, 16, seed=2) != large


@pytest.mark.parametrize("name", ["sentiment-bert", "sentiment-bert-young"])
def test_shipped_tokenizers_are_what_the_recipe_makes_and_their_models_are_small(name: str):
    assert AutoTokenizer.from_pretrained(MODELS / name).get_vocab() == TOKENIZER.get_vocab()
    assert AutoModelForMaskedLM.from_pretrained(MODELS / name).num_parameters() < 200_000


def test_shipped_models_do_their_job():
    results = check_sentiment(DATA, MODELS, seeds=2)
    assert [result for result in results if not result.held] == []
