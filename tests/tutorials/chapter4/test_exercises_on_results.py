"""Chapter 4's exercises on judging, updates and traces (X5 to X8), against what really happens."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest
import regex
import torch
from deepdive.engine.lessons import catalogue
from deepdive.engine.work.exercise_child import load
from deepdive.tutorials.pocket.support.rows import marks as pocket_marks
from transformers import Trainer, TrainingArguments

from tests.tutorials.chapter4.conftest import rows

FOLDER = catalogue.shipped() / "chapter4"


def refusing(name: str, question: dict[str, Any], answer: str) -> str:
    passed, hint = load(FOLDER, name).check(question, answer)
    assert not passed
    return str(hint)


# ---- X5 -------------------------------------------------------------------------------------------------------------


def test_marks_are_those_of_the_lesson_s_judge_and_of_the_pocket_rubric(steps: Any) -> None:
    exercise = load(FOLDER, "be_the_judge")
    calls, dice = rows(7, 40), random.Random(1)
    judge = steps.grading.by_program([{**call, "wanted": call["summary"]} for call in calls])
    seen = set()
    for call, other in zip(calls, calls[1:] + calls[:1], strict=True):
        for summary, mine in exercise.two(dice, call, other):
            told = judge.check(f"{call['conversation']}{steps.grading.SUMMARY}{summary}")
            marks = {criterion: mark[0] for criterion, (mark, _) in told.items()}
            assert [mark for mark, _ in mine] == [marks[c] for c in exercise.CRITERIA], summary
            worth = {"y": 1.0, "p": 0.5, "n": 0.0}
            assert tuple(worth[mark] for mark, _ in mine) == pocket_marks(summary, call), summary
            seen.add(tuple(mark for mark, _ in mine))
    assert len(seen) >= 12


def test_kappa_is_cohen_s() -> None:
    """50 proposals read by two: both yes 20, both no 15, one yes alone 5, the other 10. By hand 0.7 against 0.5."""
    load(FOLDER, "be_the_judge")
    one, other = "y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    kappa, same, chance = sys.modules["exercises.be_the_judge"].agreement(list(one), list(other))
    assert (kappa, same, chance) == (pytest.approx(0.4), 35, pytest.approx(25))


def test_a_judge_that_always_says_yes_does_not_pass() -> None:
    exercise = load(FOLDER, "be_the_judge")
    for seed in range(20):
        hint = refusing("be_the_judge", exercise.question(random.Random(seed)), "yyy " * 10)
        assert "κ = 0.00" in hint or "κ = -0.00" in hint


def test_a_few_other_marks_pass_and_the_first_is_told() -> None:
    exercise = load(FOLDER, "be_the_judge")
    question = exercise.question(random.Random(4))
    right = exercise.solution(question).replace(" ", "")
    other = "n" if right[7] != "n" else "y"
    passed, told = exercise.check(question, right[:7] + other + right[8:])
    assert passed
    assert "29 times of 30" in told
    assert "Summary 3, agent:" in told


def test_ten_different_summaries_of_five_calls() -> None:
    exercise = load(FOLDER, "be_the_judge")
    for seed in range(20):
        text = exercise.question(random.Random(seed))["text"]
        summaries = regex.findall(r"→ \d+\. (.*)", text)
        assert len(summaries) == len(set(summaries)) == 10
        assert len(text.split()) < 650


# ---- X6 -------------------------------------------------------------------------------------------------------------


def test_the_book_s_updates_rounded_either_way() -> None:
    exercise = load(FOLDER, "count_the_updates")
    book = {"rows": 2629, "batch": 1, "accumulation": 2, "epochs": 5}
    assert exercise.check(book, "6,575") == (True, "")
    passed, told = exercise.check(book, "6570")
    assert passed
    assert "6,575" in told


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("1315", "one of 5 epochs"),
        ("13145", "Those are batches"),
        ("6573", "whole ones"),
        ("7", "times epochs"),
    ],
)
def test_wrong_updates_are_explained(answer: str, hint: str) -> None:
    book = {"rows": 2629, "batch": 1, "accumulation": 2, "epochs": 5}
    assert hint in refusing("count_the_updates", book, answer)


@pytest.mark.parametrize(("rows", "batch", "accumulation", "epochs"), [(13, 2, 3, 2), (12, 3, 2, 3), (5, 4, 4, 2)])
def test_updates_are_the_trainer_s_own(tmp_path: Path, rows: int, batch: int, accumulation: int, epochs: int) -> None:
    class Constant(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"loss": ((x - self.weight) ** 2).mean()}

    args = TrainingArguments(
        str(tmp_path),
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=accumulation,
        num_train_epochs=epochs,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = Trainer(Constant(), args, train_dataset=[{"x": float(n)} for n in range(rows)])  # type: ignore[arg-type]
    trainer.train()
    question = {"rows": rows, "batch": batch, "accumulation": accumulation, "epochs": epochs}
    assert trainer.state.global_step == load(FOLDER, "count_the_updates").answer(question)[0]


# ---- X7 -------------------------------------------------------------------------------------------------------------


def test_the_cause_can_be_read_off_the_minutes() -> None:
    """Factors from the lines alone, as a learner would; every cause comes up."""
    exercise = load(FOLDER, "find_the_artefact")
    seen = set()
    for seed in range(80):
        question = exercise.question(random.Random(seed))
        a, b, c, d = (float(n) for n in regex.findall(r": ([\d.]+) minutes", question["text"]))
        factors = dict(zip(question["shown"], (c / a, d / a), strict=True))
        [rest] = set(question["differs"]) - set(factors)
        factors[rest] = b / a / (c / a) / (d / a)
        ordered = sorted(factors, key=lambda name: factors[name])
        assert ordered[-1] == question["cause"]
        assert factors[ordered[-1]] > 1.1 * factors[ordered[-2]]
        seen.add(question["cause"])
    assert seen == {"base", "compute", "checkpointing", "updates"}


def test_wrong_causes_are_explained() -> None:
    question = {
        "cause": "base",
        "differs": ["base", "checkpointing", "updates"],
        "shown": ["updates", "checkpointing"],
        "stays": False,
    }
    assert load(FOLDER, "find_the_artefact").check(question, "the base, no") == (True, "")
    assert "the same" in refusing("find_the_artefact", question, "compute no")
    assert "C differs from A" in refusing("find_the_artefact", question, "updates no")
    assert "D differs from A" in refusing("find_the_artefact", question, "checkpointing no")
    assert "fast product of 8 bits" in refusing("find_the_artefact", question, "base yes")
    other = {**question, "cause": "updates", "shown": ["checkpointing", "updates"], "stays": True}
    assert "No run differs" in refusing("find_the_artefact", other, "base yes")


# ---- X8 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "most"),
    [(r"\.", 70), (r"[.!?](\s|$)", 80), (r"\.(?= |$)", 80), (r"[.!?](?=\s+[A-Z]|$)", 92), (r"x*", 70)],
)
def test_a_rule_that_forgets_a_case_does_not_pass(rule: str, most: int) -> None:
    exercise = load(FOLDER, "two_sentences")
    for seed in range(5):
        passed, hint = exercise.check({"seed": seed}, rule)
        right = int(regex.match(r"Right on (\d+) of 100", hint).group(1))
        assert not passed
        assert right <= most


def test_the_worked_rule_is_right_on_all_of_them() -> None:
    exercise = load(FOLDER, "two_sentences")
    for seed in range(5):
        question = {"seed": seed}
        assert exercise.check(question, exercise.solution(question)) == (True, "Right on 100 of 100.")


def test_the_hidden_summaries_have_the_hard_cases_and_both_labels() -> None:
    made = load(FOLDER, "two_sentences").summaries(0)
    text = " ".join(summary for summary, _ in made)
    assert all(case in text for case in ("No. 5", "2/2", "p.m.", "Dr.", "e.g.", "3.50", "example.com"))
    assert 30 <= sum(label for _, label in made) <= 70


@pytest.mark.parametrize(
    ("rule", "hint"),
    [("(", "no regular expression"), ("a" * 201, "at most 200"), (r"(.|\w|\W)+(?=7)\.", "took too long")],
)
def test_a_rule_that_can_not_be_tried_is_told_why(rule: str, hint: str) -> None:
    assert hint in refusing("two_sentences", {"seed": 0}, rule)
