"""One request to one exercise: `python -m deepdive.engine.work.exercise_child TUTORIAL ID WHAT`.

WHAT is question, check, hints or solution. Reads a JSON object from standard input and prints one.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
from pathlib import Path
from typing import Any


def load(folder: Path, name: str) -> Any:
    """The exercise `name` (a class in snake case or as written): of exercises/NAME.py, else of exercises.py.

    Raises LookupError.
    """
    for known in [known for known in sys.modules if known.partition(".")[0] == "exercises"]:
        del sys.modules[known]  # another tutorial's
    file = folder / "exercises" / f"{name}.py"
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        module = importlib.import_module(f"exercises.{name}" if file.is_file() else "exercises")
    finally:
        sys.path.remove(str(folder))
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    for known in (name, camel):
        if hasattr(module, known):
            found = getattr(module, known)
            return found() if isinstance(found, type) else found
    raise LookupError(f"{module.__file__ or folder / 'exercises'} has no {camel}")


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
