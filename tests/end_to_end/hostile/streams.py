"""Standard streams that are closed, full or poor."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation

C_ALONE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOST = r"standard output can't be written: No space left on device"
RAW = r"[^\x00-\x7f]"

SITUATIONS = (
    Situation("no standard input", "list", r"chapter2", 0, streams="<&-"),
    Situation("no word and no input", "", r"Deep Dive.*chapter2", 0, streams="<&-"),
    Situation("no standard output", "list", r"standard output can't be written: Bad file descriptor", 1, streams=">&-"),
    Situation("no word and no output", "", r"standard output can't be written: Bad file descriptor", 1, streams=">&-"),
    Situation("no errors", "run chapter77", r"", 2, streams="2>&-"),
    Situation("a full disk behind the output", "list --json", LOST, 1, streams=">/dev/full"),
    Situation("a full disk behind the help", "--help", LOST, 1, streams=">/dev/full"),
    Situation("a full disk behind a lesson", "--plain chapter2", LOST, 1, streams=">/dev/full"),
    Situation("a full disk behind a run", "run toy numbers", LOST, 1, streams=">/dev/full", worker=True),
    Situation("a full disk behind the errors", "run chapter77", r"", 2, streams="2>/dev/full"),
    Situation("an output that is closed early", "list", r"", 0, streams="| true; exit 0"),
    Situation("ASCII", "--plain chapter2", r"Chapter 2", 0, environment={"PYTHONIOENCODING": "ascii"}, never=RAW),
    Situation("Latin-1", "doctor", r"home", 0, environment={"PYTHONIOENCODING": "latin-1"}, seconds=8.0),
    Situation("the C language", "list", r"chapter2", 0, environment=C_ALONE, never=RAW),
    Situation("a run in the C language", "run toy squares", r"\+ .*squares +done.*\+ held", 0, environment=C_ALONE, never=RAW, worker=True, seconds=60),
    Situation("the doctor in the C language", "doctor", r"terminal +.*no locale of UTF-8", 0, environment={"LC_ALL": None, "LANG": "C", "TERM": "xterm"}, seconds=8.0),
    Situation("a theme without a terminal", "--theme deep-dark", r"the interface needs a terminal.*deepdive --plain", 2),
    Situation("a key that is no text", "keys set openai", r"no system keyring", 1, given=b"\xff\xe9\n"),
    Situation("no terminal for a passphrase", "keys set openai", r"stored unchecked|no terminal|can't|nothing", 1, given=b"sk-loopback-000000000000\n", environment={"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, seconds=12.0),
)  # fmt: skip
