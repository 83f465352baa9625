"""Where things lie: runs and records, settings, sockets. Every folder is for this user only."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import platformdirs
from deepdive.engine.common.faults import Fault

ENGINE = Path(__file__).parents[1]  # where this program's engine is installed
SOCKET_PATH_LIMIT = 107  # bytes of a unix socket's path
SOCKET_NAME_LIMIT = 40


def home() -> Path:
    """`$DEEPDIVE_HOME`, else the platform's folder for user data. Raises Fault where it can't be made or written."""
    named = os.environ.get("DEEPDIVE_HOME")
    path = Path(os.path.expanduser(named or platformdirs.user_data_dir("deepdive")))
    if str(path).startswith("~"):
        whose = f"there is no user as in {named}" if named else "this user has no home folder"
        raise Fault(f"The home of Deep Dive is not known: {whose}", "Set DEEPDIVE_HOME to a folder that you can write")
    path = path.absolute()
    return _private(path, "home", "DEEPDIVE_HOME")


def config() -> Path:
    """The platform's folder for settings: the user's themes and tutorials. It need not exist."""
    return Path(platformdirs.user_config_dir("deepdive"))


def runtime() -> Path:
    """A short folder for sockets: below `$XDG_RUNTIME_DIR` where that is ours and short enough, else below the
    temporary folder. Raises Fault if somebody else owns it."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base and _ours(base) and _short(f"{base}/deepdive"):
        return _private(Path(base) / "deepdive", "folder for sockets", "XDG_RUNTIME_DIR")
    name = f"deepdive-{os.getuid()}"
    folder = tempfile.gettempdir()
    return _private(Path(folder if _short(f"{folder}/{name}") else "/tmp") / name, "folder for sockets", "TMPDIR")


def _short(folder: str) -> bool:
    return len(os.fsencode(folder)) + 1 + SOCKET_NAME_LIMIT <= SOCKET_PATH_LIMIT


def _ours(folder: str) -> bool:
    """After `su` or `sudo` the variable still names the other user's folder."""
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)


def _private(path: Path, what: str, variable: str) -> Path:
    """`path` as a folder that only this user reads and writes."""
    action = f"Set {variable} to a folder that you can write"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat() if variable != "DEEPDIVE_HOME" else path.stat()
    except OSError as error:
        raise Fault(f"The {what} {path} can't be made: {error.strerror}", action) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Fault(f"The {what} {path} belongs to somebody else", f"Set {variable} to a folder of your own")
    try:
        if found.st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise Fault(f"The {what} {path} is open to others and can't be closed: {error.strerror}", action) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise Fault(f"The {what} {path} is read-only", action)
    return path
