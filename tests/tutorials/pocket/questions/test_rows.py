"""The questions can be answered from their passages and from nothing else."""

import json
import random
import re
from collections import Counter

import pytest
from deepdive.tutorials.pocket.build import DATA
from deepdive.tutorials.pocket.questions.rows import HOME, question, story, training_rows, validation_rows
from hypothesis import given
from hypothesis import strategies as st

from .reading import answer

TRAIN, VALIDATION = list(training_rows()), list(validation_rows())


@pytest.mark.parametrize(("name", "rows"), [("train", TRAIN), ("validation", VALIDATION)])
def test_shipped_rows_are_what_the_seed_makes(name, rows):
    text = (DATA / f"questions-{name}.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert [row["idx"] for row in rows] == list(range(len(rows)))


@pytest.mark.parametrize("rows", [TRAIN, VALIDATION])
def test_every_question_is_answered_by_its_passage_alone(rows):
    assert all(answer(row["passage"], row["question"]) == row["label"] for row in rows)
    assert len({row["label"] for row in rows}) == 2


def test_there_are_enough_questions_of_each_answer():
    assert min(Counter(row["label"] for row in TRAIN).values()) >= 1_000
    assert min(Counter(row["label"] for row in VALIDATION).values()) >= 700


def test_passages_lack_their_last_stop_and_questions_their_mark():
    for row in TRAIN + VALIDATION:
        assert re.fullmatch(r"[A-Z][\w ]+\. [A-Z][\w ]+", row["passage"])
        assert re.fullmatch(r"[a-z ]+", row["question"])


def test_no_passage_of_validation_is_trained_on():
    assert not {row["passage"] for row in TRAIN} & {row["passage"] for row in VALIDATION}


def test_what_stands_in_the_question_alone_hardly_tells_its_answer():
    rows = TRAIN + VALIDATION
    home = [HOME[row["question"].split()[-4]] == row["question"].split()[-1] for row in rows]
    right = sum(at_home == row["label"] for at_home, row in zip(home, rows, strict=True)) / len(rows)
    assert 0.5 <= right <= 0.58


@given(st.integers(0, 10_000), st.integers(1, 3), st.booleans())
def test_a_question_has_the_answer_it_was_made_for(seed: int, facts: int, wanted: bool):
    rng = random.Random(seed)
    told = story(rng, facts)
    assert len(told.where) == facts == len(set(told.where.values()))
    assert answer(told.text, question(rng, told, wanted)) == wanted
