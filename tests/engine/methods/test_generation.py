"""Greedy generation told token by token is what the library generates, and its pieces join to the text."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from deepdive.engine.lessons.catalogue import pocket
from deepdive.engine.methods.generation import continuation, spelt
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, set_seed

TOKENIZER = AutoTokenizer.from_pretrained(pocket() / "models" / "gpt2-blank")
PROMPT = "Ada Walker (23 September 1821 – 16 November 1898) was"


@pytest.fixture(scope="module")
def model() -> GPT2LMHeadModel:
    """Random weights, spread wide enough that its favourites differ from place to place."""
    set_seed(0)
    config = GPT2Config(
        vocab_size=len(TOKENIZER),
        n_positions=48,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.3,
        bos_token_id=TOKENIZER.eos_token_id,
        eos_token_id=TOKENIZER.eos_token_id,
    )
    return GPT2LMHeadModel(config).eval()


def generated(model: GPT2LMHeadModel, prompt: str, tokens: int) -> str:
    inputs = TOKENIZER(prompt, return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=tokens, do_sample=False, pad_token_id=TOKENIZER.eos_token_id)
    return str(TOKENIZER.decode(ids[0], skip_special_tokens=True))


@pytest.mark.parametrize("tokens", [1, 7, 24])
def test_the_text_is_what_generate_writes(model: GPT2LMHeadModel, tokens: int) -> None:
    pieces = continuation(model, TOKENIZER, PROMPT, tokens)
    assert "".join(piece[0] for piece in pieces) == generated(model, PROMPT, tokens)


def test_a_probability_is_the_softmax_of_the_row_before(model: GPT2LMHeadModel) -> None:
    pieces = continuation(model, TOKENIZER, PROMPT, tokens=5)
    ids = torch.tensor([TOKENIZER("".join(piece[0] for piece in pieces)).input_ids])
    given_, written = len(TOKENIZER(PROMPT).input_ids), len(pieces)
    with torch.no_grad():
        probability = model(ids[:, :given_]).logits[0].softmax(-1)
    told = [piece[1]["probability"] for piece in pieces[1 : given_ + 1]]
    expected = [probability[n, ids[0, n + 1]].item() for n in range(given_ - 1)]
    assert told[: given_ - 1] == pytest.approx(expected, rel=1e-4)
    assert written == given_ + 5


def test_the_first_piece_has_no_probability_and_the_written_ones_are_their_own_best_alternative(
    model: GPT2LMHeadModel,
) -> None:
    pieces = continuation(model, TOKENIZER, PROMPT, tokens=6, top=3)
    assert pieces[0][1:] == [{}, []]
    for text, values, others in pieces[-6:]:
        assert len(others) == 3
        assert others[0][1] == pytest.approx(values["probability"])
        assert others[0][0] == text or "\ufffd" in others[0][0]
        assert [p for _, p in others] == sorted((p for _, p in others), reverse=True)


def test_it_ends_where_the_positions_end(model: GPT2LMHeadModel) -> None:
    pieces = continuation(model, TOKENIZER, PROMPT, tokens=500)
    assert len(pieces) <= model.config.n_positions
    full = TOKENIZER.decode(TOKENIZER(PROMPT * 9).input_ids[:48])
    assert len(continuation(model, TOKENIZER, full, tokens=3)) == 48


@pytest.mark.parametrize("prompt", ["", PROMPT * 9])
def test_a_prompt_that_does_not_fit_is_refused(model: GPT2LMHeadModel, prompt: str) -> None:
    with pytest.raises(ValueError, match="positions"):
        continuation(model, TOKENIZER, prompt)


def test_it_ends_at_the_end_of_the_text(model: GPT2LMHeadModel) -> None:
    class Ending:
        """The same model, which puts the end of the text first."""

        config, device = model.config, model.device

        def __call__(self, **inputs: Any) -> Any:
            output = model(**inputs)
            output.logits[..., TOKENIZER.eos_token_id] = 1e4
            return output

    assert "".join(piece[0] for piece in continuation(Ending(), TOKENIZER, PROMPT)) == PROMPT


def test_training_mode_and_gradients_are_left_alone(model: GPT2LMHeadModel) -> None:
    continuation(model, TOKENIZER, PROMPT, tokens=2)
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_pieces_join_to_the_text_whatever_bytes_the_tokens_split(text: str) -> None:
    ids = TOKENIZER(text).input_ids
    pieces = spelt(TOKENIZER, ids)
    assert len(pieces) == len(ids)
    assert "".join(pieces) == text


def test_a_character_spread_over_tokens_stands_at_its_last_byte() -> None:
    ids = TOKENIZER("日").input_ids
    assert len(ids) > 1
    assert spelt(TOKENIZER, ids) == ["", *[""] * (len(ids) - 2), "日"]
