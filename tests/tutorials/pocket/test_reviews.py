"""The review column: well formed, balanced, apart from what models are tested on; and what its encoders learn."""

import random
import re
from collections import Counter

import pytest
from deepdive.tutorials.pocket import review_words
from deepdive.tutorials.pocket.build import DATA, MODELS
from deepdive.tutorials.pocket.review_checks import check_sentiment, read
from deepdive.tutorials.pocket.review_model import balanced, one_word, review_tokenizer
from deepdive.tutorials.pocket.reviews import MIXED, TRAIN, VALIDATION, column, labelled, review
from transformers import AutoModelForMaskedLM, AutoTokenizer

ROWS = labelled()
LABELLED = [row["sentence"] for rows in ROWS for row in rows]
COLUMN = list(column(without=LABELLED))
TOKENIZER = review_tokenizer(COLUMN)
VERDICTS = {word for words in review_words.VERDICTS.values() for word in words}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ("doubled word", r"(?i)\b(\w+) \1\b"),
        ("a before a vowel", r"(?i)\ba [aeiou]"),
        ("an before a consonant", r"(?i)\ban [^aeiou]"),
        ("no capital in front", r"^[^A-Z]"),
        ("no stop at the end", r"[^.?]$"),
        ("sentence without a capital", r"[.?] [^A-Z]"),
        ("doubled space or space before a stop", r"  | [.,]"),
        ("unfilled slot", r"[{}]"),
        ("plural with was, or a before a plural", r"(pictures|songs|actors|jokes|towels|staff|pies) was\b"),
        ("one thing with were", r"(story|music|soup|room|waiter|garden|language) were\b"),
        ("degree of an extreme", r"\b(very|quite|rather|so) (superb|excellent|dreadful|horrible)"),
    ],
)
def test_text_has_no(fault: str, pattern: str):
    assert [text for text in (*COLUMN, *LABELLED) if re.search(pattern, text)] == []


def test_the_generator_repeats_itself_by_seed_alone():
    assert list(column(200)) == list(column(200)) != list(column(200, seed=1))
    assert labelled() == ROWS


def test_labelled_reviews_are_balanced_different_and_of_films_alone():
    assert [len(rows) for rows in ROWS] == [TRAIN, VALIDATION]
    assert len(set(LABELLED)) == len(LABELLED)
    elsewhere = {aspect.noun for name, aspects in review_words.DOMAINS.items() if name != "film" for aspect in aspects}
    elsewhere -= {aspect.noun for aspect in review_words.DOMAINS["film"]}
    for rows in ROWS:
        assert Counter(row["label"] for row in rows) == {0: len(rows) // 2, 1: len(rows) // 2}
        assert [row["idx"] for row in rows] == list(range(len(rows)))
        mixed = [row for row in rows if re.search(r"\b(but|although|despite|in spite of)\b", row["sentence"].lower())]
        assert abs(len(mixed) / len(rows) - MIXED) < 0.06
        for row in rows:
            assert not set(words(row["sentence"])) & (VERDICTS | elsewhere)


def test_column_holds_no_labelled_review():
    assert not [line for line in COLUMN if line.startswith("The plot") and line in set(LABELLED)]
    without_verdict = {re.sub(r" It is \w+\.$", "", line) for line in COLUMN}
    assert not without_verdict & set(LABELLED)


def test_three_of_five_reviews_end_with_a_verdict_that_mostly_agrees():
    last = [words(line)[-1] for line in COLUMN]
    assert 0.53 < sum(word in VERDICTS for word in last) / len(COLUMN) < 0.63
    agrees = [
        (word in review_words.VERDICTS["good"]) == ("superb" in line) for word, line in zip(last, COLUMN, strict=True)
        if word in VERDICTS and re.search(r"^(What|Such).*\b(superb|horrible)\b", line)
    ]  # fmt: skip
    assert 0.85 < sum(agrees) / len(agrees) <= 1


@pytest.mark.parametrize("tone", ["good", "bad"])
def test_a_review_says_something_of_its_tone(tone):
    rng = random.Random(0)
    other = "bad" if tone == "good" else "good"
    of = {side: {word for kind in review_words.ADJECTIVES.values() for word in kind[side]} for side in (tone, other)}
    for _ in range(300):
        text = review(rng, "film", tone, mixed=False).text
        if not re.search(r"\b(not|never|anything but)\b", text):
            said = set(words(text))
            verbs = any(verb in text for verb in review_words.VERBS[tone])
            assert said & of[tone] or verbs, text
            assert not said & of[other], text


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
    for word in (*VERDICTS, *common.split()):
        assert TOKENIZER.tokenize(word) == [word]


def test_one_word_is_covered_and_often_the_verdict():
    cover = one_word(TOKENIZER, random.Random(0))
    ids = TOKENIZER("The plot was dull. It is terrible.").input_ids
    verdict = ids.index(TOKENIZER.convert_tokens_to_ids("terrible"))
    drawn = [cover(ids) for _ in range(400)]
    assert all(len(places) == 1 and 0 < min(places) < len(ids) - 1 for places in drawn)
    assert 0.85 < sum(places == {verdict} for places in drawn) / len(drawn) < 0.95


def test_samples_are_balanced_and_grow():
    small, large = balanced(ROWS[0], 4, seed=1), balanced(ROWS[0], 16, seed=1)
    assert Counter(row["label"] for row in large) == {0: 16, 1: 16}
    assert all(row in large for row in small)
    assert balanced(ROWS[0], 16, seed=2) != large


def test_shipped_data_and_tokenizers_are_what_the_recipe_makes():
    for split, rows in zip(("train", "validation"), ROWS, strict=True):
        assert read(DATA / f"reviews-{split}.jsonl") == rows
    for name in ("sentiment-bert", "sentiment-bert-young"):
        assert AutoTokenizer.from_pretrained(MODELS / name).get_vocab() == TOKENIZER.get_vocab()
        assert AutoModelForMaskedLM.from_pretrained(MODELS / name).num_parameters() < 200_000


def test_shipped_models_do_their_job():
    results = check_sentiment(DATA, MODELS, seeds=2)
    assert [result for result in results if not result.held] == []
