"""Conversations out of tweets: by hand, and the book's own annotations where they lie on this machine."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from deepdive.engine.lab import Lab, Refused
from deepdive.engine.lessons.tutorial import Tutorial

from tests.tutorials.chapter4.conftest import TEST, TRAIN, VALIDATION, Desk

ANNOTATIONS = Path("/work/shared/data/tweetsumm")
real = pytest.mark.skipif(not ANNOTATIONS.is_dir(), reason="the book's annotations are not on this machine")
TWEETS = {
    1: ("@115712 My phone is dead. Look https://t.co/abc now!", True),
    2: ("@sam We are sorry. @ada will\ncall, https://t.co/x https://t.co/y", False),
    3: ("https://t.co/only", True),
    4: ("Thanks, @sam!", True),
}
DIALOGUE = {
    "conversation_id": "c1",
    "tweet_ids_sentence_offset": [
        {"tweet_id": 1, "sentence_offsets": ["[0, 25]", "[26, 52]"]},
        {"tweet_id": 2, "sentence_offsets": ["[0, 18]", "[19, 63]"]},
        {"tweet_id": 4, "sentence_offsets": ["[0, 13]"]},
    ],
    "annotations": [
        {"extractive": [], "abstractive": ["Customer says it is dead.", "Agent is sorry."]},
        {"extractive": []},
        {"extractive": [], "abstractive": ["Customer complains.", "Agent calls."]},
    ],
}
SAID = "Customer: My phone is dead. Look now! \n Agent: We are sorry. @ada will call, \n Customer: Thanks, @sam! \n "


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_a_turn_loses_its_links_and_its_leading_mention_only(steps: ModuleType) -> None:
    assert steps.dialogues.turn(*TWEETS[1], ["[0, 25]", "[26, 52]"]) == "Customer: My phone is dead. Look now!"
    assert steps.dialogues.turn(*TWEETS[2], ["[0, 18]", "[19, 63]"]) == "Agent: We are sorry. @ada will call,"
    assert steps.dialogues.turn(*TWEETS[4], ["[0, 13]"]) == "Customer: Thanks, @sam!"
    assert steps.dialogues.turn("@a @b hello", True, ["[0, 11]"]) == "Customer: @b hello"


def test_offsets_choose_sentences_and_the_second_is_behind_the_last_character(steps: ModuleType) -> None:
    assert steps.dialogues.turn("One. Two. Three.", False, ["[0, 4]", "[10, 16]"]) == "Agent: One. Three."


def test_a_turn_that_was_only_a_link_is_empty(steps: ModuleType) -> None:
    assert steps.dialogues.turn(*TWEETS[3], ["[0, 17]"]) == "Customer: "


def test_a_row_for_each_summary_or_for_the_first(steps: ModuleType) -> None:
    every = steps.dialogues.from_tweets([DIALOGUE], TWEETS, first_only=False)
    assert [row["summary"] for row in every] == [
        "Customer says it is dead. Agent is sorry.",
        "Customer complains. Agent calls.",
    ]
    assert {row["conversation"] for row in every} == {SAID}
    assert {row["id"] for row in every} == {"c1"}
    assert steps.dialogues.from_tweets([DIALOGUE], TWEETS, first_only=True) == every[:1]


def test_a_dialogue_without_a_summary_gives_no_row(steps: ModuleType) -> None:
    bare = {**DIALOGUE, "annotations": [{"extractive": []}]}
    assert steps.dialogues.from_tweets([bare], TWEETS, first_only=True) == []


def test_the_archive_s_columns(chapter4: Tutorial, tmp_path: Path) -> None:
    """The whole step on files that look like the book's: ids in three files, texts in a table of tweets."""
    desk = Desk(book_like(chapter4, tmp_path), tmp_path / "desk")
    desk.run("conversations", template="Talk:\n{conversation}\nSummary:")
    counts = {split: desk.figure("conversations", "pairs", split=split) for split in ("train", "validation", "test")}
    assert counts == {"train": 2, "validation": 2, "test": 1}
    [row] = [json.loads(line) for line in (desk.folder / "conversations" / "test.jsonl").read_text().splitlines()]
    assert row["conversation"] == SAID
    assert row["prompt"] == f"Talk:\n{SAID}\nSummary:"
    words = len(SAID.split()), len(row["summary"].split())
    share = desk.figure("conversations", "share of the summary", split="test")
    assert share == pytest.approx(words[1] / sum(words))


def test_a_table_that_lacks_tweets_is_refused(chapter4: Tutorial, tmp_path: Path) -> None:
    desk = Desk(book_like(chapter4, tmp_path), tmp_path / "desk")
    table = tmp_path / "twcs.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:2]), encoding="utf-8")
    with pytest.raises(Refused) as caught:
        desk.run("conversations")
    assert (caught.value.setting, caught.value.why) == ("tweets", "2 of 3 tweets are not in it")


def book_like(tutorial: Tutorial, folder: Path) -> Tutorial:
    table = folder / "twcs.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["tweet_id", "author_id", "inbound", "created_at", "text", "response_tweet_id", "in_response_to_tweet_id"]
        )
        for id, (text, inbound) in TWEETS.items():
            writer.writerow([id, "a", inbound, "today", text])
    scale = tutorial.scales["pocket"]
    roles = {**scale.roles, "tweets": {"file": str(table)}}
    for split in ("train", "validation", "test"):
        (folder / f"{split}.jsonl").write_text(json.dumps(DIALOGUE) + "\n", encoding="utf-8")
        roles[split] = {"file": str(folder / f"{split}.jsonl"), "split": "train"}
    return replace(tutorial, scales={"pocket": replace(scale, roles=roles)})


def test_pocket_conversations_keep_their_facts(desk: Desk) -> None:
    counts = {split: desk.figure("conversations", "pairs", split=split) for split in ("train", "validation", "test")}
    assert counts == {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    lines = (desk.folder / "conversations" / "train.jsonl").read_text().splitlines()
    for row in map(json.loads, lines):
        assert row["prompt"] == f"### Conversation:\n{row['conversation']}\n\n### Summary:"
        assert {"name", "kind", "fault", "action", "part", "friend", "rejected"} <= set(row)


def test_the_prompt_ends_where_the_summary_s_first_word_begins(chapter4: Tutorial) -> None:
    """The blank belongs to the word: "### Summary: " with a blank would be a context that training never showed."""
    for scale in chapter4.scales:
        template = chapter4.defaults(chapter4.step("conversations"), scale)["template"]
        assert template.endswith("### Summary:")


# ---- the book's annotations -----------------------------------------------------------------------------------------


class Anything(dict[int, tuple[str, bool]]):
    """A text for every id: the annotations hold none."""

    def __missing__(self, id: int) -> tuple[str, bool]:
        return "word " * 200, True


@pytest.fixture(scope="module")
def annotations() -> dict[str, list[dict[str, Any]]]:
    files = {"train": "train", "validation": "valid", "test": "test"}
    return {
        split: [json.loads(line) for line in (ANNOTATIONS / f"final_{name}_tweetsum.jsonl").open(encoding="utf-8")]
        for split, name in files.items()
    }


@pytest.fixture(scope="module")
def published() -> list[dict[str, str]]:
    """The 110 test prompts as the tutorial's authors stored them."""

    def read() -> Iterator[dict[str, str]]:
        with (ANNOTATIONS / "tweetsumm-test.csv").open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    return list(read())


@real
def test_the_book_s_counts(steps: ModuleType, annotations: dict[str, list[dict[str, Any]]]) -> None:
    made = {
        split: steps.dialogues.from_tweets(dialogues, Anything(), first_only=split == "test")
        for split, dialogues in annotations.items()
    }
    assert {split: len(rows) for split, rows in made.items()} == {"train": 2629, "validation": 356, "test": 110}


@real
def test_the_prompts_are_the_published_ones_but_for_the_trailing_blank(
    chapter4: Tutorial, steps: ModuleType, published: list[dict[str, str]]
) -> None:
    template = chapter4.defaults(chapter4.step("conversations"), "book")["template"]
    lab: Lab = None  # type: ignore[assignment]  # only a refusal would ask for it
    assert len(published) == 110
    for row in published:
        conversation = row["question"].partition("### Conversation: \n")[2].removesuffix("\n\n### Summary: ")
        prompt = steps.dialogues.worded(lab, template, {"conversation": conversation})
        assert f"{prompt} " == row["question"]
        assert row["text"].startswith(f"{prompt} {row['answer']}")


@real
def test_summaries_and_turns_are_the_published_ones(
    steps: ModuleType, annotations: dict[str, list[dict[str, Any]]], published: list[dict[str, str]]
) -> None:
    made = steps.dialogues.from_tweets(annotations["test"], Anything(), first_only=True)
    assert [(row["id"], row["summary"]) for row in made] == [(row["id"], row["answer"]) for row in published]
    for mine, row in zip(made, published, strict=True):
        conversation = row["question"].partition("### Conversation: \n")[2].removesuffix("\n\n### Summary: ")
        assert mine["conversation"].count(" \n ") == conversation.count(" \n ")
        assert conversation.endswith(" \n ")
        assert "https://t.co" not in conversation
