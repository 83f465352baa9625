"""Whatever a learner's files, machine, network or server do, the real command answers with a sentence that names cause
and next action, in time, and never with a traceback."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end import hostile
from tests.end_to_end.hostile.situation import Situation, World, environment
from tests.support import laboratory

QUIET_SECONDS = 0.7  # of `deepdive --version` on the machine that the limits were set on
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ue000-\uf8ff]")
KINDS = [kind.name for kind in pkgutil.iter_modules(hostile.__path__) if kind.name != "situation"]
TABLE = [
    pytest.param(situation, id=situation.name)
    for kind in KINDS
    for situation in importlib.import_module(f"{hostile.__name__}.{kind}").SITUATIONS
]


@pytest.fixture(scope="module")
def slowness(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How many times slower than a quiet machine this one is now."""
    here = tmp_path_factory.mktemp("quiet")
    began = time.monotonic()
    World(here, here / "home", environment(here / "home", here)).deepdive(["--version"])
    return max(1.0, (time.monotonic() - began) / QUIET_SECONDS)


def test_the_table_has_eighty_situations_and_more_and_no_two_of_one_name() -> None:
    names = [case.id for case in TABLE]
    assert len(names) >= 80
    assert len(names) == len(set(names))


def runs_python(user: int) -> bool:
    try:
        return subprocess.run([sys.executable, "-c", ""], user=user, check=False).returncode == 0
    except PermissionError:
        return False


@pytest.mark.parametrize("situation", TABLE)
def test_answer_is_a_sentence(
    situation: Situation, tmp_path: Path, worker_home: Path, monkeypatch: pytest.MonkeyPatch, slowness: float
) -> None:
    if situation.user is not None and os.getuid() != 0:
        pytest.skip("only root may become another user")
    if situation.user is not None and not runs_python(situation.user):
        pytest.skip("this Python lies where other users can't run it")
    if situation.ordinary and os.getuid() == 0:
        pytest.skip("root may do this: .ci/as-user runs it")
    home = tmp_path / "home"
    if situation.worker:
        laboratory.use(monkeypatch, worker_home)
        home = worker_home
    world = World(tmp_path, home, environment(home, tmp_path))
    code, said, took = situation.meet(world)
    assert "Traceback (most recent call last)" not in said, said
    assert re.search(situation.says, said, re.S), said
    assert not re.search(situation.never, said), said
    assert code == situation.code, said
    assert not UNSAFE.search(said), repr(said)
    assert took < situation.allowed * slowness, f"{took:.1f} s\n{said}"
