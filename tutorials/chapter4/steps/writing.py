"""Writing summaries, and what the models say that write them."""

import time
from typing import Annotated, Literal

import torch
from datasets import Dataset
from deepdive.engine.lab import Lab, Range, probe, step
from deepdive.engine.methods.generation import continuation
from transformers import AutoModelForCausalLM, AutoTokenizer

from .choices import NewTokens, Type
from .models import load, parameters


@step
def untuned(
    lab: Lab,
    role: Literal["small", "large"] = "small",
    dtype: Type = "float32",
    new_tokens: NewTokens = 100,
):
    """Ask a base model for summaries.

    role: which model is asked
    dtype: type of a weight; 16 bits halve the memory
    new_tokens: tokens that a summary has at most
    """
    model, tokenizer = load(lab, role, dtype)
    lab.measure("parameters", sum(parameters(model)))
    test = lab.read("graded")
    prompt = test[0]["prompt"]
    lab.text(continuation(model, tokenizer, prompt, new_tokens))
    write(lab, model, tokenizer, new_tokens)
    if "part" in test[0]:  # the names are known
        tell_copies(lab, model, tokenizer, test)


def write(lab, model, tokenizer, new_tokens, marker=""):
    """Let a model write the summaries that are graded."""
    test = lab.read("graded")
    prompts = [row["prompt"] for row in test]
    together = at_once(model)
    batches = [
        prompts[n : n + together]
        for n in range(0, len(prompts), together)
    ]
    summaries = [
        summary.strip()
        for batch in lab.loop(batches, "summaries")
        for summary in written(
            model, tokenizer, batch, new_tokens, marker
        )
    ]
    rows = [
        {**row, "wanted": row["summary"], "summary": summary}
        for row, summary in zip(test, summaries)
    ]
    Dataset.from_list(rows).to_json(lab.folder / "summaries.jsonl")
    shown = ("conversation", "wanted", "summary")
    told = [[row[name] for name in shown] for row in rows]
    lab.rows("written", told, columns=shown)


def at_once(model):
    """Ten texts; with billions of weights, two fill a card."""
    return 10 if sum(parameters(model)) < 1e9 else 2


def written(model, tokenizer, prompts, new_tokens, marker=""):
    """Greedy continuations of a batch of prompts, left-padded."""
    model.eval()
    inputs = tokenizer(
        prompts, return_tensors="pt", padding=True, padding_side="left"
    ).to(model.device)
    positions = model.config.max_position_embeddings
    width = inputs.input_ids.shape[1]
    with torch.no_grad():
        output = model.generate(
            input_ids=inputs.input_ids,
            attention_mask=inputs.attention_mask,
            max_new_tokens=min(new_tokens, positions - width),
            do_sample=False,
            use_cache=True,
            pad_token_id=tokenizer.pad_token_id,
        )
    new = output[:, width:]
    texts = tokenizer.batch_decode(new, skip_special_tokens=True)
    return [text.split(marker)[0] if marker else text for text in texts]


def tell_copies(lab, model, tokenizer, rows):
    """Cut before a name is said again: does the model say it?"""
    asked = [
        (row["conversation"].rpartition(f" {name}")[0], name)
        for row in rows
        for name in (row["name"], row["part"])
        if row["conversation"].count(f" {name}") > 1
    ]
    if not asked:
        return
    said = written(model, tokenizer, [text for text, _ in asked], 5)
    right = [
        text.strip().startswith(name)
        for text, (_, name) in zip(said, asked)
    ]
    share = sum(right) / len(right)
    lab.measure("names said again", share, n=len(right))
    table = [
        (text[-60:], name, guess)
        for (text, name), guess in zip(asked, said)
    ]
    columns = ("after", "wanted", "said")
    lab.rows("names said again", table, columns=columns)


@step
def in_batches(
    lab: Lab,
    count: Annotated[int, Range(2, 200)] = 20,
    batch: Annotated[int, Range(2, 64)] = 10,
    new_tokens: Annotated[int, Range(1, 500)] = 100,
):
    """Write one by one, then in left-padded batches.

    count: how many test conversations are summed up; more take longer,
        the pace is surer
    batch: texts at a time, the second time; more are faster and take
        more memory
    new_tokens: tokens that a summary has at most
    """
    tokenizer = AutoTokenizer.from_pretrained(lab.files("tuned"))
    model = AutoModelForCausalLM.from_pretrained(lab.files("tuned"))
    lab.watch("model", model.to(lab.device), tokenizer)
    prompts = [row["prompt"] for row in lab.read("test")[:count]]
    texts = {}
    for size in (1, batch):
        groups = [
            prompts[n : n + size] for n in range(0, len(prompts), size)
        ]
        began = time.perf_counter()
        texts[size] = [
            text
            for group in lab.loop(groups, f"in groups of {size}")
            for text in written(model, tokenizer, group, new_tokens)
        ]
        seconds = time.perf_counter() - began
        lab.measure("seconds", seconds, unit="s", batch=size)
        pace = len(prompts) / seconds
        lab.measure("texts a second", pace, batch=size)
    same = [a == b for a, b in zip(texts[1], texts[batch])]
    lab.measure("same texts", sum(same) / len(same))


@probe
def summarise(
    lab: Lab,
    conversation: str = "Customer: Hello. My Rikali kettle shakes.\n"
    "Agent: Please dry the Nosala part.\nCustomer: Thanks a lot.",
    heading: str = "### Conversation:\n",
    new_tokens: Annotated[int, Range(1, 200)] = 40,
):
    """What does the model make of my own conversation?

    conversation: turns of customer and agent, a line each
    heading: what stands before it; as in training, or it is lost
    new_tokens: tokens that it writes at most
    """
    model, tokenizer = lab.watched("model")
    prompt = f"{heading}{conversation}\n\n### Summary:"
    lab.text(continuation(model, tokenizer, prompt, new_tokens))
