"""A prompt keeps its template and its one blank whatever the row says and however long it is."""

from __future__ import annotations

import string
from typing import Any

import pytest
from deepdive.engine.methods.prompting import MASK, Template, blank_of
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tests.support.tiny import bert_tokenizer, t5_tokenizer

BERT, T5 = bert_tokenizer(), t5_tokenizer()
TOKENIZERS = pytest.mark.parametrize("tokenizer", [BERT, T5], ids=["bert", "t5"])
OWN = "question : {question} ? the answer was {mask} . it is {passage} ."

texts = st.one_of(
    st.text(max_size=120),
    st.lists(
        st.sampled_from(
            ["the", "film", "[MASK]", "[SEP]", "<extra_id_0>", "</s>", MASK, "{question}", "{", "río", "☃"]
        ),
        max_size=40,
    ).map(" ".join),
)


@TOKENIZERS
@settings(max_examples=150, deadline=None)
@given(passage=texts, question=st.text(string.ascii_lowercase + " ", max_size=20), length=st.integers(50, 90))
def test_the_blank_is_there_once_and_the_template_in_full(
    tokenizer: Any, passage: str, question: str, length: int
) -> None:
    whole = Template(OWN, shorten="passage", length=10_000)
    ids = Template(OWN, shorten="passage", length=length).encode(tokenizer, {"passage": passage, "question": question})
    assert ids.count(blank_of(tokenizer)) == 1
    assert len(ids) <= length
    empty = whole.encode(tokenizer, {"passage": "", "question": question})
    assert not missing(empty, ids)


def missing(part: list[int], ids: list[int]) -> list[int]:
    """What of `part` is not in `ids` in this order."""
    left = iter(ids)
    return [token for token in part if token not in left]


@TOKENIZERS
@settings(max_examples=60, deadline=None)
@given(words=st.integers(0, 80), length=st.integers(24, 60))
def test_only_as_much_is_lost_as_must_be(tokenizer: Any, words: int, length: int) -> None:
    row = {"question": "is it", "passage": "the river was " * (words // 3) + "the"}
    whole = Template(OWN, shorten="passage", length=10_000).encode(tokenizer, row)
    assert len(Template(OWN, shorten="passage", length=length).encode(tokenizer, row)) == min(length, len(whole))


def test_the_tail_goes_not_the_start() -> None:
    template = Template("{text} it is {mask} .", shorten="text", length=10)
    ids = template.encode(BERT, {"text": "the town of the river was the last of all"})
    assert BERT.convert_ids_to_tokens(ids) == ["[CLS]", "the", "town", "of", "the", "it", "is", "[MASK]", ".", "[SEP]"]


@TOKENIZERS
def test_what_spells_a_special_token_is_text(tokenizer: Any) -> None:
    ids = Template("{text} it is {mask} .", shorten="text").encode(
        tokenizer, {"text": "[MASK] </s> <extra_id_0> [SEP]"}
    )
    special = [token for token in ids if token in tokenizer.all_special_ids and token != tokenizer.unk_token_id]
    assert special == [*([BERT.cls_token_id] if tokenizer is BERT else []), blank_of(tokenizer), ids[-1]]


@TOKENIZERS
def test_a_prompt_without_traps_is_the_tokenizers_own_reading(tokenizer: Any) -> None:
    template = Template("question: {question}? the answer was {mask} . {passage}.", shorten="passage")
    row = {"question": "is it the town", "passage": "the film was great"}
    blank = tokenizer.convert_ids_to_tokens(blank_of(tokenizer))
    told = f"question: is it the town? the answer was {blank} . the film was great."
    assert template.encode(tokenizer, row) == tokenizer(told).input_ids
    assert template.encode_all(tokenizer, [row, row]) == [tokenizer(told).input_ids] * 2
    assert "".join(template.pieces(row)).replace(MASK, blank) == told
    assert template.slots == ("question", "passage")


def test_no_rows_are_no_prompts() -> None:
    assert Template(OWN, shorten="passage").encode_all(BERT, []) == []


def test_braces_written_twice_are_braces() -> None:
    assert "".join(Template("{{x}} {mask}", shorten="text").pieces({})) == "{x} " + MASK


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{text} it is .", "this one has none"),
        ("{mask} {text} {mask}", "this one has 2"),
        ("{text} {mask", "braces do not pair up"),
        ("{text}} {mask}", "braces do not pair up"),
        ("{} {mask}", "a slot is a column's name"),
        ("{0} {mask}", "a slot is a column's name"),
        ("{text.__class__} {mask}", "a slot is a column's name"),
        ("{text!r} {mask}", "a slot is a column's name"),
        ("{text:>9} {mask}", "a slot is a column's name"),
    ],
)
def test_a_faulty_template_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Template(text, shorten="text")


def test_an_unknown_slot_is_named_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"\{review\} is not among sentence, label or \{mask\}"):
        Template("{review} {mask}", shorten="review").encode(BERT, {"sentence": "the", "label": 1})


@pytest.mark.parametrize("text", ["{text} it is {mask} the town of the river", "it is {mask} the town of the river"])
def test_a_template_longer_than_the_model_reads_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"without any of its \{text\}; 8 are allowed"):
        Template(text, shorten="text", length=8).encode(BERT, {"text": "the town"})


def test_a_tokenizer_without_a_blank_is_refused() -> None:
    from deepdive.engine.lessons.catalogue import pocket

    gpt2 = AutoTokenizer.from_pretrained(pocket() / "models" / "gpt2-blank")
    with pytest.raises(ValueError, match="no blank to fill"):
        Template("{text} {mask}", shorten="text").encode(gpt2, {"text": "the"})


def test_of_other_columns_than_those_allowed_the_first_is_named() -> None:
    assert Template.of("{b} {mask} {a}", ("a", "b"), shorten="a") == Template("{b} {mask} {a}", shorten="a")
    with pytest.raises(ValueError, match="no column 'c'"):
        Template.of("{a} {c} {mask} {d}", ("a", "b"), shorten="a")


def test_a_prompt_is_told_with_its_blank_marked() -> None:
    marked = Template("{a} is {mask} .", shorten="a").marked({"a": "the film"}, "[MASK]")
    assert marked == [["the film", ""], [" is ", ""], ["[MASK]", "mask"], [" .", ""]]
