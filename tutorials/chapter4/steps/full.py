"""All weights: tuned, where memory allows it."""

from typing import Annotated, Literal

import torch
from deepdive.engine.lab import Lab, Range, step

from .choices import Batch, Epochs, Length, NewTokens, Rate, Type
from .models import load, outline
from .training import RECIPES, train, trainer_for
from .writing import write

Megabytes = Annotated[float, Range(0.0, 1_000_000.0)]


@step
def tune_full(
    lab: Lab,
    role: Literal["small", "large"] = "small",
    dtype: Type = "float32",
    learning_rate: Rate = 2e-4,
    epochs: Epochs = 5.0,
    batch: Batch = 1,
    accumulation: Batch = 1,
    length: Length = 1024,
    checkpointing: bool = False,
    loss_on: Literal["whole text", "summary"] = "whole text",
    marker: str = "",
    budget: Megabytes = 0.0,
    new_tokens: NewTokens = 100,
):
    """Tune all weights of a model to write summaries, and let it write.

    role: which model is tuned
    dtype: type of a weight; 16 bits halve weights, gradients and
        moments, and lose small changes
    learning_rate: how far an update moves the weights; too large a
        rate forgets what the base knew
    epochs: how often each pair is read; 1.5 ends in the second round
    batch: texts at a time; more take more memory for activations
    accumulation: batches whose gradients add up to one update; more
        make fewer updates and take no memory
    length: tokens of a text, what is beyond is cut off; more take more
        memory for activations
    checkpointing: activations are computed twice, not kept: less
        memory, more time
    loss_on: tokens that the loss counts: all, or the summary's alone
    marker: letters that end a summary, the book's way; none: the
        end-of-text token alone ends it
    budget: MB that weights, gradients and moments may take; 0: all
        that there is
    new_tokens: tokens that a summary has at most
    """
    if budget:  # before a single weight is read
        spend(round(budget * 1e6), outline(lab, role, dtype))
    model, tokenizer = load(lab, role, dtype)
    trainer = trainer_for(
        lab,
        model,
        tokenizer,
        batch,
        marker=marker,
        num_train_epochs=epochs,
        gradient_accumulation_steps=accumulation,
        learning_rate=learning_rate,
        max_length=length,
        completion_only_loss=loss_on == "summary",
        gradient_checkpointing=checkpointing,  # trl: on by default
        **RECIPES["usual"],
    )
    train(lab, trainer, new_tokens)
    write(lab, trainer.model, tokenizer, new_tokens, marker)


def spend(budget, model):
    """Lay a training into a budget of bytes, tensor by tensor.

    Adam in 32 bits: a weight, its gradient, and two moments. Raises
    OutOfMemoryError at the first tensor that does not fit.
    """
    left = budget
    for what in ("weight", "gradient", "first moment", "second moment"):
        for name, weight in model.named_parameters():
            if what != "weight" and not weight.requires_grad:
                continue
            if weight.nbytes > left:
                raise torch.OutOfMemoryError(
                    f"Declared budget: the {what} of {name} wants "
                    f"{weight.nbytes:,} bytes, of {budget:,} bytes "
                    f"{left:,} are left"
                )
            left -= weight.nbytes
