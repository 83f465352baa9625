"""Files by web address with a SHA-256, kept in our own cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from deepdive.engine.common import network
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.words import size
from deepdive.engine.places.hub_errors import OFFLINE_WAY
from deepdive.engine.places.places import Report

ANSWER_SECONDS = 10.0
REPORT_SECONDS = 0.5
PIECE = 1 << 16  # bytes
AGAIN = f"Check the network and run the step again: what has arrived is kept; {OFFLINE_WAY}"


def cache() -> Path:
    return platformdirs.user_cache_path("deepdive")


def fetch_web(url: str, sha256: str, report: Report) -> Path:
    """Return the file at `url`, downloaded once and checked; `report` may raise to end it, and what arrived is kept.

    `DEEPDIVE_WEB`, a base address, takes the place of scheme and host: a mirror, or loopback in tests.
    """
    path = cache() / "web" / sha256 / (Path(urlsplit(url).path).name or "file")
    if path.is_file():
        return path
    network.check()
    part = path.with_name(path.name + ".part")
    with disk(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, part, report)
        found = hashlib.sha256()
        with part.open("rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
        if found.hexdigest() != sha256:
            part.unlink()
            raise Fault(
                f"What {url} sent is not the file that this lesson was written for: its SHA-256 is {found.hexdigest()}",
                f"Expected {sha256}. The file was changed, or a login page came in its place: open the address",
            )
        part.replace(path)
    return path


def _download(url: str, part: Path, report: Report) -> None:
    base = os.environ.get("DEEPDIVE_WEB", "").rstrip("/")
    address = base + urlsplit(url).path if base else url
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            have = have if answer.status == 206 else 0
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            free = shutil.disk_usage(part.parent).free
            if total and total - have > free:
                raise Fault(
                    f"{url} needs {size(total - have)} in {part.parent}, where {size(free)} are free",
                    "Free some space or point XDG_CACHE_HOME at a larger disk",
                )
            told = time.monotonic()
            with part.open("ab" if have else "wb") as file:
                while piece := answer.read(PIECE):
                    file.write(piece)
                    have += len(piece)
                    if time.monotonic() - told > REPORT_SECONDS:
                        told = time.monotonic()
                        report("progress", {"what": f"download {url}", "done": have, "total": total, "unit": "bytes"})
            if total is not None and have < total:
                raise Fault(f"The connection broke after {size(have)} of {size(total)} of {url}", AGAIN)
            report("progress", {"what": f"download {url}", "done": have, "total": have, "unit": "bytes"})
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is the whole already
            return
        raise Fault(f"{url} answered {error.code} {error.reason}", _advice(error.code)) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise Fault(f"No connection to {urlsplit(address).netloc} for {url}: {reason}", AGAIN, str(error)) from error


def _advice(status: int) -> str:
    if status in (404, 410):
        return "The file is no longer there; `--set ROLE=PATH` names a copy of your own"
    return f"Try again in some minutes; {OFFLINE_WAY}"


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A disk that is full or may not be written is a fault."""
    try:
        yield
    except OSError as error:
        raise Fault(f"{folder} cannot be written: {error.strerror}", "Free some space or set XDG_CACHE_HOME") from error
