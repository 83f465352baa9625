"""Asking without any training, run for real on the shipped pocket T5."""

from __future__ import annotations

from math import log
from typing import Any

import pytest
import torch
from deepdive.engine.lessons.tutorial import Tutorial
from transformers import AutoTokenizer, T5ForConditionalGeneration

from tests.support.bench import Bench
from tests.tutorials.chapter3_fewshot.conftest import assert_claims

HELD = 866  # validation questions, half of them yes


@pytest.fixture(scope="module", autouse=True)
def _run(bench: Bench) -> None:
    for step in ("ask_t5", "zero_shot", "workshop", "as_printed"):
        bench.run(step)
    bench.run("ten_templates", sizes=[0])


@pytest.fixture(scope="module")
def t5(bench: Bench) -> tuple[Any, Any]:
    """The model and its tokenizer, loaded without the lesson's own code."""
    assert bench.lab is not None
    place = bench.lab.model("t5")
    return T5ForConditionalGeneration.from_pretrained(place).eval(), AutoTokenizer.from_pretrained(place)


def at_blank(t5: tuple[Any, Any], prompt: str) -> torch.Tensor:
    """(vocabulary,): T5's logits for the word after its sentinel, by the labels that it is trained with."""
    model, tokenizer = t5
    inputs = tokenizer(prompt, return_tensors="pt")
    labels = tokenizer("<extra_id_0> no", return_tensors="pt").input_ids
    with torch.no_grad():
        return torch.as_tensor(model(**inputs, labels=labels).logits[0, 1])


@pytest.mark.parametrize("step", ["ask_t5", "zero_shot", "workshop", "as_printed"])
def test_every_claim_holds(bench: Bench, prompts: Tutorial, step: str) -> None:
    assert_claims(bench, prompts, step)


def test_a_full_stop_and_a_question_mark_are_worth_a_tenth(bench: Bench) -> None:
    accuracy = {n: bench.figure("zero_shot", "accuracy", template=n) for n in ("simplest", "punctuated", "suitable")}
    assert accuracy["punctuated"] - accuracy["simplest"] >= 0.1
    assert accuracy["suitable"] - accuracy["simplest"] >= 0.1
    assert abs(bench.figure("zero_shot", "share of no", template="simplest") - 0.5) >= 0.3
    assert abs(bench.figure("zero_shot", "share of no", template="punctuated") - 0.5) <= 0.2


def test_without_the_passage_every_wording_guesses(bench: Bench) -> None:
    for number in (7, 8, 9, 10):
        assert 0.45 <= bench.figure("ten_templates", "accuracy", template=number, k=0) <= 0.55
        assert 0.45 <= bench.figure("as_printed", "accuracy", template=number, k=0) <= 0.55
    assert max(bench.figure("ten_templates", "accuracy", template=n, k=0) for n in (1, 2, 3)) >= 0.7


def test_the_four_counts_give_accuracy_share_and_recalls(bench: Bench) -> None:
    for row in bench.rows("zero_shot", "templates"):
        cells = bench.rows("zero_shot", f"confusion, {row['template']}")
        count = {(cell["truth"], cell["said"]): cell["count"] for cell in cells}
        assert sum(count.values()) == HELD
        assert count["no", "no"] + count["no", "yes"] == HELD / 2
        assert row["accuracy"] == pytest.approx((count["no", "no"] + count["yes", "yes"]) / HELD)
        assert row["share of no"] == pytest.approx((count["no", "no"] + count["yes", "no"]) / HELD)
        assert row["recall yes"] == pytest.approx(count["yes", "yes"] / (HELD / 2))
        assert row["recall no"] == pytest.approx(count["no", "no"] / (HELD / 2))
        assert row["accuracy"] == bench.figure("zero_shot", "accuracy", template=row["template"])


def test_half_of_the_answers_yes_is_the_better_half_by_margin(bench: Bench, t5: tuple[Any, Any]) -> None:
    """By hand, through transformers alone: the questions whose yes leads most are answered yes."""
    assert bench.lab is not None
    ids = {word: t5[1].convert_tokens_to_ids(word) for word in ("no", "No", "yes", "Yes")}
    _, rows, _ = bench.steps.data.questions(bench.lab, t5[1])
    by_class = [[row for row in rows if row["label"] == label][:25] for label in (0, 1)]
    margins = []
    for row in by_class[0] + by_class[1]:
        logits = at_blank(t5, f"{row['passage']} {row['question']} <extra_id_0>")
        margins.append((logits[ids["yes"]] + logits[ids["Yes"]] - logits[ids["no"]] - logits[ids["No"]]).item() / 2)
    ranked = sorted(range(50), key=lambda n: margins[n], reverse=True)
    right = sum(n >= 25 for n in ranked[:25]) + sum(n < 25 for n in ranked[25:])
    simplest = "simplest: {passage} {question} {mask}"
    bench.run("workshop", beside=simplest, count=50)
    row = next(row for row in bench.rows("workshop", "templates") if row["template"] == "simplest")
    assert row["if half are yes"] == pytest.approx(right / 50)
    assert row["share of no"] == pytest.approx(sum(margin < 0 for margin in margins) / 50)
    assert row["margin"] == pytest.approx(sum(map(abs, margins)) / 50, rel=1e-4)


def test_one_question_is_told_as_the_model_reads_it(bench: Bench, t5: tuple[Any, Any]) -> None:
    prompt = bench.text("ask_t5")
    logits = at_blank(t5, prompt.removesuffix("</s>"))
    assert prompt.count("<extra_id_0>") == 1
    assert bench.figure("ask_t5", "tokens") == len(t5[1](prompt.removesuffix("</s>")).input_ids)
    assert bench.figure("ask_t5", "logits") == f"[1, 2, {len(t5[1])}]"
    names = ["no", "No", "yes", "Yes"]
    share = logits.softmax(-1)[t5[1].convert_tokens_to_ids(names)]
    bars = bench.bars("ask_t5", "label words")
    assert bars == pytest.approx(dict(zip(names, (share / share.sum()).tolist(), strict=True)), rel=1e-4)
    assert bench.figure("ask_t5", "share of label words") == pytest.approx(share.sum().item(), rel=1e-4)
    for label, pair in (("no", names[:2]), ("yes", names[2:])):
        by_hand = sum(log(bars[word]) for word in pair) / 2
        assert bench.figure("ask_t5", "score", label=label) == pytest.approx(by_hand, rel=1e-4)


def test_two_ways_to_join_the_words_of_a_class(bench: Bench) -> None:
    tables = {}
    for combine in ("mean of logs", "log of sum"):
        bench.run("workshop", combine=combine)
        tables[combine] = {row["template"]: row for row in bench.rows("workshop", "templates")}
        for row in bench.rows("workshop", "your questions"):
            bars = row["label words"]["bars"]
            sides = [(bars[low], bars[high]) for low, high in (("no", "No"), ("yes", "Yes"))]
            no, yes = (a * b if combine == "mean of logs" else a + b for a, b in sides)
            assert row["said"] == ("yes" if yes > no else "no")
            assert "".join(text for text, _ in row["prompt"]["spans"]).count("<extra_id_0>") == 1
    one, other = tables.values()
    assert abs(one["simplest"]["margin"] - other["simplest"]["margin"]) > 0.5
    assert abs(one["yours"]["share of no"] - other["yours"]["share of no"]) > 0.02


def test_the_workshop_ranks_and_asks_either_sample(bench: Bench) -> None:
    bench.run("workshop")
    right = [row["accuracy"] for row in bench.rows("workshop", "templates")]
    assert right == sorted(right, reverse=True)
    assert bench.figure("workshop", "best template") == bench.rows("workshop", "templates")[0]["template"]
    shown = {row["passage"] for row in bench.rows("workshop", "your questions")}
    bench.run("workshop", sample="test")
    assert not shown & {row["passage"] for row in bench.rows("workshop", "your questions")}


def test_samples_are_balanced_and_share_nothing(bench: Bench, t5: tuple[Any, Any]) -> None:
    assert bench.lab is not None
    train, validation, test = bench.steps.data.questions(bench.lab, t5[1], [0, 16, 64])
    assert [row["label"] for row in train] == [1, 0] * 64
    for rows in (validation, test):
        assert 2 * sum(row["label"] for row in rows) == len(rows)
    assert (len(validation), len({row["idx"] for row in validation + test})) == (HELD, len(validation) + len(test))
    smaller, same, _ = bench.steps.data.questions(bench.lab, t5[1], [16])
    assert smaller == train[:32]
    assert same == validation


def test_another_seed_draws_other_training_questions_and_asks_the_same(bench: Bench, t5: tuple[Any, Any]) -> None:
    assert bench.lab is not None
    train, validation, test = bench.steps.data.questions(bench.lab, t5[1], [64])
    other = Bench(bench.tutorial, bench.folder, seed=7)
    other.run("ask_t5")
    assert other.lab is not None
    others, *held = other.steps.data.questions(other.lab, t5[1], [64])
    assert held == [validation, test]
    assert others != train


def test_long_questions_are_left_out(bench: Bench, t5: tuple[Any, Any]) -> None:
    steps = bench.steps.data
    rows = [{"passage": "ball " * n, "question": "is it", "label": n % 2} for n in (10, 397, 398)]
    no, yes = steps.sides(t5[1], rows)
    assert steps.LONGEST == 399
    assert [len(row["passage"].split()) for row in no + yes] == [10, 397]


def test_own_template_at_once(bench: Bench) -> None:
    bench.run("workshop")
    told = {event.name: event for event in bench.ask("own_template")}
    yours = next(row for row in bench.rows("workshop", "templates") if row["template"] == "yours")
    assert told["accuracy"].value == pytest.approx(yours["accuracy"])
    assert told["accuracy"].n == 200
    assert told["share of no"].value == pytest.approx(yours["share of no"])


def test_a_question_under_the_cursor(bench: Bench) -> None:
    passage = "Julia put the lamp in the cellar. The coat lies in the kitchen"
    for place, said in (("cellar", "yes"), ("barn", "no")):
        answer = bench.ask("answer", passage=passage, question=f"is the lamp in the {place}")
        bars = {event.name: event.data for event in answer}
        yes = bars["label words"]["yes"] + bars["label words"]["Yes"]
        assert (yes > 0.5) == (said == "yes"), place
        assert len(bars["fills the blank"]) == 8


def test_the_same_number_again(bench: Bench) -> None:
    before = [event.value for event in bench.figures("zero_shot", "accuracy")]
    bench.run("zero_shot")
    assert [event.value for event in bench.figures("zero_shot", "accuracy")] == before
