"""What every command shares: its exit codes, where it prints, what it asks on the terminal.

All that the command prints passes here. What a tutorial, a run or a server wrote is made visible here, once: no caller
has to think of it.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import TextIO

import msgspec
from deepdive.engine.common import folders
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.engine.keys import finding

FAILED, WRONG, STOPPED = 1, 2, 130  # exit codes

_unheard: list[str] = []  # complaints that nobody could be told


def answered(call: Callable[[], int]) -> int:
    """The exit code of a call; what goes wrong in it is told."""
    try:
        code = call()
    except Refusal as refusal:
        complain(f"deepdive: {refusal}")
        code = WRONG
    except Fault as fault:
        complain(f"deepdive: {fault}")
        if fault.detail:
            complain(fault.detail)
        code = FAILED
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:  # `deepdive list | head`
        _let_go(sys.stdout)
        return 0
    except OSError as error:
        complain(f"deepdive: {error.filename or 'this machine'}: {error.strerror or error}. `deepdive doctor` looks on")
        code = FAILED
    except Exception as error:  # noqa: BLE001 - what nobody thought of
        complain(f"deepdive: a fault of this program: {type(error).__name__}: {error}. Please report it{_kept()}")
        code = FAILED
    return code or (FAILED if _unheard else 0)


def _kept() -> str:
    """Where the lines are that a report needs."""
    try:
        file = folders.home() / "fault.log"
        file.write_text(traceback.format_exc())
    except (Fault, OSError):
        return ""
    return f", with {file}"


def say(text: str = "", out: TextIO | None = None) -> None:
    """One line of output."""
    put(visible(text, newlines=False) + "\n", out)


def say_all(text: str, out: TextIO | None = None, indent: str = "") -> None:
    """A text of several lines."""
    put("".join(f"{indent}{line}\n" for line in visible(text).split("\n")), out)


def tell(document: object) -> None:
    """One JSON document as a line of ASCII: whatever is in it, nothing of it is obeyed by a terminal."""
    tight = (",", ":") if isinstance(document, msgspec.Struct) else None  # an event as in the log
    put(json.dumps(msgspec.to_builtins(document), separators=tight).replace("\x7f", "\\u007f") + "\n")


def put(text: str, out: TextIO | None = None) -> None:
    """Text that is safe already. Raises Fault where it can't be written."""
    stream = out or sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _let_go(stream)
        why = f"standard output can't be written: {error.strerror}"
        raise Fault(why, "Send it elsewhere; a run that has begun goes on") from None


def complain(text: str) -> None:
    """One or several lines on standard error."""
    try:
        put(visible(text) + "\n", sys.stderr)
    except (Fault, BrokenPipeError):
        _unheard.append(text)


def _let_go(stream: TextIO) -> None:
    """What could not be written is dropped; Python would try, and complain, once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def asked(question: str) -> str:
    """A line from the terminal."""
    put(visible(question, newlines=False), sys.stderr)
    return sys.stdin.readline().strip()


def unlock() -> None:
    """Ask for the encrypted file's passphrase, twice for a new file. Raises Fault without a terminal to ask on."""
    file = finding.vault()
    try:
        passphrase = getpass.getpass("Passphrase of the encrypted file: ")
        if not file.names and getpass.getpass("The same once more: ") != passphrase:
            raise Fault("the two are not the same; nothing was stored", "Try again")
    except EOFError:
        raise Fault("there is no terminal to ask the passphrase on", "Run it in a terminal") from None
    file.unlock(passphrase)
