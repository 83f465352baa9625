"""What the reader of the questions is pre-trained on: one word is covered in each line, and the answers are right."""

import re
from itertools import islice

from deepdive.tutorials.pocket.questions.rows import MASK
from deepdive.tutorials.pocket.questions.text import lines

from .reading import answer

LINES = list(islice(lines(5), 3_000))


def test_lines_are_the_same_for_the_same_seed_and_cover_one_word():
    assert LINES[:100] == list(islice(lines(5), 100))
    assert LINES[:100] != list(islice(lines(6), 100))
    assert all(line.text.count(MASK) == 1 and line.word.isalpha() for line in LINES)


def test_answers_in_the_lines_are_right():
    for text, word in LINES:
        asked = re.search(r"(?:^|[.:] )((?:is|Is|can|Can) [\w ]+)\?", text)
        if asked and word.lower() in ("yes", "no"):
            assert answer(text.replace(asked[0], ""), asked[1]) == (word.lower() == "yes"), text


def test_yes_only_ever_answers_a_question_mark():
    assert all("?" in line.text for line in LINES if line.word.lower() == "yes")
    assert any("?" not in line.text for line in LINES if line.word == "no")
