"""A stylesheet beside each screen: none is lost, none is left over, no widget of a room below styles a screen."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from deepdive.tui import screens
from textual.screen import Screen

from tests.support.driving import seated

FOLDER = Path(screens.__path__[0])


def sheets_of(module: str) -> set[str]:
    """The stylesheets that the screens of a module name."""
    found = importlib.import_module(f"deepdive.tui.screens.{module}")
    kinds = [kind for kind in vars(found).values() if isinstance(kind, type) and kind.__module__ == found.__name__]
    return {str(kind.CSS_PATH) for kind in kinds if issubclass(kind, Screen) and kind.CSS_PATH is not None}


def test_each_stylesheet_stands_beside_the_screen_that_it_is_of() -> None:
    modules = [module.name for module in pkgutil.iter_modules(screens.__path__)]
    named = {module: sheets for module in modules if (sheets := sheets_of(module))}
    assert all(sheets == {f"{module}.tcss"} for module, sheets in named.items())
    assert {sheet.stem for sheet in FOLDER.glob("*.tcss")} == {*named, "frame"}  # the frame's is the application's


def test_a_screen_has_no_rules_in_its_code() -> None:
    assert [path.name for path in FOLDER.glob("*.py") if 'CSS = """' in path.read_text()] == []


@pytest.mark.parametrize("theme", ["deep-dark", "sixteen"])
@pytest.mark.parametrize(("key", "words"), [("question_mark", "Keys here"), ("colon", "what to do"), ("T", "Colours")])
async def test_the_screen_behind_a_dialog_is_still_seen(theme: str, key: str, words: str) -> None:
    async with seated("little", theme=theme) as seat:
        await seat.see("Masked and causal .*\n")
        await seat.press(key)
        assert "Deep Dive  2  Masked and causal" in await seat.see(words)
