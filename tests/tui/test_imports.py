"""What the interface's rooms may pull in: found by importing them in a fresh process."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

from deepdive.tui import shown


def modules_after(*names: str) -> set[str]:
    """The top level packages in a process that has imported these modules."""
    code = f"import sys, {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())


def test_what_is_shown_needs_no_textual_and_no_ml_library() -> None:
    names = [f"deepdive.tui.shown.{module.name}" for module in pkgutil.iter_modules(shown.__path__)]
    assert "deepdive.tui.shown.lesson" in names
    assert not modules_after(*names) & {"textual", "torch", "transformers", "numpy"}


def test_the_terminal_is_asked_before_textual_is_imported() -> None:
    assert not modules_after("deepdive.tui.__main__", "deepdive.tui.terminal.asking") & {"textual", "rich"}
