"""No secret is anywhere it should not be: canaries are planted for all three services, everything is run and made to
fail, and then everything that the program wrote, printed or started is searched for them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.services import SERVICES
from deepdive.engine.work import protocol

from tests.support import secret_service
from tests.support.laboratory import TOYS
from tests.support.loopback import kaggle as kaggle_server
from tests.support.loopback.hub import TOKEN, Hub
from tests.support.loopback.openai_server import Judge, marks, serve
from tests.support.processes import watched

CANARIES = {"openai": "sk-canary-aviary-0001", "huggingface": TOKEN, "kaggle": kaggle_server.TOKEN}
OWN = ("DEEPDIVE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
FOLDERS = (*OWN, "XDG_RUNTIME_DIR", "HF_HOME", "TMPDIR")


@dataclass
class Aviary:
    """The command in a world of its own, and everything that it said."""

    where: str  # the keys are in: "keyring", "environment"
    environment: dict[str, str]
    judge: Judge
    kaggle: kaggle_server.Kaggle
    said: list[str] = field(default_factory=list)

    def deepdive(self, *words: str, given: str = "") -> int:
        done = subprocess.run(
            [sys.executable, "-m", "deepdive.tui", *words],
            input=given,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        self.said.append(f"$ deepdive {' '.join(words)}\n{done.stdout}\n{done.stderr}")
        return done.returncode

    @property
    def last(self) -> str:
        return self.said[-1]

    def written(self) -> Iterator[tuple[Path, bytes]]:
        """Every file below the folders that the program may write to."""
        for name in FOLDERS:
            for path in Path(self.environment[name]).rglob("*"):
                if path.is_file():
                    yield path, path.read_bytes()


@pytest.fixture(params=["keyring", "environment"])
def aviary(request: pytest.FixtureRequest, tmp_path: Path, hub: Hub) -> Iterator[Aviary]:
    with contextlib.ExitStack() as stack:
        judge = stack.enter_context(serve(Judge(marks(customer="yes", agent="no"), key=CANARIES["openai"])))
        tweets = {"twcs/twcs.csv": b"tweet_id,text\n1,hello\n"}
        kaggle = stack.enter_context(kaggle_server.serve(kaggle_server.Kaggle(tweets), tmp_path))
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="dd-", dir="/tmp"))
        environment = hub.environment(tmp_path / "hf") | kaggle.environment(tmp_path)
        environment.pop("HF_HUB_OFFLINE", None)
        for name in OWN:
            environment[name] = str(tmp_path / name.lower())
        environment |= {"XDG_RUNTIME_DIR": runtime, "TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "user")}
        environment |= {"DEEPDIVE_TUTORIALS": str(TOYS), "OPENAI_BASE_URL": judge.url, "DEEPDIVE_IDLE_MINUTES": "2"}
        for folder in ("tmp", "user", "hf"):
            (tmp_path / folder).mkdir()
        if request.param == "keyring":
            secret_service.require()
            environment |= stack.enter_context(secret_service.running(tmp_path / "keyring"))
        else:
            environment |= {SERVICES[name].variables[0]: value for name, value in CANARIES.items()}
        yield Aviary(request.param, environment, judge, kaggle)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            for path in itertools.chain(*protocol.sockets(Path(environment["DEEPDIVE_HOME"]))):
                with contextlib.suppress(OSError, Fault):
                    protocol.call(path, do="quit")


def test_no_canary_is_found_in_anything_written_printed_or_started(aviary: Aviary, hub: Hub) -> None:
    pointed = f"judge={aviary.judge.url} secret=openai prices=1,2"
    ours = (b"deepdive.engine", b"deepdive.tui") if aviary.where == "keyring" else (b"deepdive.engine",)
    with watched(lambda command: any(name in command for name in ours)) as seen:
        if aviary.where == "keyring":
            for name, value in CANARIES.items():
                assert aviary.deepdive("keys", "set", name, given=value) == 0, aviary.last
        assert aviary.deepdive("keys", "list", "--json") == 0
        assert aviary.deepdive("keys", "check") == 0, aviary.last
        assert aviary.last.count("✓") == 3
        assert aviary.deepdive("run", "judged", "grade", "fetch", "--set", pointed) == 0, aviary.last
        aviary.judge.troubles[:] = ["echo"] * 9  # the server sends the key back
        assert aviary.deepdive("run", "judged", "leak", "--in", "last") == 1
        assert "the judge said" in aviary.last and "you sent ***" in aviary.last
        aviary.judge.troubles[:] = []
        aviary.judge.key = "sk-another"
        assert aviary.deepdive("run", "judged", "grade", "--in", "last", "--set", "count=30", "--json") == 1
        assert "does not accept the key" in aviary.last
        for words in (["show", "last"], ["show", "last", "--json"], ["results", "last", "--json"], ["runs", "--json"]):
            assert aviary.deepdive(*words) == 0
        aviary.deepdive("doctor")

    # The keys did reach the services that they are for: what follows is no search for what was never there.
    assert f"Bearer {CANARIES['openai']}" in aviary.judge.keys
    assert TOKEN in {request.token for request in hub.requests}
    assert kaggle_server.TOKEN in aviary.kaggle.tokens
    assert any(b"deepdive.engine.work.worker" in raw for raw in seen)
    assert any(b"deepdive.engine.places.kaggle_child" in raw for raw in seen)
    assert any(b"OMP_WAIT_POLICY" in raw for raw in seen)  # environments were read

    written = list(aviary.written())
    assert any(path.name == "events.jsonl" for path, _ in written)
    assert any(path.name == "worker.log" for path, _ in written)
    assert any(path.parent.name == "replies" for path, _ in written)
    for canary in CANARIES.values():
        everywhere = [canary.encode(), json.dumps(canary)[1:-1].encode()]
        assert not [path for path, raw in written if any(form in raw for form in everywhere)]
        assert not [said for said in aviary.said if canary in said]
        assert not [raw for raw in seen if canary.encode() in raw]


def test_the_search_finds_what_is_there(aviary: Aviary) -> None:
    """A canary that is let out on purpose is found in each place: the test above can fail."""
    home = Path(aviary.environment["DEEPDIVE_HOME"])
    home.mkdir(parents=True)
    (home / "let-out").write_text(CANARIES["openai"])
    with watched(lambda command: b"-c" in command.split(b"\0")) as seen:
        script = "import time; time.sleep(1)"
        subprocess.run([sys.executable, "-c", script], env={**os.environ, "LET_OUT": CANARIES["kaggle"]}, check=True)
    assert [path.name for path, raw in aviary.written() if CANARIES["openai"].encode() in raw] == ["let-out"]
    assert any(CANARIES["kaggle"].encode() in raw for raw in seen)
