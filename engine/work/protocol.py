"""How others talk to a worker: one JSON line asks, JSON lines answer, over a unix socket in the runtime folder.

Requests: `hello`, `run` (take jobs of a run), `stop`, `finish`, `ask` (a probe), `quit`. The last line of an answer
has `"last": true`; a failure carries `fault`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deepdive.engine.common import child
from deepdive.engine.common.digest import short_hash
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.folders import ENGINE, runtime
from deepdive.engine.common.masking import masked

TIMEOUT = 5.0
BUSY, SERVED = "this worker is busy with another run", "another worker serves this run"  # causes of a fault
IDLE_MINUTES = 15.0
IDLE_VARIABLE = "DEEPDIVE_IDLE_MINUTES"


def family(home: Path) -> tuple[str, str]:
    """Workers of one home (first hash), and of one version of this program that inherited the same (second), can stand
    in for each other."""
    version = max(path.stat().st_mtime_ns for path in ENGINE.rglob("*.py"))
    inherited = (f"{name}={value}" for name, value in sorted(child.environment(DEEPDIVE_HOME=str(home)).items()))
    return short_hash(str(home))[:6], short_hash(sys.executable, str(version), *inherited)[:6]


def sockets(home: Path) -> tuple[list[Path], list[Path]]:
    """The sockets of this home's workers that can be ours, and of those that can't; some may be dead."""
    owner, kind = family(home)
    every = sorted(runtime().glob(f"{owner}-*.sock"))
    ours = [path for path in every if path.name.startswith(f"{owner}-{kind}-")]
    return ours, [path for path in every if path not in ours]


def new_socket(home: Path) -> Path:
    return runtime() / f"{'-'.join(family(home))}-{os.urandom(4).hex()}.sock"


def idle_seconds() -> float:
    """How long a worker waits for a request before it ends. Raises Refusal for what is no length of time."""
    said = os.environ.get(IDLE_VARIABLE) or str(IDLE_MINUTES)
    try:
        minutes = float(said)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes < 1e6:
        raise Refusal(IDLE_VARIABLE, f"{said!r} is no number of minutes", f"more than 0, as {IDLE_MINUTES:g}")
    return minutes * 60


def output_of(address: Path) -> Path:
    """What the worker at this socket prints before it is bound to a run."""
    return address.with_suffix(".log")


def request(address: str | Path, timeout: float | None = TIMEOUT, **fields: Any) -> Iterator[dict[str, Any]]:
    """Ask and yield the lines of the answer. Raises Fault (or Refusal) as the worker says, ConnectionError if it
    is gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(timeout)
        try:
            client.connect(str(address))
        except FileNotFoundError as error:
            raise ConnectionRefusedError(str(error)) from error
        client.sendall(json.dumps(fields).encode() + b"\n")
        with client.makefile("rb") as answer:
            for line in answer:
                reply = json.loads(line)
                if fault := reply.get("fault"):
                    raise raised(fault)
                yield reply
                if reply.get("last"):
                    return
    raise ConnectionResetError("the worker went away before it had answered")


def call(address: str | Path, timeout: float | None = TIMEOUT, **fields: Any) -> dict[str, Any]:
    """Ask and return the last line of the answer."""
    return list(request(address, timeout, **fields))[-1]


def told(fault: Fault) -> dict[str, Any]:
    """A fault as it travels, without any secret."""
    if isinstance(fault, Refusal):
        fields = {"setting": fault.setting, "why": fault.why, "allowed": fault.allowed}
    else:
        fields = {"cause": fault.cause, "action": fault.action, "detail": fault.detail}
    return {name: masked(text) for name, text in fields.items()}


def raised(fields: dict[str, Any]) -> Fault:
    return Refusal(**fields) if "why" in fields else Fault(**fields)


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`, for this user only. It gets its name when it listens: one that refuses is a dead
    worker's, and is cleared away by whoever finds it."""
    making = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        making.unlink()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        server.bind(str(making))
    finally:
        os.umask(before)
    server.listen(8)
    making.rename(path)
    return server
