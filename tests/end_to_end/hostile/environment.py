"""Homes, folders, users and variables as they are on other people's machines."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation, World

STRANGER = 54321  # no such user is known here


def anybody_s(world: World) -> None:
    """A world that every user may enter."""
    for folder in (world.here, *world.here.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith(("pytest", "test_")):
            folder.chmod(0o777)


def read_only(world: World) -> None:
    world.write("closed/x", "")
    (world.here / "closed").chmod(0o500)


SITUATIONS = (
    Situation("a home of a user that there is not", "runs", r"DEEPDIVE_HOME", environment={"DEEPDIVE_HOME": "~nosuchuser/deepdive"}),
    Situation("a home below a file", "runs", r"home .* can't be made: Not a directory\. Set DEEPDIVE_HOME", arrange=lambda world: world.write("file", ""), environment={"DEEPDIVE_HOME": "{here}/file/home"}),
    Situation("a home that is read-only", "runs", r"DEEPDIVE_HOME", arrange=read_only, environment={"DEEPDIVE_HOME": "{here}/closed/home"}, ordinary=True),
    Situation("a home in a system's folder", "runs", r"home .* can't be made: .*Set DEEPDIVE_HOME", environment={"DEEPDIVE_HOME": "/proc/deepdive"}),
    Situation("a home with a name that is too long", "runs", r"home .* can't be made: File name too long\. Set DEEPDIVE_HOME", environment={"DEEPDIVE_HOME": "{here}/" + "x" * 300}),
    Situation("a home with a newline", "runs", r"No run yet", 0, environment={"DEEPDIVE_HOME": "{here}/two\nlines"}),
    Situation("a relative home", "runs", r"No run yet", 0, environment={"DEEPDIVE_HOME": "relative"}),
    Situation("neither a home nor HOME", "runs", r"DEEPDIVE_HOME|No run yet", 1, environment={"DEEPDIVE_HOME": None, "HOME": None, "XDG_DATA_HOME": None}, user=STRANGER, arrange=anybody_s),
    Situation("a runtime folder that is gone", "list", r"chapter2", 0, environment={"XDG_RUNTIME_DIR": "/nonexistent"}),
    Situation("a temporary folder that is gone", "list", r"chapter2", 0, environment={"TMPDIR": "/nonexistent"}),
    Situation("DEEPDIVE_TUTORIALS that there is not", "list", r"chapter2", 0, environment={"DEEPDIVE_TUTORIALS": "/nonexistent:::"}),
    Situation("an unknown terminal", "list", r"chapter2", 0, environment={"TERM": "nonsense", "COLUMNS": "abc", "LINES": "-3"}),
    Situation("no PATH", "list", r"chapter2", 0, environment={"PATH": None}),
    Situation("a language that there is not", "list", r"chapter2", 0, environment={"LC_ALL": "xx_YY.UTF-8"}),
    Situation("an unknown command", "rnu chapter2", r"rnu", 2),
    Situation("an unknown tutorial", "run chapter77", r"there is no tutorial 'chapter77'.*Allowed: .*chapter2", 2),
    Situation("an unknown step", "run toy nonsense", r"toy has no step 'nonsense'.*Allowed: numbers", 2),
    Situation("a setting without a value", "run toy numbers --set count", r"count", 2),
    Situation("a setting out of range", "run toy numbers --set count=1000", r"count.*1 … 100", 2),
    Situation("a setting that is no number", "run toy numbers --set count=many", r"count.*many", 2),
    Situation("a number that is none", "run toy train --set learning_rate=nan", r"learning_rate", 2),
    Situation("an infinite number", "run toy train --set learning_rate=inf", r"learning_rate", 2),
    Situation("a memory limit below nothing", "run toy --memory-limit=-1", r"--memory-limit.*out of range", 2),
    Situation("a spend cap that is none", "run toy --spend-cap nan", r"--spend-cap", 2),
    Situation("control characters as a word", "run '\x1b]52;c;aGk=\x07'", r"there is no tutorial", 2),
)  # fmt: skip
