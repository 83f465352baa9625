"""Exercises: a tutorial's questions and their checkers, asked in a short process of their own.

A tutorial's exercises are somebody's code, so no reader imports them. They are plain Python with one class an exercise:

    question(random) -> dict with "text" (and whatever the checker needs)
    check(question, answer) -> (passed, hint)
    hints(question) -> list of hints, the gentlest first          solution(question) -> text

What the child answers is data, never trusted as more.
"""

from __future__ import annotations

from typing import Any

from deepdive.engine.common import child
from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons.tutorial import Tutorial

SECONDS = 30.0  # a check may run a pocket model: 4 s alone, several times that beside a training


def question(tutorial: Tutorial, id: str, seed: int) -> dict[str, Any]:
    """A question with its `text`; the same seed asks the same one. Blocks; raises Fault."""
    asked: dict[str, Any] = _ask(tutorial, id, "question", {"seed": seed})["question"]
    return asked


def check(tutorial: Tutorial, id: str, question: dict[str, Any], answer: str) -> tuple[bool, str]:
    """Whether the answer passes, and the hint that fits it. Blocks; raises Fault."""
    reply = _ask(tutorial, id, "check", {"question": question, "answer": answer})
    return reply["passed"] is True, str(reply["hint"])


def hints(tutorial: Tutorial, id: str, question: dict[str, Any]) -> list[str]:
    """All hints, the gentlest first. Blocks; raises Fault."""
    return [str(hint) for hint in _ask(tutorial, id, "hints", {"question": question})["hints"]]


def solution(tutorial: Tutorial, id: str, question: dict[str, Any]) -> str:
    """The worked solution. Blocks; raises Fault."""
    return str(_ask(tutorial, id, "solution", {"question": question})["solution"])


def _ask(tutorial: Tutorial, id: str, what: str, request: dict[str, Any]) -> dict[str, Any]:
    exercise = next((e for e in tutorial.exercises if e.id == id), None)
    if exercise is None:
        raise Fault(f"{tutorial.id} has no exercise {id}")
    named = (str(tutorial.folder.absolute()), exercise.function or exercise.id, what)
    try:
        reply = child.ask("work.exercise_child", request, dict, SECONDS, arguments=named)
    except child.Silent:
        raise Fault(f"the exercise {id} took longer than {SECONDS:g} s", "Check the answer again") from None
    if reply.told is None:
        raise Fault(f"the exercise {id} failed", "Tell its author", reply.errors[-800:])
    return reply.told
