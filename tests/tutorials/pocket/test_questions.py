"""The questions can be answered from their passages and from nothing else, and the shipped reader does its job."""

import json
import random
import re
from collections import Counter
from itertools import islice

import pytest
from deepdive.tutorials.pocket.build import DATA, MODELS
from deepdive.tutorials.pocket.checks import LIMIT_BYTES
from deepdive.tutorials.pocket.question_checks import check_questions
from deepdive.tutorials.pocket.question_model import TEMPLATE_WORDS, cover, covered_lines, question_tokenizer
from deepdive.tutorials.pocket.question_text import lines
from deepdive.tutorials.pocket.questions import (
    HOME,
    MASK,
    THINGS,
    question,
    story,
    training_rows,
    validation_rows,
)
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, T5ForConditionalGeneration

FOLDER = MODELS / "questions-t5"
TRAIN, VALIDATION = list(training_rows()), list(validation_rows())
LINES = list(islice(lines(5), 3_000))


def answer(passage: str, asked: str) -> int:
    """By the rules of the language: the place that the passage names for the thing of the question."""
    where = dict(re.findall(r"(\w+)(?: is| lies)? in the (\w+)", passage))
    *_, thing, _, _, place = asked.split()
    return int(where[thing] == place)


@pytest.mark.parametrize(("name", "rows"), [("train", TRAIN), ("validation", VALIDATION)])
def test_shipped_rows_are_what_the_seed_makes(name, rows):
    text = (DATA / f"questions-{name}.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert [row["idx"] for row in rows] == list(range(len(rows)))


@pytest.mark.parametrize("rows", [TRAIN, VALIDATION])
def test_every_question_is_answered_by_its_passage_alone(rows):
    assert all(answer(row["passage"], row["question"]) == row["label"] for row in rows)
    assert len({row["label"] for row in rows}) == 2


def test_there_are_enough_questions_of_each_answer():
    assert min(Counter(row["label"] for row in TRAIN).values()) >= 1_000
    assert min(Counter(row["label"] for row in VALIDATION).values()) >= 700


def test_passages_lack_their_last_stop_and_questions_their_mark():
    for row in TRAIN + VALIDATION:
        assert re.fullmatch(r"[A-Z][\w ]+\. [A-Z][\w ]+", row["passage"])
        assert re.fullmatch(r"[a-z ]+", row["question"])


def test_no_passage_of_validation_is_trained_on():
    assert not {row["passage"] for row in TRAIN} & {row["passage"] for row in VALIDATION}


def test_what_stands_in_the_question_alone_hardly_tells_its_answer():
    rows = TRAIN + VALIDATION
    home = [HOME[row["question"].split()[-4]] == row["question"].split()[-1] for row in rows]
    right = sum(at_home == row["label"] for at_home, row in zip(home, rows, strict=True)) / len(rows)
    assert 0.5 <= right <= 0.58


@given(st.integers(0, 10_000), st.integers(1, 3), st.booleans())
def test_a_question_has_the_answer_it_was_made_for(seed: int, facts: int, wanted: bool):
    rng = random.Random(seed)
    told = story(rng, facts)
    assert len(told.where) == facts == len(set(told.where.values()))
    assert answer(told.text, question(rng, told, wanted)) == wanted


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


def test_the_tokenizer_is_what_the_recipe_makes():
    shipped = AutoTokenizer.from_pretrained(FOLDER)
    assert shipped.get_vocab() == question_tokenizer().get_vocab()


def test_words_are_whole_and_anything_can_be_spelt():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    for word in (*TEMPLATE_WORDS, *map(str.capitalize, TEMPLATE_WORDS), *THINGS):
        assert len(tokenizer.tokenize(word)) == 1, word
    for text in ("Xylophone & zebra?!", 'the answer to "Q" (yes/no) is 42%', *(row["passage"] for row in VALIDATION)):
        assert tokenizer.unk_token_id not in tokenizer(text).input_ids
    assert tokenizer.tokenize("the barn . is") == tokenizer.tokenize("the barn. is")
    assert tokenizer.convert_ids_to_tokens(tokenizer(f"is {MASK} .").input_ids) == ["is", MASK, ".", "</s>"]


def test_every_word_of_the_lines_is_known_to_the_tokenizer():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    assert not [line for line in LINES if any(piece.startswith("##") for piece in tokenizer.tokenize(line.text))]


def test_covering_leaves_one_blank_and_gives_the_covered_token():
    tokenizer, rng = AutoTokenizer.from_pretrained(FOLDER), random.Random(0)
    blank = tokenizer.convert_tokens_to_ids(MASK)
    for line in LINES[:500]:
        ids, word = cover(tokenizer, line, rng)
        whole = tokenizer(line.text.replace(MASK, line.word)).input_ids
        assert ids.count(blank) == 1
        assert [word if token == blank else token for token in ids] == whole


def test_a_batch_asks_the_decoder_for_sentinel_word_and_end():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    batch = next(covered_lines(tokenizer, 8, seed=1))
    assert batch["input_ids"].shape == batch["attention_mask"].shape
    assert batch["labels"].shape == (8, 3)
    assert set(batch["labels"][:, 0].tolist()) == {tokenizer.convert_tokens_to_ids(MASK)}


def test_the_checkpoint_loads_and_is_small():
    model = T5ForConditionalGeneration.from_pretrained(FOLDER)
    assert 200_000 <= model.num_parameters() <= 1_400_000
    assert (FOLDER / "model.safetensors").stat().st_size <= LIMIT_BYTES


def test_the_reader_does_its_job():
    assert [result for result in check_questions(DATA, FOLDER, whole=False) if not result.held] == []
