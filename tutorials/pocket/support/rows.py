"""The support desk: somebody calls about a device, an agent gives advice, and two sentences sum the call up.

A summary's closed words (device, fault, action) can be learnt by heart. Its two names cannot: they have to be copied
from the conversation, where up to two others stand beside them, the name of a friend's device and that of a part
which was tried in vain.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from .words import (
    ACTIONS,
    ASIDES,
    CLOSINGS,
    CONFIRMATIONS,
    FAILED,
    FAILURES,
    GREETINGS,
    INTRODUCTIONS,
    KINDS,
    OCCASIONS,
    PEOPLE,
    REPLIES,
    ROOMS,
    names,
)

SEED = 43
TRAIN, VALIDATION, TEST = 400, 50, 50
CONVERSATION, SUMMARY = "### Conversation:\n", "\n\n### Summary:"


class Row(TypedDict):
    id: int
    conversation: str
    """Turns, one a line, each beginning with "Customer:" or "Agent:"."""
    summary: str
    """Two sentences."""
    name: str
    """Of the product."""
    kind: str
    fault: str
    action: str
    part: str
    """The name of the part that the agent speaks of at last."""
    friend: str
    """The name of a friend's product, "" where there is none."""
    rejected: str
    """The name of a part that was tried in vain, "" where there is none."""


class Marks(NamedTuple):
    """One for each criterion at most."""

    customer: float
    agent: float
    form: float


@dataclass(frozen=True)
class Event:
    """What a call is about, and what else may come up in it."""

    name: str
    kind: str
    fault: str
    action: str
    part: str
    friend: str
    rejected: str
    rejected_action: str

    @property
    def problem(self) -> str:
        return f"{self.name} {self.kind} {self.fault}"

    @property
    def advice(self) -> str:
        return f"{self.action} the {self.part} part"

    @property
    def tried(self) -> str:
        return f"{self.rejected_action} the {self.rejected} part"

    @property
    def summary(self) -> str:
        return f"The customer says the {self.problem}. The agent asks to {self.advice}."


def event(rng: random.Random, pool: Sequence[str]) -> Event:
    """Four different names of the pool. A friend is spoken of, and a part was tried, in 60 of 100 calls each."""
    name, part, friend, rejected = rng.sample(pool, 4)
    action, rejected_action = rng.sample(ACTIONS, 2)
    return Event(
        name=name,
        kind=rng.choice(KINDS),
        fault=f"{rng.choice(FAILURES)} {rng.choice(OCCASIONS)}",
        action=action,
        part=part,
        friend=friend if rng.random() < 0.6 else "",
        rejected=rejected if rng.random() < 0.6 else "",
        rejected_action=rejected_action,
    )


def asides(rng: random.Random, kind: str, people: Sequence[str], room: str) -> list[str]:
    """All sentences that nothing depends on, about a device of this kind, in random order."""
    chosen = rng.sample(ASIDES, len(ASIDES))
    return [sentence.format(kind=kind, person=rng.choice(people), room=room) for sentence in chosen]


def maybe(rng: random.Random, sentence: str) -> list[str]:
    """The sentence, or none."""
    return [sentence] if rng.random() < 0.5 else []


def conversation(rng: random.Random, call: Event) -> str:
    """The call, turn by turn."""
    caller, *others = rng.sample(PEOPLE, len(PEOPLE))
    room = rng.choice(ROOMS)
    besides = asides(rng, call.kind, others, room)
    introduction = rng.choice(INTRODUCTIONS).format(person=caller, room=room)

    def aside() -> list[str]:
        return maybe(rng, besides.pop())

    def reply() -> list[str]:
        return maybe(rng, rng.choice(REPLIES).format(kind=call.kind))

    told = [f"My {call.problem}."]
    if call.friend:
        told.insert(rng.randrange(2), f"My friend has a {call.friend} {call.kind}.")
    turns = [["Customer:", rng.choice(GREETINGS), *maybe(rng, introduction), *told, *aside()]]
    if rng.random() < 0.5:
        turns += [
            ["Agent:", *reply(), f"Your {call.problem}?"],
            ["Customer:", rng.choice(CONFIRMATIONS), *aside()],
        ]
    if call.rejected:
        turns += [
            ["Agent:", *reply(), f"Did you {call.tried}?"],
            ["Customer:", rng.choice(FAILED), *aside()],
        ]
    turns.append(["Agent:", *reply(), f"Please {call.advice}."])
    repeated = [*aside(), f"I will {call.advice}."] if rng.random() < 0.4 else []
    turns.append(["Customer:", *repeated, rng.choice(CLOSINGS)])
    return "\n".join(" ".join(turn) for turn in turns)


def training_rows() -> Iterator[Row]:
    return rows(TRAIN, SEED + 1, names()[0])


def validation_rows() -> Iterator[Row]:
    return rows(VALIDATION, SEED + 2, names()[1])


def test_rows() -> Iterator[Row]:
    return rows(TEST, SEED + 3, names()[1])


def rows(count: int, seed: int, pool: Sequence[str]) -> Iterator[Row]:
    """Conversations whose names all come from the pool."""
    rng = random.Random(seed)
    for index in range(count):
        call = event(rng, pool)
        yield Row(
            id=index,
            conversation=conversation(rng, call),
            summary=call.summary,
            name=call.name,
            kind=call.kind,
            fault=call.fault,
            action=call.action,
            part=call.part,
            friend=call.friend,
            rejected=call.rejected,
        )


def prompt(row: Row) -> str:
    """What a model continues with a blank and the summary. No blank at the end: it belongs to the summary's word."""
    return f"{CONVERSATION}{row['conversation']}{SUMMARY}"


def marks(summary: str, row: Row) -> Marks:
    """The rubric. A sentence that is half right earns a half; two sentences are two whole ones, whatever they say.

    `summary` is what a model wrote before its end-of-text token.
    """
    sentences = [sentence.split() for sentence in summary.split(".")]
    first, second = [*sentences, [], []][:2]
    name, problem = _holds(first, row["name"]), _holds(first, f"{row['kind']} {row['fault']}")
    action, advice = _holds(second, row["action"]), _holds(second, f"{row['action']} the {row['part']} part")
    whole = len(sentences) == 3 and all(sentences[:2]) and not sentences[2] and "?" not in summary
    return Marks((name + problem) / 2, (action + advice) / 2, float(whole))


def _holds(sentence: Sequence[str], phrase: str) -> bool:
    wanted = phrase.split()
    return any(list(sentence[start : start + len(wanted)]) == wanted for start in range(len(sentence)))
