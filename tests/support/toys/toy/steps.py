"""Steps that the engine's tests run in a real worker."""

import json
import os
import time
from typing import Annotated, Literal

import torch
from deepdive.engine.lab import Lab, Range, probe, step

WIDTH = 16


@step
def numbers(lab: Lab, count: Annotated[int, Range(1, 100)] = 3):
    """Write the numbers from 1."""
    rows = [{"n": n + 1} for n in range(count)]
    (lab.folder / "numbers.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    lab.measure("count", count)


@step
def squares(lab: Lab, power: Literal[2, 3] = 2):
    """Add up their squares."""
    rows = lab.read("numbers")
    total = sum(row["n"] ** power for row in rows)
    lab.rows("squares", [{"n": row["n"], "square": row["n"] ** power} for row in rows])
    lab.measure("total", total)


def tiny(seed: int):
    from transformers import GPT2Config, GPT2LMHeadModel, set_seed

    set_seed(seed)
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=32, n_positions=WIDTH, n_embd=32, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    )


@step
def train(
    lab: Lab,
    updates: Annotated[int, Range(1, 100_000)] = 100,
    learning_rate: Annotated[float, Range(1e-6, 1e30)] = 1e-3,
    pause: Annotated[float, Range(0.0, 1.0)] = 0.0,
):
    """Train a tiny GPT-2 on random tokens."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Slow(TrainerCallback):
        def on_step_end(self, *_, **__):
            time.sleep(pause)

    model = tiny(lab.seed)
    draw = torch.Generator().manual_seed(lab.seed)
    rows = [{"input_ids": row, "labels": row} for row in torch.randint(0, 32, (64, WIDTH), generator=draw)]
    arguments = TrainingArguments(
        output_dir=lab.folder / "checkpoints",
        max_steps=updates,
        learning_rate=learning_rate,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=lab.seed,
        use_cpu=True,
    )
    trainer = Trainer(model, arguments, train_dataset=rows)
    if pause:
        trainer.add_callback(Slow())
    sample = lambda model: [["sample", {"probability": 0.5}, []]]  # noqa: E731
    checkpoint = lab.follow(trainer, sample=sample, every=10)
    trainer.train(resume_from_checkpoint=checkpoint)
    model.save_pretrained(lab.folder / "model")
    lab.measure("updates", trainer.state.global_step)


@step
def slow(lab: Lab, items: Annotated[int, Range(1, 10_000)] = 1000):
    """Count slowly."""
    for item in lab.loop(range(items), "counting"):  # noqa: B007 - the last one is measured
        time.sleep(0.02)
    lab.measure("counted", item)


@step
def broken(lab: Lab):
    """Fail."""
    lab.measure("before", 1)
    raise ValueError("the \x1b[31mred\x1b[0m number is wrong")


@step
def poisoned(lab: Lab):
    """Fail as a kernel does that reads outside a table."""
    raise torch.AcceleratorError("CUDA error: device-side assert triggered")


@step
def too_big(lab: Lab):
    """Ask for more memory than there is."""
    raise torch.OutOfMemoryError("Tried to allocate 31.00 GiB")


@step
def picky(lab: Lab, word: str = "blorp"):
    """Refuse a word."""
    lab.refuse("word", f"{word!r} is not in the vocabulary", "the, a, of")


@step
def chatty(lab: Lab, rows: Annotated[int, Range(1, 100_000)] = 2000):
    """Tell more than a line can hold, and a tensor."""
    lab.rows("many", [{"n": n, "text": "some words"} for n in range(rows)])
    lab.measure("tensor", torch.tensor(2.5))
    lab.text("\x1b]0;owned\x07 plain", stream="output")


@step
def remember(lab: Lab):
    """Leave something in the process that a later job could find."""
    torch.remembered = True
    lab.measure("remembered", hasattr(torch, "remembered"))


@step
def alone(lab: Lab):
    """Look for what an earlier job has left in the process."""
    lab.measure("found", hasattr(torch, "remembered"))


@probe
def echo(lab: Lab, text: str = "hello"):
    """How many parameters the model has that is watched."""
    model, _ = lab.watched("model")
    torch.rand(3)
    lab.measure("parameters", sum(p.numel() for p in model.parameters()))
    lab.text(text)


@probe
def endless(lab: Lab):
    """Never answers."""
    while True:
        time.sleep(0.01)


@probe
def lengthy(lab: Lab, tokens: Annotated[int, Range(1, 10_000)] = 40):
    """Answer at length: tokens with what they could have been, numbers, a table and a plot that no line can hold."""
    words = [f"word{n} " for n in range(tokens)]
    lab.text([[w, {"probability": 0.5}, [[f"{w.strip()}-other-{k}", 0.1] for k in range(5)]] for w in words])
    lab.measure("accuracy", 0.8571, low=0.81, high=0.9, n=210, template="mine")
    lab.rows("many", [{"n": n, "text": "some words"} for n in range(tokens * 10)])
    lab.plot("shares", "bars", dict.fromkeys(words, 1 / tokens))


@step
def forks(lab: Lab):
    """Leave a child behind."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    lab.measure("child", child)
    time.sleep(60)
