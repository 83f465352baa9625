"""Exercises run in a process of their own: what they answer is data, and they can't hold anybody up."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons.tutorial import Exercise, Tutorial
from deepdive.engine.work import exercises

CODE = """
import os, time

class Sums:
    def question(self, random):
        a = random.randint(1, 99)
        return {"text": f"What is {a} + 1?", "a": a}
    def check(self, question, answer):
        return answer.strip() == str(question["a"] + 1), "count on by one"
    def hints(self, question):
        return ["one more", f"after {question['a']}"]
    def solution(self, question):
        return str(question["a"] + 1)

class Nosy:
    def question(self, random):
        return {"text": str(sorted(name for name in os.environ if os.environ[name] == "secret"))}

class Slow:
    def question(self, random):
        time.sleep(60)

class Broken:
    def question(self, random):
        raise ValueError("no")

class Chatty:
    def question(self, random):
        print("hello")
        return {"text": "quiet"}
"""


@pytest.fixture
def tutorial(tmp_path: Path) -> Tutorial:
    (tmp_path / "exercises.py").write_text(CODE)
    known = tuple(Exercise(name, name, name) for name in ("sums", "nosy", "slow", "broken", "chatty", "missing"))
    return Tutorial("t", 1, "T", "", tmp_path, True, exercises=known)


def test_the_same_seed_asks_the_same_question_and_answers_are_checked(tutorial: Tutorial) -> None:
    asked = exercises.question(tutorial, "sums", 3)
    assert asked == exercises.question(tutorial, "sums", 3)
    right = str(asked["a"] + 1)
    assert exercises.check(tutorial, "sums", asked, right)[0] is True
    assert exercises.check(tutorial, "sums", asked, "0") == (False, "count on by one")
    assert exercises.hints(tutorial, "sums", asked) == ["one more", f"after {asked['a']}"]
    assert exercises.solution(tutorial, "sums", asked) == right


def test_an_exercise_gets_no_secret(tutorial: Tutorial, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "KAGGLE_API_TOKEN"):
        monkeypatch.setenv(name, "secret")
    assert exercises.question(tutorial, "nosy", 0)["text"] == "[]"


def test_what_it_prints_does_not_disturb_its_answer(tutorial: Tutorial) -> None:
    assert exercises.question(tutorial, "chatty", 0)["text"] == "quiet"


@pytest.mark.parametrize("id", ["broken", "missing", "unknown"])
def test_a_broken_one_is_a_fault(tutorial: Tutorial, id: str) -> None:
    with pytest.raises(Fault, match=id):
        exercises.question(tutorial, id, 0)


def test_one_that_does_not_end_is_stopped(tutorial: Tutorial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercises, "SECONDS", 1.0)
    with pytest.raises(Fault, match="longer than 1 s"):
        exercises.question(tutorial, "slow", 0)
