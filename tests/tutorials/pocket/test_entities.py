"""The entity sentences: columns of CoNLL-2003, names that are new in validation, text that reads well."""

import json
import random
import re

import pytest
from deepdive.tutorials.pocket.build import DATA, MODELS
from deepdive.tutorials.pocket.entities import (
    CLOSED,
    FOLK,
    LABELS,
    PLACES,
    REAL,
    SYLLABLES,
    Row,
    common_words,
    entity_text,
    is_held_out,
    rows,
    training_rows,
    validation_rows,
)
from deepdive.tutorials.pocket.entity_checks import candidates, check_entities
from deepdive.tutorials.pocket.entity_model import entity_tokenizer, informative
from deepdive.tutorials.pocket.entity_text import BACK, DESCRIBED, FRONT, NEWS
from deepdive.tutorials.pocket.world import words
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

COMMON = set(common_words())
TOKENIZER = entity_tokenizer()
PROMPT_WORDS = words("non person organization location other miscellaneous entity named type")
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


def test_four_fifths_of_the_pieces_are_no_entity():
    pieces = [
        tag
        for row in VALIDATION
        for word, tag in zip(row["tokens"], row["ner_tags"], strict=True)
        for _ in TOKENIZER.tokenize(word)
    ]
    assert pieces.count(0) / len(pieces) == pytest.approx(0.8, abs=0.03)


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


@given(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=3, unique=True), st.sampled_from(("", FOLK, *PLACES)))
def test_a_name_is_spelt_by_the_syllable(parts: list[str], ending: str):
    if ending and parts[-1] not in CLOSED:
        return
    parts = [*parts, ending] if ending else parts
    assert TOKENIZER.tokenize("".join(parts)) == [parts[0], *(f"##{part}" for part in parts[1:])]


def test_common_words_and_label_words_are_single_pieces():
    wanted = [*COMMON, *PROMPT_WORDS]
    assert [word for word in wanted if TOKENIZER.tokenize(word) != [word]] == []


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_whatever_a_reader_types_can_be_spelt(text: str):
    assert TOKENIZER.unk_token_id not in TOKENIZER(text, split_special_tokens=True).input_ids


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


def test_covered_places_are_inside_the_line_and_often_tell_something():
    cover = informative(TOKENIZER, random.Random(0))
    ids = TOKENIZER("Torli opened a small shop in Port Kadel . Torli is a guest .").input_ids
    noun = ids.index(TOKENIZER.convert_tokens_to_ids("guest"))
    drawn = [cover(ids) for _ in range(400)]
    assert all(places and min(places) > 0 and max(places) < len(ids) - 1 for places in drawn)
    assert 0.4 < sum(places == {noun} for places in drawn) / len(drawn) < 0.6


def test_shipped_tokenizer_is_what_the_recipe_makes():
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "entities-bert")
    assert tokenizer.get_vocab() == TOKENIZER.get_vocab()


def test_candidates_are_the_entities_and_the_other_words():
    row = {"id": "0", "tokens": list(words("Port Lira beat Torli Mills .")), "ner_tags": [5, 6, 0, 3, 4, 0]}
    assert list(candidates(row)) == [("Port Lira", 3), ("beat", 0), ("Torli Mills", 2), (".", 0)]


def test_encoder_relates_names_and_the_head_collapses_to_o():
    results = check_entities(DATA, MODELS / "entities-bert", whole=False)
    assert [result for result in results if not result.held] == []


@pytest.mark.slow
def test_prompt_learns_from_32_sentences():
    results = check_entities(DATA, MODELS / "entities-bert", whole=True)
    assert [result for result in results if not result.held] == []
