"""What works on this machine, and what to do about the rest: `deepdive doctor`. Imports no ML library.

Every check runs in a thread of its own with an end in sight, so that a hub or a keyring that hangs costs two seconds.
"""

from __future__ import annotations

import errno
import importlib.metadata
import os
import queue
import shutil
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from deepdive.engine.common import child, folders, streams
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import lock
from deepdive.engine.common.words import size
from deepdive.engine.keys import system_keyring
from deepdive.engine.machine import hardware

PATIENCE = 2.0  # seconds for a hub or a keyring
IMPORT_SECONDS = 3.0
LAST = 4.0  # seconds after which a check that has not answered is given up
GB = 10**9
MEMORY_WANTED = 3 * hardware.GIB // 2  # the libraries and a pocket lesson
CACHE_WANTED = 20 * GB  # the book's largest model and what it is trained on
HOME_WANTED = GB // 2
DISTRIBUTION = "deepdive-llm"
POCKET = "pocket lessons need none"


@dataclass(frozen=True)
class Check:
    """`says` is what was found, `action` what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail"]
    says: str
    action: str = ""


def checks() -> list[Check]:
    """All of them, in a fixed order, in less than five seconds."""
    asked: list[tuple[str, Callable[[], Check]]] = [
        ("device", device),
        ("memory", memory),
        ("disk", disk),
        ("hubs", hubs),
        ("keyring", keyring),
        ("libraries", libraries),
        ("terminal", terminal),
        ("home", home),
        ("sockets", sockets),
    ]
    answers: queue.SimpleQueue[Check] = queue.SimpleQueue()
    for name, check in asked:
        threading.Thread(target=lambda n=name, c=check: answers.put(_guarded(n, c)), daemon=True).start()
    found: dict[str, Check] = {}
    end = time.monotonic() + LAST
    while len(found) < len(asked):
        try:
            answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[answer.name] = answer
    late = "gave no answer in four seconds"
    return [
        found.get(name, Check(name, "warn", late, "Look again; something of this system hangs")) for name, _ in asked
    ]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Fault as fault:
        return Check(name, "fail", fault.cause, fault.action)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding and must not take the others along
        return Check(name, "warn", f"could not be looked at: {type(error).__name__}: {error}")


# ---- the machine --------------------------------------------------------------------------------------------------


def device() -> Check:
    found = hardware.machine()
    says = hardware.describe(found)
    if not found.gpus:
        if found.accelerator == "mps":
            return Check("device", "ok", says)
        if Path("/dev/nvidiactl").exists():
            return Check("device", "warn", f"{says}; the NVIDIA driver does not answer", "Look at what nvidia-smi says")
        return Check("device", "ok", f"{says}; no GPU: the book's sizes will be slow")
    driver = found.gpus[0].driver
    torch = _version("torch") or ""
    needs, offers = torch_cuda(), hardware.driver_cuda()
    if torch.endswith("+cpu"):
        action = "Install torch for CUDA (https://pytorch.org/get-started) to use it"
        return Check("device", "warn", f"{says}, but the installed torch is for the CPU only", action)
    if needs is not None and offers is not None and offers < needs:
        action = f"Update the driver, or install torch for CUDA {offers}"
        return Check("device", "warn", f"{says}; driver {driver} runs CUDA {offers}, torch needs {needs}", action)
    used = hardware.chosen()
    if len(found.gpus) > 1 and used is not None:
        says = f"{len(found.gpus)} GPUs, GPU-{used.index} {used.name} is used"
    return Check("device", "ok", f"{says}; driver {driver}")


def torch_cuda() -> int | None:
    """The major version of CUDA that torch was built for, from what is installed with it."""
    tag = (_version("torch") or "").partition("+cu")[2]
    if tag[:2].isdigit():
        return int(tag[:2])
    for name in ("nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12"):
        if version := _version(name):
            return int(version.partition(".")[0])
    return None


def memory() -> Check:
    total, available = hardware.memory()
    says = f"{available / hardware.GIB:.1f} of {total / hardware.GIB:.1f} GB available"  # binary, as of the device
    if available < MEMORY_WANTED:
        return Check("memory", "warn", says, "Close something: a pocket lesson wants about 1.5 GB")
    return Check("memory", "ok", says)


def disk() -> Check:
    """Free space where runs lie and where the hubs' models go."""
    runs, cache = _free(folders.home()), _free(model_cache())
    says = f"{size(cache)} free in the model cache"
    if runs != cache:
        says += f", {size(runs)} for runs"
    if runs < HOME_WANTED:
        return Check("disk", "fail", says, "Free some space, or set DEEPDIVE_HOME to a larger disk")
    if cache < CACHE_WANTED:
        action = f"Pocket lessons fit. For the book's models set HF_HOME to a disk with about {size(CACHE_WANTED)}"
        return Check("disk", "warn", says, action)
    return Check("disk", "ok", says)


def model_cache() -> Path:
    """Where huggingface_hub keeps models, as its documentation says."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")).expanduser().absolute()


def _free(path: Path) -> int:
    """Of the disk that `path` is on or would be on."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


# ---- the network --------------------------------------------------------------------------------------------------


def hubs() -> Check:
    """Whether the model hub answers. Any answer but a server's failure will do."""
    endpoint = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    host = urlsplit(endpoint).hostname or endpoint
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        says = f"HF_HUB_OFFLINE is set: nothing is fetched; {POCKET}"
        return Check("hubs", "warn", says, "Unset HF_HUB_OFFLINE for the book's models")
    answers: queue.SimpleQueue[Check] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_ask_hub(endpoint, host)), daemon=True).start()
    try:
        return answers.get(timeout=PATIENCE + 0.5)  # looking up a name knows no time-out
    except queue.Empty:
        return _no_hub(f"{host} gave no answer in {PATIENCE:g} s", "Check the network, the proxy and the name server")


def _ask_hub(endpoint: str, host: str) -> Check:
    try:
        request = urllib.request.Request(f"{endpoint}/api/models?limit=1", headers={"User-Agent": "deepdive-doctor"})
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return Check("hubs", "ok", f"{host} answers")
    except urllib.error.HTTPError as error:
        if error.code == 407:
            return _no_hub("the proxy wants a user name and a password", "Put them into HTTPS_PROXY")
        if error.code < 500:
            return Check("hubs", "ok", f"{host} answers")
        return _no_hub(f"{host} is in trouble itself (it answers {error.code})", "Try again in some minutes")
    except ValueError:
        return _no_hub(
            f"HF_ENDPOINT is no web address: {endpoint}", "Unset it, or write it like https://huggingface.co"
        )
    except OSError as error:
        reason = getattr(error, "reason", error)
        if "CERTIFICATE" in str(reason).upper():
            action = (
                "A firewall that opens encrypted traffic is the usual reason: point SSL_CERT_FILE at its certificate"
            )
            return _no_hub(f"this machine does not trust the certificate of {host}", action)
        return _no_hub(f"{host} can't be reached: {_words(reason)}", "Check the network and HTTPS_PROXY")


def _no_hub(says: str, action: str) -> Check:
    return Check("hubs", "warn", f"{says}; {POCKET}", action)


def _words(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer in {PATIENCE:g} s"
    if isinstance(reason, socket.gaierror):
        return "its name is not known here"
    return str(getattr(reason, "strerror", None) or reason)


# ---- secrets ------------------------------------------------------------------------------------------------------

ELSEWHERE = "`deepdive keys` shows the ways to give keys here: environment, this session only, or a passphrase"


def keyring() -> Check:
    """Which keyring there is and whether it answers."""
    return judged(system_keyring.ask("get", ["doctor"]))


def judged(answer: system_keyring.Answer) -> Check:
    """The keyring's answer as a check."""
    if answer.works:
        return Check("keyring", "ok", answer.says)
    return Check(
        "keyring", "warn", answer.says, f"Unlock it, or: {ELSEWHERE}" if answer.state == "locked" else ELSEWHERE
    )


# ---- software -----------------------------------------------------------------------------------------------------

SHOWN = ("torch", "transformers", "datasets", "peft", "trl", "bitsandbytes", "accelerate", "textual")


def libraries() -> Check:
    """Installed versions against those that this program was made for, and whether torch imports."""
    from packaging.requirements import Requirement

    wrong = []
    for line in importlib.metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = _version(requirement.name)
        if version is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not {requirement.specifier}")
    says, action = "; ".join(wrong), "Install again: pip install --upgrade --force-reinstall deepdive-llm"
    if wrong:
        return Check("libraries", "fail" if "missing" in says else "warn", says, action)
    if why := _does_not_import("torch"):
        return Check("libraries", "fail", f"torch {_version('torch')} does not import: {why}", action)
    python = ".".join(map(str, sys.version_info[:3]))
    return Check("libraries", "ok", f"Python {python}, " + ", ".join(f"{name} {_version(name)}" for name in SHOWN))


def _does_not_import(name: str) -> str:
    """Why a child can't import it; empty where it can, or needs longer than anybody wants to wait."""
    try:
        reply = child.ask("machine.importing", name, str, IMPORT_SECONDS)
    except child.Silent:
        return ""
    return reply.last_error or "its process died" if reply.told is None else reply.told


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def terminal() -> Check:
    """What the environment says of the terminal; the terminal itself is not asked."""
    env = os.environ
    term = env.get("TERM", "")
    colours = "true colour" if env.get("COLORTERM", "") in ("truecolor", "24bit") else "256 colours"
    if "256" not in term and colours != "true colour":
        colours = "16 colours or more"
    parts = [term or "no TERM", "no colours (NO_COLOR is set)" if env.get("NO_COLOR") else colours]
    parts += [where for where, name in (("tmux", "TMUX"), ("over SSH", "SSH_CONNECTION")) if env.get(name)]
    parts.append("UTF-8" if streams.utf8() else "no locale of UTF-8")
    says = ", ".join(parts)
    if term in ("", "dumb"):
        return Check("terminal", "warn", says, "`deepdive --plain` needs no terminal; else set TERM, as xterm-256color")
    if not streams.utf8():
        action = "export LC_ALL=C.UTF-8: without it signs and curves may be spelled in ASCII"
        return Check("terminal", "warn", says, action)
    if env.get("SSH_CONNECTION") and colours != "true colour":
        return Check(
            "terminal", "ok", f"{says}; ssh does not pass COLORTERM on, so the terminal is asked for its colours"
        )
    return Check("terminal", "ok", says)


# ---- folders ------------------------------------------------------------------------------------------------------


def home() -> Check:
    folder = folders.home()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            lock(file.fileno())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Check("home", "fail", f"{folder} is on a full disk", "Free some space, or set DEEPDIVE_HOME")
        action = "Set DEEPDIVE_HOME to a folder that you can write"
        return Check("home", "fail", f"{folder} can't be written: {error.strerror}", action)
    return Check("home", "ok", f"{folder} (yours only)")


def sockets() -> Check:
    """Whether a worker could listen in the runtime folder."""
    folder = folders.runtime()
    path = folder / f"doctor-{os.getpid()}.sock"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(path))
    except OSError as error:
        action = "Set XDG_RUNTIME_DIR to a folder on a local disk"
        return Check("sockets", "fail", f"no socket can be made in {folder}: {error.strerror or error}", action)
    finally:
        path.unlink(missing_ok=True)
    return Check("sockets", "ok", str(folder))
