"""Data sets of Kaggle, brought by its own client in a process of its own and kept in our cache."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepdive.engine.common import child, network
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.words import size
from deepdive.engine.keys.logins import own_login
from deepdive.engine.places.hub_errors import without_password
from deepdive.engine.places.places import Report, Token
from deepdive.engine.places.web import AGAIN, cache, disk

SILENT_SECONDS = 45.0  # without a new byte: the client itself would wait for ever
PARTIAL = ".kaggle-partial"  # the client's mark beside a file that it has not finished


def fetch_kaggle(data: str, file: str, report: Report, token: Token) -> Path:
    """Return a Kaggle data set's folder, or one `file` of it, downloaded once; a broken download is gone on with.

    Without a stored token the client looks for its own login (`kaggle auth login`). `report` may raise to end it.
    """
    folder = cache() / "kaggle" / data
    wanted = folder / file if file else folder
    if (folder / ".complete").is_file() or (file and wanted.is_file()):
        return wanted
    if not (key := token()) and own_login("kaggle") is None:
        raise Fault(
            f"Kaggle gives {data} only to accounts, and no token of one is stored",
            f"Make a token at https://www.kaggle.com/settings and store it with `deepdive keys set kaggle`; open "
            f"{_page(data)} for its licence. `--set ROLE=PATH` names a copy that you have",
        )
    network.check()
    scratch = folder.with_name(folder.name + ".part")
    with disk(folder):
        scratch.mkdir(parents=True, exist_ok=True)
        told, said = _run({"token": key or "", "data": data, "file": file, "folder": str(scratch)}, data, report)
        if "failed" in told:
            raise _fault(data, file, told, said.replace(key or "\0", "***"))
        shutil.copytree(scratch, folder, dirs_exist_ok=True, copy_function=shutil.move)
        shutil.rmtree(scratch)
        if not file:
            (folder / ".complete").touch()
    if not wanted.exists():
        raise Fault(f"Kaggle's {data} came without {file}", f"See {_page(data)}/data", said[-1000:])
    return wanted


def _run(asked: Mapping[str, str], data: str, report: Report) -> tuple[dict[str, Any], str]:
    """The child's answer and what the client printed. Ends the child where it is silent, or `report` raises."""
    watch = _Watch(Path(asked["folder"]), data, report)
    reply = child.ask("places.kaggle_child", asked, dict, math.inf, meanwhile=watch, PYTHONWARNINGS="ignore")
    if reply.told is None:
        return {"failed": "its process ended", "says": reply.last_error}, reply.errors
    return reply.told, reply.errors


class _Watch:
    """Tells how far a download is. Raises Fault where nothing has come for long."""

    def __init__(self, folder: Path, data: str, report: Report) -> None:
        self.folder, self.data, self.report = folder, data, report
        self.done, self.grown = -1, time.monotonic()

    def __call__(self) -> None:
        done, total = _arrived(self.folder)
        self.report("progress", {"what": f"download {self.data}", "done": done, "total": total, "unit": "bytes"})
        if done != self.done:
            self.done, self.grown = done, time.monotonic()
        elif time.monotonic() - self.grown > SILENT_SECONDS:
            raise Fault(f"Kaggle sent nothing of {self.data} for {SILENT_SECONDS:g} s", AGAIN)


def _arrived(folder: Path) -> tuple[int, int | None]:
    """Bytes that lie in the folder, and those of the file that is on its way, where the client has noted them."""
    total = None
    done = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            if path.name.endswith(PARTIAL):
                total = int(json.loads(path.read_text())["size"])
            elif path.is_file():
                done += path.stat().st_size
    return done, total if total is not None and total >= done else None


def _page(data: str) -> str:
    return f"https://www.kaggle.com/datasets/{data}"


def _fault(data: str, file: str, told: Mapping[str, Any], said: str) -> Fault:
    """What the child's failure means to a learner."""
    page, says = _page(data), str(told.get("says", ""))
    detail = without_password(f"{said.strip()}\n{says}".strip())[-1000:]
    status = told.get("status")
    match told["failed"]:
        case "login":
            return Fault(
                "Kaggle does not accept the stored token, and there is no other login",
                "`deepdive keys check kaggle` asks about it; `deepdive keys set kaggle` stores another",
                detail,
            )
        case "space":
            return Fault(
                f"{data} needs {size(told['needed'])} in {cache()}, where {size(told['free'])} are free",
                "Free some space or point XDG_CACHE_HOME at a larger disk",
            )
        case "no file":
            listed = ", ".join(told["files"])
            return Fault(f"Kaggle's {data} has no {file}", f"It has: {listed}. See {page}/data", detail)
    if status == 401:
        return Fault("Kaggle does not accept the stored token", "`deepdive keys set kaggle` stores another", detail)
    if status == 403:
        return Fault(f"Kaggle refuses {data} to this account", f"Open {page} with it and accept the terms", detail)
    if status == 404:
        return Fault(f"Kaggle has no data set {data}", f"Check the spelling at {page}", detail)
    if status == 429:
        return Fault("Kaggle has had too many requests from this account (429)", "Try again in some minutes", detail)
    if told.get("errno") in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in says:
        return Fault(
            f"The disk is full while {data} is written", "Free some space or point XDG_CACHE_HOME at a larger disk"
        )
    if any(word in f"{told['failed']} {says}" for word in ("Connection", "Max retries", "Proxy", "Timeout", "Chunked")):
        return Fault(f"No connection to Kaggle, which {data} comes from", AGAIN, detail)
    return Fault(f"Kaggle's client could not fetch {data}", f"Try again, or download it by hand from {page}", detail)
