"""One token after the other: how GPT-2 goes on with a text."""

from typing import Annotated, Literal

import torch
from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.reading import tokens_of

from .models import causal_lm, show_best


@step
def next_token(
    lab: Lab,
    prompt: str = "Swimming at the beach is",
    top_k: Annotated[int, Range(1, 20)] = 5,
):
    """Ask GPT-2 what comes next.

    prompt: what GPT-2 reads and goes on with
    top_k: how many of the likeliest tokens are shown
    """
    model, tokenizer = causal_lm(lab)

    inputs = tokens_of(lab, "prompt", prompt, model, tokenizer)
    with torch.no_grad():
        logits = model(**inputs).logits  # (1, tokens, vocabulary)
    words, _ = show_best(
        lab, "comes next", logits[0, -1], tokenizer, top_k
    )
    lab.measure("logits", str(list(logits.shape)))
    lab.measure("next token", words[0])
    lab.measure("its id", int(logits[0, -1].argmax()))

    # every row answers the same question for its own place
    probability, guess = logits[0].softmax(-1).max(-1)  # (tokens,)
    ids = inputs.input_ids[0].tolist()
    lab.rows(
        "every row",
        [
            {
                "after": tokenizer.decode(ids[: row + 1]),
                "expects": tokenizer.decode([guess[row].item()]),
                "probability": probability[row].item(),
                "came": tokenizer.decode(ids[row + 1 : row + 2]),
            }
            for row in range(len(ids))
        ],
    )


@step
def word_by_word(
    lab: Lab,
    prompt: str = "Swimming at the beach is",
    length: Annotated[int, Range(2, 100)] = 20,
    choose: Literal["likeliest", "drawn"] = "likeliest",
    temperature: Annotated[float, Range(0.1, 3.0)] = 1.0,
    top_k: Annotated[int, Range(0, 200)] = 0,
    top_p: Annotated[float, Range(0.05, 1.0)] = 1.0,
):
    """Let GPT-2 finish the sentence.

    prompt: what GPT-2 reads and goes on with
    length: tokens of the whole text, the prompt's included
    choose: the likeliest token each time, or one drawn by probability
    temperature: divides the logits before the draw; higher is wilder,
        lower nearer to the likeliest
    top_k: tokens that may be drawn, the likeliest ones; 0: all
    top_p: probability that the tokens that may be drawn have together;
        lower leaves fewer
    """
    model, tokenizer = causal_lm(lab)
    dice = torch.Generator().manual_seed(lab.seed)
    ids = tokens_of(lab, "prompt", prompt, model, tokenizer).input_ids
    given = ids.shape[1]
    lab.text(prompt)

    for _ in lab.loop(range(length - given), "tokens"):
        with torch.no_grad():
            output = model(ids, attention_mask=torch.ones_like(ids))
        chances = survivors(
            output.logits[0, -1].cpu() / temperature, top_k, top_p
        )
        if choose == "likeliest":
            token = chances.argmax()
        else:
            token = chances.multinomial(1, generator=dice)[0]
        if token == tokenizer.eos_token_id:
            break
        lab.text([told(chances, token, tokenizer)])
        ids = torch.cat([ids, token.reshape(1, 1).to(ids)], dim=1)

    text = tokenizer.decode(ids[0])
    lab.measure("text", text)
    lab.measure("first sentence", text.partition(".")[0] + ".")
    lab.measure(
        "first three", tokenizer.decode(ids[0, given : given + 3])
    )
    lab.measure("tokens", ids.shape[1])


def survivors(scores, top_k, top_p):
    """Probabilities after top-k and top-p have cut off the tail."""
    probability, token = scores.softmax(-1).sort(descending=True)
    before = probability.cumsum(-1) - probability
    probability[before >= top_p] = 0.0
    if top_k:
        probability[top_k:] = 0.0
    return torch.zeros_like(scores).scatter(
        0, token, probability / probability.sum()
    )


def told(chances, token, tokenizer):
    """A piece of text, how likely it was, what else it could be."""
    values = {
        "probability": chances[token].item(),
        "possible": int((chances > 0.01).sum()),
    }
    best = chances.topk(5)
    others = [
        [tokenizer.decode([t]), p]
        for t, p in zip(best.indices.tolist(), best.values.tolist())
    ]
    return [tokenizer.decode([token.item()]), values, others]
