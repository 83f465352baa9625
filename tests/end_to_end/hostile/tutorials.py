"""Damaged, mistyped and hostile folders of tutorials."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.end_to_end.hostile.situation import Situation, World


def written(path: str, text: str | bytes) -> Callable[[World], object]:
    """The toy as the learner's own, one file of it written anew."""

    def arrange(world: World) -> None:
        world.copied("toy", "mine")
        world.write(f"tutorials/mine/{path}", text)

    return arrange


def changed(old: str, new: str) -> Callable[[World], object]:
    """The toy as the learner's own, with another word in its tutorial.toml."""

    def arrange(world: World) -> None:
        file = world.copied("toy", "mine") / "tutorial.toml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))

    return arrange


def pipe(path: str) -> Callable[[World], object]:
    def arrange(world: World) -> None:
        world.copied("toy", "mine")
        (world.tutorials / "mine" / path).unlink()
        os.mkfifo(world.tutorials / "mine" / path)

    return arrange


def called_list(world: World) -> None:
    world.copied("toy", "list")


def closed(world: World) -> None:
    world.tutorials.rmdir()
    world.write("tutorials", "a file where a folder is meant")


def unreadable(world: World) -> None:
    world.tutorials.chmod(0)


SITUATIONS = (
    Situation("list: a tutorial.toml that is no TOML", "list", r"mine/tutorial\.toml:2: is not valid TOML", 0, written("tutorial.toml", "id = 'mine'\ntitle = ]\n")),
    Situation("run: a tutorial.toml that is no TOML", "run mine", r"mine/tutorial\.toml:2: is not valid.*Mend the file", 1, written("tutorial.toml", "id = 'mine'\ntitle = ]\n")),
    Situation("a list that is not closed", "run mine", r"tutorial\.toml:2: is not valid TOML.*end of document", 1, written("tutorial.toml", "id = 'mine'\ntitle = [\n")),
    Situation("seconds that are no table", "run mine", r"toml:9: step numbers: seconds: expected a table", 1, changed("seconds = { pocket = 1 }", "seconds = 5")),
    Situation("a key that there is not", "run mine", r"step numbers: there is no `secs`; there is id,", 1, changed("seconds = { pocket = 1 }", "secs = 5")),
    Situation("a claim that is no comparison", "run mine", r"claim 'The squares add up': must be a comparison", 1, changed("total == 14", "total")),
    Situation("columns of a role that there is not", "run mine", r"scale pocket: there is no role news", 1, changed("[scales.pocket.train]", '[scales.pocket.columns]\nnews = { text = "text" }\n\n[scales.pocket.train]')),
    Situation("a column of no kind", "run mine", r"scale pocket, columns: expected", 1, changed("[scales.pocket.train]", '[scales.pocket.columns]\narticles = { text = 5 }\n\n[scales.pocket.train]')),
    Situation("steps.py is a pipe", "run mine", r"steps\.py:1: can't be read: it is no ordinary file", 1, pipe("steps.py")),
    Situation("tutorial.toml is a pipe", "list", r"tutorial\.toml:1: can't be read: it is no ordinary file", 0, pipe("tutorial.toml")),
    Situation("steps.py in Latin-1", "run mine", r"steps\.py:2: is not UTF-8", 1, written("steps.py", b"# first\n# caf\xe9\n")),
    Situation("steps.py that is no Python", "run mine", r"steps\.py:1: is not valid Python", 1, written("steps.py", "def numbers(:\n")),
    Situation("brackets without end", "list", r"mine/tutorial\.toml:\d+: ", 0, written("tutorial.toml", "x = " + "[" * 50_000)),
    Situation("a tutorial called as a command", "list", r"chapter2.*Masked", 0, called_list),
    Situation("an id that leads elsewhere", "run ../mine", r"there is no tutorial '\.\./mine'.*Allowed: .*chapter2", 2),
    Situation("DEEPDIVE_TUTORIALS is a file", "list", r"tutorials:1: can't be read: Not a directory", 0, closed),
    Situation("DEEPDIVE_TUTORIALS can't be opened", "list", r"tutorials:1: can't be read: Permission denied", 0, unreadable, ordinary=True),
)  # fmt: skip
