"""Keys that are none, or stand where they should not."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation

NEVER = "sk-canary"

SITUATIONS = (
    Situation("a key with a newline in it", "keys check openai", r"OPENAI_API_KEY", 1, environment={"OPENAI_API_KEY": "sk-canary-0000\n0000000000"}, never=NEVER, seconds=8.0),
    Situation("a key with a sign that can't be sent", "keys check openai", r"OPENAI_API_KEY", 1, environment={"OPENAI_API_KEY": "sk-canary-000é00000000000"}, never=NEVER, seconds=8.0),
    Situation("a key with a sign that can't be seen", "keys check openai", r"OPENAI_API_KEY", 1, environment={"OPENAI_API_KEY": "sk-canary-000\u200b00000000000"}, never=NEVER, seconds=8.0),
    Situation("a key as a setting", "run judged grade --set judge=sk-canary-000000000000000", r"looks like a key, which is no setting.*deepdive keys set", 2, never=NEVER),
    Situation("a service that there is not", "keys check nonsense", r"there is no key named 'nonsense'.*Allowed: huggingface", 2),
)  # fmt: skip
