"""The shipped encoder of the entities does its job."""

import pytest
from deepdive.tutorials.pocket.build import DATA, MODELS
from deepdive.tutorials.pocket.entities.checks import candidates, check_entities
from deepdive.tutorials.pocket.making.world import words


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
