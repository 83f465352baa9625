"""What becomes of a worker before it computes anything."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation

IDLE = r"DEEPDIVE_IDLE_MINUTES: '.*' is no number of minutes\. Allowed: more than 0"

SITUATIONS = (
    *(
        Situation(f"idle for {said} minutes", "run rude well", IDLE, 2, environment={"DEEPDIVE_IDLE_MINUTES": said})
        for said in ("abc", "nan")
    ),
    Situation("docstrings are optimised away", "run rude well", "✓ .*well", 0, environment={"PYTHONOPTIMIZE": "2"}, worker=True),
    Situation("warnings are errors", "run rude well", "✓ .*well", 0, environment={"PYTHONWARNINGS": "error"}, worker=True),
)  # fmt: skip
