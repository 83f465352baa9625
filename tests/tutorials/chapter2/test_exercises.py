"""Chapter 2's exercises, checked against answers worked out by hand."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from deepdive.engine.lessons import catalogue

from tests.tutorials.chapter2.conftest import load

FOLDER = catalogue.shipped() / "chapter2"
NAMES = [
    *("block_arithmetic", "anchors", "which_row", "steps_per_epoch"),
    *("continue_by_hand", "find_the_turn", "parameter_count"),
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
    if name == "which_row":
        return str(question["row"])
    if name == "parameter_count":
        return f"{sum(exercise.parts(question).values()):,}"
    answer = exercise.answer(question)
    return " ".join(str(part) for part in answer) if isinstance(answer, (list, tuple)) else str(answer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", ["", "no idea", "1", "1 2", "1 2 3", "-7.5e3", "a b c d"])
def test_a_wrong_or_empty_answer_gets_a_hint_and_no_error(name: str, answer: str) -> None:
    exercise = load(FOLDER, name)
    passed, hint = exercise.check(exercise.question(random.Random(3)), answer)
    assert not passed
    assert hint


def test_fresh_numbers_each_time() -> None:
    for name in NAMES:
        exercise = load(FOLDER, name)
        assert len({exercise.question(random.Random(seed))["text"] for seed in range(20)}) >= 5, name


def test_block_arithmetic_of_the_curriculum() -> None:
    exercise = load(FOLDER, "block_arithmetic")
    question = {"text": "", "length": 128, "articles": [700, 90, 128, 300]}
    assert exercise.check(question, "8 blocks, 194 dropped") == (True, "")
    joined = sum(question["articles"]) // 128
    assert joined == 9
    assert "joined" in exercise.check(question, f"{joined} 66")[1]


def test_anchors_of_the_book() -> None:
    exercise = load(FOLDER, "anchors")
    question = {"text": "", "vocabulary": 50257, "loss": 9.61}
    assert exercise.check(question, "10.825 and 14,913") == (True, "")
    assert exercise.check(question, "10.9 and 14800")[0]  # within 1 %
    assert not exercise.check(question, "11.2 and 14913")[0]
    bits = math.log2(50257)
    assert "bits" in exercise.check(question, f"{bits} 14913")[1]


def test_which_row() -> None:
    exercise = load(FOLDER, "which_row")
    masked = {"tokens": ["[CLS]", "a", "[MASK]", "[SEP]"], "row": 2, "masked": True}
    assert exercise.check(masked, "2")[0]
    assert "from 0" in exercise.check(masked, "3")[1]
    assert not exercise.check(masked, "-1")[0]
    causal = {"tokens": ["a", "b", "c"], "row": 2, "masked": False}
    assert exercise.check(causal, "-1")[0]
    assert exercise.check(causal, "row 2")[0]


def test_steps_per_epoch_of_the_curriculum() -> None:
    exercise = load(FOLDER, "steps_per_epoch")
    question = {"text": "", "epochs": 100, "batch": 8, "low": 3500, "high": 4000}
    assert exercise.check(question, "273 to 312") == (True, "")
    assert "one block" in exercise.check(question, "280 312")[1]


def test_greedy_search_is_the_same_twice() -> None:
    exercise = load(FOLDER, "continue_by_hand")
    rows = [[["a", 1.0], ["b", 2.0]], [["c", 3.0], ["d", -1.0]], [["e", 0.0], ["f", 0.1]]]
    assert exercise.check({"rows": rows}, "b, c, f; same") == (True, "")
    assert "chance" in exercise.check({"rows": rows}, "b c f different")[1]
    assert "Row 2" in exercise.check({"rows": rows}, "b d f same")[1]


def test_the_turn_is_found_within_one_interval() -> None:
    exercise = load(FOLDER, "find_the_turn")
    points = [[10, 3.0, 3.0], [20, 2.0, 2.4], [30, 1.0, 2.6], [40, 0.5, 2.9]]
    question = {"every": 10, "points": points}
    assert exercise.check(question, "20")[0]
    assert exercise.check(question, "update 30")[0]
    assert "training loss" in exercise.check(question, "40")[1]


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_curve_has_one_turn_well_inside(seed: int) -> None:
    exercise = load(FOLDER, "find_the_turn")
    question = exercise.question(random.Random(seed))
    losses = [loss for _, _, loss in question["points"]]
    turn = losses.index(min(losses))
    assert 2 <= turn <= 10
    assert losses[-1] > min(losses) + 0.2
    assert losses[0] > min(losses) + 0.2


def test_gpt2_small_has_124_439_808_parameters() -> None:
    exercise = load(FOLDER, "parameter_count")
    question = {"layers": 12, "width": 768, "vocabulary": 50257, "positions": 1024}
    assert exercise.check(question, "124,439,808") == (True, "")
    assert "tied" in exercise.check(question, str(124_439_808 + 50257 * 768))[1]
    assert "last layer norm" in exercise.check(question, str(124_439_808 - 2 * 768))[1]


def test_the_parameter_formula_is_the_library_s() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    exercise = load(FOLDER, "parameter_count")
    layers, width, vocabulary, positions = exercise.SIZES[0]
    config = GPT2Config(
        n_layer=layers,
        n_embd=width,
        n_head=4,
        vocab_size=vocabulary,
        n_positions=positions,
        bos_token_id=0,
        eos_token_id=0,
    )
    names = ("layers", "width", "vocabulary", "positions")
    question = dict(zip(names, exercise.SIZES[0], strict=True))
    assert sum(exercise.parts(question).values()) == GPT2LMHeadModel(config).num_parameters()
