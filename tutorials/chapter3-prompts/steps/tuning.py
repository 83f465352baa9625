"""Tuning the model, the prompt, or both."""

from itertools import islice
from math import ceil
from typing import Any, NamedTuple

import torch
from deepdive.engine.methods.batching import shuffled
from deepdive.engine.methods.tuning import tune
from transformers import get_linear_schedule_with_warmup, set_seed


class Part(NamedTuple):
    """Weights that are tuned together."""

    weights: list[torch.nn.Parameter]
    learning_rate: float
    warm_up: int  # updates until the rate is reached
    weight_decay: float


def model_part(weights, rate):
    """T5 has no biases, and the source decays its norms as well."""
    return Part(weights, rate, 0, 0.01)


def fit(lab, asked, ids, labels, parts, epochs, batch, what, then=None):
    """Tune some weights by the cross-entropy of the two scores.

    Each question has its token ids and a list of one label.
    `then(epoch)` is called after each epoch.
    """
    per_epoch, model = ceil(len(ids) / batch), asked.model.train()
    updates = epochs * per_epoch
    optimizers, schedules = [], []
    for part in parts:
        optimizer = torch.optim.AdamW(
            part.weights,
            lr=part.learning_rate,
            eps=1e-6,
            weight_decay=part.weight_decay,
        )
        schedule = get_linear_schedule_with_warmup(
            optimizer, part.warm_up, updates
        )
        optimizers.append(optimizer)
        schedules.append(schedule)
    lab.watch("t5", model, asked.tokenizer, optimizers[0])

    def after(update):
        if then and update % per_epoch == 0:
            then(update // per_epoch)

    drawn = islice(shuffled(len(ids), batch), updates)
    tune(
        asked,
        ids,
        labels,
        lab.loop(list(drawn), what),
        optimizers,
        schedules,
        clip=1.0,
        then=after,
    )
    model.eval()


class Recipe(NamedTuple):
    """How the whole model is tuned, each time from its start."""

    start: dict[str, Any]
    epochs: int
    learning_rate: float
    batch: int

    def tune(self, lab, asked, ids, labels, what):
        model, (start, epochs, rate, batch) = asked.model, self
        model.load_state_dict(start)
        set_seed(lab.seed)
        parts = [model_part(list(model.parameters()), rate)]
        fit(lab, asked, ids, labels, parts, epochs, batch, what)
