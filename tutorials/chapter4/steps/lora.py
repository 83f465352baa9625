"""LoRA: two thin matrices beside a frozen one, and into it at last."""

from typing import Literal

import torch
from deepdive.engine.lab import Lab, step
from peft import (
    LoraConfig,
    PeftModel,
    prepare_model_for_kbit_training,
)
from transformers import BitsAndBytesConfig
from transformers.pytorch_utils import Conv1D

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
from .models import DTYPES, load
from .training import RECIPES, train, trainer_for
from .writing import write


@step
def tune_lora(
    lab: Lab,
    role: Literal["small", "large"] = "small",
    method: Literal["LoRA", "LoRA on 8 bits"] = "LoRA",
    dtype: Type = "float32",
    rank: Rank = 16,
    targets: str = "",
    learning_rate: Rate = 2e-4,
    epochs: Epochs = 5.0,
    batch: Batch = 1,
    accumulation: Batch = 1,
    length: Length = 1024,
    recipe: Recipe = "usual",
    checkpointing: bool = False,
    new_tokens: NewTokens = 100,
):
    """Tune adapters beside frozen weights, and let the model write.

    role: which model is the base
    method: how the base's linear layers are stored: as dtype says, or
        in 8 bits
    dtype: type of a frozen weight; 16 bits halve the base's memory
    rank: columns of the thin matrices; more train more numbers
    targets: all-linear, or layers such as q_proj v_proj; empty: the
        library's choice for the model
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
    packing = None
    if method == "LoRA on 8 bits":
        packing = BitsAndBytesConfig(load_in_8bit=True)
    model, tokenizer = load(lab, role, dtype, packing)
    config = adapter(lab, model, rank, targets)
    if packing:
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
    retype(trainer.model, "float32")
    train(lab, trainer, new_tokens)
    write(lab, trainer.model, tokenizer, new_tokens)


def adapter(lab, model, rank, targets):
    """Two thin matrices beside each of the chosen linear layers.

    Hu et al. 2021, LoRA: the frozen weight W becomes W + (a/r) B A,
    with A of r rows, B of r columns, and B = 0 at the start.
    """
    chosen = targets.split() or None  # None: the library's choice
    if chosen == ["all-linear"]:
        chosen = "all-linear"
    elif chosen:
        names = {
            name.split(".")[-1]
            for name, layer in model.named_modules()
            if isinstance(layer, (torch.nn.Linear, Conv1D))
        }
        if unknown := [name for name in chosen if name not in names]:
            why = f"no linear layer {unknown[0]!r}"
            allowed = f"all-linear, or of {', '.join(sorted(names))}"
            lab.refuse("targets", why, allowed)
    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.05,
        target_modules=chosen,
        task_type="CAUSAL_LM",
    )


def retype(model, adapters):
    """trl makes adapters on 4 or 8 bits bfloat16, unasked."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.to(DTYPES[adapters])


@step
def merge(
    lab: Lab,
    dtype: Type = "float32",
):
    """Load an adapter again, and add it into the weights.

    dtype: type of the base's weights; in 16 bits merging rounds more
    """
    base, tokenizer = load(lab, "large", dtype)
    prompt = lab.read("test")[0]["prompt"]
    ids = tokenizer(prompt, return_tensors="pt").to(base.device)
    with torch.no_grad():
        alone = base(**ids).logits
        adapted = PeftModel.from_pretrained(base, lab.files("adapter"))
        beside = adapted.eval()(**ids).logits
        lab.measure("layers with an adapter", count_adapters(adapted))
        merged = adapted.merge_and_unload()  # takes the adapters out
        within = merged(**ids).logits
    lab.watch("model", merged, tokenizer)
    change = (beside - alone).abs().max().item()
    lab.measure("largest change of a logit", change)
    apart = (within - beside).abs().max().item()
    lab.measure("merged and not merged differ by", apart)
    lab.save("merged", merged, tokenizer)


def count_adapters(model):
    """How many linear layers have two thin matrices beside them."""
    return len(
        {
            name.rsplit(".lora_", 1)[0]
            for name, _ in model.named_modules()
            if ".lora_A" in name
        }
    )
