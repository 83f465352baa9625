"""`deepdive`: the command, or the interface where there is a terminal and no subcommand.

Nothing of Textual is imported before the environment is settled: it reads its colours, frames and animations at
import. The interface paints on standard error, so whatever else writes there goes to a file while it runs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence

OPTIONS = ("--no-mouse", "--theme", "--no-images")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not wants_interface(words, sys.stdin.isatty() and sys.stdout.isatty()):
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
    prepare_environment()

    from deepdive.engine.untrusted import visible

    from .app import DeepApp
    from .house import House

    house = House()
    if wanted.tutorial and (problem := _problem(house, wanted.tutorial)):
        sys.stderr.write(f"deepdive: {visible(problem)}\n")
        return 2
    app = DeepApp(house, wanted.tutorial, wanted.theme)
    signal.signal(signal.SIGHUP, lambda number, frame: app.hang_up())
    with stray_output():
        app.run(mouse=not wanted.no_mouse)
    return app.return_code or 0


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


def prepare_environment() -> None:
    """What Textual reads at import: calm over SSH, and as many colours as the terminal really has."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if os.environ.get("SSH_CONNECTION"):
        os.environ.setdefault("TEXTUAL_FPS", "15")
    if "TEXTUAL_COLOR_SYSTEM" not in os.environ and not os.environ.get("COLORTERM"):
        os.environ["TEXTUAL_COLOR_SYSTEM"] = "256" if "256" in os.environ.get("TERM", "") else "auto"


@contextlib.contextmanager
def stray_output() -> Iterator[None]:
    """Give the interface its own way to the terminal; what libraries write to fd 2 meanwhile goes to nowhere."""
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    before = sys.__stderr__
    os.dup2(nowhere, 2)
    os.close(nowhere)
    painted = os.fdopen(terminal, "w", encoding="utf-8", closefd=True)
    sys.__stderr__ = painted  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = before  # type: ignore[misc]
        painted.flush()
        os.dup2(terminal, 2)
        painted.close()


if __name__ == "__main__":
    sys.exit(main())
