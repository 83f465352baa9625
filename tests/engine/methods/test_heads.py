"""A head says of many texts what it says of each alone, and begins as a new model's would."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from deepdive.engine.methods.heads import Head
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification, set_seed

from tests.support.tiny import bert_tokenizer

BERT = bert_tokenizer()
TEXTS = ["It was great.", "The town is by the river, and the river was bad.", "Good"]
ROWS = [{"text": text} for text in TEXTS]


def head(auto: Any, classes: int = 3) -> Head:
    set_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(BERT), max_position_embeddings=16, num_labels=classes, **shape)
    return Head(auto(config).eval(), BERT, "text")


def test_a_text_gets_a_row_in_the_order_given() -> None:
    made = head(BertForSequenceClassification)
    ids = made.encode(ROWS)
    wanted = torch.cat([made.model(input_ids=torch.tensor([row])).logits for row in ids])
    assert torch.allclose(made.predict(ids, batch=2), wanted, atol=1e-5)
    assert torch.allclose(made.scores(ids), wanted, atol=1e-5)


def test_a_token_gets_a_row_and_padding_none() -> None:
    made = head(BertForTokenClassification)
    ids = made.encode(ROWS)
    wanted = torch.cat([made.model(input_ids=torch.tensor([row])).logits[0] for row in ids])
    assert wanted.shape == (sum(map(len, ids)), 3)
    assert torch.allclose(made.predict(ids, batch=2), wanted, atol=1e-5)
    assert torch.allclose(made.scores(ids), wanted, atol=1e-5)


def test_a_text_is_cut_where_the_positions_end() -> None:
    made = head(BertForSequenceClassification)
    [ids] = made.encode([{"text": "river " * 30}])
    assert (len(ids), ids[0], ids[-1]) == (16, BERT.cls_token_id, BERT.sep_token_id)
    assert made.encode([]) == []


@pytest.mark.parametrize("seed", [0, 7])
def test_drawn_again_it_is_a_fresh_one_and_the_encoder_stays(seed: int) -> None:
    made = head(BertForSequenceClassification, classes=100)
    before = {name: weight.clone() for name, weight in made.model.named_parameters()}
    made.draw(seed)
    changed = {name for name, weight in made.model.named_parameters() if not torch.equal(weight, before[name])}
    assert changed == {"classifier.weight"}
    weight = made.model.classifier.weight.clone()
    assert weight.std().item() == pytest.approx(made.model.config.initializer_range, rel=0.1)
    made.draw(seed)
    assert torch.equal(made.model.classifier.weight, weight)
