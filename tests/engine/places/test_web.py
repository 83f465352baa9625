"""Files by web address, from a real server on loopback."""

import hashlib
import http.server
import shutil
import socket
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.lab import Stopped
from deepdive.engine.places import web
from deepdive.engine.places.web import fetch_web

BODY = bytes(range(256)) * 2000  # 512,000 bytes
SHA256 = hashlib.sha256(BODY).hexdigest()
URL = "https://files.example.org/archive/tweets.csv"


class Server(http.server.ThreadingHTTPServer):
    """Serves BODY under every path but /gone; `cut` bytes, once, then the connection ends."""

    cut: int | None = None
    ranges: list[str | None]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.path.startswith("/gone"):
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        end = len(BODY) if self.server.cut is None else self.server.cut
        self.server.cut = None
        self.wfile.write(BODY[start:end])
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), _Handler) as running:
        running.ranges = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("DEEPDIVE_WEB", f"http://127.0.0.1:{running.server_address[1]}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        yield running
        running.shutdown()


def quiet(kind: str, fields: dict[str, Any]) -> None:
    """A report that nobody reads."""


def test_a_file_is_fetched_once_and_checked(server: Server) -> None:
    events: list[dict[str, Any]] = []
    path = fetch_web(URL, SHA256, lambda kind, fields: events.append(fields))
    assert path.name == "tweets.csv"
    assert path.read_bytes() == BODY
    assert events[-1] == {"what": f"download {URL}", "done": len(BODY), "total": len(BODY), "unit": "bytes"}
    assert fetch_web(URL, SHA256, quiet) == path
    assert server.ranges == [None]


def test_a_broken_transfer_is_explained_and_taken_up_where_it_broke(server: Server) -> None:
    server.cut = 200_000
    with pytest.raises(Fault, match=r"broke after 200 kB of 512 kB"):
        fetch_web(URL, SHA256, quiet)
    assert fetch_web(URL, SHA256, quiet).read_bytes() == BODY
    assert server.ranges == [None, "bytes=200000-"]


@pytest.mark.usefixtures("server")
def test_another_file_than_expected_is_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(Fault, match="is not the file that this lesson was written for"):
            fetch_web(URL, "0" * 64, quiet)


@pytest.mark.usefixtures("server")
def test_a_file_that_is_gone_says_so() -> None:
    with pytest.raises(Fault, match="answered 404") as fault:
        fetch_web("https://files.example.org/gone.csv", SHA256, quiet)
    assert "copy of your own" in fault.value.action


def test_no_network_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_WEB", f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Fault, match=r"No connection to 127\.0\.0\.1") as fault:
        fetch_web(URL, SHA256, quiet)
    assert "--scale pocket" in fault.value.action


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.usefixtures("server")
def test_nothing_is_written_onto_a_disk_that_is_too_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(400_000))
    with pytest.raises(Fault, match=r"needs 512 kB in .*, where 400 kB are free") as fault:
        fetch_web(URL, SHA256, quiet)
    assert "XDG_CACHE_HOME" in fault.value.action
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_stop_ends_a_download_and_what_arrived_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "REPORT_SECONDS", 0.0)

    def stopping(kind: str, fields: dict[str, Any]) -> None:
        if fields["done"] > 200_000:
            raise Stopped

    with pytest.raises(Stopped):
        fetch_web(URL, SHA256, stopping)
    assert fetch_web(URL, SHA256, quiet).read_bytes() == BODY
    again = int((server.ranges[-1] or "").removeprefix("bytes=").rstrip("-"))
    assert again > 200_000
