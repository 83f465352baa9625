"""The command as a user types it: a process of its own, its exit code, what it prints."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deepdive.engine.command.plain import Reading
from deepdive.engine.work import supervisor

from tests.support.laboratory import PATIENCE, Laboratory


def deepdive(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deepdive.tui", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **more},  # type: ignore[dict-item]
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_run_prints_events_one_a_line_and_results_show_what_held(laboratory: Laboratory) -> None:
    done = deepdive("run", "toy", "--json")
    assert done.returncode == 0, done.stderr
    events = told(done)
    assert events[0]["type"] == "job"
    points = [event for event in events if event["type"] == "point" and event["curve"] == "training"]
    assert {"loss", "learning_rate"} <= set(points[0]["values"])  # type: ignore[arg-type]
    (results,) = told(deepdive("results", "last", "--json"))
    assert {claim["text"]: claim["held"] for claim in results["claims"]} == {  # type: ignore[attr-defined]
        "The squares add up": True,
        "The loss falls": True,
    }
    total = next(row for row in results["results"] if row["name"] == "total")  # type: ignore[attr-defined]
    assert (total["measured"], total["book"], total["step"]) == (14, 14, "squares")
    (runs,) = told(deepdive("runs", "--json"))
    newest = runs["runs"][0]  # type: ignore[index]
    assert (newest["tutorial"], newest["state"], newest["jobs"]) == ("toy", "done", 3)


def test_text_output_tells_steps_results_and_lessons(laboratory: Laboratory) -> None:
    done = deepdive("run", "toy", "squares")
    assert done.returncode == 0, done.stderr
    assert re.search(r"✓ j1\s+numbers\s+done", done.stdout)
    assert "✓ held" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "nonsense"], "no tutorial 'nonsense'"),
        (["run", "chapter9"], "not built yet"),
        (["run", "toy", "nonsense"], "no step 'nonsense'"),
        (["run", "toy", "--scale", "huge"], "no scale 'huge'"),
        (["run", "toy", "--set", "updates=0"], "updates: 0 is out of range"),
        (["run", "toy", "--set", "train.updates=many"], "'many' is not a whole number"),
        (["run", "toy", "--set", "nonsense=1"], "no setting or role 'nonsense'"),
        (["run", "toy", "--set", "updates"], "has no ="),
        (["run", "toy", "--seeds", "0"], "--seeds: 0 is out of range"),
        (["run", "toy", "--seed", "-1"], "--seed: -1 is out of range"),
        (["run", "toy", "--in", "toy-999"], "no run 'toy-999'"),
        (["show", "../../etc"], "no run"),
        (["nonsense"], "invalid choice"),
        (["completion", "tcsh"], "invalid choice"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_wrong_request_names_the_fault_and_what_is_allowed_and_starts_nothing(
    laboratory: Laboratory, words: list[str], says: str
) -> None:
    before = len(laboratory.store.runs())
    done = deepdive(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len(laboratory.store.runs()) == before


def test_a_failed_step_is_exit_code_1_with_its_reason_and_control_characters_made_visible(
    laboratory: Laboratory,
) -> None:
    done = deepdive("run", "toy", "broken")
    assert done.returncode == 1
    assert "ValueError: the ␛[31mred␛[0m number is wrong" in done.stderr
    assert "Traceback" not in done.stderr
    shown = deepdive("show", "last")
    assert "\x1b" not in shown.stdout + done.stdout + done.stderr
    assert "steps.py" in shown.stdout


def test_a_refused_step_is_exit_code_2_and_an_expected_failure_0(laboratory: Laboratory) -> None:
    done = deepdive("run", "toy", "picky")
    assert done.returncode == 2
    assert "Allowed: the, a, of" in done.stderr
    assert deepdive("run", "toy", "too_big").returncode == 0


def test_a_setting_reaches_the_step_and_stays_with_the_run(laboratory: Laboratory) -> None:
    assert deepdive("run", "toy", "squares", "--set", "numbers.count=4").returncode == 0
    (shown,) = told(deepdive("show", "last", "--json"))
    assert [job["settings"] for job in shown["jobs"]] == [{"count": 4}, {"power": 2}]  # type: ignore[attr-defined]
    assert deepdive("run", "toy", "squares", "--in", "last").returncode == 0
    (again,) = told(deepdive("show", "last", "--json"))
    assert [job["step"] for job in again["jobs"]] == ["numbers", "squares", "squares"]  # type: ignore[attr-defined]


def test_ctrl_c_stops_politely_and_the_exit_code_is_130(laboratory: Laboratory) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "deepdive.tui", "run", "toy", "slow", "--json"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"progress"' in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(PATIENCE) == 130
    assert '"outcome":"stopped"' in rest


def test_a_closed_terminal_leaves_the_run_going_and_attach_follows_it_to_its_end(laboratory: Laboratory) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "deepdive.tui", "run", "toy", "slow", "--set", "items=150", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"progress"' in line:
            break
    os.killpg(process.pid, signal.SIGHUP)
    process.wait(PATIENCE)
    done = deepdive("attach", "last", "--json")
    assert done.returncode == 0, done.stderr
    assert told(done)[-1] | {"t": 0} == {"type": "end", "t": 0, "job": "j1", "outcome": "done"}


def test_stop_ask_and_show_work_from_another_terminal(laboratory: Laboratory) -> None:
    run = laboratory.run()
    laboratory.submit(run, "train", updates=2000, pause=0.02)
    laboratory.wait(run, lambda view: (job := view.running) and "training" in job.curves)
    asked = deepdive("ask", run.id, "echo", "--set", "text=hi \x1b[2J there")
    assert asked.returncode == 0, asked.stderr
    assert "hi ␛[2J there" in asked.stdout
    long = deepdive("ask", run.id, "lengthy", "--set", "tokens=300")
    assert "word0 word1" in long.stdout
    assert "word299" in long.stdout
    assert "accuracy (template mine): 0.8571" in long.stdout
    wrong = deepdive("ask", run.id, "echo", "--set", "words=hi")
    assert (wrong.returncode, "text" in wrong.stderr) == (2, True)
    stopped = deepdive("stop", run.id)
    assert stopped.returncode == 0, stopped.stderr
    assert not supervisor.busy(run)


def test_an_unreadable_a_newer_and_a_garbled_run_are_named_and_take_no_other_down(laboratory: Laboratory) -> None:
    good = laboratory.run()
    laboratory.finish(good, "numbers")
    newer, garbled = laboratory.run(), laboratory.run()
    record = newer.folder / "run.json"
    made_later = record.read_text().replace('"format": 1', '"format": 99')
    record.write_text(made_later)
    (garbled.folder / "run.json").write_text("{")
    with good.log.open("ab") as file:
        file.write(b'{"type":"figure","name":"torn')
    (runs,) = told(deepdive("runs", "--json"))
    states = {run["id"]: run for run in runs["runs"]}  # type: ignore[attr-defined]
    assert states[good.id]["state"] == "done"
    assert "newer version" in states[newer.id]["problem"]
    assert states[garbled.id]["state"] == "unreadable"
    opened = deepdive("show", newer.id)
    assert (opened.returncode, "newer version (format 99" in opened.stderr) == (1, True)
    assert record.read_text() == made_later


def test_list_is_one_document_with_every_tutorial(laboratory: Laboratory) -> None:
    (listed,) = told(deepdive("list", "--json"))
    tutorials = {entry["id"]: entry for entry in listed["tutorials"]}  # type: ignore[attr-defined]
    assert tutorials["toy"]["steps"][:2] == ["numbers", "squares"]
    assert tutorials["chapter9"]["state"] == "not built yet"
    unbuilt = [entry for entry in tutorials.values() if entry["state"] == "not built yet"]
    assert deepdive("list").stdout.count("not built yet") == len(unbuilt)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_the_commands(shell: str) -> None:
    script = deepdive("completion", shell).stdout
    assert all(word in script for word in ("results", "doctor", "chapter2"))
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_plain_reads_a_lesson_as_linear_text(laboratory: Laboratory, tmp_path: Path) -> None:
    text = deepdive("--plain", "toy").stdout
    assert "1 of 3: One page" in text
    assert "Step numbers" in text
    assert "setting count: 3 (1 … 100)" in text
    assert "\x1b" not in text
    assert "chapter2" in deepdive().stdout  # no terminal: the catalogue, in plain


def test_plain_shows_the_long_tables_and_texts_of_a_finished_step(
    laboratory: Laboratory, capsys: pytest.CaptureFixture[str]
) -> None:
    run = laboratory.run()
    laboratory.finish(run, "chatty", rows=2000)
    assert laboratory.view(run).latest("chatty").rows["many"].path  # it lies in a file
    reading = Reading(laboratory.tutorial, sys.stdout, None)
    reading.run = run
    job = reading.view().latest("chatty")
    reading.outcome(job)
    assert "n 1  text some words" in capsys.readouterr().out


def test_the_command_starts_without_textual_or_a_library_that_computes() -> None:
    code = (
        "import sys; from deepdive.tui.__main__ import main; main(['list']);"
        "print([m for m in ('textual', 'torch', 'transformers', 'numpy') if m in sys.modules], file=sys.stderr)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
    assert time.monotonic() - began < 10
