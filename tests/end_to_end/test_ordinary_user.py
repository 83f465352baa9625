"""A step runs for an ordinary user for whom everything but home, runtime, temporary folder and cache is read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.laboratory import PATIENCE, TOYS

OWN = ("home", "runtime", "tmp", "cache")
READ_ONLY = """
set -e
mount --bind "$OWN" "$OWN"
mount -o remount,bind,ro /
exec "$@"
"""


@pytest.fixture
def own() -> Iterator[Path]:
    """The folders that can be written; their path is short, as a socket's must be."""
    if os.getuid() == 0:
        pytest.skip("root writes everywhere; `.ci/as-user` runs this as an ordinary user")
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (util-linux)")
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets no user make a mount namespace")
    with tempfile.TemporaryDirectory(prefix="dd-", dir="/tmp") as folder:
        for name in OWN:
            (Path(folder) / name).mkdir(mode=0o700)
        yield Path(folder)


def confined(own: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command for which all but `own` is read-only."""
    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
        "OWN": str(own),
        "DEEPDIVE_HOME": str(own / "home"),
        "DEEPDIVE_TUTORIALS": str(TOYS),
        "XDG_RUNTIME_DIR": str(own / "runtime"),
        "TMPDIR": str(own / "tmp"),
        "XDG_CACHE_HOME": str(own / "cache"),
        "HF_HOME": str(own / "cache" / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
    line = ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", *words]
    return subprocess.run(line, env=environment, cwd="/", capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_a_training_runs_where_nothing_else_can_be_written(own: Path) -> None:
    assert confined(own, "touch", str(TOYS / "x")).returncode, "all can be written here: this test would show nothing"
    deepdive = (sys.executable, "-m", "deepdive.tui")
    done = confined(own, *deepdive, "run", "toy", "train", "squares")
    assert done.returncode == 0, done.stderr
    assert (done.stderr, "total" in done.stdout) == ("", True)
    confined(own, *deepdive, "stop", "--firm", "last")  # the worker sees no other test's sockets
    assert not list((own / "tmp").glob("deepdive-*/*")), "what the warm-up wrote is gone"
