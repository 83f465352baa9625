"""The few-shot lesson's exercises, checked against answers worked out by hand."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from deepdive.engine.lessons import catalogue

from tests.tutorials.chapter3_fewshot.conftest import load

FOLDER = catalogue.shipped() / "chapter3-fewshot"
NAMES = [
    *("align", "f1_by_hand", "which_constant", "count_the_updates"),
    *("candidates", "significance", "explain_the_dip"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(25))
def test_a_question_travels_as_json_and_the_solution_passes(name: str, seed: int) -> None:
    exercise = load(FOLDER, name)
    question = json.loads(json.dumps(exercise.question(random.Random(seed))))
    assert question["text"]
    assert exercise.hints(question)
    assert exercise.solution(question)
    assert exercise.check(question, solved(name, exercise, question)) == (True, "")
    assert exercise.question(random.Random(seed))["text"] == question["text"]


def solved(name: str, exercise: Any, question: dict[str, Any]) -> str:
    if name == "candidates":
        count, several = exercise.answer(question)
        return f"{count}, {', '.join(several) or 'none'}"
    if name == "count_the_updates":
        return " ".join(map(str, exercise.answer(question)))
    if name == "which_constant":
        return " ".join(map(str, exercise.answer(question)))
    if name == "significance":
        return f"{exercise.answer(question):.4f} no"
    return str(exercise.solution(question))


@pytest.mark.parametrize("name", [*NAMES, "pick_label_words"])
@pytest.mark.parametrize("answer", ["", "nothing", "1", "1 2", "1 2 3", "-7.5e3", "a b c d"])
def test_a_wrong_or_empty_answer_gets_a_hint_and_no_error(name: str, answer: str) -> None:
    exercise = load(FOLDER, name)
    passed, hint = exercise.check(exercise.question(random.Random(3)), answer)
    assert not passed
    assert hint


def test_fresh_numbers_each_time() -> None:
    for name in NAMES:
        exercise = load(FOLDER, name)
        assert len({exercise.question(random.Random(seed))["text"] for seed in range(20)}) >= 5, name


def test_the_book_s_head_was_a_constant() -> None:
    exercise = load(FOLDER, "which_constant")
    question = {"n": 872, "positive": 444}
    assert exercise.check(question, "positive, 0.4908") == (True, "")
    assert "negative ones" in exercise.check(question, "negative 0.4908")[1]


def test_the_book_s_updates() -> None:
    exercise = load(FOLDER, "count_the_updates")
    assert exercise.check({"k": 64}, "48 and 160") == (True, "")
    assert "two classes" in exercise.check({"k": 64}, "24 80")[1]


def test_the_book_s_last_difference_is_none() -> None:
    exercise = load(FOLDER, "significance")
    question = {"n": 872, "a": 0.8738}
    assert exercise.check(question, "0.0112, no") == (True, "")
    assert not exercise.check(question, "0.0112, yes")[0]
    assert "points" in exercise.check(question, "1.12 no")[1]


def test_f1_by_hand() -> None:
    exercise = load(FOLDER, "f1_by_hand")
    question = {"true": [1, 2, 0, 5, 0, 0, 7, 8, 0, 0, 0, 0], "said": [1, 0, 0, 5, 0, 3, 0, 0, 0, 0, 0, 0]}
    assert exercise.answer(question) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 1 / 3))


def test_label_words_are_tried_on_hidden_reviews() -> None:
    exercise = load(FOLDER, "pick_label_words")
    question = {"taken": ["terrible", "great"], "part": 0}
    assert exercise.check(question, "bad good") == (True, "")
    assert "wrong way round" in exercise.check(question, "good bad")[1]
    assert "Other words" in exercise.check(question, "terrible good")[1]
    assert not exercise.check(question, "zebra xylophone")[0]
    assert not exercise.check(question, "the the")[0]
