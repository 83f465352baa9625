"""A command waits for facts that some screen really tells: a misspelt one would never be pressed."""

from __future__ import annotations

import ast
from pathlib import Path

from deepdive.tui import commands, screens
from deepdive.tui.shown.signs import SIGNS

WIDTHS = {"narrow", "medium", "wide"}


def told() -> set[str]:
    """Every text in the code of the screens, the states of a step, the widths of a screen."""
    sources = [path.read_text(encoding="utf-8") for path in Path(screens.__file__).parent.glob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)} | set(SIGNS) | WIDTHS


def test_every_fact_of_the_table_is_told_by_a_screen() -> None:
    wanted = {
        fact
        for command in commands._ALL
        for fact in (*command.needs, *command.unless, *(fact for fact, _ in command.relabel))
    }
    assert wanted - told() == set()


def test_every_command_is_an_action_of_each_of_its_screens() -> None:
    actions = {
        node.name.removeprefix("action_")
        for path in Path(screens.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("action_")
    }
    keyed = {command.action for command in commands._ALL if command.key and command.palette}
    assert keyed - actions == set()
