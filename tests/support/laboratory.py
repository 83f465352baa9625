"""A home with real workers for tests: one for the whole session, so that one warm worker serves most of them."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons import catalogue
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import JobView, RunView
from deepdive.engine.work import protocol, submission, supervisor

TOYS = Path(__file__).parent / "toys"
PATIENCE = 90.0  # seconds: a cold worker imports for long on a busy machine


class Laboratory:
    """A home with runs of a toy tutorial."""

    def __init__(self, home: Path, tutorial: str = "toy") -> None:
        self.store = Store(home)
        self.tutorial = catalogue.find(tutorial)

    def run(self, **options: Any) -> Run:
        return self.store.create(self.tutorial.id, "pocket", **options)

    def view(self, run: Run) -> RunView:
        return run.view()

    def submit(self, run: Run, *goals: str, seeds: list[int] | None = None, **settings: object) -> None:
        for goal in goals:
            if settings:
                run.edit(goal, settings)
        orders = submission.planned(
            self.store, self.tutorial, "pocket", self.view(run), list(goals), edits=run.edits(), seeds=seeds
        )
        submission.submit(self.store, run, orders)

    def wait(self, run: Run, until: Callable[[RunView], object], what: str = "") -> RunView:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            view = self.view(run)
            if until(view):
                return view
            time.sleep(0.03)
        raise AssertionError(f"{what or 'it'} did not happen; {run.worker_log.read_text()[-2000:]}")

    def finish(self, run: Run, *goals: str, **settings: object) -> JobView:
        """Run the goals to their end; the last job."""
        before = len(self.view(run).jobs)
        self.submit(run, *goals, **settings)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and supervisor.busy(run):
            time.sleep(0.03)
        jobs = list(self.view(run).jobs.values())
        assert len(jobs) > before, run.worker_log.read_text()[-2000:]
        return jobs[-1]


@pytest.fixture(scope="session")
def worker_home(tmp_path_factory: pytest.TempPathFactory, own_runtime: None) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    yield home
    with pytest.MonkeyPatch.context() as patch:
        use(patch, home)
        for path in itertools.chain(*protocol.sockets(home)):
            with contextlib.suppress(OSError, Fault):
                protocol.call(path, do="quit")


def use(patch: pytest.MonkeyPatch, home: Path) -> None:
    """The environment that all tests of one home share: workers of another can't stand in."""
    patch.setenv("DEEPDIVE_HOME", str(home))
    patch.setenv("DEEPDIVE_TUTORIALS", str(TOYS))
    patch.setenv("HF_HOME", str(home / "hf"))
    for folder in ("CACHE", "CONFIG", "DATA"):  # all that a worker inherits tells workers apart
        patch.setenv(f"XDG_{folder}_HOME", str(home / folder.lower()))
    patch.setenv("HF_HUB_OFFLINE", "1")
    patch.setenv("OPENAI_API_KEY", "sk-canary-1")
    patch.setenv("HF_TOKEN", "hf_canary_2")


@pytest.fixture
def laboratory(worker_home: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    use(monkeypatch, worker_home)
    return Laboratory(worker_home)
