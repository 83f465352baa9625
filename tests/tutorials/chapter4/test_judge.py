"""The judge that is a program: exact facts, half marks, references where no facts are known, sentences."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from deepdive.engine.methods import judging

from tests.tutorials.chapter4.conftest import Desk

CALL = {
    "conversation": "Customer: My Rikali kettle hums at night. ...",
    "wanted": "The customer says the Rikali kettle hums at night. The agent asks to dry the Nosala part.",
    "name": "Rikali",
    "kind": "kettle",
    "fault": "hums at night",
    "action": "dry",
    "part": "Nosala",
    "friend": "Namito",
    "rejected": "Bodefa",
}
FIRST, SECOND = "The customer says the Rikali kettle hums at night.", "The agent asks to dry the Nosala part."


def marks(steps: ModuleType, summary: str, row: dict[str, Any] = CALL) -> str:
    """Three letters."""
    told = steps.grading.by_program([row]).check(f"{row['conversation']}{steps.grading.SUMMARY}{summary}")
    assert list(told) == list(steps.grading.RUBRIC)
    return "".join(mark[0] for mark, _ in told.values())


@pytest.mark.parametrize(
    ("summary", "wanted"),
    [
        (f"{FIRST} {SECOND}", "yyy"),
        (f"The customer says the Namito kettle hums at night. {SECOND}", "pyy"),  # a friend's
        (f"The customer says the Rikali kettle hums at noon. {SECOND}", "pyy"),
        (f"The customer says the Rikali lamp hums at night. {SECOND}", "pyy"),  # kind and fault are one fact
        (f"The customer says the Rikalima kettle hums at night. {SECOND}", "pyy"),  # one syllable more
        (f"The customer says the Namito lamp hums at night. {SECOND}", "nyy"),
        (f"{FIRST} The agent asks to dry the Bodefa part.", "ypy"),  # tried in vain
        (f"{FIRST} The agent asks to oil the Nosala part.", "yny"),
        (f"{SECOND} {FIRST}", "nny"),  # each sentence is asked for its own
        (FIRST, "ynn"),
        (f"{FIRST[:-1]} {SECOND}", "ynn"),  # one sentence
        (f"{FIRST} {SECOND[:-1]}", "yyn"),
        (f"{FIRST} {SECOND} The customer is grateful.", "yyn"),
        (f"{FIRST} {SECOND[:-1]}!", "yyn"),
        (f"{FIRST[:-1]}? {SECOND}", "yyn"),
        ("", "nnn"),
        (".", "nnn"),
    ],
)
def test_facts_are_exact_and_half_of_them_is_half_a_mark(steps: ModuleType, summary: str, wanted: str) -> None:
    assert marks(steps, summary) == wanted


def test_reasons_say_what_is_missing(steps: ModuleType) -> None:
    item = (
        f"{CALL['conversation']}{steps.grading.SUMMARY}The customer says the Namito kettle hums at night. It is so. No"
    )
    told = steps.grading.by_program([CALL]).check(item)
    assert told["customer"] == ("partly", "missing: Rikali")
    assert told["agent"] == ("no", "missing: dry, dry the Nosala part")
    assert told["form"] == ("no", "sentences: 3, periods: 2")


def test_a_summary_that_quotes_the_heading_is_still_a_summary(steps: ModuleType) -> None:
    """The first heading divides: what a model writes can not become the conversation."""
    assert marks(steps, f"{FIRST} {SECOND}{steps.grading.SUMMARY}{FIRST}") == "yyn"


# ---- without facts --------------------------------------------------------------------------------------------------

TWEETED = {
    "conversation": "Customer: Hi \n Agent: Hello \n ",
    "wanted": "Customer asks when the late train arrives. Agent informed that it comes at nine.",
}


@pytest.mark.parametrize(
    ("summary", "wanted"),
    [
        ("Customer asks when the train arrives. Agent informed that it comes.", "yyy"),
        ("customer ASKS when the bus stops! It comes at nine.", "yyn"),  # 4 of 7 words each
        ("The customer asks. The agent informed it.", "ppy"),  # 3 of 7 each
        ("Nobody knows. Nothing was said.", "nny"),
    ],
)
def test_without_facts_the_reference_s_words_are_counted(steps: ModuleType, summary: str, wanted: str) -> None:
    got = marks(steps, summary, TWEETED)
    share = [
        steps.grading.shared(reference, sentence)[1]
        for reference, sentence in zip(
            steps.grading.sentences_of(TWEETED["wanted"]), steps.grading.sentences_of(summary), strict=True
        )
    ]
    assert got == wanted, share


def test_half_of_the_words_is_yes_and_a_quarter_partly(steps: ModuleType) -> None:
    wanted = "one two three four five six seven eight"
    told = {n: steps.grading.shared(wanted, " ".join(wanted.split()[:n])) for n in (0, 1, 2, 3, 4, 8)}
    assert [mark for mark, _ in told.values()] == ["no", "no", "partly", "partly", "yes", "yes"]
    assert told[3][1] == "38% of the reference's words"
    assert steps.grading.shared("", "anything")[0] == "no"


# ---- sentences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("   \n", 0),
        ("One sentence", 1),
        ("One. Two.", 2),
        ("One.\n\nTwo.  Three", 3),
        ("Order No. 5 is late. It comes at 9 p.m. on Sunday.", 2),
        ("It is version 2.1 of example.com. Part 2/2 follows.", 2),
        ("Dr. Hill calls Mrs. Lane. Mr. Reed waits.", 2),
        ("It broke, e.g. the screen. Help is near.", 2),
        ("Why? It is so! Good.", 3),
        ("It waits ... and waits. Then it stops.", 2),
        ("No full stop here And none there", 1),
    ],
)
def test_hard_cases_of_sentences(steps: ModuleType, text: str, count: int) -> None:
    found = steps.grading.sentences_of(text)
    assert len(found) == count
    assert " ".join(found) == " ".join(text.split())


ANNOTATIONS = Path("/work/shared/data/tweetsumm")


@pytest.mark.skipif(not ANNOTATIONS.is_dir(), reason="the book's annotations are not on this machine")
def test_people_s_two_sentences_are_two(steps: ModuleType) -> None:
    """Each was written as a list of two; in 53 of 3,327 one of the two is really several."""
    told = []
    for file in ANNOTATIONS.glob("final_*.jsonl"):
        for line in file.open(encoding="utf-8"):
            written = (a.get("abstractive") for a in json.loads(line)["annotations"])
            told += [len(steps.grading.sentences_of(" ".join(parts))) for parts in written if parts]
    assert len(told) == 3327
    assert told.count(2) / len(told) >= 0.98


# ---- the step -------------------------------------------------------------------------------------------------------


def test_the_step_adds_the_marks_up(desk: Desk) -> None:
    """Two systems' summaries laid down by hand: one perfect, one without form, half right."""
    for system, texts in {
        "small_base": ["The customer says the Namito kettle hums at night", ""],
        "small_full": [f"{FIRST} {SECOND}"] * 2,
        "small_lora": [f"{FIRST} {SECOND[:-1]}", f"{FIRST} The agent asks to dry the Bodefa part."],
        "small_qlora": ["", ""],
    }.items():
        folder = desk.folder / system
        folder.mkdir(exist_ok=True)
        lines = [json.dumps({**CALL, "summary": text}) + "\n" for text in texts]
        (folder / "summaries.jsonl").write_text("".join(lines), encoding="utf-8")
    cost = {"trained": 5, "weights": 1.0, "gradients": 1.0, "optimizer": 2.0, "activations": 3.0, "seconds": 4.0}
    (desk.folder / "small_full" / "cost.jsonl").write_text(json.dumps(cost) + "\n", encoding="utf-8")
    desk.run("grade_small")

    def points(system: str) -> list[float]:
        scores = [desk.figure("grade_small", "score", system=system, criterion=c) for c in desk.steps.grading.RUBRIC]
        return [*scores, desk.figure("grade_small", "total", system=system)]

    assert points("small_full") == [50, 50, 50, 150]
    assert points("small_base") == [12.5, 0, 0, 12.5]
    assert points("small_lora") == [50, 37.5, 25, 112.5]
    assert desk.figure("grade_small", "whole content", system="small_lora") == 75
    assert desk.figure("grade_small", "whole content", system="small_base") == 0
    [row] = [row for row in desk.rows("grade_small", "systems") if row["system"] == "small_full"]
    assert row["trained"] == 5
    assert len(desk.rows("grade_small", "verdicts")) == 8
    [total] = [f for f in desk.figures("grade_small", "total") if f.case["system"] == "small_lora"]
    assert total.note.startswith("judge: local judge")
    assert total.n == 2


def test_the_local_judge_says_how_it_marks(steps: ModuleType) -> None:
    judge = steps.grading.by_program([CALL])
    assert isinstance(judge, judging.Local)
    assert set(judge.criteria) == set(steps.grading.RUBRIC)
