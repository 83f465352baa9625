"""Small files: replaced whole, read from the end."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
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


def ordinary(path: str, flags: int) -> int:
    """`opener` of `open`: what is no ordinary file (a pipe, a folder, a device) is refused at once. Raises OSError."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no ordinary file", path)


def read_whole(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes. Raises OSError."""
    with open(path, "rb", opener=ordinary) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes", str(path))
    return data


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file or folder from a later one of its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def lock(descriptor: int, wait: bool = False) -> bool:
    """Take the exclusive lock of an open file; whether it was free. Raises Fault where the file system has none."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Fault(
            f"the file system of the home folder refuses locks: {error.strerror}",
            "Set DEEPDIVE_HOME to a folder on a local disk; network file systems often have no locks",
        ) from error
    return True


def last_lines(path: Path, lines: int = 12) -> str:
    """The end of a text file, without what looks like a key; empty if it can't be read."""
    try:
        with open(path, "rb", opener=ordinary) as file:
            file.seek(max(0, path.stat().st_size - 4000))
            return masked("\n".join(file.read().decode(errors="replace").rstrip().split("\n")[-lines:]))
    except OSError:
        return ""
