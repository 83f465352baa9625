"""What the reader guessed before the run, graded against what came out.

A prediction's `figure` is an expression over figures, as in a claim:

- number: one expression; the guess is a number.
- choice: a text figure that names the choice; or a comparison of which the first choice means that it is true and the
  second that it is not; or, separated by commas, one expression for each choice: the highest is right.
- order: one expression for each choice; right is highest first.

Without `figure` the choices themselves are the expressions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deepdive.engine.lessons.language import Wrong
from deepdive.engine.lessons.tutorial import Prediction
from deepdive.engine.results.claims import expression
from deepdive.engine.results.evidence import Evidence, Missing, Value
from deepdive.engine.results.scope import number, told

Answer = float | str | list[str]
RIGHT, NEAR = 0.05, 0.15  # of the range that could be chosen from (without one, of what came out)


@dataclass(frozen=True)
class Grade:
    """`verdict` is None while it is not yet measured; the rest are pieces of a sentence.

    "You predicted {answer}. Measured: {outcome}, {difference}."
    """

    verdict: Literal["right", "near", "wrong"] | None
    answer: str
    outcome: str
    difference: str = ""


def grade(prediction: Prediction, answer: Answer, evidence: Evidence) -> Grade:
    """Grade an answer: a number, one of the choices, or all of them in order."""
    said = " > ".join(answer) if isinstance(answer, list) else number(answer) if not isinstance(answer, str) else answer
    try:
        values = expression(prediction.figure or ", ".join(prediction.choices), evidence, prediction.step)
        if prediction.kind == "number":
            return _number(prediction, answer, values[0], said)
        if prediction.kind == "order":
            return _order(prediction, answer, values, said)
        return _choice(prediction, answer, values, said)
    except (Missing, Wrong) as problem:
        return Grade(None, said, "", str(problem))


def _number(prediction: Prediction, answer: Answer, value: Value | bool, said: str) -> Grade:
    if isinstance(value, str) or not isinstance(answer, (int, float)):
        raise Wrong(f"{value if isinstance(value, str) else answer} is not a number")
    low, high = prediction.low, prediction.high
    span = high - low if low is not None and high is not None else abs(value)
    off = answer - value
    share = abs(off) / span if span else (0.0 if off == 0 else math.inf)
    outcome = told([answer, float(value)])[1]
    if off == 0:
        return Grade("right", said, outcome)
    difference = f"{number(abs(off), 2)} too {'high' if off > 0 else 'low'}"
    return Grade("right" if share <= RIGHT else "near" if share <= NEAR else "wrong", said, outcome, difference)


def _choice(prediction: Prediction, answer: Answer, values: Sequence[Value | bool], said: str) -> Grade:
    choices = prediction.choices
    if len(values) > 1:
        measured = _by_choice(prediction, values)
        right = [choice for choice in choices if measured[choice] == max(measured.values())]
    elif isinstance(values[0], bool):
        right = [choices[0 if values[0] else 1]]
    elif isinstance(values[0], str):
        right = [choice for choice in choices if choice.lower() == values[0].strip().lower()] or [values[0]]
    else:
        shown = number(values[0])
        right = [choice for choice in choices if choice == shown] or [shown]
    return Grade("right" if answer in right else "wrong", said, " or ".join(right))


def _order(prediction: Prediction, answer: Answer, values: Sequence[Value | bool], said: str) -> Grade:
    """Near: one pair stands the wrong way round. What came out equal may stand either way."""
    measured = _by_choice(prediction, values)
    outcome = " > ".join(sorted(measured, key=lambda choice: -measured[choice]))
    if not isinstance(answer, list) or sorted(answer) != sorted(measured):
        raise Wrong("the answer must have every choice once")
    pairs = [(a, b) for i, a in enumerate(answer) for b in answer[i + 1 :]]
    swapped = [(a, b) for a, b in pairs if measured[a] < measured[b]]
    verdict: Literal["right", "near", "wrong"] = "wrong"
    if len(swapped) <= 1 and len(answer) > 2:
        verdict = "near"
    if not swapped:
        return Grade("right", said, outcome)
    a, b = swapped[0]
    return Grade(
        verdict, said, outcome, f"{b} came before {a}" + (f", {len(swapped)} pairs in all" if swapped[1:] else "")
    )


def _by_choice(prediction: Prediction, values: Sequence[Value | bool]) -> dict[str, float]:
    if len(values) != len(prediction.choices):
        raise Wrong(f"{len(prediction.choices)} choices, {len(values)} figures")
    if texts := [value for value in values if isinstance(value, str)]:
        raise Wrong(f"{texts[0]} is not a number")
    return {choice: float(value) for choice, value in zip(prediction.choices, values, strict=True)}
