"""Texts that try to be obeyed by the terminal, in every field that a stranger writes, through each command."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation, World
from tests.support import loud

SHOWN = r"␛\]52;c;aGk=␇⟨U\+202E⟩"
QUOTED = r"there is no (run|tutorial) '\\x1b\]52;c;aGk=\\x07"
ESCAPED = r"\\u001b\]52;c;aGk=\\u0007\\u202e\\u2066\\u009b31m\\u007f"


def shouting(world: World) -> None:
    loud.LoudRun(loud.lesson(world.tutorials), world.home)


SITUATIONS = (
    Situation("list: a lesson that shouts", "list", SHOWN, 0, shouting),
    Situation("list --json: a lesson that shouts", "list --json", ESCAPED, 0, shouting),
    Situation("runs: a run that shouts", "runs", r"loud.*pretrain", 0, shouting),
    Situation("show: a run that shouts", "show last", rf"{SHOWN}.*ValueError: {SHOWN}", 0, shouting),
    Situation("show --json: a run that shouts", "show last --json", ESCAPED, 0, shouting),
    Situation("results: a run that shouts", "results last", SHOWN, 0, shouting),
    Situation("--plain: a lesson that shouts", "--plain loud", rf"{SHOWN}.*Life is.*{SHOWN}", 0, shouting),
    Situation("--plain: all lessons", "--plain", SHOWN, 0, shouting, given=b"loud\n"),
    Situation("run --help: settings that shout", "run loud --help", SHOWN, 0, shouting),
    Situation("a word that shouts", f"show '{loud.SHOUT}'", QUOTED, 2),
    Situation("an option that shouts", f"list '--{loud.SHOUT}'", SHOWN, 2),
    Situation("a lesson's name that shouts", f"run '{loud.SHOUT}'", QUOTED, 2),
)  # fmt: skip
