"""Whether a library imports, tried in a process of its own: `python -m deepdive.engine.machine.importing`.

Reads its name from standard input and prints why it does not; an empty text where it does.
"""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    try:
        importlib.import_module(json.load(sys.stdin))
        why = ""
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        why = f"{type(error).__name__}: {error}"
    sys.stdout.write("\n" + json.dumps(why))


if __name__ == "__main__":
    main()
