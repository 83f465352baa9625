"""A classifier head: a fresh linear layer in the place of an encoder's vocabulary layer (Devlin et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .batching import by_length, padded

LONGEST = 512  # tokens of a text; what is longer is cut off
SPREAD = 0.02  # the standard deviation of BERT's fresh weights


class Head:
    """An encoder with a linear layer that scores the classes, of a text or of each of its tokens.

    `model` is an AutoModelForSequenceClassification or ...ForTokenClassification whose head is called `classifier`;
    `column` is where a row has its text.
    """

    def __init__(self, model: Any, tokenizer: Any, column: str) -> None:
        self.model, self.tokenizer, self.column = model, tokenizer, column

    def draw(self, seed: int) -> None:
        """Other random weights for the linear layer, as a new model would have them; seeds torch's generator."""
        torch.manual_seed(seed)
        torch.nn.init.normal_(self.model.classifier.weight, std=SPREAD)
        torch.nn.init.zeros_(self.model.classifier.bias)

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
        """The token ids of each row's text, cut where the model has no more positions."""
        if not rows:
            return []
        limit = min(LONGEST, self.model.config.max_position_embeddings)
        texts = [row[self.column] for row in rows]
        ids: list[list[int]] = self.tokenizer(texts, truncation=True, max_length=limit).input_ids
        return ids

    def scores(self, ids: Sequence[list[int]]) -> Tensor:
        """(labels, classes) with gradients: one row a text, or one for each token of all texts in their order."""
        inputs, real = padded(ids, self.tokenizer.pad_token_id, self.model.device)
        logits = torch.as_tensor(self.model(input_ids=inputs, attention_mask=real).logits)
        return logits if logits.dim() == 2 else logits[real.bool()]

    def predict(self, ids: Sequence[list[int]], batch: int = 64) -> Tensor:
        """The scores of all rows in their order, on the CPU and without gradients; leaves evaluation mode behind.

        Texts of like length share a batch.
        """
        self.model.eval()
        answers: dict[int, Tensor] = {}
        for rows in by_length(ids, batch):
            with torch.no_grad():
                scores = self.scores([ids[row] for row in rows]).cpu()
            of_tokens = len(scores) > len(rows)
            sizes = [len(ids[row]) if of_tokens else 1 for row in rows]
            answers |= zip(rows, scores.split(sizes), strict=True)
        return torch.cat([answers[row] for row in range(len(ids))])
