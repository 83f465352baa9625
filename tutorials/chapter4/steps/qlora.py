"""QLoRA: adapters of 16 or 32 bits on a base of 4."""

from typing import Literal

from deepdive.engine.lab import Lab, step
from peft import prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig

from .choices import (
    Batch,
    Epochs,
    Length,
    NewTokens,
    Rank,
    Rate,
    Recipe,
    Type,
)
from .lora import adapter, retype
from .models import DTYPES, load
from .training import RECIPES, train, trainer_for
from .writing import write


@step
def tune_qlora(
    lab: Lab,
    role: Literal["small", "large"] = "small",
    double_quantisation: bool = False,
    compute: Type = "float32",
    rank: Rank = 16,
    targets: str = "",
    adapters: Literal["float32", "bfloat16"] = "float32",
    learning_rate: Rate = 2e-4,
    epochs: Epochs = 5.0,
    batch: Batch = 1,
    accumulation: Batch = 1,
    length: Length = 1024,
    recipe: Recipe = "usual",
    checkpointing: bool = False,
    new_tokens: NewTokens = 100,
):
    """Tune adapters on a base of 4 bits, and let the model write.

    role: which model is the base
    double_quantisation: scales are stored in 8 bits, not in 32: 0.37
        bits a weight less
    compute: type that 4 bits are unpacked to; 16 bits are faster on a
        card that has them
    rank: columns of the thin matrices; more train more numbers
    targets: all-linear, or layers such as q_proj v_proj; empty: the
        library's choice for the model
    adapters: type of a trained number; trl makes it bfloat16, unasked
    learning_rate: how far an update moves the adapters; they need a
        higher rate than all weights do
    epochs: how often each pair is read; 1.5 ends in the second round
    batch: texts at a time; more take more memory for activations
    accumulation: batches whose gradients add up to one update; more
        make fewer updates and take no memory
    length: tokens of a text, what is beyond is cut off; more take more
        memory for activations
    recipe: usual: falling rate, Adam; paged: constant rate, paged Adam,
        texts of a length together
    checkpointing: activations are computed twice, not kept: less
        memory, more time
    new_tokens: tokens that a summary has at most
    """
    packing = in_four_bits(double_quantisation, compute)
    model, tokenizer = load(lab, role, packing=packing)
    config = adapter(lab, model, rank, targets)
    model = prepare_model_for_kbit_training(model, checkpointing)
    trainer = trainer_for(
        lab,
        model,
        tokenizer,
        batch,
        config,
        num_train_epochs=epochs,
        gradient_accumulation_steps=accumulation,
        learning_rate=learning_rate,
        max_length=length,
        completion_only_loss=False,  # of the whole text, as the book's
        gradient_checkpointing=checkpointing,  # trl: on by default
        **RECIPES[recipe],
    )
    retype(trainer.model, adapters)
    train(lab, trainer, new_tokens)
    write(lab, trainer.model, tokenizer, new_tokens)


def in_four_bits(double, compute):
    """Sixteen levels, and what they are unpacked to."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=double,
        bnb_4bit_compute_dtype=DTYPES[compute],
    )
