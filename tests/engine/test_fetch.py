"""Files by web address and from Kaggle, against real servers and processes on loopback."""

import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.faults import Fault
from deepdive.engine.fetch import fetch_kaggle, fetch_web

BODY = bytes(range(256)) * 2000  # 512,000 bytes
SHA256 = hashlib.sha256(BODY).hexdigest()
URL = "https://files.example.org/archive/tweets.csv"
DATA = "thoughtvector/customer-support-on-twitter"


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


# ---- Kaggle ----------------------------------------------------------------------------------------------------------

# Kaggle's servers cannot be stood in for (its client has their names built in), so a client of ours takes its place;
# the last test runs the real one up to its first connection.
CLIENT = """
import json, os, pathlib, sys, time

class KaggleApi:
    def authenticate(self):
        if os.environ.get("KAGGLE_API_TOKEN") != "KGAT_good":
            raise RuntimeError("401 Client Error: Unauthorized for token " + os.environ["KAGGLE_API_TOKEN"])
    def dataset_download_file(self, data, file, path, unzip):
        time.sleep(0.7)
        (pathlib.Path(path) / pathlib.Path(file).name).write_text("tweet_id,text\\n1,hello\\n")
    def dataset_download_files(self, data, path, unzip):
        (pathlib.Path(path) / "all.csv").write_text("a\\n")
"""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    package = tmp_path / "site" / "kaggle" / "api"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "kaggle_api_extended.py").write_text(CLIENT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "none"))
    return tmp_path


@pytest.mark.usefixtures("client")
def test_a_kaggle_file_is_fetched_once_by_a_process_of_its_own() -> None:
    events: list[dict[str, Any]] = []
    path = fetch_kaggle(DATA, "twcs/twcs.csv", lambda kind, fields: events.append(fields), lambda: "KGAT_good")
    assert path.parts[-2:] == ("twcs", "twcs.csv")
    assert path.read_text().startswith("tweet_id")
    assert events
    assert fetch_kaggle(DATA, "twcs/twcs.csv", quiet, lambda: None) == path
    whole = fetch_kaggle(DATA, "", quiet, lambda: "KGAT_good")
    assert (whole / "all.csv").is_file()
    assert (whole / "twcs" / "twcs.csv").is_file()


@pytest.mark.usefixtures("client")
def test_without_a_kaggle_token_the_way_to_one_is_named() -> None:
    with pytest.raises(Fault, match="no token of one is stored") as fault:
        fetch_kaggle(DATA, "", quiet, lambda: None)
    assert "deepdive keys set kaggle" in fault.value.action


@pytest.mark.usefixtures("client")
def test_a_token_that_kaggle_refuses_is_named_but_not_shown() -> None:
    with pytest.raises(Fault, match="does not accept") as fault:
        fetch_kaggle(DATA, "", quiet, lambda: "KGAT_bad")
    assert "KGAT_bad" not in json.dumps(vars(fault.value))


def test_the_real_client_without_a_network_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Fault, match="No connection to Kaggle"):
        fetch_kaggle(DATA, "", quiet, lambda: "KGAT_canary")
