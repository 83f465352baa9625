"""Chapter 4 at the book's scale, rehearsed: annotations by web address, tweets from Kaggle, a gated model, a judge,
all on loopback and through the real clients.

The models are tiny and random: every step has to run and to count right, no claim has to hold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.runs.store import Run, Store

from tests.end_to_end.conftest import Command
from tests.support.loopback import chapter4, web
from tests.support.loopback import kaggle as kaggle_server
from tests.support.loopback.hub import TOKEN, Hub
from tests.support.loopback.openai_server import Judge, marks, serve

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "tweetsumm"
FILES = {"train": "train", "validation": "valid", "test": "test"}
SMALL = {
    "epochs": "0.4",  # of nine pairs: two updates of two
    "small_full.epochs": "0.2",  # two of one
    "graded": "4",
    "new_tokens": "8",
    "in_batches.count": "4",
    "in_batches.batch": "2",
    "too_large.budget": "20",  # MB: the weights' 16.8 fit, their gradients don't
}
SYSTEMS = ("small_base", "small_full", "small_lora", "small_qlora", "large_base", "large_lora", "large_qlora")
KEY = "sk-loopback-4"


@dataclass
class Rehearsal:
    """The whole lesson at the book's scale, in one run; what it told, asked for and showed."""

    command: Command
    sets: list[str]  # where the calls of our own making are
    asked: set[str] = field(default_factory=set)  # paths of the hub
    turned_away: subprocess.CompletedProcess[str] | None = None  # at the gate
    events: list[dict[str, Any]] = field(default_factory=list)
    id: str = ""  # of the run
    results: dict[str, Any] = field(default_factory=dict)

    def deepdive(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.command("run", "chapter4", *words, **environment)

    @property
    def run(self) -> Run:
        return Store(self.command.home / "home").open(self.id)

    def step(self, id: str, type: str, name: str = "") -> list[dict[str, Any]]:
        """Events of one step's job, by type and name."""
        return chosen(self.events, id, type, name)

    def figure(self, step: str, name: str, **case: Any) -> Any:
        (found,) = (f for f in self.step(step, "figure", name) if case.items() <= f.get("case", {}).items())
        return found["value"]

    def rows(self, events: list[dict[str, Any]], step: str, name: str) -> list[dict[str, Any]]:
        """A table of a step; a long one lies in a file."""
        (told,) = chosen(events, step, "rows", name)
        lying = told.get("path")
        found: list[dict[str, Any]] = json.loads((self.run.folder / lying).read_text()) if lying else told["rows"]
        return found


def chosen(events: list[dict[str, Any]], step: str, type: str, name: str = "") -> list[dict[str, Any]]:
    (job,) = (event["job"] for event in events if event["type"] == "job" and event["step"] == step)
    found = [event for event in events if event["job"] == job and event["type"] == type]
    return [event for event in found if not name or event["name"] == name]


def told(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kaggle_server.Kaggle]:
    """The table of tweets: those of our calls, and one text for every id of the real annotations that are here."""
    ids = {tweet for name in FILES.values() for tweet in real_tweets(name)}
    table = chapter4.tweets((id, id % 2 == 0, "@shop Some words. " * 20) for id in sorted(ids))
    with kaggle_server.serve(
        kaggle_server.Kaggle({"twcs/twcs.csv": table.encode()}), tmp_path_factory.mktemp("kaggle")
    ) as running:
        yield running


def real_tweets(name: str) -> Iterator[int]:
    file = REAL / f"final_{name}_tweetsum.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        yield from (part["tweet_id"] for part in json.loads(line)["tweet_ids_sentence_offset"])


@pytest.fixture(scope="module")
def lesson(hub: Hub, kaggle: kaggle_server.Kaggle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The command with loopback's servers around it, and nothing run yet."""
    home = tmp_path_factory.mktemp("book")
    sets = []
    for split in FILES:
        (home / f"{split}.jsonl").write_text(chapter4.annotations(split), encoding="utf-8")
        sets += ["--set", f"{split}={home / split}.jsonl"]
    with web.serve(REAL) as address:
        surroundings = {
            "DEEPDIVE_WEB": address,
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "KAGGLE_API_TOKEN": kaggle_server.TOKEN,
            "OPENAI_API_KEY": "",
            "OMP_NUM_THREADS": "1",
        }
        command = Command(home, hub.environment(home / "hf") | kaggle.environment(home) | surroundings)
        yield Rehearsal(command, sets)
        command.close()


@pytest.fixture(scope="module")
def rehearsal(lesson: Rehearsal, hub: Hub) -> Rehearsal:
    """All steps: the large model once without a token, then everything with one."""
    hub.requests.clear()
    lesson.turned_away = lesson.deepdive("large_base", "--scale", "book", *lesson.sets)
    small = [word for setting, value in SMALL.items() for word in ("--set", f"{setting}={value}")]
    done = lesson.deepdive("--in", "last", *small, "--json", HF_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    lesson.events = told(done)
    lesson.id = lesson.command.lines("runs")[0]["runs"][0]["id"]
    lesson.asked = {request.path for request in hub.requests}
    (lesson.results,) = lesson.command.lines("results", "last")
    return lesson


# ---- the steps -------------------------------------------------------------------------------------------------------


def test_without_a_token_the_gate_is_explained_with_its_page_and_an_open_model(rehearsal: Rehearsal, hub: Hub) -> None:
    done = rehearsal.turned_away
    assert done is not None
    assert done.returncode == 1
    assert f"{hub.url}/{chapter4.LLAMA}" in done.stderr
    assert "Qwen/Qwen2.5-7B" in done.stderr
    assert "deepdive keys set huggingface" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_step_of_the_scale_runs_to_its_end(rehearsal: Rehearsal) -> None:
    steps = [step.id for step in catalogue.find("chapter4").steps if step.at("book") and not step.optional]
    assert [event["step"] for event in rehearsal.events if event["type"] == "job"] == steps
    ends = {event["job"]: event for event in rehearsal.events if event["type"] == "end"}
    assert {end["outcome"] for end in ends.values()} == {"done"}
    (lesson,) = (end for end in ends.values() if "cause" in end)
    assert [lesson] == rehearsal.step("too_large", "end")
    assert lesson["cause"].startswith("out of memory: the gradient of model.")
    assert all(rehearsal.step(step, "figure") for step in steps if step != "too_large")


def test_the_calls_are_put_together_from_three_files_and_a_table(
    rehearsal: Rehearsal, kaggle: kaggle_server.Kaggle
) -> None:
    for split, counts in chapter4.SUMMARIES.items():
        pairs = sum(map(bool, counts)) if split == "test" else sum(counts)
        assert rehearsal.figure("conversations", "pairs", split=split) == pairs
    first = rehearsal.rows(rehearsal.events, "conversations", "pairs")[0]
    number = chapter4.calls("test")[0][0]
    assert first["summary"] == " ".join(chapter4.summary(number, 0))
    assert first["conversation"] == chapter4.conversation(number)
    assert set(kaggle.tokens) == {kaggle_server.TOKEN}
    assert len(kaggle.ranges) == 1  # fetched once


def test_what_is_trained_is_counted(rehearsal: Rehearsal) -> None:
    base = rehearsal.figure("small_base", "parameters")
    joint = 2 * (64 * 16 + 16 * 3 * 64)  # rank 16 beside c_attn, in two layers
    queries_and_values = 2 * 2 * (64 * 8 + 8 * 64)  # rank 8 beside q_proj and v_proj
    trained = {step: rehearsal.figure(step, "trained") for step in SYSTEMS if "base" not in step}
    assert trained == {
        "small_full": base,
        "small_lora": joint,
        "small_qlora": joint,
        "large_lora": queries_and_values,
        "large_qlora": queries_and_values,
    }
    assert {rehearsal.figure(step, "updates") for step in trained} == {2}


def test_frozen_weights_are_stored_as_the_method_says(rehearsal: Rehearsal) -> None:
    blocks = 2 * (4 * 64 * 64 + 3 * 64 * 192)
    assert rehearsal.figure("large_lora", "weights", type="int8") == pytest.approx(blocks / 1e6)
    assert rehearsal.figure("large_qlora", "weights", type="uint8") == pytest.approx(blocks / 2 / 1e6)
    for step in ("large_lora", "large_qlora"):
        assert rehearsal.figure(step, "memory", holder="gradients") == pytest.approx(4 * 4096 / 1e6)


def test_the_merged_model_is_the_adapted_one(rehearsal: Rehearsal) -> None:
    assert rehearsal.figure("merge", "layers with an adapter") == 4
    assert rehearsal.figure("merge", "largest change of a logit") > 0
    assert rehearsal.figure("in_batches", "same texts") == 1


def test_without_a_key_the_local_judge_grades_and_says_so(rehearsal: Rehearsal) -> None:
    for step, systems in (("grade_small", SYSTEMS[:4]), ("grade_all", SYSTEMS)):
        (note,) = rehearsal.step(step, "note")
        assert "There is no key for" in note["text"]
        totals = {figure["case"]["system"]: figure for figure in rehearsal.step(step, "figure", "total")}
        assert tuple(totals) == systems
        assert all(figure["note"].startswith("judge: local judge") for figure in totals.values())
        assert {figure["n"] for figure in totals.values()} == {4}
        assert not rehearsal.step(step, "spend")


def test_claims_are_judged_and_one_that_does_not_hold_is_no_failure(rehearsal: Rehearsal) -> None:
    tutorial = catalogue.find("chapter4")
    claims = {c.text for c in tutorial.claims if c.scale in ("", "book") and tutorial.step(c.step).at("book")}
    told = {claim["text"]: claim for claim in rehearsal.results["claims"]}
    assert set(told) == claims
    assert all(claim["evidence"] for claim in told.values())
    assert {claim["held"] for claim in told.values()} >= {True, False}  # random models: some can't hold


def test_the_book_s_figures_stand_beside_the_measured_ones(rehearsal: Rehearsal) -> None:
    both = {r["step"] for r in rehearsal.results["results"] if r["book"] is not None and r["measured"] is not None}
    assert both >= {"small_full", "large_lora", "large_qlora", "grade_small", "grade_all"}


def test_what_is_not_needed_is_not_downloaded(rehearsal: Rehearsal) -> None:
    assert not [path for path in rehearsal.asked if path.endswith((".bin", ".h5", ".msgpack", ".onnx", ".ot"))]
    for id in (chapter4.DISTIL, chapter4.LLAMA):
        assert any(f"{id}/resolve" in path and path.endswith(".safetensors") for path in rehearsal.asked)


# ---- the book's own files --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="the book's annotations are not on this machine")
def test_the_book_s_annotations_come_by_their_address_and_give_its_counts(rehearsal: Rehearsal) -> None:
    done = rehearsal.deepdive("conversations", "--scale", "book", "--json")
    assert done.returncode == 0, done.stderr
    pairs = {f["case"]["split"]: f["value"] for f in chosen(told(done), "conversations", "figure", "pairs")}
    assert pairs == {"train": 2629, "validation": 356, "test": 110}


# ---- a paid judge ----------------------------------------------------------------------------------------------------


def test_grading_that_is_killed_goes_on_and_pays_for_no_reply_twice(rehearsal: Rehearsal) -> None:
    with serve(Judge(marks(customer="partly", agent="no", form="yes"), key=KEY, seconds=1.0)) as server:
        judge = f"judge={server.url} judge-1 secret=openai prices=1,2"
        words = ("grade_small", "--in", rehearsal.id, "--set", judge, "--spend-cap", "1", "--json")
        killed: list[subprocess.CompletedProcess[str]] = []
        thread = threading.Thread(target=lambda: killed.append(rehearsal.deepdive(*words, OPENAI_API_KEY=KEY)))
        thread.start()
        run = rehearsal.run
        replies = run.folder / "replies"
        end = time.monotonic() + 120
        while not list(replies.glob("*.json")) and time.monotonic() < end:
            time.sleep(0.02)
        worker = run.worker()
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        thread.join()
        assert killed[0].returncode == 1
        assert "grade_small failed" in killed[0].stderr
        time.sleep(2 * server.seconds)  # those on their way are answered, to nobody: they take none of the troubles
        kept, asked = len(list(replies.glob("*.json"))), len(server.asked)
        assert 1 <= kept <= asked <= kept + 4  # at most those that were on their way
        server.seconds, server.troubles = 0.0, ["refusal", "garbage", 500]
        done = rehearsal.deepdive(*words, OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    events = told(done)
    different = {str(messages["messages"]) for messages in server.asked}  # equal items are asked about once
    assert kept < len(different) <= 16
    assert len(server.asked) == asked + len(different) - kept + 2  # once more after the garbage, and after the 500
    verdicts = rehearsal.rows(events, "grade_small", "verdicts")
    assert len(verdicts) == 16
    failed = [row["not graded"] for row in verdicts if row["not graded"]]
    assert set(failed) == {"the judge refused: I can't grade this."}
    assert all(row["form"] == "yes" and row["judge"] == "judge-1" for row in verdicts if not row["not graded"])
    totals = chosen(events, "grade_small", "figure", "total")
    assert sum(figure["n"] for figure in totals) == 16 - len(failed)
    values = [figure["value"] for figure in totals if figure.get("value") is not None]  # none below 90 % graded
    assert values == [pytest.approx(75)] * len(values)
    assert all("judge: judge-1" in figure["note"] for figure in totals)
    spent = chosen(events, "grade_small", "spend")[-1]
    assert (spent["calls"], spent["cap"]) == (len(server.asked) - asked - 1, 1.0)  # the 500 costs nothing
    assert spent["cost"] == pytest.approx(spent["calls"] * (100 * 1 + 20 * 2) / 1e6)
    for file in run.folder.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


# ---- will it fit? ----------------------------------------------------------------------------------------------------

FITS = {  # GB of weights, gradients and moments together (the curriculum's R3), and the first size that it fits
    "small, all weights": 1.31,
    "small, LoRA": 0.328 + 0.005,
    "small, QLoRA": 0.024 + 0.16 + 0.005,
    "large, all weights": 107.8,
    "large, LoRA": 26.95 + 0.067,
    "large, LoRA on 16 bits": 13.48 + 0.067,
    "large, LoRA on 8 bits": 7.6,
    "large, QLoRA": 4.8,
}


def test_what_fits_which_card_is_told_offline(deepdive: Command) -> None:
    done = deepdive("fit", "chapter4", "--scale", "book", "--json", HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    (document,) = told(done)
    told_of = {row["name"]: row for row in document["configurations"]}
    assert set(told_of) >= set(FITS)
    for name, gigabytes in FITS.items():
        row = told_of[name]
        certain = row["weights"] + row["gradients"] + row["optimizer"]
        assert certain == pytest.approx(gigabytes * 1e9, rel=0.1), name
    large = {name: row for name, row in told_of.items() if name.startswith("large")}
    assert large["large, all weights"]["parameters"] == 6_738_415_616
    assert large["large, QLoRA"]["trainable"] == 4_194_304
    assert [size["gb"] for size in document["memory"]] == [16, 24, 80]
    for size in document["memory"]:
        fits = set(size["fits"])
        assert fits >= {"small, all weights", "small, LoRA", "small, QLoRA", "large, QLoRA"}
        assert "large, all weights" not in fits
        assert ("large, LoRA" in fits) == (size["gb"] == 80)
        assert "numbers in the tutorial" in large["large, LoRA"]["source"]
