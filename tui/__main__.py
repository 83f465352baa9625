"""`deepdive`: the command, or the interface where there is a terminal and no subcommand.

Nothing of Textual is imported before the environment is settled: it reads colours, frames and
animations at import.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from deepdive.tui.terminal.asking import Guard

    from .app import DeepApp

OPTIONS = ("--no-mouse", "--theme")
HANG_UP_SECONDS = 2.0
LAST_WORDS_SECONDS = 0.5
ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    from deepdive.engine.common import streams
    from deepdive.tui.terminal.asking import paintable

    streams.settle()
    words = list(sys.argv[1:] if argv is None else argv)
    if wants_interface(words, paintable()):
        return interface(words)
    if (lesson := wants_plain(words)) is not None:
        return plainly(lesson)
    if any(word.startswith("-") for word in words) and wants_interface(words, terminal=True):
        return without_terminal()
    from deepdive.engine.command.main import main as command

    return command(words)


def wants_interface(words: Sequence[str], terminal: bool) -> bool:
    """Whether these words ask for the interface: no subcommand, no --plain, and a terminal to show it on."""
    if not terminal or any(word in ("--plain", "-h", "--help", "--version") for word in words):
        return False
    plain = [word for word in _without_values(words) if not word.startswith("-")]
    if len(plain) > 1 or any(word.startswith("-") and word.partition("=")[0] not in OPTIONS for word in words):
        return False
    if not plain:
        return True
    from deepdive.engine.command.main import commands

    return plain[0] not in commands()


def _without_values(words: Sequence[str]) -> list[str]:
    """The words without the value of --theme."""
    return [word for at, word in enumerate(words) if at == 0 or words[at - 1] != "--theme"]


def wants_plain(words: Sequence[str]) -> str | None:
    """The tutorial to read as linear text ("": which is asked), or None where these words ask for something else."""
    rest = [word for word in words if word != "--plain"]
    if not rest or ("--plain" in words and len(rest) == 1 and not rest[0].startswith("-")):
        return "".join(rest)
    if len(rest) > 1 or rest[0].startswith("-"):
        return None
    from deepdive.engine.command.main import commands
    from deepdive.engine.lessons import catalogue

    if rest[0] in commands():  # a tutorial of that name has no say
        return None
    return rest[0] if any(tutorial.id == rest[0] for tutorial in catalogue.load().tutorials) else None


def plainly(lesson: str) -> int:
    """Read a lesson as linear text; with a person at the keyboard page by page."""
    from deepdive.engine.command.console import answered
    from deepdive.engine.command.plain import read_aloud

    def call() -> int:
        with contextlib.suppress(EOFError):  # ctrl+d
            return read_aloud(lesson or None, read=input if sys.stdin.isatty() and sys.stdout.isatty() else None)
        return 0

    return answered(call)


def without_terminal() -> int:
    from deepdive.engine.command.console import WRONG, complain

    complain("deepdive: the interface needs a terminal. `deepdive --plain TUTORIAL` reads a lesson without one.")
    return WRONG


def interface(words: Sequence[str]) -> int:
    """Run the interface until it is left."""
    parser = argparse.ArgumentParser(prog="deepdive")
    parser.add_argument("tutorial", nargs="?", default="")
    parser.add_argument("--no-mouse", action="store_true")
    parser.add_argument("--theme", default="")
    wanted = parser.parse_args(list(words))

    from deepdive.tui.terminal import asking

    for number in ENDING:
        signal.signal(number, _leave)  # by way of every `finally`: a terminal that is asked is not left half set
    found = asking.prepare()

    house = None
    if wanted.tutorial:
        from deepdive.engine.common.untrusted import visible

        from .house import House

        house = House()
        if problem := house.why_not(wanted.tutorial):
            sys.stderr.write(f"deepdive: {visible(problem)}\n")
            return 2

    from deepdive.tui.terminal import colours

    from .app import DeepApp

    app = DeepApp(
        house, wanted.tutorial, wanted.theme, fallback=colours.suited(found.colors, found.light), glyphs=found.glyphs
    )
    with asking.Guard(_log()) as guard:
        for number in ENDING:
            signal.signal(number, lambda number, frame: _hang_up(app, guard, number))
        asking.settle(found)
        app.run(mouse=not wanted.no_mouse)
        sys.stdout.write(asking.NO_PIXELS)
    return app.return_code or 0


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _hang_up(app: DeepApp, guard: Guard, number: int) -> None:
    """This process is told to end, or its terminal is gone: the place is kept and the terminal left as it was.

    It ends even where something holds it up, or nobody reads what is written.
    """

    def end() -> None:
        last = threading.Thread(target=guard.put_back, daemon=True)
        last.start()
        last.join(LAST_WORDS_SECONDS)
        os._exit(128 + number)

    ending = threading.Timer(HANG_UP_SECONDS, end)
    ending.daemon = True
    ending.start()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # not yet, or not any more
        _leave(number, None)
    loop.call_soon_threadsafe(app.hang_up, 128 + number)  # wakes it: this handler runs while it sleeps


def _log() -> Path | None:
    """Where stray output goes; None: nowhere."""
    from deepdive.engine.common import folders
    from deepdive.engine.common.faults import Fault

    try:
        return folders.home() / "interface.log"
    except Fault:
        return None


if __name__ == "__main__":
    sys.exit(main())
