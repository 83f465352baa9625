"""Scores equal OpenPrompt's definition, written here once more in numpy; batching and order change no answer."""

from __future__ import annotations

import copy
from typing import Any, Literal

import numpy as np
import pytest
import torch
from deepdive.engine.methods.prompting import PromptModel, Template, Verbalizer, freeze, trainable
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import PromptTuningConfig, get_peft_model
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from tests.support.tiny import bert_tokenizer, masked, t5, t5_tokenizer

BERT, T5 = bert_tokenizer(), t5_tokenizer()
Pieces = Literal["first", "mean"]
Combine = Literal["mean of logs", "log of sum"]


def by_definition(logits: Any, ids: Any, pieces: str, combine: str) -> Any:
    """OpenPrompt 1.0.1, ManualVerbalizer: a word's logit, soft-max over all words, log, mean within the class."""
    words = np.array([[row[list(w[:1] if pieces == "first" else w)].mean() for c in ids for w in c] for row in logits])
    odds = np.exp(words - words.max(axis=1, keepdims=True))
    shares = odds / odds.sum(axis=1, keepdims=True)
    classes, at = [], 0
    for words_of_class in ids:
        part = shares[:, at : at + len(words_of_class)]
        classes.append(np.log(part).mean(axis=1) if combine == "mean of logs" else np.log(part.sum(axis=1)))
        at += len(words_of_class)
    return np.stack(classes, axis=1)


# Words of one to three pieces, one to three words a class, two to four classes.
word_ids = st.lists(st.integers(0, 19), min_size=1, max_size=3, unique=True).map(tuple)
class_ids = st.lists(st.lists(word_ids, min_size=1, max_size=3).map(tuple), min_size=2, max_size=4).map(tuple)


@settings(max_examples=200, deadline=None)
@given(
    class_ids, st.sampled_from(["first", "mean"]), st.sampled_from(["mean of logs", "log of sum"]), st.integers(0, 99)
)
def test_scores_are_openprompts(ids: Any, pieces: Pieces, combine: Combine, seed: int) -> None:
    logits = torch.randn(5, 20, generator=torch.Generator().manual_seed(seed)) * 4
    verbalizer = Verbalizer(tuple("abcd"[: len(ids)]), ids, pieces, combine)
    expected = by_definition(logits.double().numpy(), ids, pieces, combine)
    assert np.allclose(verbalizer.scores(logits).numpy(), expected, atol=1e-5)
    if combine == "log of sum":
        assert torch.allclose(verbalizer.scores(logits).exp().sum(-1), torch.ones(5), atol=1e-5)


def test_scores_by_hand() -> None:
    """Two words for no (logits 1 and 3), one of two pieces for yes (2 and 4): soft-max over three numbers."""
    logits = torch.tensor([[1.0, 3.0, 2.0, 4.0]])
    ids = (((0,), (1,)), ((2, 3),))
    total = np.exp(1) + np.exp(3) + np.exp(2)  # the first piece stands for the word
    first = Verbalizer(("no", "yes"), ids).scores(logits)
    assert first.tolist()[0] == pytest.approx([(1 + 3) / 2 - np.log(total), 2 - np.log(total)], abs=1e-6)
    total = np.exp(1) + np.exp(3) + np.exp(3)  # the mean of 2 and 4
    mean = Verbalizer(("no", "yes"), ids, "mean", "log of sum").scores(logits)
    assert mean.tolist()[0] == pytest.approx(np.log([(np.exp(1) + np.exp(3)) / total, np.exp(3) / total]), abs=1e-6)


def test_one_word_a_class_is_a_softmax_over_the_words() -> None:
    logits = torch.randn(4, 9)
    scores = Verbalizer(("bad", "good"), (((3,),), ((7,),))).scores(logits)
    assert torch.allclose(scores, logits[:, [3, 7]].log_softmax(-1))


def test_the_words_shown_are_a_distribution() -> None:
    verbalizer = Verbalizer.of(BERT, {"small": ["town", "river"], "large": ["city"]})
    rows = verbalizer.words(BERT, torch.randn(3, len(BERT)))
    assert [list(row) for row in rows] == [["town", "river", "city"]] * 3
    assert [sum(row.values()) for row in rows] == pytest.approx([1.0] * 3)


def test_words_are_read_as_inside_a_text() -> None:
    assert Verbalizer.of(T5, {"no": ["no"], "yes": ["yes"]}).ids == (
        ((T5.convert_tokens_to_ids("▁no"),),),
        ((T5.convert_tokens_to_ids("▁yes"),),),
    )
    several = Verbalizer.of(T5, {"no": ["nod"], "yes": ["yes", "great"]}, pieces="mean")
    assert T5.convert_ids_to_tokens(list(several.ids[0][0])) == ["▁no", "d"]


@pytest.mark.parametrize(
    ("words", "options", "fault"),
    [
        ({"no": ["☃"], "yes": ["town"]}, {}, "'☃' is not in the model's vocabulary"),
        ({"no": [""], "yes": ["town"]}, {}, "'' is not in the model's vocabulary"),
        ({"no": [], "yes": ["town"]}, {}, "class 'no' has no label word"),
        ({"no": ["town"], "yes": ["town"]}, {}, "'town' of 'yes' and 'town' of 'no' are the same to the model: town"),
        ({"no": ["town", "Town"], "yes": ["city"]}, {}, "'Town' of 'no' and 'town' of 'no' are the same"),
        ({"no": ["townx"], "yes": ["towny"]}, {}, "are the same to the model: town"),
    ],
)
def test_a_faulty_verbalizer_is_refused(words: dict[str, list[str]], options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Verbalizer.of(BERT, words, **options)


def test_words_that_share_their_first_piece_differ_by_their_mean() -> None:
    verbalizer = Verbalizer.of(BERT, {"no": ["townx"], "yes": ["towny"]}, pieces="mean")
    assert len({verbalizer.ids[0], verbalizer.ids[1]}) == 2


def asked_of_bert(kind: str = "bert") -> PromptModel:
    template = Template("{text} it is {mask} .", shorten="text", length=48)
    return PromptModel(masked(BERT, kind), BERT, template, Verbalizer.of(BERT, {"a": ["town", "river"], "b": ["city"]}))


def asked_of_t5(soft: bool = False) -> PromptModel:
    model = t5(T5)
    if soft:
        torch.manual_seed(1)
        config = PromptTuningConfig(task_type="SEQ_2_SEQ_LM", num_virtual_tokens=5, num_transformer_submodules=1)
        model = get_peft_model(model, config)
    template = Template("{text} . question : is it ? the answer was {mask} .", shorten="text", length=48)
    return PromptModel(model, T5, template, Verbalizer.of(T5, {"no": ["no", "bad"], "yes": ["yes", "good"]}))


MODELS = {
    "bert": asked_of_bert,
    "roberta": lambda: asked_of_bert("roberta"),
    "modernbert": lambda: asked_of_bert("modernbert"),
    "t5": asked_of_t5,
    "t5 with a soft prompt": lambda: asked_of_t5(soft=True),
}
ROWS = [{"text": "the film was great and a river is it " * repeats} for repeats in (2, 0, 9, 1, 4, 1, 3)]


@pytest.fixture(scope="module", params=MODELS)
def asked(request: pytest.FixtureRequest) -> PromptModel:
    return MODELS[request.param]()


def test_a_padded_batch_says_what_single_prompts_say(asked: PromptModel) -> None:
    ids = asked.encode(ROWS)
    asked.model.eval()
    with torch.no_grad():
        single = torch.cat([asked.scores([prompt]) for prompt in ids])
        assert torch.allclose(asked.scores(ids), single, atol=1e-4)
    assert torch.allclose(asked.predict(ids, batch=3), single, atol=1e-4)
    assert single.std(dim=0).min() > 1e-3  # the answers do differ


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(len(ROWS))), batch=st.integers(1, 8))
def test_answers_stand_in_the_order_asked(asked: PromptModel, order: list[int], batch: int) -> None:
    ids = asked.encode(ROWS)
    assert torch.allclose(asked.predict([ids[row] for row in order], batch), asked.predict(ids)[order], atol=1e-4)


def test_the_logits_are_the_whole_models_at_the_blank(asked: PromptModel) -> None:
    ids = asked.encode(ROWS[:1])
    asked.model.eval()
    with torch.no_grad():
        if asked.model.config.is_encoder_decoder:
            answer = torch.tensor([[T5.pad_token_id, T5.convert_tokens_to_ids("<extra_id_0>")]])
            output = asked.model(input_ids=torch.tensor(ids), decoder_input_ids=answer).logits[:, 1]
        else:
            output = asked.model(input_ids=torch.tensor(ids)).logits[:, ids[0].index(BERT.mask_token_id)]
        assert torch.allclose(asked.logits(ids), output, atol=1e-5)


def test_predicting_leaves_modes_and_gradients_alone(asked: PromptModel) -> None:
    asked.model.train()
    frozen = next(module for module in asked.model.modules() if not list(module.children())).eval()
    before = [module.training for module in asked.model.modules()]
    answers = asked.predict(asked.encode(ROWS))
    assert [module.training for module in asked.model.modules()] == before
    assert not frozen.training
    assert not answers.requires_grad
    assert all(weight.grad is None for weight in asked.model.parameters())
    assert asked.predict([]).shape == (0, 2)


def test_every_batch_passes_the_loop(asked: PromptModel) -> None:
    seen: list[int] = []

    def loop(batches: list[list[int]]) -> Any:
        for rows in batches:
            seen.extend(rows)
            yield rows

    asked.predict(asked.encode(ROWS), batch=2, loop=loop)
    assert sorted(seen) == list(range(len(ROWS)))


@pytest.mark.parametrize("name", ["bert", "t5"])
def test_tuning_learns_what_it_is_told(name: str) -> None:
    asked = MODELS[name]()
    ids, truth = asked.encode(ROWS), torch.tensor([0, 1, 0, 1, 1, 1, 0])
    optimizer = torch.optim.AdamW(asked.model.parameters(), lr=3e-3)
    asked.model.eval()
    for _ in range(60):
        torch.nn.functional.cross_entropy(asked.scores(ids), truth).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert asked.predict(ids).argmax(-1).tolist()[:3] == [0, 1, 0]


def test_only_the_soft_prompt_is_trained() -> None:
    asked = asked_of_t5(soft=True)
    whole = sum(weight.numel() for weight in t5(T5).parameters())
    assert trainable(asked.model) == (5 * 32, whole + 5 * 32)
    before = copy.deepcopy({name: weight.detach().clone() for name, weight in asked.model.named_parameters()})
    asked.scores(asked.encode(ROWS)).sum().backward()
    moved = {name for name, weight in asked.model.named_parameters() if weight.grad is not None}
    assert moved == {name for name in before if "prompt" in name}


def test_tied_weights_count_once_and_what_is_named_stays_trainable() -> None:
    model = masked(BERT)
    whole = sum(weight.numel() for weight in model.parameters())
    assert trainable(model) == (whole, whole)
    head = sum(weight.numel() for name, weight in model.named_parameters() if name.startswith("cls"))
    assert 0 < head < len(BERT) * 32  # the output matrix is the input's
    assert freeze(model, but=["cls"]) == whole - head
    assert trainable(model) == (head, whole)


def test_prompts_fit_the_models_positions() -> None:
    template = Template("{text} it is {mask} .", shorten="text")
    asked = PromptModel(masked(BERT), BERT, template, Verbalizer.of(BERT, {"a": ["town"], "b": ["city"]}))
    (ids,) = asked.encode([{"text": "the town " * 200}])
    assert len(ids) == 64
    assert asked.predict([ids]).shape == (1, 2)


def test_a_roberta_blank_takes_the_space_before_it() -> None:
    """Byte-level pieces: a word inside a text has its space, and the text before the blank keeps none."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: at for at, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *letters, "Ġa"])}
    backend = Tokenizer(BPE(vocabulary, [("Ġ", "a")], unk_token="<unk>"))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>")
    from tokenizers import AddedToken

    tokenizer.add_special_tokens({"mask_token": AddedToken("<mask>", lstrip=True, special=True)})
    backend = tokenizer.backend_tokenizer
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    ids = Template("{text} is {mask} .", shorten="text").encode(tokenizer, {"text": "a"})
    assert ids == tokenizer("a is <mask> .").input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == ["<s>", "a", "Ġ", "i", "s", "<mask>", "Ġ", ".", "</s>"]
    assert Verbalizer.of(tokenizer, {"x": ["a"], "y": ["x"]}).ids[0] == ((vocabulary["Ġa"],),)
