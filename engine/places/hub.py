"""Settles everything about a hub's model or data set before a step loads it: network, gate, existence, disk, download.

Afterwards `from_pretrained` and `load_dataset` find what they ask for in the hub's own cache. Whatever fails here is a
`Fault` with a cause and a next action. huggingface_hub is imported inside the functions: it reads its environment then.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from deepdive.engine.places import hub_errors
from deepdive.engine.places.hub_errors import Unreachable, Wanted, explain
from deepdive.engine.places.model_files import DATA, has, needed_files, only_pickles
from deepdive.engine.places.places import Report, Token

KNOCK_SECONDS = 1.7  # for the first connection: a learner without a network hears so within two seconds
ASK_SECONDS = 10.0  # for an answer of a hub that is there
REPORT_SECONDS = 0.5  # between two reports of a download, and the longest wait before a stop is heard
PIECE = 1 << 20  # bytes between two looks at the stop mark (the library's own piece is 10 MiB)


def settle_model(
    repo_id: str, revision: str, report: Report, token: Token, *, instead: str = "", pickles: bool = False
) -> str:
    """Return what `from_pretrained` takes once all needed files are in the cache.

    That is the id itself, or the cached folder where the id alone would not do: with a fixed `revision`, behind a gate,
    or while the hub cannot be asked. `report` may raise to end the download; complete files are kept.
    """
    wanted = Wanted("model", repo_id, _endpoint(), instead)
    try:
        key = _let_in(wanted, token)
        with _explained(wanted, key):
            sizes, commit = _listing(wanted, revision, key)
    except Unreachable:
        folder = cached_model(repo_id, revision)
        if not folder:
            raise
        report("note", {"text": f"The hub cannot be asked; {repo_id} is taken from the cache as it was last fetched."})
        return folder
    needed = needed_files(sizes, pickles)
    if not pickles and only_pickles(sizes):
        raise hub_errors.only_pickles(wanted)
    folder = _bring(wanted, revision, commit, needed, report, key)
    return folder if revision or key else repo_id


def settle_data(
    repo_id: str,
    revision: str,
    report: Report,
    token: Token,
    *,
    config: str = "",
    streaming: bool = False,
    instead: str = "",
) -> str | None:
    """Check that a data set is there, open and no script; return the token that `load_dataset` needs, if any.

    A streamed one is not downloaded. Otherwise the files below a folder named like `config` are brought first, with
    progress; where there is no such folder `load_dataset` fetches what it wants by itself.
    """
    wanted = Wanted("data set", repo_id, _endpoint(), instead)
    try:
        key = _let_in(wanted, token)
        with _explained(wanted, key):
            sizes, commit = _listing(wanted, revision, key)
    except Unreachable:
        if streaming or not _prepared_data(repo_id):
            raise
        report("note", {"text": f"The hub cannot be asked; {repo_id} is taken from the cache as it was last fetched."})
        return None
    if f"{repo_id.split('/')[-1]}.py" in sizes:
        raise hub_errors.script_only(wanted)
    files = {name: size for name, size in sizes.items() if config and name.startswith(f"{config}/")}
    if not streaming and files:
        _bring(
            wanted, revision, commit, {name: size for name, size in files.items() if name.endswith(DATA)}, report, key
        )
    return key


def fetch_config(repo_id: str, revision: str, token: Token) -> Path:
    """A model's config.json and nothing else: a few kilobytes; the cached one while the hub cannot be asked."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    wanted = Wanted("model", repo_id, _endpoint())
    try:
        key = _let_in(wanted, token)
        with _explained(wanted, key):
            path = hf_hub_download(
                repo_id, "config.json", revision=revision or None, endpoint=wanted.endpoint, token=key or False
            )
    except Unreachable:
        path = try_to_load_from_cache(repo_id, "config.json", revision=revision or None)
        if not isinstance(path, str):
            raise
    return Path(path)


def cached_model(repo_id: str, revision: str = "") -> str | None:
    """The cached folder of a model if everything needed lies in it, else None. Asks nobody."""
    from huggingface_hub import get_cached_repo_tree, snapshot_download
    from huggingface_hub.errors import CachedRepoTreeNotFoundError, IncompleteSnapshotError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repo_id, revision=revision or None, local_files_only=True))
    except IncompleteSnapshotError as partial:  # the duplicates that we left out are missing, or more than that
        folder = Path(partial.snapshot_path)
    except LocalEntryNotFoundError:
        return None
    try:
        listed = {f.path: f.size for f in get_cached_repo_tree(repo_id, revision=revision or None)}
    except CachedRepoTreeNotFoundError:
        listed = {p.relative_to(folder).as_posix(): p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    needed = needed_files(listed)
    complete = has(needed, ("config.json",)) and all((folder / name).is_file() for name in needed)
    return str(folder) if complete and has(needed, (".safetensors",)) else None


def free_space(folder: Path) -> int:
    """Free bytes of the disk that `folder` is or will be on."""
    return shutil.disk_usage(next(parent for parent in (folder, *folder.parents) if parent.exists())).free


def _let_in(wanted: Wanted, token: Token) -> str | None:
    """Ask the hub whether it has the repository and lets us in. Returns the token if it took one.

    The stored token is asked for only when a stranger is turned away: an open model never sees it.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.constants import is_offline_mode
    from huggingface_hub.errors import RepositoryNotFoundError
    from huggingface_hub.utils import get_session

    if is_offline_mode():
        raise hub_errors.offline_mode(wanted)
    _knock(wanted)
    get_session().timeout = ASK_SECONDS  # the library's own default is to wait for ever
    api, kind = HfApi(endpoint=wanted.endpoint), _repo_type(wanted)
    try:
        with _explained(wanted, None, but=RepositoryNotFoundError):
            _twice(lambda: api.auth_check(wanted.id, repo_type=kind, token=False))
        return None
    except RepositoryNotFoundError as stranger:  # missing, private or gated: a stranger is not told which
        key = token() or get_token()
        if not key:
            raise explain(stranger, wanted) from stranger
    with _explained(wanted, key):
        _twice(lambda: api.auth_check(wanted.id, repo_type=kind, token=key))
    return key


def _twice(ask: Callable[[], object]) -> None:
    """Once more after half a second if the hub stumbles (5xx)."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        ask()
    except HfHubHTTPError as error:
        if error.response.status_code < 500:
            raise
        time.sleep(0.5)
        ask()


def _knock(wanted: Wanted) -> None:
    """Open and close one connection to the hub (or the proxy before it), names looked up and all, within the limit.

    In a thread of its own, because a name server that does not answer cannot be interrupted.
    """
    url = urlsplit(wanted.endpoint)
    proxy = "" if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme) or getproxies().get("all", "")
    target = urlsplit(proxy if "//" in proxy else f"http://{proxy}") if proxy else url
    host, port = target.hostname or "", target.port or (443 if target.scheme == "https" else 80)
    answer: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=KNOCK_SECONDS).close()
            answer.append("")
        except OSError as error:
            answer.append(error.strerror or str(error))

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(KNOCK_SECONDS)
    why = answer[0] if answer else f"no answer within {KNOCK_SECONDS:.1f} seconds"
    if why and proxy:
        raise hub_errors.proxy_trouble(wanted, proxy, why)
    if why:
        raise hub_errors.no_network(wanted, f"{host}:{port}", why)


def _listing(wanted: Wanted, revision: str, key: str | None) -> tuple[dict[str, int], str]:
    """All files of a repository with their bytes, and the commit they belong to."""
    from huggingface_hub import HfApi

    api, kind = HfApi(endpoint=wanted.endpoint, token=key or False), _repo_type(wanted)
    info = api.repo_info(wanted.id, repo_type=kind, revision=revision or None, timeout=ASK_SECONDS)
    entries = api.list_repo_tree(wanted.id, repo_type=kind, recursive=True, revision=info.sha)
    return {entry.path: entry.size for entry in entries if hasattr(entry, "size")}, str(info.sha)


def _bring(
    wanted: Wanted, revision: str, commit: str, needed: Mapping[str, int], report: Report, key: str | None
) -> str:
    """Download what is not in the cache yet, if the disk has room; return the cached folder."""
    from huggingface_hub import constants, snapshot_download, try_to_load_from_cache

    kind, cache = _repo_type(wanted), Path(constants.HF_HUB_CACHE)
    cached = {name: try_to_load_from_cache(wanted.id, name, revision=commit, repo_type=kind) for name in needed}
    missing = sum(size for name, size in needed.items() if not isinstance(cached[name], str))
    if missing > (free := free_space(cache)):
        raise hub_errors.no_space(wanted, missing, free, str(cache))
    transfer = _Transfer(missing)
    constants.DOWNLOAD_CHUNK_SIZE = min(PIECE, constants.DOWNLOAD_CHUNK_SIZE)

    def download() -> str:
        patterns = [glob.escape(name) for name in needed]
        with _explained(wanted, key):
            folder = snapshot_download(
                wanted.id,
                repo_type=kind,
                revision=revision or None,
                endpoint=wanted.endpoint,
                token=key or False,
                allow_patterns=patterns,
                tqdm_class=transfer.bar,
            )
        if spoilt := [
            name for name in needed if not isinstance(cached[name], str) and not _unspoilt(Path(folder) / name)
        ]:
            raise hub_errors.spoilt_copy(wanted, spoilt)
        return str(folder)

    folder = transfer.run(download, lambda done: report("progress", _progress(wanted, done, missing)))
    short = [name for name, size in needed.items() if not _complete(Path(folder) / name, size)]
    if short:
        raise hub_errors.broken_copy(wanted, short)
    return folder


def _progress(wanted: Wanted, done: int, total: int) -> dict[str, Any]:
    return {"what": f"download {wanted.id}", "done": done, "total": total, "unit": "bytes"}


class _Transfer:
    """A download in a thread, watched from the caller's: reports go out and a stop comes in at a steady pace.

    huggingface_hub tells its progress by making bars; the two that count bytes (from the network, to the disk)
    are ours.
    The bar raises in the library's threads once the caller has been stopped, which ends them at their next piece.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.counts: dict[int, float] = {}  # of each byte bar, so far
        self.stopped = threading.Event()
        transfer = self

        class Bar:
            """As much of tqdm as snapshot_download uses; shows nothing."""

            format_dict: Mapping[str, float | None] = {"rate": None}

            def __init__(self, *_: object, total: float | None = None, unit: str = "it", **__: object) -> None:
                self.total, self.n, self.bytes = total, 0.0, unit == "B"

            def update(self, n: float | None = 1) -> None:
                if transfer.stopped.is_set():
                    raise InterruptedError("the download was stopped")
                self.n += n or 0
                if self.bytes:
                    transfer.counts[id(self)] = self.n

            def __enter__(self) -> Bar:
                return self

            def __exit__(self, *_: object) -> None:
                """Nothing to close."""

            def refresh(self) -> None:
                """Nothing to draw."""

            def set_description(self, *_: object, **__: object) -> None:
                """Nothing to draw."""

            set_description_str = set_postfix_str = set_description

        self.bar = Bar

    def run(self, download: Callable[[], str], tell: Callable[[int], None]) -> str:
        """Return what `download` returns, raise what it raises. `tell` gets bytes that never fall."""
        folders: list[str] = []
        failures: list[BaseException] = []

        def work() -> None:
            try:
                folders.append(download())
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                failures.append(error)

        thread = threading.Thread(target=work, daemon=True, name="download")
        thread.start()
        done, told = 0, -1
        try:
            while thread.is_alive():
                thread.join(REPORT_SECONDS)
                done = max(done, min(self.total, int(max(self.counts.values(), default=0))))
                if self.total and (done != told or thread.is_alive()):
                    tell(done)
                    told = done
        except BaseException:
            self.stopped.set()
            thread.join(2 * REPORT_SECONDS)
            if thread.is_alive():
                _abort_xet()
            raise
        if failures:
            raise failures[0]
        if self.total and told != self.total:
            tell(self.total)
        return folders[0]


def _abort_xet() -> None:
    """End transfers of the Xet protocol, which run in native threads that no exception of ours reaches."""
    with contextlib.suppress(ImportError):
        from huggingface_hub.utils._xet import abort_xet_session

        abort_xet_session()


@contextlib.contextmanager
def _explained(wanted: Wanted, key: str | None, but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Turn whatever a library raises into a fault."""
    try:
        yield
    except but:
        raise
    except Exception as error:
        described = Wanted(wanted.kind, wanted.id, wanted.endpoint, wanted.instead, with_token=bool(key))
        raise explain(error, described) from error


def _prepared_data(repo_id: str) -> bool:
    """Whether `load_dataset` has prepared this data set before, so that it can do so again without the hub."""
    from huggingface_hub import constants

    cache = Path(os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets")
    return (cache / repo_id.replace("/", "___")).is_dir()


def _complete(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _unspoilt(path: Path) -> bool:
    """Whether a file that arrived has the SHA-256 that the hub gave it, by which the cache calls it; else it goes.

    The library looks at the length alone."""
    blob = path.resolve()
    if not re.fullmatch(r"[0-9a-f]{64}", blob.name):
        return True  # a small one, which the hub gives no SHA-256
    with blob.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == blob.name:
            return True
    path.unlink()
    blob.unlink(missing_ok=True)
    return False


def _repo_type(wanted: Wanted) -> str:
    return "dataset" if wanted.kind == "data set" else "model"


def _endpoint() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)
