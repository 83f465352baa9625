"""What README.md names is there: files, pictures, lessons, commands, keys."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from deepdive.engine.command.main import parser
from deepdive.engine.lessons import catalogue
from deepdive.tui.commands import of_screen

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LINES = [line for line in README.splitlines() if line.startswith("deepdive ")]
COMMANDS = [command.strip() for line in LINES for command in line.split("#")[0].split(";")]


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_to_files(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "pictures").glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_is_shown_and_loads_nothing(picture: Path) -> None:
    assert f"docs/pictures/{picture.name}" in README
    assert not re.search(r"""url\(["']?http|href=["']http""", picture.read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    words = shlex.split(command)[1:]
    if "--help" in words:
        with pytest.raises(SystemExit) as ended:
            parser().parse_args(words)
        assert ended.value.code == 0
    elif words[0] != "--plain":
        parser().parse_args(words)
    for word in words:
        if word.startswith("chapter"):
            assert catalogue.find(word).ready
    named = [word for word in words if re.fullmatch(r"[a-z_]+", word)]
    if words[0] == "run":
        steps = {step.id for step in catalogue.find(words[1]).steps}
        assert set(named) - {"run", "last"} <= steps


def test_the_lessons_told_as_built_are_ready() -> None:
    told = re.findall(r"^\| `(chapter[\w-]+)` \|", README, re.MULTILINE)
    assert told
    assert all(catalogue.find(lesson).ready for lesson in told)


def test_keys_of_the_tour_are_the_keys_of_the_screens() -> None:
    tour = README[README.index("| key |") : README.index("Close the terminal")]
    told = {
        key for row in tour.splitlines()[2:] for cell in row.split("|")[1:2] for key in re.findall(r"`([^`]+)`", cell)
    }
    known = {command.key_text for screen in ("home", "tutorial") for command in of_screen(screen)} | {"enter", "↑ ↓"}
    assert told <= known, told - known
