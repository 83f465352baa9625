"""Conversations and their summaries: the pocket's, or out of tweets."""

import csv
import json
from typing import Annotated

from datasets import Dataset, load_dataset
from deepdive.engine.lab import Lab, Range, Slots, step

SPLITS = ("train", "validation", "test")
TWEETS = "tweet_ids_sentence_offset"  # of a dialogue
TEMPLATE = (
    "### Instruction:\nRead the following conversation between a "
    "customer and a customer service agent, and then create a two "
    "sentence summary of the conversation, describing the "
    "customer's question and the agent's response.\n\n"
    "### Conversation: \n{conversation}\n\n### Summary:"
)


Conversation = Annotated[
    str, Slots(("conversation",), ("conversation",))
]


@step
def conversations(
    lab: Lab,
    template: Conversation = TEMPLATE,
    graded: Annotated[int, Range(1, 500)] = 50,
):
    """Conversations, each with a summary of two sentences.

    template: what a model continues; the conversation takes its slot
    graded: how many test conversations are summed up; more narrow the
        marks' intervals, take longer
    """
    splits = {
        split: list(load_dataset(**lab.data(split))) for split in SPLITS
    }
    tweets = {}
    if TWEETS in splits["train"][0]:  # ids, no texts yet
        tweets = texts_of(lab, splits)
    for split, rows in splits.items():
        if tweets:
            rows = from_tweets(rows, tweets, first_only=split == "test")
        rows = [
            {**row, "prompt": worded(lab, template, row)}
            for row in rows
        ]
        Dataset.from_list(rows).to_json(lab.folder / f"{split}.jsonl")
        tell_split(lab, split, rows)
    few = Dataset.from_list(rows[:graded])  # of the test
    few.to_json(lab.folder / "graded.jsonl")
    shown = ("conversation", "summary")
    pairs = [[row[name] for name in shown] for row in rows[:50]]
    lab.rows("pairs", pairs, columns=shown)


def tell_split(lab, split, rows):
    """How many pairs, and how much of their words are summaries."""
    lab.measure("pairs", len(rows), split=split)
    said = [len(row["conversation"].split()) for row in rows]
    told = [len(row["summary"].split()) for row in rows]
    share = sum(told) / (sum(said) + sum(told))
    lab.measure("share of the summary", share, split=split)


def texts_of(lab, splits):
    """The dialogues' tweets: text, and whether a customer wrote it."""
    wanted = {
        tweet["tweet_id"]
        for dialogues in splits.values()
        for dialogue in dialogues
        for tweet in dialogue[TWEETS]
    }
    with open(
        lab.files("tweets"), encoding="utf-8", newline=""
    ) as file:
        tweets = {
            int(row["tweet_id"]): (
                row["text"],
                row["inbound"] == "True",
            )
            for row in lab.loop(csv.DictReader(file), "tweets")
            if int(row["tweet_id"]) in wanted
        }
    if missing := len(wanted - tweets.keys()):
        why = f"{missing:,} of {len(wanted):,} tweets are not in it"
        lab.refuse("tweets", why, "the whole twcs.csv of Kaggle")
    return tweets


def from_tweets(dialogues, tweets, first_only):
    """Turns by their tweet ids, and each abstractive summary.

    Offsets count characters; the second is behind the last one.
    """
    rows = []
    for dialogue in dialogues:
        turns = [
            turn(*tweets[part["tweet_id"]], part["sentence_offsets"])
            for part in dialogue[TWEETS]
        ]
        summaries = [
            " ".join(annotation["abstractive"])
            for annotation in dialogue["annotations"]
            if annotation.get("abstractive")
        ]
        for summary in summaries[:1] if first_only else summaries:
            rows.append(
                {
                    "id": dialogue["conversation_id"],
                    "conversation": "".join(
                        f"{said} \n " for said in turns
                    ),
                    "summary": summary,
                }
            )
    return rows


def turn(text, inbound, offsets):
    """One tweet without links and without its leading mention."""
    spans = [json.loads(span) for span in offsets]
    said = " ".join(text[first:last] for first, last in spans)
    words = [w for w in said.split() if "https://t.co" not in w]
    if words and words[0].startswith("@"):
        words = words[1:]
    speaker = "Customer" if inbound else "Agent"
    return f"{speaker}: {' '.join(words)}"


def worded(lab, template, row):
    """A conversation with its headings: what a model continues."""
    if "{conversation}" not in template:
        allowed = "a text with the slot {conversation}"
        lab.refuse("template", "does not say where it goes", allowed)
    return template.replace("{conversation}", row["conversation"])
