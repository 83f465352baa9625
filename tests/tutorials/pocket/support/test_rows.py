"""The support desk's conversations hold what their summaries say, and nothing gives a name away but copying it."""

import json
import random
import re

import pytest
from deepdive.tutorials.pocket.build import DATA
from deepdive.tutorials.pocket.support.rows import (
    Marks,
    event,
    marks,
    prompt,
    rows,
    test_rows,
    training_rows,
    validation_rows,
)
from deepdive.tutorials.pocket.support.words import ACTIONS, CLOSINGS, KINDS, PEOPLE, SYLLABLES, names
from hypothesis import given
from hypothesis import strategies as st

test_rows.__test__ = False
TRAIN, VALIDATION, TEST = list(training_rows()), list(validation_rows()), list(test_rows())
ALL = TRAIN + VALIDATION + TEST
TRAINED, HELD_OUT = map(set, names())


def invented(text: str) -> set[str]:
    """The names in a text."""
    return {word for word in re.findall(r"[A-Z][a-z]{5}\b", text) if word in TRAINED | HELD_OUT}


@pytest.mark.parametrize(("name", "made"), [("train", TRAIN), ("validation", VALIDATION), ("test", TEST)])
def test_shipped_rows_are_what_the_seed_makes(name, made):
    text = (DATA / f"support-{name}.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == made
    assert [row["id"] for row in made] == list(range(len(made)))


def test_there_are_enough_rows():
    assert (len(TRAIN), len(VALIDATION), len(TEST)) == (400, 50, 50)
    assert len({row["conversation"] for row in ALL}) == len(ALL)


def test_names_are_three_different_syllables_and_held_out_ones_are_apart():
    assert len(TRAINED) + len(HELD_OUT) == 25 * 24 * 23
    assert not TRAINED & HELD_OUT
    assert len(HELD_OUT) >= 2_000
    for name in sorted(TRAINED | HELD_OUT)[::50]:
        pieces = re.findall("..", name.lower())
        assert len(set(pieces)) == 3
        assert set(pieces) <= set(SYLLABLES)


def test_no_name_of_the_test_is_trained_on():
    assert set().union(*(invented(row["conversation"]) for row in TRAIN)) <= TRAINED
    assert set().union(*(invented(row["conversation"]) for row in VALIDATION + TEST)) <= HELD_OUT


def test_a_conversation_holds_its_event_and_its_distractors():
    for row in ALL:
        told = row["conversation"]
        assert f"My {row['name']} {row['kind']} {row['fault']}." in told
        assert f"Agent: Please {row['action']} the {row['part']} part." in re.sub(
            r"Agent: .*(?=Please)", "Agent: ", told
        )
        assert bool(row["friend"]) == ("My friend has a" in told)
        assert bool(row["rejected"]) == ("Did you" in told)
        assert invented(told) == {row["name"], row["part"], row["friend"], row["rejected"]} - {""}
        assert row["summary"] == (
            f"The customer says the {row['name']} {row['kind']} {row['fault']}. "
            f"The agent asks to {row['action']} the {row['part']} part."
        )


def test_a_part_tried_in_vain_has_another_action():
    for row in ALL:
        if row["rejected"]:
            tried = re.search(rf"Did you (\w+) the {row['rejected']} part\?", row["conversation"])
            assert tried
            assert tried[1] in set(ACTIONS) - {row["action"]}


def test_distractors_and_repetitions_come_as_often_as_they_should():
    def share(found):
        return sum(found) / len(ALL)

    assert 0.5 <= share(bool(row["friend"]) for row in ALL) <= 0.7
    assert 0.5 <= share(bool(row["rejected"]) for row in ALL) <= 0.7
    assert (
        0.4
        <= share("Agent: " in row["conversation"] and f"Your {row['name']}" in row["conversation"] for row in ALL)
        <= 0.6
    )
    assert 0.3 <= share(f"I will {row['action']} the" in row["conversation"] for row in ALL) <= 0.5


def test_turns_alternate_and_the_customer_has_the_first_and_the_last():
    for row in ALL:
        speakers = [turn.split(":")[0] for turn in row["conversation"].split("\n")]
        assert speakers == ["Customer", "Agent"] * (len(speakers) // 2) + ["Customer"]
        assert row["conversation"].endswith(CLOSINGS)


def test_what_closes_a_conversation_has_one_to_eight_words():
    assert [len(closing.split()) for closing in CLOSINGS] == list(range(1, 9))
    assert {closing for closing in CLOSINGS for row in TRAIN if row["conversation"].endswith(closing)} == set(CLOSINGS)


def test_who_calls_is_spoken_of_once():
    for row in ALL:
        if caller := re.search(r"This is (\w+)[.,]", row["conversation"]):
            assert caller[1] in PEOPLE
            assert row["conversation"].count(caller[1]) == 1


def test_a_product_may_come_before_or_after_the_friends():
    first = [
        row["conversation"].index(row["name"]) < row["conversation"].index(row["friend"])
        for row in ALL
        if row["friend"]
    ]
    assert 0.4 <= sum(first) / len(first) <= 0.6


def test_a_reference_earns_every_mark():
    assert all(marks(row["summary"], row) == Marks(1, 1, 1) for row in ALL)


@pytest.mark.parametrize(
    ("summary", "earned"),
    [
        ("", Marks(0, 0, 0)),
        ("The customer says the {name} {kind} {fault}.", Marks(1, 0, 0)),
        (
            "The customer says the Tarila {kind} {fault}. The agent asks to {action} the Tarila part.",
            Marks(0.5, 0.5, 1),
        ),
        ("The customer says the {name} {kind} sings. The agent asks to sell the {part} part.", Marks(0.5, 0, 1)),
        ("The agent asks to {action} the {part} part. The customer says the {name} {kind} {fault}.", Marks(0, 0, 1)),
        ("The {name} {kind} {fault}. Please {action} the {part} part. Thanks.", Marks(1, 1, 0)),
        ("The {name} {kind} {fault}. Please {action} the {part} part", Marks(1, 1, 0)),
        ("The {name}la {kind} {fault}. Please {action} the {part}la part.", Marks(0.5, 0.5, 1)),
        ("The {name} {kind} {fault}? Please {action} the {part} part.", Marks(0.5, 0, 0)),
        ("The {name} {kind} {fault}.. Please {action} the {part} part.", Marks(1, 0, 0)),
    ],
)
def test_the_rubric(summary, earned):
    row = TEST[0]
    assert "Tarila" not in (row["name"], row["part"])
    assert marks(summary.format(**row), row) == earned


@given(st.integers(0, 10_000))
def test_an_event_has_different_names_of_its_pool(seed: int):
    pool = ["Kaloba", "Miravo", "Sodane", "Tarila", "Vimeno"]
    call = event(random.Random(seed), pool)
    told = [name for name in (call.name, call.part, call.friend, call.rejected) if name]
    assert len(set(told)) == len(told)
    assert set(told) <= set(pool)
    assert call.kind in KINDS
    assert call.action != call.rejected_action


def test_rows_take_any_pool_of_names():
    known = sorted(TRAINED)[:30]
    made = list(rows(100, 7, known))
    assert {row["name"] for row in made} <= set(known)
    assert len({row["name"] for row in made}) >= 20


def test_a_prompt_ends_with_the_heading_and_no_blank():
    assert prompt(TEST[0]) == f"### Conversation:\n{TEST[0]['conversation']}\n\n### Summary:"
