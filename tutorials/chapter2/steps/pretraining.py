"""A model from nothing: trained until it knows its text by heart."""

import math
from collections import Counter
from functools import partial
from typing import Annotated, Literal

from datasets import Dataset
from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.generation import continuation
from transformers import (
    AutoConfig,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
    set_seed,
)


@step
def pretrain(
    lab: Lab,
    epochs: Annotated[int, Range(1, 300)] = 100,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 5e-5,
    batch: Annotated[int, Range(1, 64)] = 8,
    dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    evaluate_every: Annotated[int, Range(1, 500)] = 25,
    limit: Literal["n_positions", "n_ctx"] = "n_positions",
):
    """Train a model from random weights on the seen articles.

    epochs: how often every block is read; more learn more by heart
    learning_rate: how far an update moves the weights; too small learns
        nothing, too large never settles
    batch: blocks in an update; more make fewer and smoother updates
    dropout: share of activations that training sets to 0; more hinder
        learning by heart
    evaluate_every: updates between two points of the curves; fewer show
        more and take longer
    limit: the name by which a block's length is told; n_ctx is old, the
        library no longer reads it
    """
    tokenizer = AutoTokenizer.from_pretrained(lab.model("blank"))
    tokenizer.pad_token = tokenizer.eos_token
    seen = Dataset.from_list(lab.read("seen_blocks"))
    unseen = Dataset.from_list(lab.read("unseen_blocks"))

    length = len(seen[0]["input_ids"])
    config = AutoConfig.from_pretrained(
        lab.model("blank"), **{limit: length}, **everywhere(dropout)
    )
    set_seed(lab.seed)  # before the weights are drawn
    model = GPT2LMHeadModel(config)  # random weights
    measure_size(lab, model, seen)

    arguments = TrainingArguments(
        num_train_epochs=epochs,
        learning_rate=learning_rate,
        per_device_train_batch_size=batch,
        eval_strategy="steps",
        eval_steps=evaluate_every,
        logging_steps=evaluate_every,
        **quietly(lab),
    )
    collate = DataCollatorForLanguageModeling(tokenizer, mlm=False)
    trainer = Trainer(
        model, arguments, collate, seen, unseen, tokenizer
    )
    prompt = tokenizer.decode(seen[0]["input_ids"][:16])
    write = partial(continuation, tokenizer=tokenizer, prompt=prompt)
    checkpoint = lab.follow(trainer, write, every=2 * evaluate_every)
    trainer.train(resume_from_checkpoint=checkpoint)
    lab.save("memoriser", model, tokenizer)
    measure_losses(lab, trainer, seen)


def everywhere(dropout):
    """The three places of a GPT-2 that have dropout."""
    places = ("embd_pdrop", "attn_pdrop", "resid_pdrop")
    return dict.fromkeys(places, dropout)


def quietly(lab):
    """What a Trainer has to know and a reader does not."""
    return {
        "output_dir": lab.folder / "checkpoints",
        "seed": lab.seed,
        "eval_on_start": True,
        "logging_first_step": True,
        "per_device_eval_batch_size": 32,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": lab.device == "cpu",
        "dataloader_pin_memory": lab.device == "cuda",
    }


def measure_losses(lab, trainer, seen):
    """Read the two curves, and what stands beside them."""
    history = trainer.state.log_history
    training, validation = (
        {log["step"]: log[name] for log in history if name in log}
        for name in ("loss", "eval_loss")
    )
    lowest = min(validation, key=validation.get)
    last = max(validation)
    final = validation[last]
    crossed = [
        x for x in training if training[x] < validation.get(x, 0)
    ]
    again = trainer.evaluate(seen, metric_key_prefix="seen")
    without = again["seen_loss"]  # an evaluation has no dropout
    late = [x for x in training if 3 * x >= 2 * last]
    later = training[min(late, default=max(training))]

    lab.measure("update of the lowest", lowest)
    lab.measure("lowest", validation[lowest], unit="nats")
    lab.measure("rise", final - validation[lowest], unit="nats")
    lab.measure("curves cross at", min(crossed, default=None))
    lab.measure("training loss without dropout", without, unit="nats")
    lab.measure("gap", final - without, unit="nats")
    lab.measure("at two thirds", later, unit="nats")
    lab.measure("training perplexity", math.exp(without))
    lab.measure("validation perplexity", math.exp(final))


def measure_size(lab, model, seen):
    """How much model for how much text, and what guessing costs."""
    tokens = [token for row in seen["input_ids"] for token in row]
    n, vocabulary = len(tokens), model.config.vocab_size
    used = Counter(tokens).values()
    unigram = sum(count / n * math.log(n / count) for count in used)
    parameters = model.num_parameters()
    lab.measure("uniform guess", math.log(vocabulary), unit="nats")
    lab.measure("guess by frequency", unigram, unit="nats")
    lab.measure("parameters", parameters)
    lab.measure("training tokens", n)
    lab.measure("parameters per token", parameters / n)
