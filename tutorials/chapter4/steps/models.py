"""A base model: loaded, counted, and as an outline without numbers."""

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
)

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def load(lab, role, dtype="float32", packing=None):
    """A base model, whole or with its linear layers in 8 or 4 bits."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
    tokenizer.padding_side = "left"  # to continue: the text comes last
    if tokenizer.pad_token is None:  # no new row in the embedding table
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(
        lab.model(role),
        quantization_config=packing,
        dtype=DTYPES[dtype],
        device_map={"": lab.device} if packing else None,
    )
    if packing is None:
        model.to(lab.device)
    lab.watch("model", model, tokenizer)
    return model, tokenizer


def outline(lab, role, dtype="float32"):
    """A model of the right shapes and without any numbers."""
    config = AutoConfig.from_pretrained(lab.model(role))
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(
            config, dtype=DTYPES[dtype]
        )


def parameters(model):
    """Trained and frozen weights; those of 4 bits lie two in a byte."""
    counts = {True: 0, False: 0}
    for weight in model.parameters():
        packed = getattr(weight, "quant_state", None)
        numbers = packed.shape.numel() if packed else weight.numel()
        counts[weight.requires_grad] += numbers
    return counts[True], counts[False]


def weights_by_type(model):
    """Bytes of the weights as they are stored, by their type."""
    sizes = {}
    for weight in model.parameters():
        kind = str(weight.dtype).removeprefix("torch.")
        sizes[kind] = sizes.get(kind, 0) + weight.nbytes
    return sizes
