"""Files from elsewhere than a model hub: by web address with a SHA-256, or from Kaggle. Kept in our own cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from .faults import Fault
from .hub_errors import OFFLINE_WAY, size_text, without_password
from .keys import own_login

Report = Callable[[str, dict[str, Any]], None]
Token = Callable[[], str | None]

ANSWER_SECONDS = 10.0
REPORT_SECONDS = 0.5
PIECE = 1 << 16  # bytes
AGAIN = f"Check the network and run the step again: what has arrived is kept; {OFFLINE_WAY}"

KAGGLE = """
import os, sys
if token := sys.stdin.readline().strip():
    os.environ["KAGGLE_API_TOKEN"] = token
from kaggle.api.kaggle_api_extended import KaggleApi
data, file, folder = sys.argv[1:]
api = KaggleApi()
api.authenticate()
if file:
    api.dataset_download_file(data, file, path=folder, unzip=True)
else:
    api.dataset_download_files(data, path=folder, unzip=True)
"""


def cache() -> Path:
    return platformdirs.user_cache_path("deepdive")


def fetch_web(url: str, sha256: str, report: Report) -> Path:
    """Return the file at `url`, downloaded once and checked; `report` may raise to end it, and what arrived is kept.

    `DEEPDIVE_WEB`, a base address, takes the place of scheme and host: a mirror, or loopback in tests.
    """
    path = cache() / "web" / sha256 / (Path(urlsplit(url).path).name or "file")
    if path.is_file():
        return path
    part = path.with_name(path.name + ".part")
    with _disk(path.parent):
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
                    f"{url} needs {size_text(total - have)} in {part.parent}, where {size_text(free)} are free",
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
                raise Fault(f"The connection broke after {size_text(have)} of {size_text(total)} of {url}", AGAIN)
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


def fetch_kaggle(data: str, file: str, report: Report, token: Token) -> Path:
    """Return a Kaggle data set's folder, or one `file` of it, downloaded once.

    Kaggle's client runs in a process of its own, which reads the token from a pipe. Without a stored token the client
    looks for its own login (`kaggle auth login`).
    """
    folder = cache() / "kaggle" / data
    wanted = folder / file if file else folder
    if (folder / ".complete").is_file() or (file and wanted.is_file()):
        return wanted
    if not (key := token()) and own_login("kaggle") is None:
        raise Fault(
            f"Kaggle gives {data} only to accounts, and no token of one is stored",
            f"Make a token at https://www.kaggle.com/settings and store it with `deepdive keys set kaggle`; "
            f"open https://www.kaggle.com/datasets/{data} for its licence",
        )
    scratch = folder.with_name(folder.name + ".part")
    with _disk(folder):
        target = scratch / Path(file).parent
        target.mkdir(parents=True, exist_ok=True)
        child = subprocess.Popen(
            [sys.executable, "-c", KAGGLE, data, file, str(target)],
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(f"{key or ''}\n")
            child.stdin.close()
        child.stdin = None  # `communicate` would flush it again
        said = _watch(child, scratch, data, report).replace(key or "\0", "***")
        if child.returncode:
            raise _kaggle_fault(data, said)
        shutil.copytree(scratch, folder, dirs_exist_ok=True, copy_function=shutil.move)
        shutil.rmtree(scratch)
        if not file:
            (folder / ".complete").touch()
    if not wanted.exists():
        raise Fault(f"Kaggle's {data} has no {file}", f"See https://www.kaggle.com/datasets/{data}/data", said[-1000:])
    return wanted


def _watch(child: subprocess.Popen[str], folder: Path, data: str, report: Report) -> str:
    """Tell how much has arrived until the client ends; returns its output. A report that raises ends the client."""
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.communicate(timeout=REPORT_SECONDS)[0]
            done = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            report("progress", {"what": f"download {data}", "done": done, "total": None, "unit": "bytes"})
    except BaseException:
        child.kill()
        child.communicate()
        raise


def _kaggle_fault(data: str, said: str) -> Fault:
    """Kaggle's client tells its failures as a traceback; the last line says which."""
    page = f"https://www.kaggle.com/datasets/{data}"
    detail = without_password(said.strip())[-1000:]
    last = detail.rpartition("\n")[2]
    if any(word in last for word in ("ConnectionError", "Max retries", "ProxyError", "Timeout")):
        return Fault(f"No connection to Kaggle, which {data} comes from", AGAIN, detail)
    if "403" in last:
        return Fault(f"Kaggle refuses {data} to this account", f"Open {page} with it and accept the terms", detail)
    if "404" in last:
        return Fault(f"Kaggle has no data set {data}", f"Check the spelling at {page}", detail)
    if "401" in last or "authenticate" in said.lower():
        return Fault("Kaggle does not accept the stored token", "`deepdive keys set kaggle` stores another", detail)
    return Fault(f"Kaggle's client could not fetch {data}", f"Try again, or download it by hand from {page}", detail)


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """A disk that is full or may not be written is a fault."""
    try:
        yield
    except OSError as error:
        raise Fault(f"{folder} cannot be written: {error.strerror}", "Free some space or set XDG_CACHE_HOME") from error
