"""Standard streams that are closed, full or poor."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation

SITUATIONS = (
    Situation("no standard input", "list", r"chapter2", 0, streams="<&-"),
    Situation("no standard output", "list", r"", 1, streams=">&-"),
    Situation("no errors", "run chapter77", r"", 2, streams="2>&-"),
    Situation("a full disk behind the output", "list", r"No space left|can't be written|full", 1, streams=">/dev/full"),
    Situation("a full disk behind the errors", "run chapter77", r"", 2, streams="2>/dev/full"),
    Situation("an output that is closed early", "list", r"", 0, streams="| true; exit 0"),
    Situation("ASCII", "list", r"chapter2", 0, environment={"PYTHONIOENCODING": "ascii"}),
    Situation("Latin-1", "doctor", r"home", 0, environment={"PYTHONIOENCODING": "latin-1"}, seconds=8.0),
    Situation("the C language", "list", r"chapter2", 0, environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Situation("no terminal for a passphrase", "keys set openai", r"stored unchecked|no terminal|can't|nothing", 1, given=b"sk-loopback-000000000000\n", environment={"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, seconds=12.0),
)  # fmt: skip
