"""Tuning all weights of an encoder, with its head or its blank."""

from copy import deepcopy
from itertools import islice
from math import ceil
from typing import NamedTuple

import torch
from deepdive.engine.methods.batching import shuffled
from deepdive.engine.methods.tuning import tune
from transformers import get_linear_schedule_with_warmup

UNDECAYED = ("bias", "LayerNorm.weight")


class Recipe(NamedTuple):
    """How all weights are tuned."""

    learning_rate: float
    epochs: int
    batch: int
    falls: bool  # the rate falls to 0, and gradients are clipped
    dropout: bool
    weight_decay: float
    epsilon: float

    def updates(self, examples):
        return self.epochs * ceil(examples / self.batch)


def recipes(head_rate, prompt_rate):
    """The book's two: the Trainer's defaults, and its own loop."""
    head = Recipe(head_rate, 3, 8, True, True, 0.0, 1e-8)
    prompt = Recipe(prompt_rate, 5, 4, False, False, 0.01, 1e-6)
    return {"head": head, "prompt": prompt}


def fit(lab, way, ids, labels, recipe, updates, what):
    """Tune all weights of a head or of a prompt model.

    Each example has its token ids and a list of labels: one, or one
    for every token.
    """
    model = way.model.train(recipe.dropout)
    groups = {0.0: [], recipe.weight_decay: []}
    for name, weight in model.named_parameters():
        free = name.endswith(UNDECAYED)
        groups[0.0 if free else recipe.weight_decay].append(weight)
    optimizer = torch.optim.AdamW(
        [{"params": w, "weight_decay": d} for d, w in groups.items()],
        lr=recipe.learning_rate,
        eps=recipe.epsilon,
    )
    schedule = get_linear_schedule_with_warmup(optimizer, 0, updates)
    lab.watch(what.split()[0], model, way.tokenizer, optimizer)

    drawn = islice(shuffled(len(ids), recipe.batch), updates)
    tune(
        way,
        ids,
        labels,
        lab.loop(list(drawn), what),
        [optimizer],
        [schedule] if recipe.falls else [],
        clip=1.0 if recipe.falls else None,
    )
    model.eval()


def copied(model):
    """The weights as they are now, to begin again from."""
    return deepcopy(model.state_dict())
