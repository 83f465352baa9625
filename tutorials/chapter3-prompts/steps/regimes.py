"""The prompt, the model, one after the other, or both."""

from copy import deepcopy
from itertools import product
from math import ceil
from typing import Annotated, Literal, NamedTuple

import torch
from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.prompting import PromptModel
from transformers import set_seed

from .checks import standing_for, worded
from .data import questions, t5
from .soft import prompt_of, soften, tell_parameters, warm_up_of
from .telling import tell
from .tuning import Part, fit, model_part
from .wordings import (
    ENGINEERED,
    NO_YES,
    SIZES,
    Rate,
    Schedule,
    Sizes,
    SoftRate,
    Vectors,
    Wording,
    Words,
)

MODES = ("prompt", "model", "prompt, then model", "prompt and model")


@step
def four_regimes(
    lab: Lab,
    template: Wording = ENGINEERED,
    label_words: Words = NO_YES,
    sizes: Sizes = SIZES,
    epochs: Annotated[int, Range(1, 100)] = 8,
    first: Annotated[int, Range(1, 200)] = 60,
    learning_rate: Rate = 1e-4,
    vectors: Vectors = 20,
    soft_rate: SoftRate = 0.4,
    schedule: Schedule = "repaired",
    soft_start: Literal["anew", "carried over"] = "anew",
    embedding: Literal["tuned", "frozen"] = "tuned",
    batches: Literal["equal", "the source's"] = "equal",
):
    """Tune the prompt, the model, one after the other, or both.

    template: the words around passage, question and blank
    label_words: the words at the blank that count for each answer
    sizes: questions of each class; each is tuned on in four ways
    epochs: rounds over the questions; more are more updates
    first: rounds in which "prompt, then model" tunes its prompt
    learning_rate: how far an update moves the model
    vectors: length of the soft prompt; more are more to tune
    soft_rate: how far an update moves the prompt, at the most
    schedule: the source's warm-up takes 500 updates, however few
    soft_start: the prompt at each size, new or where it was left
    embedding: whether the table of words is tuned with the model
    batches: 4 questions an update, or the source's 8 for prompts
    """
    wording, (model, tokenizer) = worded(lab, template), t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    train, validation, _ = questions(lab, tokenizer, sizes)
    labels = [[row["label"]] for row in train]
    plain = PromptModel(model, tokenizer, wording, words)
    soft = soften(lab, model, vectors, "vocabulary", "")
    both = PromptModel(soft, tokenizer, wording, words)
    ids, held = both.encode(train), both.encode(validation)
    plan = Plan(soft, learning_rate, soft_rate, schedule, embedding)
    begin = dict.fromkeys(MODES, deepcopy(soft.state_dict()))
    few = ids[:256], labels, min(128, max(sizes))
    begin[MODES[2]] = prompt_first(lab, both, plan, *few, first)
    last = {}
    for k, mode in product(sizes, MODES):
        asked = plain if mode == "model" else both
        by = 4 if batches == "equal" or mode == "model" else 8
        soft.load_state_dict(begin[mode])
        if soft_start == "carried over" and mode in last:
            prompt_of(soft).data.copy_(last[mode])
        parts = plan.parts(mode, epochs * ceil(2 * k / by))
        set_seed(lab.seed)
        few, at = ids[: 2 * k], f"{mode} at {k}"
        fit(lab, asked, few, labels, parts, epochs, by, at)
        last[mode] = prompt_of(soft).detach().clone()
        case = {"mode": mode, "k": k}
        tell(lab, asked.predict(held), validation, **case)
        if k == sizes[-1]:
            tell_parameters(lab, asked.model, mode=mode)


def prompt_first(lab, both, plan, ids, labels, k, epochs):
    """The first of two stages, once for all: the prompt alone."""
    set_seed(lab.seed)
    parts = plan.parts("prompt", epochs * ceil(2 * k / 8))
    what = "the prompt first"
    fit(lab, both, ids, labels, parts, epochs, 8, what)
    return deepcopy(plan.soft.state_dict())


class Plan(NamedTuple):
    """Which weights a regime tunes, and how."""

    soft: torch.nn.Module
    learning_rate: float
    soft_rate: float
    schedule: str
    embedding: str

    def parts(self, mode, updates):
        """What the optimizers hold; all other weights are frozen."""
        prompt = prompt_of(self.soft)
        weights = list(self.soft.get_base_model().parameters())
        table = self.soft.get_input_embeddings().weight
        if mode != "model" and self.embedding == "frozen":
            weights = [w for w in weights if w is not table]
        parts = []
        if mode in ("prompt", "prompt and model"):
            warm_up = warm_up_of(self.schedule, updates)
            parts.append(Part([prompt], self.soft_rate, warm_up, 0.0))
        if mode != "prompt":
            parts.append(model_part(weights, self.learning_rate))
        self.soft.requires_grad_(False)
        for part in parts:
            for weight in part.weights:
                weight.requires_grad_(True)
        return parts
