"""Prompt learning: a task asked as a blank to fill, and the words that may stand there as its classes.

A template turns a row into a prompt with one blank, a verbalizer turns the vocabulary's logits at the blank into one
score per class, a prompt model joins both with a masked language model (BERT) or an encoder-decoder (T5). The scores
are those of OpenPrompt 1.0.1 (Ding et al. 2022, ACL demonstrations), whose manual verbalizer they equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, Self

import torch
from torch import Tensor
from transformers import PreTrainedModel

from .batching import by_length, padded
from .templates import MASK, SENTINEL, Row, Template, blank_of

__all__ = ["MASK", "SENTINEL", "PromptModel", "Row", "Template", "Verbalizer", "blank_of", "freeze", "trainable"]


@dataclass(frozen=True)
class Verbalizer:
    """The label words of each class, as token ids: class, word, pieces. Classes stand in the order of the label ids.

    `pieces` says whose logit stands for a word of several pieces: the first one's or their mean. `combine` joins the
    words of a class: the mean of the log probabilities (OpenPrompt's; a class suffers when one of its words is
    improbable) or the log of the summed probabilities.
    """

    labels: tuple[str, ...]
    ids: tuple[tuple[tuple[int, ...], ...], ...]
    pieces: Literal["first", "mean"] = "first"
    combine: Literal["mean of logs", "log of sum"] = "mean of logs"

    @classmethod
    def of(cls, tokenizer: Any, words: Mapping[str, Sequence[str]], **options: Any) -> Self:
        """From each class's words, read as they stand inside a text (a blank before them). Raises ValueError."""
        ids = tuple(tuple(_spelt(tokenizer, word) for word in of_class) for of_class in words.values())
        made = cls(tuple(words), ids, **options)
        first: dict[tuple[int, ...], tuple[str, str]] = {}
        for label, of_class, spelt in zip(words, words.values(), ids, strict=True):
            if not of_class:
                raise ValueError(f"the class {label!r} has no label word")
            for word, scored in zip(of_class, made._scored(spelt), strict=True):
                if scored in first:
                    other, theirs = first[scored]
                    piece = " ".join(tokenizer.convert_ids_to_tokens(list(scored)))
                    raise ValueError(
                        f"{word!r} of {label!r} and {other!r} of {theirs!r} are the same to the model: {piece}"
                    )
                first[scored] = word, label
        return made

    def scores(self, logits: Tensor) -> Tensor:
        """(batch, vocabulary) at the blank -> (batch, classes): the log soft-max over the label words of all classes
        together, averaged over the words of each class."""
        logs = self._logs(logits)
        parts = logs.split([len(of_class) for of_class in self.ids], dim=-1)
        if self.combine == "log of sum":
            return torch.stack([part.logsumexp(-1) for part in parts], dim=-1)
        return torch.stack([part.mean(-1) for part in parts], dim=-1)

    def words(self, tokenizer: Any, logits: Tensor) -> list[dict[str, float]]:
        """For each row of (batch, vocabulary) the label words with their probabilities, which sum to one."""
        texts = [str(tokenizer.decode(list(word))).strip() for word in chain.from_iterable(self.ids)]
        return [dict(zip(texts, row, strict=True)) for row in self._logs(logits).exp().tolist()]

    def _logs(self, logits: Tensor) -> Tensor:
        """(batch, vocabulary) -> (batch, words), log probabilities."""
        scored = self._scored(chain.from_iterable(self.ids))
        longest = max(map(len, scored))
        index = torch.tensor([[*word, *word[:1] * (longest - len(word))] for word in scored], device=logits.device)
        share = torch.tensor([[1 / len(word)] * len(word) + [0.0] * (longest - len(word)) for word in scored])
        return (logits[:, index].float() * share.to(logits.device)).sum(-1).log_softmax(-1)

    def _scored(self, words: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """The pieces of each word whose logits count."""
        return [word[:1] if self.pieces == "first" else word for word in words]


def _spelt(tokenizer: Any, word: str) -> tuple[int, ...]:
    ids = tokenizer(" " + word, add_special_tokens=False, split_special_tokens=True).input_ids
    if not word.strip() or not ids or tokenizer.unk_token_id in ids:
        raise ValueError(f"the label word {word!r} is not in the model's vocabulary")
    return tuple(ids)


class PromptModel:
    """A language model asked through a template and read through a verbalizer.

    `model` is a masked language model or an encoder-decoder, also one that PEFT has wrapped for prompt tuning.
    """

    def __init__(self, model: Any, tokenizer: Any, template: Template, verbalizer: Verbalizer) -> None:
        positions = getattr(model.config, "max_position_embeddings", None) or template.length
        self.template = replace(template, length=min(template.length, positions, tokenizer.model_max_length))
        self.model, self.tokenizer, self.verbalizer = model, tokenizer, verbalizer
        self.blank = blank_of(tokenizer)

    def encode(self, rows: Sequence[Row]) -> list[list[int]]:
        """The prompts' token ids. Do it once: sizes and evaluations share them."""
        return self.template.encode_all(self.tokenizer, rows)

    def logits(self, ids: Sequence[list[int]]) -> Tensor:
        """(batch, vocabulary) at the blank, padded to the longest prompt of the batch.

        A T5 answers after its sentinel: its decoder reads pad and <extra_id_0>, the second position says the word.
        """
        device, pad = self.model.device, self.tokenizer.pad_token_id
        inputs, attended = padded(ids, pad, device)
        if self.model.config.is_encoder_decoder:
            answer = torch.tensor([[pad, self.blank]], device=device).expand(len(ids), 2)
            output = self.model(input_ids=inputs, attention_mask=attended, decoder_input_ids=answer)
            return torch.as_tensor(output.logits[:, 1])
        rows, at = torch.arange(len(ids), device=device), (inputs == self.blank).int().argmax(-1)
        head = getattr(self.model, "cls", None) or getattr(self.model, "lm_head", None)
        if head is None or not isinstance(self.model, PreTrainedModel):
            return torch.as_tensor(self.model(input_ids=inputs, attention_mask=attended).logits[rows, at])
        hidden = self.model.base_model(input_ids=inputs, attention_mask=attended).last_hidden_state
        return torch.as_tensor(head(hidden[rows, at]))  # the vocabulary is scored at the blank alone

    def scores(self, ids: Sequence[list[int]]) -> Tensor:
        """(batch, classes), with gradients; their cross-entropy is the loss of prompt-based tuning."""
        return self.verbalizer.scores(self.logits(ids))

    def predict(
        self,
        ids: Sequence[list[int]],
        batch: int = 64,
        loop: Callable[[list[list[int]]], Iterable[list[int]]] = list,
    ) -> Tensor:
        """(n, classes) in the order of `ids`, in evaluation mode and without gradients; the mode is restored.

        Prompts of like length share a batch. `loop` goes over the batches (lists of row numbers), such as `lab.loop`.
        """
        answers = torch.zeros(len(ids), len(self.verbalizer.labels), device=self.model.device)
        training = [module for module in self.model.modules() if module.training]
        self.model.eval()
        try:
            for rows in loop(by_length(ids, batch)):
                with torch.no_grad():
                    answers[rows] = self.scores([ids[row] for row in rows])
        finally:
            for module in training:
                module.training = True
        return answers


def freeze(model: torch.nn.Module, but: Sequence[str] = ()) -> int:
    """Take all parameters from training but those whose names start with one of `but`; returns how many it took."""
    taken = [weight for name, weight in model.named_parameters() if not name.startswith(tuple(but))]
    for weight in taken:
        weight.requires_grad_(False)
    return sum(weight.numel() for weight in taken)


def trainable(model: torch.nn.Module) -> tuple[int, int]:
    """How many parameters are trained, and how many there are; tied weights count once."""
    weights = list(model.parameters())
    return sum(weight.numel() for weight in weights if weight.requires_grad), sum(weight.numel() for weight in weights)
