"""The book's scale, rehearsed: the real clients against a hub on loopback, under the real ids."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Command
from tests.support.loopback.hub import Hub

STEPS = ("tokenise", "fill_the_gap", "next_token", "word_by_word", "pretrain", "recite")
SMALL = ("--set", "epochs=1", "--set", "count=12", "--set", "buffer=100", "--set", "evaluate_every=5")


def test_every_part_of_chapter_2_runs_with_the_books_ids_and_columns(
    hub: Hub, deepdive: Command, tmp_path: Path
) -> None:
    environment = hub.environment(tmp_path / "hf")
    done = deepdive("run", "chapter2", *STEPS, "--scale", "book", *SMALL, "--json", **environment)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["outcome"] for event in events if event["type"] == "end"] == ["done"] * 8  # articles and blocks too
    figures = {event["name"]: event["value"] for event in events if event["type"] == "figure"}
    assert figures["tokens"] is not None
    asked = {str(request) for request in hub.requests}
    for id in ("google-bert/bert-base-uncased", "openai-community/gpt2", "wikimedia/wikipedia"):
        assert any(id in request for request in asked), id
    (shown,) = [json.loads(line) for line in deepdive("results", "last", "--json").stdout.splitlines()]
    row = next(row for row in shown["results"] if row["case"] == {"word": "box"} and row["step"] == "fill_the_gap")
    assert row["book"] == 0.1764


@pytest.mark.parametrize(
    ("tutorial", "step", "wanted"),
    [
        ("chapter2", "fill_the_gap", "google-bert/bert-base-uncased"),
        ("chapter3-fewshot", "align", "google-bert/bert-base-cased"),
        ("chapter3-fewshot", "random_head", "nyu-mll/glue"),
    ],
)
def test_without_a_network_it_says_what_was_wanted_and_that_pocket_works_offline(
    deepdive: Command, tutorial: str, step: str, wanted: str
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = deepdive("run", tutorial, step, "--scale", "book", HF_ENDPOINT=address)
    assert done.returncode == 1
    assert wanted in done.stderr
    assert "--scale pocket" in done.stderr
    assert "Traceback" not in done.stderr
