"""Where things lie: runs and records, settings, sockets. Every folder is for this user only."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import platformdirs

from .faults import Fault

SOCKET_PATH_LIMIT = 107  # bytes of a unix socket's path
SOCKET_NAME_LIMIT = 40


def home() -> Path:
    """`$DEEPDIVE_HOME`, else the platform's folder for user data. Raises Fault where it can't be made or written."""
    named = os.environ.get("DEEPDIVE_HOME")
    return _private(
        Path(named).expanduser() if named else Path(platformdirs.user_data_dir("deepdive")), "DEEPDIVE_HOME"
    )


def config() -> Path:
    """The platform's folder for settings: the user's themes and tutorials. It need not exist."""
    return Path(platformdirs.user_config_dir("deepdive"))


def runtime() -> Path:
    """A short folder for sockets. Raises Fault if somebody else owns it."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base and Path(base).is_dir() and len(base.encode()) + len("/deepdive/") + SOCKET_NAME_LIMIT <= SOCKET_PATH_LIMIT:
        return _private(Path(base) / "deepdive", "XDG_RUNTIME_DIR")
    return _private(Path(tempfile.gettempdir()) / f"deepdive-{os.getuid()}", "TMPDIR")


def _private(path: Path, variable: str) -> Path:
    """`path` as a folder that only this user reads and writes."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise Fault(
            f"{path} can't be made: {error.strerror}", f"Set {variable} to a folder that you can write"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Fault(f"{path} belongs to somebody else", f"Set {variable} to a folder of your own")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    if not os.access(path, os.W_OK | os.X_OK):
        raise Fault(f"{path} is read-only", f"Set {variable} to a folder that you can write")
    return path
