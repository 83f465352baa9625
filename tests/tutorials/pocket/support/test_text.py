"""What the summarisers are pre-trained on: it repeats itself, so that copying is learnt, and never sums up."""

import re
from itertools import islice

from deepdive.tutorials.pocket.support.rows import SUMMARY
from deepdive.tutorials.pocket.support.text import lines
from deepdive.tutorials.pocket.support.words import names

LINES = list(islice(lines(5), 3_000))


def test_lines_are_the_same_for_the_same_seed():
    assert LINES[:100] == list(islice(lines(5), 100))
    assert LINES[:100] != list(islice(lines(6), 100))


def test_no_line_has_a_summary():
    assert not [line for line in LINES if SUMMARY.strip() in line or "customer says" in line or "agent asks" in line]


def test_reports_and_lists_repeat_themselves():
    for line in LINES:
        if line.startswith("List:"):
            said = line.removeprefix("List: ").split(".")[0]
            assert line.count(f" {said}.") in (2, 3)
        elif line.startswith("Report:"):
            wrong = re.search(r"true that the ([^.]+)\.", line)
            advice = re.search(r"wants to ([^.]+)\.", line)
            assert wrong and advice
            assert f"The {wrong[1]}." in line
            assert f"please {advice[1]}." in line


def test_something_stands_between_an_event_and_its_repetition_half_of_the_time():
    said = [re.findall(r"[^.]+\.", line.removeprefix("List:")) for line in LINES if line.startswith("List:")]
    apart = [sentences[0] != sentences[1] for sentences in said]
    assert 0.45 <= sum(apart) / len(apart) <= 0.55


def test_no_line_has_a_name_that_is_held_out():
    _, held_out = names()
    assert not set(held_out) & {word for line in LINES for word in re.findall(r"[A-Z][a-z]{5}\b", line)}
