"""What can go wrong between here and a model hub, in the learner's words: cause, next action, the library's own text.

Every exception of huggingface_hub, its HTTP client or the disk goes through `explain`. The libraries wrap one
failure in another (a refused connection ends as "file not found in the cache"), so the whole chain of causes is
searched.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.words import size

OFFLINE_WAY = "`--scale pocket` runs every lesson without a network"
TOKEN_PAGE = "https://huggingface.co/settings/tokens"
KEEP_TOKEN = "`deepdive keys set huggingface`"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, so that a failure can name it. `instead` is an open repository of the same size."""

    kind: Literal["model", "data set"]
    id: str
    endpoint: str = "https://huggingface.co"
    instead: str = ""
    with_token: bool = False

    @property
    def page(self) -> str:
        return f"{self.endpoint}/{'datasets/' if self.kind == 'data set' else ''}{self.id}"

    @property
    def other(self) -> str:
        """The way round, as a sentence of its own, or nothing."""
        return f" Or take {self.instead}, which is open and of the same size" if self.instead else ""

    def __str__(self) -> str:
        return f"the {self.kind} {self.id}"


NO_HUB = (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError)  # of a reply
NO_HUB_NAMES = ("TooManyRedirects", "FileMetadataError")


class Unreachable(Fault):
    """The hub could not be asked. A copy in the cache is then good enough."""


def explain(error: BaseException, wanted: Wanted) -> Fault:
    """The first exception of the chain that has a name here; `detail` keeps the library's text."""
    return recognise(error, wanted) or (
        no_hub(wanted, error)
        if any(isinstance(cause, NO_HUB) or type(cause).__name__ in NO_HUB_NAMES for cause in _chain(error))
        else Fault(f"{_start(wanted)} could not be fetched from {wanted.endpoint}", "Try again", _shortened(error))
    )


def recognise(error: BaseException, wanted: Wanted) -> Fault | None:
    """As `explain`, but None for an error that has no name here."""
    for cause in _chain(error):
        fault = cause if isinstance(cause, Fault) else _named(cause, wanted)
        if fault:
            fault.detail = fault.detail or _shortened(error)
            return fault
    return None


def no_hub(wanted: Wanted, error: BaseException) -> Fault:
    return Unreachable(
        f"What answered at {wanted.endpoint} when asked for {wanted} is no model hub",
        "A network that wants a sign-in answers so: open any page in a browser. Else check HF_ENDPOINT and the proxy; "
        f"{OFFLINE_WAY}",
        _shortened(error),
    )


def no_network(wanted: Wanted, host: str, why: str) -> Fault:
    return Unreachable(
        f"No connection to {host}, which {wanted} comes from: {why}",
        f"Check the network (or the proxy) and run the step again; {OFFLINE_WAY}",
    )


def offline_mode(wanted: Wanted) -> Fault:
    return Unreachable(
        f"HF_HUB_OFFLINE is set, so nothing may be fetched, and {wanted} is not complete in the cache",
        f"Unset HF_HUB_OFFLINE and run the step once with a network; {OFFLINE_WAY}",
    )


def proxy_trouble(wanted: Wanted, proxy: str, why: str) -> Fault:
    return Unreachable(
        f"The proxy {without_password(proxy)} between here and {wanted.endpoint} did not answer as one: {why}",
        f"Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY; {OFFLINE_WAY}",
    )


def no_space(wanted: Wanted, needed: int, free: int, folder: str) -> Fault:
    return Fault(
        f"{_start(wanted)} needs {size(needed)} in {folder}, where {size(free)} are free",
        "Free some space (`hf cache ls` shows what lies there) or point HF_HOME at a larger disk",
    )


def only_pickles(wanted: Wanted) -> Fault:
    return Fault(
        f"{_start(wanted)} has its weights only as pickles, files that can run code when they are opened",
        f"Choose a model with safetensors{'; ' + wanted.instead + ' has them' if wanted.instead else ''}, "
        "or set `pickles = true` for this role if you trust its owner",
    )


def script_only(wanted: Wanted) -> Fault:
    return Fault(
        f"{_start(wanted)} is a loading script; such data sets run code of strangers and are no longer supported",
        f"Use its successor in Parquet{': ' + wanted.instead if wanted.instead else ''}",
    )


def broken_copy(wanted: Wanted, names: list[str]) -> Fault:
    return Fault(
        f"{_start(wanted)} arrived incomplete: {', '.join(names[:3])} {'is' if len(names) == 1 else 'are'} missing "
        "or shorter than the hub says",
        "Run the step again: what is complete is kept",
    )


def spoilt_copy(wanted: Wanted, names: list[str]) -> Fault:
    return Fault(
        f"{_start(wanted)} arrived damaged: {', '.join(names[:3])} has another SHA-256 than the hub says",
        "Run the step again. If it stays so, something between here and the hub changes files: try another network",
    )


def without_password(url: str) -> str:
    """`http://user:password@host` loses user and password."""
    return re.sub(r"(?<=//)[^/@\s]*@", "", url)


def _named(error: BaseException, wanted: Wanted) -> Fault | None:
    import httpx2
    from huggingface_hub import errors

    match error:
        case errors.GatedRepoError():
            return _gated(wanted, str(error))
        case errors.RepositoryNotFoundError():
            key = "the stored token may not see it" if wanted.with_token else "it is private and no token is stored"
            return Fault(
                f"{wanted.endpoint} has no {wanted.kind} {wanted.id}, or {key}",
                f"Check the spelling at {wanted.page}; for a private one store a token with {KEEP_TOKEN}",
            )
        case errors.RevisionNotFoundError():
            return Fault(f"{_start(wanted)} has no such revision", f"See {wanted.page}/commits/main for those it has")
        case errors.DisabledRepoError():
            return Fault(
                f"{_start(wanted)} was disabled by its owner or by the hub", f"See {wanted.page}.{wanted.other}"
            )
        case errors.OfflineModeIsEnabled():
            return offline_mode(wanted)
        case httpx2.ProxyError():
            return proxy_trouble(wanted, "", str(error) or "no reason given")
        case errors.HfHubHTTPError():
            return _status(error.response.status_code, error.response.headers.get("Retry-After"), wanted)
        case httpx2.ConnectError() | httpx2.TimeoutException() if "CERTIFICATE" in str(error).upper():
            return Unreachable(
                f"{wanted.endpoint} shows a certificate that this machine does not trust",
                "A firewall that opens encrypted traffic is the usual reason: point SSL_CERT_FILE at its certificate",
            )
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            return no_network(wanted, wanted.endpoint, str(error) or "the connection was not accepted")
        case httpx2.TimeoutException():
            return Unreachable(f"{wanted.endpoint} stopped answering while {wanted} was fetched", _AGAIN)
        case httpx2.TransportError():
            return Fault(f"The connection broke while {wanted} was fetched", _AGAIN)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Fault(
                f"The disk is full (or your quota is used up) while {wanted} is written",
                "Free some space (`hf cache ls` shows what lies there) or point HF_HOME at a larger disk",
            )
        case OSError() if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            return Fault(
                f"{_start(wanted)} cannot be kept: {error.filename or 'the cache'} may not be written",
                "Point HF_HOME at a folder that you may write",
            )
        case OSError() if "Consistency check failed" in str(error):
            return broken_copy(wanted, ["a file"])
        case RuntimeError() if "scripts are no longer supported" in str(error):
            return script_only(wanted)
    return None


_AGAIN = "Run the step again: files that are complete are kept"


def _gated(wanted: Wanted, said: str) -> Fault:
    if not wanted.with_token:
        return Fault(
            f"{_start(wanted)} is gated: its owners ask everybody to accept their terms first, and no token is stored",
            f"Open {wanted.page}, sign in and accept the terms; make a token at {TOKEN_PAGE} and store it with "
            f"{KEEP_TOKEN}.{wanted.other}",
        )
    if "fine-grained" in said:
        return Fault(
            f"{_start(wanted)} is gated, and the stored token may not read gated repositories, whoever has been let in",
            f'Tick "Read access to contents of all public gated repos you can access" for it at {TOKEN_PAGE}'
            f"{'.' + wanted.other if wanted.other else ''}",
        )
    return Fault(
        f"{_start(wanted)} is gated, and the account of the stored token has not been let in",
        f"Open {wanted.page} with that account and accept the terms there; some owners decide by hand and may say "
        f"no for good.{wanted.other}",
    )


def _status(status: int, retry_after: str | None, wanted: Wanted) -> Fault | None:
    if status == 401 and not wanted.with_token:
        return Fault(
            f"{wanted.endpoint} wants a sign-in for {wanted} (401), and no token was sent",
            f"Store a token with {KEEP_TOKEN}. Where a proxy asks, give it its password in HTTPS_PROXY",
        )
    if status == 401:
        return Fault(
            f"{wanted.endpoint} does not accept the token that was sent for {wanted}",
            f"Make a new one at {TOKEN_PAGE} and store it with {KEEP_TOKEN}",
        )
    if status == 403:
        return Fault(
            f"{wanted.endpoint} refuses access to {wanted} (403)",
            f"Check at {TOKEN_PAGE} that the token may read gated repositories, and {wanted.page} for its terms",
        )
    if status == 407:
        return proxy_trouble(wanted, "", "it wants a user name and a password (407)")
    if status == 429:
        wait = f"in {retry_after} seconds" if retry_after else "in some minutes"
        return Unreachable(
            f"{wanted.endpoint} has had too many requests from this address (429)",
            f"Run the step again {wait}; a stored token ({KEEP_TOKEN}) raises the limit",
        )
    if status >= 500:
        return Unreachable(
            f"{wanted.endpoint} is in trouble itself: it answered {status} when asked for {wanted}",
            f"Try again in some minutes (https://status.huggingface.co shows how it is); {OFFLINE_WAY}",
        )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _shortened(error: BaseException) -> str:
    return without_password(f"{type(error).__name__}: {error}".strip())[:1000]


def _start(wanted: Wanted) -> str:
    return str(wanted)[0].upper() + str(wanted)[1:]
