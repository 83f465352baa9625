"""`deepdive`: the command, or the interface where there is a terminal and no subcommand.

Nothing of Textual is imported before the environment is settled: it reads colours, frames and
animations at import.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import DeepApp

OPTIONS = ("--no-mouse", "--theme", "--no-images")
HANG_UP_SECONDS = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    from .terminal import paintable

    words = list(sys.argv[1:] if argv is None else argv)
    if not wants_interface(words, paintable()):
        from deepdive.engine.cli import main as command

        return command(words)
    return interface(words)


def wants_interface(words: Sequence[str], terminal: bool) -> bool:
    """Whether these words ask for the interface: no subcommand, no --plain, and a terminal to show it on."""
    if not terminal or any(word in ("--plain", "-h", "--help", "--version") for word in words):
        return False
    plain = [word for word in _without_values(words) if not word.startswith("-")]
    if len(plain) > 1 or any(word.startswith("-") and word.partition("=")[0] not in OPTIONS for word in words):
        return False
    from deepdive.engine.cli import commands

    return not plain or plain[0] not in commands()


def _without_values(words: Sequence[str]) -> list[str]:
    """The words without the value of --theme."""
    return [word for at, word in enumerate(words) if at == 0 or words[at - 1] != "--theme"]


def interface(words: Sequence[str]) -> int:
    """Run the interface until it is left."""
    parser = argparse.ArgumentParser(prog="deepdive")
    parser.add_argument("tutorial", nargs="?", default="")
    parser.add_argument("--no-mouse", action="store_true")
    parser.add_argument("--theme", default="")
    parser.add_argument("--no-images", action="store_true")
    wanted = parser.parse_args(list(words))

    from . import terminal

    found = terminal.prepare()
    terminal.settle(found)

    from deepdive.engine.untrusted import visible

    from .app import DeepApp
    from .house import House

    house = House()
    if wanted.tutorial and (problem := _problem(house, wanted.tutorial)):
        sys.stderr.write(f"deepdive: {visible(problem)}\n")
        return 2
    app = DeepApp(house, wanted.tutorial, wanted.theme, light=bool(found.light))
    signal.signal(signal.SIGHUP, lambda number, frame: _hang_up(app))
    with terminal.Guard(house.store.home / "interface.log" if house.store is not None else None):
        app.run(mouse=not wanted.no_mouse)
    return app.return_code or 0


def _hang_up(app: DeepApp) -> None:
    """The terminal is gone: the place is kept, and this process ends, even if writing to nobody would hold it up."""
    ending = threading.Timer(HANG_UP_SECONDS, os._exit, (129,))
    ending.daemon = True
    ending.start()
    app.hang_up()


def _problem(house: object, id: str) -> str:
    """Why a tutorial can't be opened."""
    from .house import House

    assert isinstance(house, House)
    tutorial = house.catalogue.get(id)
    if tutorial is None:
        broken = [str(problem) for problem in house.catalogue.problems if problem.tutorial == id]
        known = ", ".join(t.id for t in house.catalogue.tutorials)
        return broken[0] if broken else f"there is no tutorial or command {id!r}. There are: {known}"
    return "" if tutorial.ready else f"{id} is not built yet"


if __name__ == "__main__":
    sys.exit(main())
