"""Exercises: a tutorial's questions and their checkers, run in a short process of their own.

A tutorial's exercises.py is somebody's code, so no reader imports it. It is plain Python with one class an exercise:

    question(random) -> dict with "text" (and whatever the checker needs)
    check(question, answer) -> (passed, hint)
    hints(question) -> list of hints, the gentlest first          solution(question) -> text

`python -m deepdive.engine.work.exercises TUTORIAL ID question|check|hints|solution` reads a JSON object from standard
input and prints one: what a child process answers is data, never trusted as more.
"""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.work import protocol

SECONDS = 30.0  # a check may run a pocket model: 4 s alone, several times that beside a training
MODULE = "deepdive.engine.work.exercises"


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
    command = [sys.executable, "-m", MODULE, str(tutorial.folder), exercise.function or exercise.id, what]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=protocol.environment(),
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise Fault(f"the exercise {id} took longer than {SECONDS:g} s", "Check the answer again") from None
    try:
        reply = json.loads(done.stdout.strip().split("\n")[-1])
    except ValueError:
        reply = None
    if done.returncode or not isinstance(reply, dict):
        raise Fault(f"the exercise {id} failed", "Tell its author", done.stderr[-800:])
    return reply


# ---- in the child -----------------------------------------------------------------------------------------------


def load(folder: Path, name: str) -> Any:
    """The exercise `name` (a class in snake case or as written) of a tutorial's exercises.py. Raises LookupError."""
    spec = importlib.util.spec_from_file_location("exercises", folder / "exercises.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["exercises"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    for known in (name, camel):
        if hasattr(module, known):
            found = getattr(module, known)
            return found() if isinstance(found, type) else found
    raise LookupError(f"{folder / 'exercises.py'} has no {camel}")


def answer(exercise: Any, what: str, request: dict[str, Any]) -> dict[str, Any]:
    """One request to an exercise."""
    if what == "question":
        return {"question": exercise.question(random.Random(request["seed"]))}
    asked = request["question"]
    if what == "check":
        passed, hint = exercise.check(asked, request["answer"])
        return {"passed": bool(passed), "hint": hint}
    if what == "hints":
        return {"hints": list(exercise.hints(asked)) if hasattr(exercise, "hints") else []}
    return {"solution": str(exercise.solution(asked)) if hasattr(exercise, "solution") else ""}


def main(argv: list[str]) -> int:
    folder, name, what = argv
    reply = answer(load(Path(folder), name), what, json.loads(sys.stdin.read() or "{}"))
    sys.stdout.write(json.dumps(reply) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
