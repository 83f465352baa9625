"""The entity sentences: columns of CoNLL-2003, names that are new in validation, text that reads well."""

import json
import re

import pytest
from deepdive.tutorials.pocket.build import DATA
from deepdive.tutorials.pocket.entities.rows import (
    LABELS,
    REAL,
    Row,
    common_words,
    entity_text,
    is_held_out,
    rows,
    training_rows,
    validation_rows,
)
from deepdive.tutorials.pocket.entities.words import BACK, DESCRIBED, FRONT, NEWS

COMMON = set(common_words())
TEXT = list(entity_text(4_000))
TRAIN, VALIDATION = list(training_rows()), list(validation_rows())


def made_up(row: Row) -> set[str]:
    return {
        word
        for word, tag in zip(row["tokens"], row["ner_tags"], strict=True)
        if tag and not set(re.findall("[a-z]+", word.lower())) <= COMMON
    }


@pytest.mark.parametrize(("name", "made"), [("entities-train.jsonl", TRAIN), ("entities-validation.jsonl", VALIDATION)])
def test_shipped_sentences_are_what_the_seed_makes(name: str, made: list[Row]):
    assert [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()] == made
    assert [row["id"] for row in made] == [str(index) for index in range(len(made))]


def test_tags_are_iob2():
    for row in TRAIN:
        tags = [LABELS[tag] for tag in row["ner_tags"]]
        assert len(tags) == len(row["tokens"])
        for before, tag in zip(["O", *tags], tags, strict=False):
            assert tag[:2] != "I-" or before[2:] == tag[2:]


def test_every_class_occurs_and_some_sentences_have_no_entity():
    for made in (TRAIN, VALIDATION):
        assert {tag for row in made for tag in row["ner_tags"]} == set(range(len(LABELS)))
        assert 0.03 < sum(not any(row["ner_tags"]) for row in made) / len(made) < 0.2


def test_names_of_validation_occur_nowhere_else():
    seen = {word for line in TEXT for word in line.split()}
    known, new = (set().union(*map(made_up, made)) for made in (TRAIN, VALIDATION))
    assert new
    assert not new & (known | seen)
    assert all(map(is_held_out, new))


def test_names_of_all_kinds_share_their_syllables():
    first = {label: set() for label in ("PER", "ORG", "LOC", "MISC")}
    for row in TRAIN:
        for word, tag in zip(row["tokens"], row["ner_tags"], strict=True):
            if word in made_up(row):
                first[LABELS[tag][2:]].add(word[:2])
    assert all(len(starts & first["PER"]) > 15 for starts in first.values())


def test_text_says_what_a_name_is_but_not_in_the_words_of_the_prompt():
    assert [line for line in TEXT if re.search(r"is an? (\S+ )?entity", line)] == []
    nouns = {noun for _, of_kind, _ in DESCRIBED.values() for noun in of_kind}
    assert not nouns & {word for pattern in (*FRONT, *NEWS, *BACK) for word in pattern.split()}
    assert 0.25 < sum(bool(nouns & set(line.split())) for line in TEXT) / len(TEXT) < 0.4


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ("doubled word", r"(?i)\b(\w+) \1\b"),
        ("a before a vowel", r"(?i)\ba [aeiou]"),
        ("an before a consonant", r"(?i)\ban [^aeiou]"),
        ("no capital in front", r"^[^A-Z]"),
        ("no stop at the end", r"[^.?]$"),
        ("unfilled slot", r"[{}]"),
        ("doubled letter three times", r"([a-z])\1\1"),
    ],
)
def test_text_has_no(fault: str, pattern: str):
    lines = [*TEXT, *(" ".join(row["tokens"]) for row in (*TRAIN, *VALIDATION))]
    assert [line for line in lines if re.search(pattern, line)] == []


def test_the_generator_repeats_itself_by_seed_alone():
    assert list(entity_text(50)) == TEXT[:50]
    assert list(rows(20, 1, held_out=False)) == list(rows(20, 1, held_out=False)) != list(rows(20, 2, held_out=False))
    assert not REAL & {word for line in TEXT for word in line.split()}
