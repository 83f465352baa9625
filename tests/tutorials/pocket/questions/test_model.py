"""The reader of the questions: its words, what it is asked in training, and the shipped one, which does its job."""

import random
from itertools import islice

from deepdive.tutorials.pocket.build import DATA, MODELS
from deepdive.tutorials.pocket.making.check import LIMIT_BYTES
from deepdive.tutorials.pocket.questions.checks import check_questions
from deepdive.tutorials.pocket.questions.model import TEMPLATE_WORDS, cover, covered_lines, question_tokenizer
from deepdive.tutorials.pocket.questions.rows import MASK, THINGS, validation_rows
from deepdive.tutorials.pocket.questions.text import lines
from transformers import AutoTokenizer, T5ForConditionalGeneration

FOLDER = MODELS / "questions-t5"
VALIDATION = list(validation_rows())
LINES = list(islice(lines(5), 3_000))


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
