"""Guards out of memory as a lesson, end to end: a learner without a small GPU lives it with `--memory-limit`."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.work import protocol

from tests.support.laboratory import PATIENCE, use
from tests.support.planned import tutorial_in


class Shell:
    """The command with a home and the planned tutorial of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deepdive.tui", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            env=self.environment,
            check=False,
        )

    def jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = json.loads(self("show", "last", "--json").stdout)["jobs"]
        return jobs


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, own_runtime: None) -> Iterator[Shell]:
    tutorial_in(tmp_path_factory.mktemp("tutorials"))
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        use(patch, home)
        patch.setenv("DEEPDIVE_TUTORIALS", str(tmp_path_factory.getbasetemp() / "tutorials0"))
        yield Shell(dict(os.environ))
        for path in itertools.chain(*protocol.sockets(home)):
            with contextlib.suppress(OSError, Fault):
                protocol.call(path, do="quit")


def test_a_training_runs_into_the_limit_and_its_end_explains_it(shell: Shell) -> None:
    done = shell("run", "planned", "train", "--memory-limit", "0.0008", "--set", "updates=5")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (job,) = shell.jobs()
    assert job["outcome"] == "failed"
    assert "out of memory: the step needs " in job["cause"]
    assert "this run's limit is 800 kB. Held by " in job["cause"]
    for holder in ("weights", "gradients", "optimizer", "activations"):
        assert holder in job["cause"]
    assert "would make it fit" in job["action"] or "LoRA" in job["action"]
    assert job["cause"] in done.stderr


def test_where_it_is_the_lesson_the_run_does_not_fail(shell: Shell) -> None:
    done = shell("run", "planned", "tight", "--memory-limit", "0.0002", "--set", "updates=5")
    assert done.returncode == 0, done.stderr
    (job,) = shell.jobs()
    assert (job["outcome"], job["cause"][:14]) == ("done", "out of memory:")
    assert "as it should: out of memory: the step needs" in done.stdout


def test_a_limit_that_is_wide_enough_is_not_felt(shell: Shell) -> None:
    done = shell("run", "planned", "tight", "--memory-limit", "1", "--set", "updates=2")
    assert done.returncode == 0, done.stderr
    assert [job["outcome"] for job in shell.jobs()] == ["done"]


def test_seven_billion_weights_are_refused_ahead_and_that_is_the_lesson(shell: Shell) -> None:
    done = shell("run", "planned", "full", "--scale", "book", "--memory-limit", "16")
    assert done.returncode == 0, done.stderr
    (job,) = shell.jobs()
    assert "known ahead: Llama, full needs 107.8 GB" in job["cause"]
    assert "Llama, QLoRA needs " in job["action"]
    assert not (Path(shell.environment["HF_HOME"]) / "hub").exists()  # nothing was fetched


def test_without_a_limit_this_machine_s_own_memory_is_the_limit(shell: Shell) -> None:
    from deepdive.engine.machine import hardware

    if hardware.gpus() or hardware.memory()[0] > 107e9:
        pytest.skip("it might fit here")
    done = shell("run", "planned", "full", "--scale", "book")
    assert done.returncode == 0, done.stderr
    (job,) = shell.jobs()
    assert f"and there are {hardware.memory()[0] / 1e9:.1f} GB" in job["cause"]


def test_the_same_limit_lets_the_adapters_through_to_their_download(shell: Shell) -> None:
    done = shell("run", "planned", "adapters", "--scale", "book", "--memory-limit", "16")
    assert done.returncode == 1
    (job,) = shell.jobs()
    assert "known ahead" not in job["cause"]
    assert "meta-llama/Llama-2-7b-hf" in job["cause"]  # the hub is switched off here


def test_after_a_run_the_measured_memory_stands_beside_the_estimate_and_is_close(shell: Shell) -> None:
    done = shell("run", "planned", "full", "thin")
    assert done.returncode == 0, done.stderr
    assert [job["outcome"] for job in shell.jobs()] == ["done", "done"]
    told = json.loads(shell("fit", "planned", "--json").stdout)
    assert [row["name"] for row in told["configurations"]] == ["pocket, full", "pocket, LoRA"]
    for row in told["configurations"]:
        off = row["measured"]["off"]
        assert all(abs(off[holder]) < 0.1 for holder in ("weights", "gradients", "optimizer")), off
        assert abs(off["activations"]) <= row["activations_error"], off
    table = shell("fit", "planned").stdout
    assert "pocket, full, measured (and by how much the estimate is off): weights " in table
