"""The exercises of the lesson on prompts, checked against answers worked out by hand and against real libraries."""

from __future__ import annotations

import json
import random
from math import sqrt
from typing import Any

import pytest
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.methods.prompting import trainable
from deepdive.engine.work import exercises
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, T5Config, T5ForConditionalGeneration, get_linear_schedule_with_warmup

from tests.tutorials.chapter3_fewshot.conftest import load

FOLDER = catalogue.shipped() / "chapter3-prompts"
QUICK = [
    *("rebuild_the_table", "count_the_trainable", "which_rate", "spot_the_confound"),
    *("significance", "sort_templates", "predict_the_dip"),
]
WRONG = ["", "nothing", "1", "1 2", "1 2 3", "0 0 0 0", "-7.5e3", "z z z z", "{mask}", "\x1b[31m", "9" * 400]


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("seed", range(25))
def test_a_question_travels_as_json_and_its_solution_passes(name: str, seed: int) -> None:
    exercise = load(FOLDER, name)
    question = json.loads(json.dumps(exercise.question(random.Random(seed))))
    assert question["text"]
    assert all(exercise.hints(question))
    assert exercise.check(question, exercise.solution(question)) == (True, "")
    assert exercise.question(random.Random(seed))["text"] == question["text"]


@pytest.mark.parametrize("name", [*QUICK, "design_a_template"])
@pytest.mark.parametrize("answer", WRONG)
def test_a_wrong_or_empty_answer_gets_a_hint_and_no_error(name: str, answer: str) -> None:
    exercise = load(FOLDER, name)
    question = {"differs": ["batch"]} if name == "spot_the_confound" else exercise.question(random.Random(3))
    passed, hint = exercise.check(question, answer)
    assert not passed
    assert hint


@pytest.mark.parametrize("name", QUICK)
def test_fresh_numbers_each_time(name: str) -> None:
    exercise = load(FOLDER, name)
    assert len({exercise.question(random.Random(seed))["text"] for seed in range(30)}) >= 5


def test_the_lesson_offers_all_eight(prompts: Tutorial) -> None:
    assert [e.id for e in prompts.exercises] == [f"X{n}" for n in range(1, 9)]
    assert {e.function for e in prompts.exercises} == {*QUICK, "design_a_template"}


# ---- X1 -------------------------------------------------------------------------------------------------------------


def test_the_book_s_two_confusions() -> None:
    """0.526 right and 34.4 % no; 0.501 right and 99.1 % no; 500 questions of each answer."""
    exercise = load(FOLDER, "rebuild_the_table")
    asked = {exercise.question(random.Random(seed))["text"]: seed for seed in range(60)}
    for accuracy, share, table in (("0.526", "34.4%", "185 159 341 315"), ("0.501", "99.1%", "496 495 5 4")):
        seed = next(n for text, n in asked.items() if f"on {accuracy} of" in text and f"and {share} of" in text)
        question = exercise.question(random.Random(seed))
        assert exercise.check(question, table) == (True, "")
        assert exercise.check(question, table.replace(" ", ", ")) == (True, "")


def test_what_the_text_says_is_enough_to_rebuild_the_table() -> None:
    exercise = load(FOLDER, "rebuild_the_table")
    for seed in range(50):
        question = exercise.question(random.Random(seed))
        no, missed, yes, wrong = exercise.answer(question)
        half = question["half"]
        assert no + wrong == yes + missed == half
        assert f"on {(no + yes) / (2 * half):.3f} of them" in question["text"]
        assert float(f"{(no + yes) / (2 * half):.3f}") * 2 * half == pytest.approx(no + yes, abs=1e-6)
        assert float(f"{100 * (no + missed) / (2 * half):.1f}") * 2 * half / 100 == pytest.approx(no + missed, abs=1e-6)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("341 159 185 315", "order"),
        ("185 159 341 314", "add up to 500"),
        ("200 159 341 300", "right answers: 526"),
        ("226 200 300 274", "said no: 344"),
    ],
)
def test_a_wrong_table_is_explained(answer: str, hint: str) -> None:
    exercise = load(FOLDER, "rebuild_the_table")
    assert hint in exercise.check({"half": 500, "no": 185, "yes": 341}, answer)[1]


# ---- X2 -------------------------------------------------------------------------------------------------------------


def built(size: tuple[int, ...] | None) -> Any:
    """The real T5 of that size without its weights."""
    if size is None:
        config = AutoConfig.from_pretrained(FOLDER.parent / "pocket" / "models" / "questions-t5")
    else:
        width, forward, encoder, decoder, heads, words = size
        config = T5Config(
            d_model=width,
            d_kv=width // heads,
            d_ff=forward,
            num_layers=encoder,
            num_decoder_layers=decoder,
            num_heads=heads,
            vocab_size=words,
        )
    with torch.device("meta"):
        model = T5ForConditionalGeneration(config)
    model.tie_weights()
    return model


@pytest.mark.parametrize("name", ["t5-small", "t5-base", "the pocket T5"])
def test_counts_are_those_of_the_real_models(name: str) -> None:
    exercise = load(FOLDER, "count_the_trainable")
    size = exercise.sizes()[name]
    soft, whole, lora = exercise.answer({"sizes": size, "vectors": 20, "rank": 4})
    assert soft == 20 * size[0]
    model = built(None if "pocket" in name else size)
    assert trainable(model)[1] == whole
    tuned = get_peft_model(model, LoraConfig(task_type="SEQ_2_SEQ_LM", r=4, target_modules=["q", "v"]))
    assert trainable(tuned)[0] == lora


BASE = {"sizes": [768, 3072, 12, 12, 12, 32128], "vectors": 20, "rank": 8}


def test_the_book_s_counts() -> None:
    exercise = load(FOLDER, "count_the_trainable")
    lora = 8 * (768 + 768) * 72
    assert exercise.answer(BASE) == (15_360, 222_903_552, lora)
    assert exercise.check(BASE, f"15,360; 222,903,552; {lora:,}") == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("20 222903552 884736", "as wide"),
        ("15360 247577856 884736", "counted twice: embedding"),
        ("15360 198229248 884736", "missing: embedding"),
        ("15360 222903552 442368", "d × rank and rank × d"),
        ("15360 222903552 589824", "two attentions"),
        ("15360 222903552 1", "inputs + outputs"),
    ],
)
def test_a_wrong_count_is_explained(answer: str, hint: str) -> None:
    assert hint in load(FOLDER, "count_the_trainable").check(BASE, answer)[1]


# ---- X3 -------------------------------------------------------------------------------------------------------------

SHORT = {"examples": 128, "batch": 8, "epochs": 8, "warm_up": 500, "peak": 0.4}


def test_the_book_s_rate_at_64_of_each_class() -> None:
    exercise = load(FOLDER, "which_rate")
    assert exercise.answer(SHORT) == (128, pytest.approx(0.1024))
    assert exercise.check(SHORT, "128 updates, 0.1024") == (True, "")
    assert exercise.check(SHORT, "128, .1016") == (True, "")  # that of the last update
    assert exercise.check({**SHORT, "examples": 1024}, "1024 0.4") == (True, "")


def test_the_rate_is_the_schedule_s_own() -> None:
    exercise = load(FOLDER, "which_rate")
    for seed in range(20):
        question = exercise.question(random.Random(seed))
        updates, rate = exercise.answer(question)
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=question["peak"])
        schedule = get_linear_schedule_with_warmup(optimizer, question["warm_up"], updates)
        rates = []
        for _ in range(updates):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        assert exercise.check(question, f"{updates} {max(rates):.6g}") == (True, "")
        assert rate == pytest.approx(max(rates), rel=1.5 / updates)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("64 0.0512", "two classes"),
        ("16 0.0128", "one epoch"),
        ("100 0.08", "times epochs"),
        ("128 0.4", "end within the run"),
        ("128 0.2", "peak × u / w"),
    ],
)
def test_a_wrong_rate_is_explained(answer: str, hint: str) -> None:
    assert hint in load(FOLDER, "which_rate").check(SHORT, answer)[1]


# ---- X4 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(3))
def test_a_better_template_is_found_by_asking_the_pocket_model(part: int) -> None:
    exercise = load(FOLDER, "design_a_template")
    question = {"part": part}
    assert exercise.check(question, exercise.solution(question)) == (True, "")
    assert exercise.check(question, "{question}? {mask}. {passage}.") == (True, "")
    passed, hint = exercise.check(question, "{passage} {question}. {mask}")
    assert not passed
    assert "Yours is right on 400 of them" in hint  # one answer to all of them


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("{passage}. {question}?", "one blank"),
        ("{mask} {passage} {question} {mask}", "one blank"),
        ("{passage}. {mask}", "Without the question"),
        ("{question}? {mask}", "Without the passage"),
        ("{passage} {question} {label} {mask}", "no other ones"),
        ("{passage} {passage} {question} {mask}", "no other ones"),
        ("{passage}. {question}? {mask}", "template of the lesson"),
        ("hypothesis: {passage}. premise: {question}? The answer was {mask} .", "template of the lesson"),
        ("{ {passage} {question} {mask}", "braces"),
    ],
)
def test_a_template_that_does_not_count_is_told_why(answer: str, hint: str) -> None:
    passed, said = load(FOLDER, "design_a_template").check({"part": 0}, answer)
    assert not passed
    assert hint in said


def test_the_hidden_questions_are_three_parts_of_400_and_400() -> None:
    exercise = load(FOLDER, "design_a_template")
    parts = [exercise.hidden(part) for part in range(3)]
    for rows in parts:
        assert [row["label"] for row in rows] == [0] * 400 + [1] * 400
    assert len({row["idx"] for rows in parts for row in rows}) == 2400


def test_the_model_runs_in_the_exercise_s_own_process(prompts: Tutorial) -> None:
    question = exercises.question(prompts, "X4", 0)
    assert exercises.check(prompts, "X4", question, "{passage}. {question}? {mask}.") == (True, "")


# ---- X5 to X8 -------------------------------------------------------------------------------------------------------


def test_confounds_are_values_and_not_spellings() -> None:
    exercise = load(FOLDER, "spot_the_confound")
    question = {"differs": ["learning rate", "epochs"]}  # the book's second and last experiment
    assert exercise.check(question, "the rate and the number of epochs") == (True, "")
    assert "One more" in exercise.check(question, "learning rate")[1]
    assert "2 more" in exercise.check(question, "none")[1]
    assert "same value" in exercise.check(question, "learning rate, epochs, batch size")[1]
    assert exercise.check({"differs": []}, "None.") == (True, "")


def test_the_two_lines_differ_where_it_is_said() -> None:
    exercise = load(FOLDER, "spot_the_confound")
    value = {way: n for pair in exercise.SETTINGS.values() for n, ways in enumerate(pair) for way in ways}
    for seed in range(40):
        question = exercise.question(random.Random(seed))
        a, b = (line.partition(": ")[2].split("; ")[1:] for line in question["text"].split("\n")[:2])
        differs = []
        for name, one, other in zip(exercise.SETTINGS, a, b, strict=True):
            assert one.startswith(name)
            assert other.startswith(name)
            if value[one.removeprefix(f"{name} ")] != value[other.removeprefix(f"{name} ")]:
                differs.append(name)
        assert differs == question["differs"]


def test_the_book_s_best_and_second_template() -> None:
    """0.649 and 0.609: 0.04 apart, less than two standard errors of a difference of two samples."""
    exercise = load(FOLDER, "significance")
    question = {"n": 1000, "a": 0.649, "b": 0.609, "only": None}
    assert exercise.answer(question)[0] == pytest.approx(0.0151, abs=5e-5)
    assert exercise.check(question, "0.0151 0.0216 no") == (True, "")
    assert "twice the second" in exercise.check(question, "0.0151 0.0216 yes")[1]
    assert "points" in exercise.check(question, "1.51 2.16 no")[1]
    assert "squares" in exercise.check(question, "0.0151 0.0302 no")[1]


def test_the_same_questions_need_the_paired_error() -> None:
    """The error is that of the mean of +1, -1 and 0, one number a question."""
    exercise = load(FOLDER, "significance")
    question = {"n": 1000, "a": 0.65, "b": 0.61, "only": [80, 40]}
    scores = torch.tensor([1.0] * 80 + [-1.0] * 40 + [0.0] * 880)
    error = (scores.std(correction=0) / sqrt(1000)).item()
    assert exercise.answer(question)[1] == pytest.approx(error)
    assert exercise.check(question, f"0.0151 {error:.4f} yes") == (True, "")
    assert "twice the second" in exercise.check(question, f"0.0151 {error:.4f} no")[1]
    assert "separate samples" in exercise.check(question, "0.0151 0.0216 no")[1]


def test_both_kinds_of_questions_and_both_answers_are_asked() -> None:
    exercise = load(FOLDER, "significance")
    drawn = [exercise.question(random.Random(seed)) for seed in range(60)]
    assert {(q["only"] is None, exercise.answer(q)[2]) for q in drawn} == {(a, b) for a in (0, 1) for b in (0, 1)}


def test_the_book_s_ten_templates_sort_into_their_families(prompts: Tutorial) -> None:
    exercise = load(FOLDER, "sort_templates")
    lines = prompts.defaults(prompts.step("ten_templates"), "book")["templates"].split("\n")
    templates = [line.partition(": ")[2] for line in lines]
    wanted = "p p p p c c r r r r"
    assert exercise.check({"templates": templates}, wanted) == (True, "")
    passed, hint = exercise.check({"templates": templates}, "p p p p c p r r r r")
    assert not passed
    assert "6" in hint
    assert "10 words" in exercise.check({"templates": templates}, "p p p")[1]


def test_the_book_s_dips() -> None:
    """Template 1: 0.564, then 0.489 0.503 0.535 0.638 0.686 0.640."""
    exercise = load(FOLDER, "predict_the_dip")
    drawn = [exercise.question(random.Random(seed)) for seed in range(40)]
    assert {q["number"] for q in drawn} == set(range(1, 7))
    question = next(q for q in drawn if q["number"] == 1)
    assert question["curve"] == [0.564, 0.489, 0.503, 0.535, 0.638, 0.686, 0.640]
    assert exercise.solution(question) == "b b b a a a"
    for right in ("bbbaaa", "below below below above above above", "b, a, a, a, a, a"):
        assert exercise.check(question, right) == (True, "")
    assert "40 updates" in exercise.check(question, "aaaaaa")[1]
    assert "1,280" in exercise.check(question, "bbbbbb")[1]
    assert "3 of the four" in exercise.check(question, "baabaa")[1]


def test_a_curve_that_falls_and_comes_back_passes_for_every_template() -> None:
    exercise = load(FOLDER, "predict_the_dip")
    for seed in range(40):
        assert exercise.check(exercise.question(random.Random(seed)), "bbbaaa") == (True, "")
