"""`deepdive keys` as a user types it, on a machine without a keyring and on one with gnome-keyring."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.engine.common.services import SERVICES

from tests.support import secret_service
from tests.support.loopback.openai_server import Judge, marks, serve

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for entry in SERVICES.values():
        for variable in entry.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    with serve(Judge(marks(a="yes"), key=KEY)) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    secret_service.require()
    with secret_service.running(tmp_path / "keyring") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


def deepdive(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "deepdive.tui", "keys", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stdout + done.stderr
    return done


def typed(words: list[str], answers: list[tuple[str, str]]) -> tuple[str, int]:
    """The command on a terminal: each answer is typed when its question stands there. What the terminal shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "deepdive.tui", "keys", *words])
    shown, waiting, end = "", list(answers), time.monotonic() + 60
    while time.monotonic() < end:
        try:
            piece = os.read(terminal, 4096).decode()
        except OSError:  # it has ended
            break
        if not piece:
            break
        shown += piece
        if waiting and waiting[0][0] in shown:
            time.sleep(0.2)  # the terminal is told to hide what is typed after the question
            os.write(terminal, (waiting.pop(0)[1] + "\n").encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(status)


def test_without_a_keyring_the_list_says_so_and_names_the_other_ways() -> None:
    done = deepdive()
    assert done.returncode == 0
    assert "This machine has no system keyring." in done.stdout
    assert "export OPENAI_API_KEY=..." in done.stdout
    assert "make one at platform.openai.com/api-keys, then `deepdive keys set openai`" in done.stdout
    told = json.loads(deepdive("list", "kaggle", "--json").stdout)
    assert told["keyring"]["works"] is False
    assert [(key["name"], key["where"]) for key in told["keys"]] == [("kaggle", "none")]
    refused = deepdive("set", "openai", given=KEY)
    assert refused.returncode == 1
    assert "a command can't keep a key in memory" in refused.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["set"], "Allowed: huggingface, openai, kaggle"),
        (["set", "google"], "no key named 'google'"),
        (["list", "openai", "--file"], "--file: says where"),
        (["sett", "openai"], "invalid choice"),
    ],
)
def test_a_wrong_request_is_refused(words: list[str], says: str) -> None:
    done = deepdive(*words, given=KEY)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.usefixtures("keyring")
def test_a_key_goes_from_standard_input_to_the_keyring_and_is_checked_before(openai: Judge) -> None:
    bad = deepdive("set", "openai", given="sk-canary-refused")
    assert bad.returncode == 1
    assert "nothing was stored" in bad.stderr
    assert json.loads(deepdive("--json").stdout)["keys"][1]["where"] == "none"
    done = deepdive("set", "openai", given=f"{KEY}\n")
    assert done.returncode == 0, done.stderr
    assert "✓ stored in system keyring (SecretService); works, 1 models" in done.stdout
    listed = deepdive("list", "openai").stdout
    assert "openai       …6789" in listed and "system keyring (SecretService)" in listed
    checked = deepdive("check", "openai", "--json")
    assert json.loads(checked.stdout)["checks"][0]["state"] == "works"
    openai.key = "sk-another"  # the account has thrown it away
    assert deepdive("check", "openai").returncode == 1
    assert deepdive("delete", "openai").stdout == "deleted from system keyring (SecretService)\n"
    assert deepdive("delete", "openai").returncode == 1


@pytest.mark.usefixtures("keyring")
def test_a_service_that_is_not_reached_leaves_the_key_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    done = deepdive("set", "openai", given=KEY)
    assert done.returncode == 0, done.stderr
    assert "stored in system keyring" in done.stdout and "stored unchecked" in done.stdout


@pytest.mark.usefixtures("openai")
def test_what_is_typed_is_never_shown_and_a_passphrase_is_asked_twice() -> None:
    passphrase = "a few canary words"
    shown, code = typed(
        ["set", "openai", "--file"],
        [("not shown", KEY), ("Passphrase of", passphrase), ("The same once more", passphrase)],
    )
    assert code == 0, shown
    assert "✓ stored in the encrypted file" in shown
    assert "canary" not in shown
    assert "locked: give its passphrase" in deepdive("list", "openai").stdout
    shown, code = typed(["delete", "openai"], [("[y/N]", "n")])
    assert (code, "left as it is" in shown) == (130, True)
    shown, code = typed(["delete", "openai"], [("[y/N]", "y")])
    assert (code, "deleted from encrypted file" in shown) == (0, True)


def test_two_passphrases_that_differ_store_nothing(openai: Judge) -> None:
    shown, code = typed(
        ["set", "openai", "--file"],
        [("not shown", KEY), ("Passphrase of", "a few words"), ("The same once more", "a few others")],
    )
    assert code == 1
    assert "nothing was stored" in shown and "canary" not in shown
