"""The review column: well formed, balanced, apart from what models are tested on."""

import random
import re
from collections import Counter

import pytest
from deepdive.tutorials.pocket.build import DATA
from deepdive.tutorials.pocket.making.check import read
from deepdive.tutorials.pocket.reviews import words as review_words
from deepdive.tutorials.pocket.reviews.rows import MIXED, TRAIN, VALIDATION, column, labelled, review

ROWS = labelled()
LABELLED = [row["sentence"] for rows in ROWS for row in rows]
COLUMN = list(column(without=LABELLED))
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


def test_shipped_rows_are_what_the_seed_makes():
    for split, rows in zip(("train", "validation"), ROWS, strict=True):
        assert read(DATA / f"reviews-{split}.jsonl") == rows
