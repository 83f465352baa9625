"""Whatever a step does, its job ends with a reason, nothing of it gets into another job, and a stop is heard."""

from __future__ import annotations

import random
import re
import threading
import time
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.work import supervisor

from tests.support.laboratory import Laboratory, use


@pytest.fixture
def rude(worker_home: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    use(monkeypatch, worker_home)
    return Laboratory(worker_home, "rude")


SAYS = {
    "exit": "the step left the program: sys.exit()",
    "exit text": "the step left the program: sys.exit(no GPU here)",
    "interrupt": "KeyboardInterrupt",
    "generator": "GeneratorExit",
    "own": "Own: of my own",
    "mute": "Mute: its text can't be shown",
    "recursion": "RecursionError: maximum recursion depth exceeded",
    "memory": "out of memory",
    "control": "ValueError: \x1b]52",
    "long": "ValueError: ééé",
}
REPORTED = {
    "huge": "figure v as something that can't be kept: Expected `int`",
    "complex": "figure v as something that can't be kept: Expected",
    "object": "figure v as something that can't be kept",
    "rows": "rows many as something that can't be kept",
    "point": "point training as something that can't be kept",
    "bytes": "note as something that can't be kept",
}


def test_whatever_a_step_raises_or_reports_its_job_ends_with_the_reason_and_the_worker_lives(rude: Laboratory) -> None:
    run = rude.run()
    for step, said in (("raises", SAYS), ("reports", REPORTED)):
        for kind, cause in said.items():
            job = rude.finish(run, step, kind=kind)
            assert (job.outcome, cause in job.cause) == ("failed", True), (kind, job.cause)
            assert job.action
    worker = run.worker()
    assert rude.finish(run, "well").outcome == "done"
    assert run.worker() == worker, "one process ran them all"
    assert all(len(line) <= 8192 for line in run.log.read_bytes().split(b"\n"))


def test_what_is_odd_but_can_be_kept_is_kept(rude: Laboratory) -> None:
    job = rude.finish(rude.run(), "odd")
    assert (job.outcome, job.cause) == ("done", "")
    kept = {figure.name: figure.value for figure in job.figures.values()}
    assert kept == {"tensor": 2.5, "nan": None, "word": "\\ud800 of my own", "whole": 2**62}


@pytest.mark.parametrize("kind", ["exit", "own"])
def test_a_probe_that_exits_is_told_and_the_worker_lives(rude: Laboratory, kind: str) -> None:
    run = rude.run()
    rude.submit(run, "well", items=50, pause=0.02)
    rude.wait(run, lambda view: view.running)
    with pytest.raises(Fault, match=re.escape("SystemExit: 3") if kind == "exit" else "Own: of my own"):
        supervisor.ask(rude.store, run, "ask", {"kind": kind})
    rude.wait(run, lambda view: not view.running)
    job = rude.view(run).latest("well")
    assert job is not None, "the step went on to its end"


def test_what_a_thread_of_a_step_reports_late_gets_into_no_other_job_or_run(rude: Laboratory) -> None:
    first, second = rude.run(), rude.run()
    rude.finish(first, "late")
    rude.finish(first, "well", items=20, pause=0.02)
    rude.finish(second, "well", items=20, pause=0.02)
    assert [[f.name for f in job.figures.values()] for job in rude.view(first).jobs.values()] == [
        ["early"],
        ["process"],
    ]
    assert [[f.name for f in job.figures.values()] for job in rude.view(second).jobs.values()] == [["process"]]
    assert b"late" not in second.log.read_bytes()
    logs = first.worker_log.read_text() + second.worker_log.read_text()
    assert f"{first.id} j1: 10 reported after its end, dropped" in logs


@pytest.mark.parametrize("step", ["well", "anew"])
def test_a_stop_is_heard_however_early_it_comes(rude: Laboratory, step: str) -> None:
    draw = random.Random(7)
    run = rude.run()
    for delay in (0.0, *(draw.uniform(0.0, 0.4 if step == "well" else 1.5) for _ in range(5))):
        rude.submit(run, step, items=2000, pause=0.02)
        time.sleep(delay)
        stopping = threading.Thread(target=supervisor.stop, args=(run,))
        stopping.start()
        stopping.join(20)
        rude.wait(run, lambda view: not supervisor.busy(run), f"the stop after {delay:.2f} s")
        for job in rude.view(run).jobs.values():
            assert job.outcome == "stopped", (delay, job.cause)
