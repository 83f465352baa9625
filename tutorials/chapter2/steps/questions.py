"""Questions to the models in memory."""

from typing import Annotated

from deepdive.engine.lab import Lab, Range, probe
from deepdive.engine.methods.generation import continuation
from deepdive.engine.methods.reading import gap_of, tokens_of

from .models import show_best


@probe
def next_word(
    lab: Lab,
    text: str = "Swimming at the beach is",
    top_k: Annotated[int, Range(1, 20)] = 5,
):
    """What would it say next?

    text: what the model reads and goes on with
    top_k: how many of the likeliest tokens are shown
    """
    model, tokenizer = lab.watched("model")
    inputs = tokens_of(lab, "text", text, model, tokenizer)
    scores = model(**inputs).logits[0, -1]
    show_best(lab, "comes next", scores, tokenizer, top_k)


@probe
def complete(
    lab: Lab,
    prompt: str = "Swimming at the beach is",
    tokens: Annotated[int, Range(1, 100)] = 24,
):
    """How would it go on?

    prompt: what the model reads and goes on with
    tokens: tokens that it writes at most
    """
    model, tokenizer = lab.watched("model")
    try:
        lab.text(continuation(model, tokenizer, prompt, tokens))
    except ValueError as error:
        lab.refuse("prompt", str(error))


@probe
def gap(
    lab: Lab, sentence: str = "Life is like a [MASK] of chocolates."
):
    """Which words would fit?

    sentence: what the model reads; [MASK] stands for one token
    """
    model, tokenizer = lab.watched("masked model")
    inputs, row = gap_of(lab, "sentence", sentence, model, tokenizer)
    scores = model(**inputs).logits[0, row]
    show_best(lab, "fits the gap", scores, tokenizer, 5)
