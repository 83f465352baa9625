"""What it has learned: blocks that it goes on with, seen and unseen."""

from typing import Annotated, Literal

import torch
from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.generation import continuation
from transformers import AutoTokenizer, GPT2LMHeadModel


@step
def recite(
    lab: Lab,
    sample: Literal["seen", "unseen"] = "seen",
    prompt: Annotated[int, Range(1, 512)] = 16,
    tokens: Annotated[int, Range(1, 512)] = 16,
    mode: Literal["evaluation", "training"] = "evaluation",
):
    """Give it the beginning of a block and compare the rest.

    sample: blocks that were trained on, or blocks that were not
    prompt: tokens of a block that it is given; more make it surer
    tokens: tokens that it writes and that are compared
    mode: with dropout, as in training, or without
    """
    tokenizer = AutoTokenizer.from_pretrained(lab.model("memoriser"))
    model = GPT2LMHeadModel.from_pretrained(lab.model("memoriser"))
    model.to(lab.device).train(mode == "training")  # with dropout?
    lab.watch("model", model, tokenizer)

    rows = lab.read(f"{sample}_blocks")
    ids = torch.tensor([row["input_ids"] for row in rows])
    begin = ids[:, :prompt].to(lab.device)  # (blocks, prompt)
    truth = ids[:, prompt : prompt + tokens]  # (blocks, tokens)
    if truth.shape[1] < tokens:
        why = f"with a prompt of {prompt} leaves the block"
        lab.refuse("tokens", why, f"together at most {ids.shape[1]}")
    written = model.generate(
        input_ids=begin,
        attention_mask=torch.ones_like(begin),
        do_sample=False,
        min_new_tokens=tokens,
        max_new_tokens=tokens,
        pad_token_id=tokenizer.eos_token_id,
    )[:, prompt:].cpu()

    right = written == truth
    lab.measure("tokens recited", right.float().mean().item())
    exact = right.all(dim=1).float().mean().item()
    lab.measure("blocks recited", exact, n=len(rows))
    show_recital(lab, model, tokenizer, begin, written, truth)
    grade_next_tokens(lab, model, ids, [row["kinds"] for row in rows])


def show_recital(lab, model, tokenizer, begin, written, truth):
    """The prompts, what the model wrote and what the text says."""
    lab.rows(
        "recital",
        [
            {
                "prompt": tokenizer.decode(start),
                "written": tokenizer.decode(said),
                "text": tokenizer.decode(true),
            }
            for start, said, true in zip(begin, written, truth)
        ],
        view="pairs",
    )
    first = tokenizer.decode(begin[0])
    lab.text(continuation(model, tokenizer, first, truth.shape[1]))
    lab.measure("prompt", first)
    lab.measure("written", tokenizer.decode(written[0]))
    lab.measure("truth", tokenizer.decode(truth[0]))


def grade_next_tokens(lab, model, ids, kinds):
    """With the true text before it: how often is its guess right?"""
    right, sure = [], []
    for block in lab.loop(ids, "blocks"):
        with torch.no_grad():
            logits = model(block[None].to(lab.device)).logits[0, :-1]
        probability, guess = logits.softmax(-1).max(-1)  # (tokens - 1,)
        right += (guess.cpu() == block[1:]).tolist()
        sure += probability.tolist()

    kind_of = [kind for block in kinds for kind in block[1:]]
    for kind in sorted(set(kind_of)):
        of = [r for r, k in zip(right, kind_of) if k == kind]
        lab.measure("right", sum(of) / len(of), n=len(of), kind=kind)
    lab.measure("right in all", sum(right) / len(right), n=len(right))
    lab.measure("confidence", sum(sure) / len(sure), n=len(sure))
