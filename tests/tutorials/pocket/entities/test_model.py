"""The encoder of the entities: whole common words, names by the syllable, and what of a line it has to guess."""

import random

import pytest
from deepdive.tutorials.pocket.build import MODELS
from deepdive.tutorials.pocket.entities.model import entity_tokenizer, informative
from deepdive.tutorials.pocket.entities.rows import CLOSED, FOLK, PLACES, SYLLABLES, common_words, validation_rows
from deepdive.tutorials.pocket.making.world import words
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

COMMON = set(common_words())
TOKENIZER = entity_tokenizer()
PROMPT_WORDS = words("non person organization location other miscellaneous entity named type")
VALIDATION = list(validation_rows())


def test_four_fifths_of_the_pieces_are_no_entity():
    pieces = [
        tag
        for row in VALIDATION
        for word, tag in zip(row["tokens"], row["ner_tags"], strict=True)
        for _ in TOKENIZER.tokenize(word)
    ]
    assert pieces.count(0) / len(pieces) == pytest.approx(0.8, abs=0.03)


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
