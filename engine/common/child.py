"""The one way to ask a child process: a module of ours, one JSON document in, one back.

A child starts as a worker does: without the user's secrets, outside the present folder (no file of it stands in for a
library's module), in a session of its own, so that nothing prompts on the terminal and all of it can be ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from deepdive.engine.common.masking import masked
from deepdive.engine.common.services import VARIABLES

T = TypeVar("T")
LOOK_SECONDS = 0.5  # between two calls of `meanwhile`


class Silent(Exception):
    """The child gave no answer in time, and was ended."""


@dataclass(frozen=True)
class Reply(Generic[T]):
    """`told` is the last line of standard output, None where that is no JSON of the type asked for or the child
    failed; `errors` is what it printed on standard error."""

    told: T | None
    errors: str

    @property
    def last_error(self) -> str:
        return self.errors.strip().rpartition("\n")[2]


# What a child needs: where things lie, the language, the network, the libraries' and the accelerator's own settings.
# All else (AWS_*, GITHUB_TOKEN, SSH_AUTH_SOCK, the terminal) stays here: a step may be a stranger's code.
NEEDED = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
    *("LD_PRELOAD", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_DIRS"),
    *("XDG_DATA_DIRS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("KAGGLE_CONFIG_DIR", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
FAMILIES = re.compile(
    "(LC|DEEPDIVE|HF|CUDA|NVIDIA|ROCR|HIP|HSA|OMP|GOMP|KMP|MKL|OPENBLAS|VECLIB|NUMEXPR|TRANSFORMERS|TORCH|TORCHINDUCTOR"
    "|PYTORCH|TRITON|BNB|NCCL|TOKENIZERS|SAFETENSORS|MALLOC|DYLD|COVERAGE)_|PYTHON"
)
SECRET_NAME = re.compile("(TOKEN|KEY|SECRET|PASSWORD)$")
UNFIT = ("PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONINSPECT")  # transformers does not import without docstrings
FOLDERS = {"DEEPDIVE_HOME", "HF_HOME", "HF_HUB_CACHE"}
HERE = ("localhost", "127.0.0.1", "::1")  # never reached through a proxy


def environment(**changes: str) -> dict[str, str]:
    """What of this process's environment a child needs, no secret among it, with `changes`. Threads that wait sleep
    instead of spinning."""
    kept = {name: value for name, value in os.environ.items() if _needed(name)}
    if any(name.upper() in PROXIES for name in kept):
        direct = [part for name in ("NO_PROXY", "no_proxy") for part in kept.get(name, "").split(",") if part.strip()]
        kept["NO_PROXY"] = kept["no_proxy"] = ",".join(dict.fromkeys([*direct, *HERE]))
    for name in FOLDERS & kept.keys():  # a child lives in another folder
        kept[name] = os.path.abspath(os.path.expanduser(kept[name])) if kept[name] else ""
    if own := kept.get("DEEPDIVE_TUTORIALS"):
        kept["DEEPDIVE_TUTORIALS"] = os.pathsep.join(os.path.abspath(part) for part in own.split(os.pathsep) if part)
    return {"OMP_WAIT_POLICY": "PASSIVE", **kept, **changes}


def _needed(name: str) -> bool:
    if name in VARIABLES or name in UNFIT or SECRET_NAME.search(name):
        return False
    return name in NEEDED or name.upper() in PROXIES or FAMILIES.match(name) is not None


def ask(
    module: str,
    asked: Any,
    answer: type[T],
    seconds: float,
    *,
    arguments: Sequence[str] = (),
    meanwhile: Callable[[], None] | None = None,
    **changes: str,
) -> Reply[T]:
    """Ask `python -m deepdive.engine.MODULE ARGUMENTS`. Blocks.

    `meanwhile` is called every half second; what it raises ends the child and is raised. Raises Silent after `seconds`.
    """
    document = msgspec.json.encode(asked, enc_hook=_text)
    with subprocess.Popen(
        [sys.executable, "-m", f"deepdive.engine.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**changes),
        cwd="/",
        start_new_session=True,
    ) as child:
        try:
            output, errors = _communicate(child, document, seconds, meanwhile)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise
    told = None
    if not child.returncode:
        with contextlib.suppress(msgspec.MsgspecError):
            told = msgspec.json.decode(output.strip().rpartition(b"\n")[2], type=answer)
    return Reply(told, masked(errors.decode(errors="replace")))


def _text(value: object) -> str:
    """A secret on its way through the pipe."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _communicate(
    child: subprocess.Popen[bytes], document: bytes, seconds: float, meanwhile: Callable[[], None] | None
) -> tuple[bytes, bytes]:
    end = time.monotonic() + seconds
    waiting: bytes | None = document
    while (left := end - time.monotonic()) > 0:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.communicate(waiting, timeout=left if meanwhile is None else min(left, LOOK_SECONDS))
        waiting = None  # it was sent
        if meanwhile is not None:
            meanwhile()
    raise Silent
