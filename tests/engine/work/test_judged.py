"""The judge path whole: a step in a real worker, a paid endpoint on loopback, a kill in the middle."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.engine.runs.events import Spend
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Run
from deepdive.engine.work import supervisor

from tests.engine.command.test_main import deepdive, told
from tests.support.laboratory import Laboratory, use
from tests.support.loopback.openai_server import Judge, marks, serve

KEY = "sk-canary-1"  # what the laboratory's environment has


@pytest.fixture
def judged(worker_home: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    use(monkeypatch, worker_home)
    return Laboratory(worker_home, "judged")


@pytest.fixture
def server() -> Iterator[Judge]:
    with serve(Judge(marks(customer="yes", agent="no"), key=KEY)) as running:
        yield running


def pointed(server: Judge, more: str = "prices=1,2") -> str:
    return f"{server.url} secret=openai {more}"


def run_with(judged: Laboratory, server: Judge, more: str = "prices=1,2", cap: float | None = None) -> Run:
    return judged.run(roles={"judge": pointed(server, more)}, spend_cap=cap)


def test_without_a_key_the_local_judge_grades_and_every_figure_says_so(judged: Laboratory) -> None:
    job = judged.finish(judged.run(), "grade", count=10)
    assert job.outcome == "done", job.cause
    assert any("a program and no model" in note.text and "always partly" in note.text for note in job.notes)
    total = next(figure for figure in job.figures.values() if figure.name == "total")
    assert (total.value, total.n) == (10.0, 10)
    assert total.low is not None and total.high is not None and total.low <= 10.0 <= total.high
    day = time.strftime("%Y-%m-%d")
    assert total.note == f"judge: local judge, {day}; 10 of 10 graded; 95 % bootstrap interval"
    rows = job.rows["verdicts"].rows
    assert rows[3] == {
        "item": "dialogue 3",
        "customer": "no",
        "customer: why": "3 it is",
        "agent": "partly",
        "agent: why": "as always",
        "judge": "local judge",
        "not graded": "",
    }


def test_killed_in_the_middle_grading_goes_on_and_nothing_graded_is_asked_again(
    judged: Laboratory, server: Judge
) -> None:
    server.seconds = 0.15
    run = run_with(judged, server)
    judged.submit(run, "grade")
    replies = run.folder / "replies"
    judged.wait(run, lambda view: replies.is_dir() and len(list(replies.glob("*.json"))) >= 7)
    worker = run.worker()
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    while worker.alive():
        time.sleep(0.01)
    run.settle()
    kept, asked = len(list(replies.glob("*.json"))), len(server.asked)
    assert 7 <= kept < 24
    assert asked - kept <= 3  # those that were on their way
    server.seconds = 0.0
    job = judged.finish(run, "grade")
    assert job.outcome == "done", job.cause
    assert len(server.asked) == asked + 24 - kept
    total = next(figure for figure in job.figures.values() if figure.name == "total")
    assert (total.value, total.n) == (24.0, 24)
    assert job.spend["judge"].calls == 24 - kept
    finished = judged.finish(run, "grade")  # and a third time nothing at all
    assert len(server.asked) == asked + 24 - kept
    assert finished.figures.keys() == job.figures.keys()


def test_a_polite_stop_keeps_what_was_paid(judged: Laboratory, server: Judge) -> None:
    server.seconds = 0.15
    run = run_with(judged, server)
    judged.submit(run, "grade")
    judged.wait(run, lambda view: (job := view.running) and job.progress and job.progress.done >= 4)
    supervisor.stop(run)
    view = judged.wait(run, lambda view: not view.running)
    job = view.latest("grade", done=False)
    assert job is not None and job.outcome == "stopped"
    paid = len(server.asked)
    assert paid < 24
    assert judged.finish(run, "grade").outcome == "done"
    assert len(server.asked) == 24


def test_the_cost_is_estimated_before_shown_during_and_right_at_the_end(judged: Laboratory, server: Judge) -> None:
    server.seconds = 0.05
    run = run_with(judged, server, cap=1.0)
    assert judged.finish(run, "grade").outcome == "done"
    spends = [event for event in replay(run.log)[0] if isinstance(event, Spend)]
    assert spends[0].calls == 0
    assert spends[0].estimate is not None and 0.001 < spends[0].estimate < 0.05
    assert [spend.calls for spend in spends] == list(range(25))
    assert spends[-1].cost == pytest.approx(24 * (100 * 1 + 20 * 2) / 1e6)
    assert spends[-1].estimate == pytest.approx(spends[-1].cost)
    assert {spend.cap for spend in spends} == {1.0}


def test_a_cap_that_is_reached_fails_the_step_and_a_higher_one_goes_on(judged: Laboratory, server: Judge) -> None:
    server.usage = (300, 1900)  # far more than is usual: the estimate fits, the replies don't
    run = run_with(judged, server, cap=0.03)
    job = judged.finish(run, "grade")
    assert job.outcome == "failed"
    assert re.match(r"\d+ of 24 are graded; the spend cap of \$0.03 is reached", job.cause)
    assert "--spend-cap" in job.action
    assert sum(spend.cost for spend in job.spend.values()) <= 0.03
    paid = len(server.asked)
    assert 0 < paid < 24
    run.record.spend_cap = 1.0
    run.write()
    assert judged.finish(run, "grade").outcome == "done"
    assert len(server.asked) == 24


def test_the_cap_of_the_command_holds_over_all_jobs_of_the_run(judged: Laboratory, server: Judge) -> None:
    sets = ("--set", f"judge={pointed(server)}", "--set", "at_once=1")
    done = deepdive("run", "judged", "grade", *sets, "--spend-cap", "0.02")
    assert done.returncode == 0, done.stderr
    assert re.search(r"judge +judge-1 +about \$0.0\d+, cap \$0.02", done.stdout)
    assert re.search(r"judge: judge-1, \d{4}-\d\d-\d\d; 24 of 24 graded; 95 % bootstrap interval", done.stdout)
    assert re.search(r"judge +24 calls to judge-1 +2,880 tokens +\$0.0034 of about \$0.0034, cap \$0.02", done.stdout)
    again = deepdive("run", "judged", "grade", "--in", "last", "--set", "count=200", "--spend-cap", "0.01")
    assert again.returncode == 1
    assert "176 calls to judge-1 cost about" in again.stderr
    assert "$0.0034 are spent" in again.stderr
    assert len(server.asked) == 24


def test_what_the_command_is_told_wrong_starts_nothing(judged: Laboratory) -> None:
    for words, says in (
        (["--spend-cap", "-1"], "--spend-cap: -1.0 is out of range"),
        (["--set", "judge=sk-proj-abcdefgh"], "looks like a key"),
        (["--set", "judge=prices=1"], "dollars for a million tokens"),
    ):
        done = deepdive("run", "judged", "grade", *words)
        assert done.returncode == 2, done.stdout
        assert says in done.stderr
        assert "abcdefgh" not in done.stdout + done.stderr
    for path in judged.store.home.rglob("*"):
        assert not path.is_file() or b"abcdefgh" not in path.read_bytes(), path


def test_a_cap_that_can_not_be_kept_is_refused_with_the_way_to_tell_the_prices(
    server: Judge, judged: Laboratory
) -> None:
    done = deepdive("run", "judged", "grade", "--set", f"judge={server.url} secret=openai", "--spend-cap", "1")
    assert done.returncode == 2, done.stderr
    assert "the prices of judge-1 are not known" in done.stderr
    assert "prices=PROMPT,REPLY" in done.stderr
    assert server.asked == []


def test_another_server_gets_no_key_unless_it_is_named(judged: Laboratory, server: Judge) -> None:
    run = judged.run(roles={"judge": f"{server.url} prices=0,0"})
    job = judged.finish(run, "grade", count=3)
    assert job.outcome == "failed"
    assert "does not accept the key" in job.cause
    assert KEY not in "".join(server.keys)


def test_a_model_that_was_shut_down_is_named_before_anything_is_paid(judged: Laboratory, server: Judge) -> None:
    job = judged.finish(run_with(judged, server, "model=gpt-4"), "grade", count=3)
    assert job.outcome == "failed"
    assert "has no model gpt-4" in job.cause
    assert "--set judge=MODEL" in job.action
    assert server.asked == []


def test_json_tells_what_is_spent(judged: Laboratory, server: Judge) -> None:
    done = deepdive("run", "judged", "grade", "--set", f"judge={pointed(server)}", "--set", "count=4", "--json")
    spends = [event for event in told(done) if event["type"] == "spend"]
    assert spends[-1]["calls"] == 4
    assert spends[-1]["model"] == "judge-1"


def test_a_key_that_a_server_sends_back_stands_in_no_event_and_no_file(judged: Laboratory, server: Judge) -> None:
    server.troubles[:] = ["echo"] * 9
    run = run_with(judged, server)
    job = judged.finish(run, "leak")
    assert job.outcome == "failed"
    assert "you sent ***" in job.cause
    for path in run.folder.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path
