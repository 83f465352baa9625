"""Guards the doctor: what is wrong is named with a way out, and nothing that hangs holds it up."""

from __future__ import annotations

import http.server
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from deepdive.engine.keys import system_keyring
from deepdive.engine.machine import doctor


@contextmanager
def server(status: int) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@contextmanager
def silent() -> Iterator[socket.socket]:
    """Accepts connections (the kernel does) and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def test_every_check_answers_in_five_seconds_and_is_json() -> None:
    began = time.monotonic()
    found = doctor.checks()
    assert time.monotonic() - began < 5
    names = ["device", "memory", "disk", "hubs", "keyring", "libraries", "terminal", "home", "sockets"]
    assert [check.name for check in found] == names
    assert all(check.says and (check.state == "ok" or check.action) for check in found)
    told = json.loads(json.dumps(msgspec.to_builtins(found)))
    assert set(told[0]) == {"name", "state", "says", "action"}


def test_a_check_that_breaks_or_hangs_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> doctor.Check:
        raise RuntimeError("no idea")

    def hanging() -> doctor.Check:
        time.sleep(60)
        raise AssertionError

    monkeypatch.setattr(doctor, "memory", broken)
    monkeypatch.setattr(doctor, "disk", hanging)
    monkeypatch.setattr(doctor, "LAST", 3.0)
    found = {check.name: check for check in doctor.checks()}
    assert "no idea" in found["memory"].says
    assert "no answer" in found["disk"].says
    assert found["home"].state == "ok"


# ---- hubs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_offline_mode_is_said() -> None:
    check = doctor.hubs()
    assert check.state == "warn" and "HF_HUB_OFFLINE" in check.says and "pocket" in check.says


@pytest.mark.parametrize(("status", "state"), [(200, "ok"), (401, "ok"), (404, "ok"), (503, "warn"), (407, "warn")])
def test_the_hubs_answer_is_judged(status: int, state: str, online: pytest.MonkeyPatch) -> None:
    with server(status) as address:
        online.setenv("HF_ENDPOINT", address)
        assert doctor.hubs().state == state


def test_a_hub_that_refuses_is_named(online: pytest.MonkeyPatch) -> None:
    online.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    check = doctor.hubs()
    assert check.state == "warn" and "refused" in check.says and check.action


def test_a_hub_that_is_silent_costs_two_seconds(online: pytest.MonkeyPatch) -> None:
    with silent() as listening:
        online.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listening.getsockname()[1]}")
        began = time.monotonic()
        check = doctor.hubs()
    assert time.monotonic() - began < 3
    assert "no answer" in check.says


def test_an_endpoint_that_is_no_address_is_named(online: pytest.MonkeyPatch) -> None:
    online.setenv("HF_ENDPOINT", "huggingface")
    assert "no web address" in doctor.hubs().says


# ---- keyring ------------------------------------------------------------------------------------------------------


def test_no_keyring_is_said_plainly() -> None:
    check = doctor.keyring()
    assert (check.state, check.says) == ("warn", "this machine has no system keyring")
    assert "deepdive keys" in check.action


def test_a_keyring_that_forgets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert "forget" in doctor.keyring().says


def test_a_backend_that_can_not_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Keyring")
    assert "can't be loaded" in doctor.keyring().says


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus")
def test_a_hanging_d_bus_costs_two_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
        began = time.monotonic()
        check = doctor.keyring()
    assert time.monotonic() - began < 3
    assert check.state == "warn" and "authenticate" in check.says  # the D-Bus client gives up after a second


def test_a_keyring_that_hangs_costs_two_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hanging.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "hanging.Keyring")
    began = time.monotonic()
    check = doctor.keyring()
    assert time.monotonic() - began < 3
    assert check.state == "warn" and "no answer in 2 s" in check.says


SECRET_SERVICE = "keyring.backends.SecretService.Keyring"


@pytest.mark.parametrize(
    ("backend", "trouble", "state", "word"),
    [
        (SECRET_SERVICE, "", "ok", "system keyring (SecretService)"),
        (SECRET_SERVICE, "KeyringLocked: Failed to unlock", "warn", "locked"),
        (SECRET_SERVICE, "InitError: Failed to create the collection: Prompt dismissed", "warn", "locked"),
        (SECRET_SERVICE, "InitError: no bus", "warn", "no bus"),
        ("keyrings.alt.file.PlaintextKeyring", "", "warn", "plain text"),
        ("keyrings.alt.file.EncryptedKeyring", "", "warn", "not used"),
    ],
)
def test_only_the_systems_own_keyring_is_trusted(backend: str, trouble: str, state: str, word: str) -> None:
    check = doctor.judged(system_keyring.Answer(*system_keyring.judge(backend, trouble)))
    assert check.state == state and word in check.says
    assert (check.action == "") == (state == "ok")


# ---- the rest -----------------------------------------------------------------------------------------------------


def test_the_model_cache_is_where_the_hub_puts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.model_cache() == tmp_path / "hf" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    assert doctor.model_cache() == tmp_path / "elsewhere"


def test_a_home_that_can_not_be_made_fails_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_HOME", "/proc/deepdive")
    failed = {check.name: check for check in doctor.checks() if check.state == "fail"}
    assert set(failed) == {"home", "disk"}
    assert "DEEPDIVE_HOME" in failed["home"].action


@pytest.mark.parametrize(
    ("environment", "state", "word"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "ok", "true colour"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}, "ok", "tmux"),
        ({"TERM": "xterm-256color", "SSH_CONNECTION": "a b c d"}, "ok", "asked for its colours"),
        ({"TERM": "dumb"}, "warn", "dumb"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ok", "NO_COLOR"),
    ],
)
def test_the_terminal_is_told(
    environment: dict[str, str], state: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    check = doctor.terminal()
    assert check.state == state and word in check.says


def test_the_installed_libraries_are_those_that_were_asked_for() -> None:
    check = doctor.libraries()
    assert check.state == "ok", check.says
    assert "torch" in check.says


@pytest.mark.parametrize(
    ("code", "why"),
    [("raise ImportError('libcudart.so.99')", "ImportError: libcudart.so.99"), ("import os; os.abort()", "died")],
)
def test_a_torch_that_does_not_import_is_a_failure(
    code: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    check = doctor.libraries()
    assert check.state == "fail"
    assert "does not import" in check.says
    assert why in check.says
