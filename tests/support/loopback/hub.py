"""A small model hub on loopback that the real clients talk to: huggingface_hub, transformers, datasets.

`python -m tests.support.loopback.hub --port 0` prints the line that points them here. It answers the routes that
those clients ask for, has a gated model, lacks what it lacks, and makes trouble on request.
"""

import argparse
import contextlib
import functools
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.support.loopback.chapter4 import LLAMA
from tests.support.loopback.world import built

TOKEN = "hf_loopback_accepted"  # the token whose owner has accepted the gate
STRANGER = "hf_loopback_stranger"  # a good token whose owner has not
NARROW = "hf_loopback_narrow"  # a fine-grained one that was not given gated repositories
LARGE = 100_000  # bytes; from here on a file is listed as kept in large file storage, by its SHA-256

ALIASES = {"bert-base-uncased": "google-bert/bert-base-uncased", "gpt2": "openai-community/gpt2"}


@dataclass(frozen=True)
class Repository:
    kind: str  # "models" or "datasets"
    id: str
    folder: Path
    gated: bool = False

    @functools.cached_property
    def files(self) -> dict[str, Path]:
        paths = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in paths}


@dataclass(slots=True)
class Trouble:
    """What goes wrong with requests whose `METHOD /path` matches; `times` counts down, None means always."""

    match: str
    times: int | None = None
    status: int | None = None  # answer with this instead
    retry_after: int | None = None  # seconds, for 429
    delay: float = 0.0  # seconds before the answer
    drop_after: int | None = None  # bytes of the body before the connection is cut
    hold: float = 0.0  # seconds of silence before that
    rate: int | None = None  # bytes a second
    page: bytes | None = None  # what a captive portal answers instead, with 200
    again: bool = False  # sent on to itself, for ever
    spoilt: bool = False  # the body has another last byte


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    range: str | None
    token: str | None
    sent: int = 0  # bytes of the body


@dataclass
class Hub:
    """The server. As a context manager it runs in threads of this process until the block ends."""

    world: Path
    port: int = 0
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        for kind in ("models", "datasets"):
            for folder in sorted((self.world / kind).glob("*/*")):
                self.add(kind, f"{folder.parent.name}/{folder.name}", folder)
        self.gate(LLAMA)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), functools.partial(_Handler, self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, kind: str, repo_id: str, folder: Path) -> None:
        """Serve one more folder, for instance a pocket checkpoint under its model's real id."""
        self.repositories[kind, repo_id] = Repository(kind, repo_id, folder)

    def gate(self, repo_id: str, kind: str = "models") -> None:
        self.repositories[kind, repo_id] = replace(self.repositories[kind, repo_id], gated=True)

    @contextlib.contextmanager
    def trouble(self, match: str, times: int | None = None, **what: float | int | bytes | None) -> Iterator[Trouble]:
        """Break matching requests within the block."""
        trouble = Trouble(match, times, **what)  # type: ignore[arg-type]
        self.troubles.append(trouble)
        try:
            yield trouble
        finally:
            self.troubles.remove(trouble)

    def taken(self, request: str) -> list[Trouble]:
        """The troubles that this request meets; each of them is used up by one."""
        with self._lock:
            met = [t for t in self.troubles if t.times != 0 and re.search(t.match, request)]
            for trouble in met:
                trouble.times = None if trouble.times is None else trouble.times - 1
            return met

    def environment(self, home: Path) -> dict[str, str]:
        """What a client process needs, on top of this process's environment, to talk to this hub alone."""
        hidden = ("HF_", "HUGGING", "TRANSFORMERS_")
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(hidden)}
        for proxy in ("http_proxy", "https_proxy", "all_proxy"):
            kept.pop(proxy, None)
            kept.pop(proxy.upper(), None)
        return kept | {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, hub: Hub, *arguments: object) -> None:
        self.hub = hub
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: `Hub.requests` is the log."""

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self._sent = 0
        self._limits = self.hub.taken(f"{self.command} {path}")
        time.sleep(sum(trouble.delay for trouble in self._limits))
        try:
            broken = next((trouble for trouble in self._limits if trouble.status), None)
            if broken:
                headers = {"Retry-After": str(broken.retry_after)} if broken.retry_after is not None else {}
                self._send(broken.status or 500, b'{"error": "trouble on request"}', headers)
            elif (page := next((t.page for t in self._limits if t.page is not None), None)) is not None:
                self._send(200, page, {}, "text/html")
            elif any(trouble.again for trouble in self._limits):
                self._send(302, b"", {"Location": self.path})
            else:
                self._route(path)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        self.hub.requests.append(Request(self.command, path, self.headers.get("Range"), token, self._sent))

    def _route(self, path: str) -> None:
        if path == "/api/whoami-v2":
            return self._whoami()
        match = re.fullmatch(r"/api/(models|datasets)/(.+)", path) or re.fullmatch(
            r"/(datasets/)?(.+/resolve/.+)", path
        )
        if not match:
            return self._error(404, "EntryNotFound", "no such route")
        kind = (match[1] or "models").rstrip("/")
        parts = match[2].split("/")
        if parts[0] in ALIASES and kind == "models":
            return self._send(307, b"", {"Location": self.path.replace(parts[0], ALIASES[parts[0]], 1)})
        repository = self.hub.repositories.get((kind, "/".join(parts[:2])))
        if repository is None:
            # The real hub does not tell a stranger whether a private repository exists.
            return self._error(404 if self._token() else 401, "RepoNotFound", "Repository not found")
        rest = parts[2:]
        if path.startswith("/api/"):
            return self._api(repository, rest)
        return self._resolve(repository, rest[1], "/".join(rest[2:]))

    def _whoami(self) -> None:
        roles = {TOKEN: "read", STRANGER: "write", NARROW: "fineGrained"}
        if (token := self._token()) not in roles:
            return self._error(401, "", "Invalid user token.")
        name = "learner" if token == TOKEN else "stranger"
        return self._json({"name": name, "auth": {"accessToken": {"role": roles[token]}}})

    def _api(self, repository: Repository, rest: list[str]) -> None:
        sha = _commit(repository)
        match rest:
            case [] | ["revision", _]:
                if rest and not _known(repository, rest[1]):
                    return self._error(404, "RevisionNotFound", f"Invalid rev id: {rest[1]}")
                siblings = [{"rfilename": name} for name in repository.files]
                about = {"id": repository.id, "sha": sha, "private": False, "tags": [], "siblings": siblings}
                return self._json(about | {"gated": "manual" if repository.gated else False})
            case ["auth-check"]:
                return self._gate(repository) or self._json({})
            case ["tree", revision, *folder]:
                if not _known(repository, revision):
                    return self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
                entries = _tree(repository, "/".join(folder), "recursive=true" in self.path.lower())
                if folder and not entries:
                    return self._error(404, "EntryNotFound", "no such folder")
                return self._json(entries)
        return self._error(404, "EntryNotFound", "no such route")

    def _resolve(self, repository: Repository, revision: str, name: str) -> None:
        if self._gate(repository):
            return None
        if not _known(repository, revision):
            return self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        commit = {"X-Repo-Commit": _commit(repository)}
        if name not in repository.files:
            return self._error(404, "EntryNotFound", "Entry not found", commit)
        path = repository.files[name]
        body = path.read_bytes()
        headers = commit | {"ETag": f'"{_etag(path)}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not wanted:
            return self._send(200, body, headers, "application/octet-stream")
        first, last = int(wanted[1]), min(int(wanted[2] or len(body) - 1), len(body) - 1)
        if first > last:
            return self._send(416, b"", headers | {"Content-Range": f"bytes */{len(body)}"})
        return self._send(206, body[first : last + 1], headers | {"Content-Range": f"bytes {first}-{last}/{len(body)}"})

    def _gate(self, repository: Repository) -> bool:
        """True if the request was turned away at the gate."""
        if repository.gated and self._token() != TOKEN:
            status = 403 if self._token() else 401
            narrow = "Please enable access to public gated repositories in your fine-grained token settings."
            restricted = f"Access to {repository.id} is restricted."
            self._error(status, "GatedRepo", narrow if self._token() == NARROW else restricted)
            return True
        return False

    def _token(self) -> str | None:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {}, "application/json")

    def _error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"error": message}).encode()
        self._send(status, body, {"X-Error-Code": code, "X-Error-Message": message, **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str], kind: str = "application/json") -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if any(trouble.spoilt for trouble in self._limits):
            body = body[:-1] + bytes([body[-1] ^ 1])
        cut = next((t.drop_after for t in self._limits if t.drop_after is not None), len(body))
        rate = next((t.rate for t in self._limits if t.rate), None)
        piece = max(1, rate // 20) if rate else 65_536
        for start in range(0, min(cut, len(body)), piece):
            self.wfile.write(body[start : min(start + piece, cut)])
            self._sent += len(body[start : min(start + piece, cut)])
            if rate:
                time.sleep(piece / rate)
        if cut < len(body):
            time.sleep(max(trouble.hold for trouble in self._limits))
            self.close_connection = True  # in the middle of a body: the client sees an incomplete read


def _known(repository: Repository, revision: str) -> bool:
    return revision in ("main", _commit(repository))


@functools.cache
def _commit(repository: Repository) -> str:
    """40 hexadecimal digits, as a Git commit has."""
    return hashlib.sha1("".join([repository.id, *map(_etag, repository.files.values())]).encode()).hexdigest()


@functools.cache
def _etag(path: Path) -> str:
    """A large file's SHA-256; a small one's Git blob id."""
    body = path.read_bytes()
    if len(body) >= LARGE:
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


def _tree(repository: Repository, folder: str, recursive: bool) -> list[dict[str, object]]:
    """The listing of one folder; directories first named by the files below them."""
    prefix = folder + "/" if folder else ""
    entries: dict[str, dict[str, object]] = {}
    for name, path in repository.files.items():
        if not name.startswith(prefix):
            continue
        below = name.removeprefix(prefix).split("/")
        for depth in range(1, len(below)):
            directory = prefix + "/".join(below[:depth])
            if depth == 1 or recursive:
                entries[directory] = {"type": "directory", "path": directory, "oid": "0" * 40, "size": 0}
        if len(below) == 1 or recursive:
            size = path.stat().st_size
            entry: dict[str, object] = {"type": "file", "path": name, "size": size, "oid": _etag(path)[:40]}
            if size >= LARGE:
                entry["lfs"] = {"oid": _etag(path), "size": size, "pointerSize": 134}
            entries[name] = entry
    return list(entries.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--rate", type=int, help="bytes a second, for a slow line")
    options = parser.parse_args()
    hub = Hub(built(), port=options.port)
    if options.rate:
        hub.troubles.append(Trouble(match="resolve", rate=options.rate))
    print(f"export HF_ENDPOINT={hub.url} HF_HUB_DISABLE_XET=1 HF_HOME=$(mktemp -d)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        hub.serve()


if __name__ == "__main__":
    main()
