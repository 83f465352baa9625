"""Small files: replaced whole, read from the end."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.masking import masked

FULL_OR_READ_ONLY = "Free some space, or set DEEPDIVE_HOME"


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` so that a reader sees the old or the new content. Raises Fault."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(part, "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise Fault(f"{path} can't be written: {error.strerror}", FULL_OR_READ_ONLY) from error


def last_lines(path: Path, lines: int = 12) -> str:
    """The end of a text file, without what looks like a key; empty if it can't be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4000))
            return masked("\n".join(file.read().decode(errors="replace").rstrip().split("\n")[-lines:]))
    except OSError:
        return ""
