"""run.json: what was asked for, with which versions, on what machine, and which worker serves the run."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import psutil
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import read_whole

LIBRARIES = ("torch", "transformers", "datasets", "peft", "trl", "bitsandbytes", "accelerate")
FORMAT = 1
RECORD_BYTES = 1_000_000


Time = Annotated[float, msgspec.Meta(ge=0, le=1e11)]  # seconds since the epoch: until the year 5138
Pid = Annotated[int, msgspec.Meta(ge=1, lt=1 << 31)]


class Worker(msgspec.Struct, frozen=True):
    """A worker's address. The start time tells a process from a later one with the same pid."""

    pid: Pid
    started: float
    socket: str
    oom_kills: int = 0  # the kernel's count when the worker began: more of them explains a silent death

    def alive(self) -> bool:
        return process_started(self.pid) == self.started

    def starved(self) -> bool:
        """Whether the kernel has killed processes for want of memory since it began."""
        return oom_kills() > self.oom_kills


class Record(msgspec.Struct, kw_only=True):
    """run.json"""

    format: int = FORMAT
    id: str
    tutorial: str
    scale: str
    started: Time
    versions: dict[str, str] = {}
    machine: str = ""
    roles: dict[str, str] = {}  # role: where the learner pointed it
    memory_limit: int | None = None  # bytes
    spend_cap: float | None = None  # US dollars
    worker: Worker | None = None


def repointed(roles: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """Where the learner has pointed roles, after some changes: "" sets a role's own place back."""
    return {role: place for role, place in {**roles, **changes}.items() if place}


def process_started(pid: int) -> float | None:
    """When the process began, as a number that stays while it lives; None if there is none (or it is a zombie).

    Linux counts from the boot: seconds since the epoch would move with the clock, and a living worker would seem dead.
    """
    if sys.platform == "linux":
        return _ticks(pid)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _ticks(pid: int) -> float | None:
    """`starttime` of /proc/PID/stat (proc(5)): ticks from the boot to the process's start."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if state in (b"Z", b"X") else float(fields[18])


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since boot; 0 where it does not tell."""
    try:
        found = re.search(r"^oom_kill (\d+)", Path("/proc/vmstat").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def read_record(folder: Path) -> Record:
    path = folder / "run.json"
    try:
        table = msgspec.json.decode(read_whole(path, RECORD_BYTES))
        format = table.get("format", 0) if isinstance(table, dict) else 0
        if isinstance(format, int) and format > FORMAT:
            raise Fault(
                f"run {folder.name} was made by a newer version (format {format}; this one reads up to {FORMAT})",
                "Update deepdive; nothing in the run was changed",
            )
        record = msgspec.convert(table, Record)
        if record.id != folder.name:  # it was copied or renamed: the worker serves the other one
            record.id, record.worker = folder.name, None
        return record
    except FileNotFoundError:
        raise Fault(f"run {folder.name} has no run.json", f"Delete {folder} if it is not wanted") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(f"{path} can't be read: {error}", f"Mend or delete {folder}") from error
    except OSError as error:
        raise Fault(f"{path} can't be read: {error.strerror}", "Look at its kind, owner and mode") from error


def versions() -> dict[str, str]:
    """Of this program and the libraries that compute, without importing them."""
    found = {}
    for name in ("deepdive-llm", *LIBRARIES):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
