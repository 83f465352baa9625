"""What every command shares: its exit codes, where it prints, what it asks on the terminal."""

from __future__ import annotations

import getpass
import sys

from deepdive.engine.common.faults import Fault
from deepdive.engine.keys import finding

FAILED, WRONG, STOPPED = 1, 2, 130  # exit codes


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(text + "\n")


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
