"""A disk that is full or read-only: said clearly, nothing lost. Real file systems, where this test may mount them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.work import supervisor

from tests.support.laboratory import PATIENCE, Laboratory


def may_mount() -> bool:
    if os.geteuid() != 0 or not os.path.exists("/bin/mount"):
        return False
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="mounting a small file system needs root")


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path: Path) -> Path:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while file.write(b"x" * 4096):
            pass
    return path


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_full_disk_does_not_stop_a_training_and_no_point_is_lost_once_there_is_room(laboratory: Laboratory) -> None:
    run: Run = laboratory.run()
    with small_disk(run.folder, "600k"):
        (run.folder / "artifacts").mkdir()
        run.write()
        laboratory.submit(run, "train", updates=400, pause=0.01)
        laboratory.wait(run, lambda view: (job := view.running) and "training" in job.curves)
        filler = fill(run.folder / "filler")
        until(lambda: supervisor.status(run)[1])
        assert "No space left" in supervisor.status(run)[1]
        filler.unlink()
        until(lambda: not supervisor.busy(run))
        job = laboratory.view(run).latest("train")
        assert job is not None
        assert job.curves["training"].x == list(range(1, 401))
        laboratory.finish(laboratory.run(), "numbers")  # lets the small disk go


def test_an_artifact_that_does_not_fit_fails_the_step_with_the_reason(laboratory: Laboratory) -> None:
    run = laboratory.run()
    with small_disk(run.folder, "128k"):
        (run.folder / "artifacts").mkdir()
        run.write()
        job = laboratory.finish(run, "chatty", rows=20_000)
        assert (job.outcome, job.cause) == ("failed", "the disk is full")
        assert "Free some space" in job.action
        laboratory.finish(laboratory.run(), "numbers")


def test_a_read_only_home_is_named_with_the_variable_that_helps(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with small_disk(tmp_path, "64k"):
        (tmp_path / "runs").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(Fault, match="Read-only") as fault:
            Store(tmp_path).create("toy", "pocket")
        assert "DEEPDIVE_HOME" in str(fault.value)
