"""Talks to the system's keyring, in a process of its own: `python -m deepdive.engine.keys.keyring_child`.

A keyring can hang (a silent D-Bus, a dialog that nobody sees) or ask its terminal for a passphrase; a process without a
terminal can be ended. One JSON document comes on standard input and one goes to standard output, so that no secret is
ever an argument or an environment variable. A backend that is not on the caller's list is named and not touched.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

SERVICE = "deepdive"


def name_of(backend: KeyringBackend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def chosen(allowed: list[str]) -> KeyringBackend:
    """The configured backend; of a chain the first that is allowed."""
    backend = keyring.get_keyring()
    chain: list[KeyringBackend] = list(getattr(backend, "backends", [])) or [backend]
    return next((link for link in chain if name_of(link) in allowed), chain[0])


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """`do` is get, set or delete; `names` are the users below our service."""
    backend = chosen(asked["allowed"])
    told: dict[str, Any] = {"backend": name_of(backend), "trouble": "", "values": {}}
    if told["backend"] not in asked["allowed"]:
        return told
    try:
        for name in asked["names"]:
            match asked["do"]:
                case "set":
                    backend.set_password(SERVICE, name, asked["value"])
                case "delete":
                    backend.delete_password(SERVICE, name)
            told["values"][name] = backend.get_password(SERVICE, name)
    except PasswordDeleteError:
        pass  # it was not there: nothing is left to delete
    except Exception as error:  # noqa: BLE001 - backends raise what their libraries raise; all of it is told
        told["trouble"] = f"{type(error).__name__}: {error}"
    return told


if __name__ == "__main__":
    print(json.dumps(answer(json.load(sys.stdin))))  # noqa: T201 - the answer
