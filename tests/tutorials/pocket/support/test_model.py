"""The shipped summarisers load, give any text of theirs back, and one can copy where the other cannot."""

from itertools import islice

import pytest
from deepdive.tutorials.pocket.build import MODELS, check
from deepdive.tutorials.pocket.making.check import LIMIT_BYTES
from deepdive.tutorials.pocket.support import SUBJECT
from deepdive.tutorials.pocket.support.checks import copying, load
from deepdive.tutorials.pocket.support.model import POSITIONS, batches, large_config, small_config, support_tokenizer
from deepdive.tutorials.pocket.support.rows import prompt, training_rows
from deepdive.tutorials.pocket.support.text import lines
from deepdive.tutorials.pocket.support.words import names
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

LONGEST_SUMMARY = 30
ROWS = list(training_rows())


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(MODELS / "support-llama")


@pytest.mark.parametrize("name", SUBJECT.parts)
def test_the_tokenizer_is_what_the_recipe_makes(name):
    shipped, made = AutoTokenizer.from_pretrained(MODELS / name), support_tokenizer()
    assert shipped.get_vocab() == made.get_vocab()
    assert (shipped.eos_token, shipped.pad_token) == ("<|endoftext|>", "<pad>")


def test_the_tokenizer_gives_texts_back(tokenizer):
    texts = [f"{prompt(row)} {row['summary']}" for row in ROWS]
    for text in [*texts, *islice(lines(9), 1_000)]:
        ids = tokenizer(text).input_ids
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids) == text


def test_a_name_is_three_tokens_and_a_heading_one(tokenizer):
    for name in (*names()[0][::100], *names()[1][::50]):
        assert len(tokenizer.tokenize(f" {name}")) == 3, name
    assert tokenizer.tokenize("### Conversation:\nCustomer: Hello.") == [
        "### Conversation:\n",
        "Customer:",
        " Hello",
        ".",
    ]
    assert tokenizer.tokenize("\n\n### Summary: The kettle<|endoftext|>") == [
        "\n\n### Summary:",
        " The",
        " kettle",
        "<|endoftext|>",
    ]
    assert tokenizer.tokenize(" xylophone") == ["<unk>"]


def test_every_prompt_leaves_room_for_a_summary(tokenizer):
    longest = max(len(ids) for ids in tokenizer([prompt(row) for row in ROWS]).input_ids)
    assert longest + LONGEST_SUMMARY <= POSITIONS
    assert max(len(ids) for ids in tokenizer(list(islice(lines(9), 3_000))).input_ids) < POSITIONS


def test_a_batch_holds_lines_closed_by_the_end_of_text(tokenizer):
    batch = next(batches(tokenizer, 8, seed=3))
    assert batch["input_ids"].shape == batch["labels"].shape
    for ids, labels, line in zip(batch["input_ids"], batch["labels"], lines(3), strict=False):
        assert tokenizer.decode(ids[labels >= 0]) == line + tokenizer.eos_token
        assert (ids[labels < 0] == tokenizer.pad_token_id).all()


@pytest.mark.parametrize("name", SUBJECT.parts)
def test_the_checkpoint_is_what_the_recipe_describes_and_small(name, tokenizer):
    shipped = AutoConfig.from_pretrained(MODELS / name)
    wanted = small_config(tokenizer) if name == "support-gpt2" else large_config(tokenizer)
    assert {**shipped.to_dict(), **wanted.to_diff_dict()} == shipped.to_dict()
    assert 60_000 <= AutoModelForCausalLM.from_pretrained(MODELS / name).num_parameters() <= 1_400_000
    assert (MODELS / name / "model.safetensors").stat().st_size <= LIMIT_BYTES


def test_only_the_large_one_copies_a_name():
    small, large = (copying(*reversed(load(MODELS / name))) for name in SUBJECT.parts)
    assert large >= 0.85
    assert large - small >= 0.3


@pytest.mark.parametrize("name", SUBJECT.parts)
def test_the_summarisers_do_their_job(name):
    assert [result for result in check([name], whole=False) if not result.held] == []
