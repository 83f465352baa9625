"""What the learner has chosen for the interface, kept in the platform's folder for settings. No Textual here."""

from __future__ import annotations

import json
from typing import Any

from deepdive.engine.common import folders
from deepdive.engine.common.faults import Fault

FILE = "interface.json"


def read() -> dict[str, Any]:
    """All choices; a file that can't be read counts as none."""
    try:
        found = json.loads((folders.config() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def keep(name: str, value: str) -> str:
    """Keep a choice; returns why it can't be kept, or nothing."""
    from deepdive.engine.common.files import write_atomically  # late: the first paint does not wait for it

    path = folders.config() / FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, json.dumps({**read(), name: value}, indent=1).encode())
    except OSError as error:
        return f"the choice holds until you quit: {path} can't be written ({error.strerror})"
    except Fault as fault:
        return f"the choice holds until you quit: {fault.cause}"
    return ""
