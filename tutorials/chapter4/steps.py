"""Tuning where memory is short: all weights, adapters, and adapters on
a base of 4 bits.

Every function below is one experiment. Its parameters are the settings
on the page, its defaults the book's values.
"""

import csv
import json
import re
import time
from typing import Annotated, Literal

import torch
from bitsandbytes.functional import get_4bit_type
from datasets import Dataset, load_dataset
from deepdive.engine.lab import Lab, Range, Slots, probe, step
from deepdive.engine.methods import judging
from deepdive.engine.methods.generation import continuation
from peft import (
    LoraConfig,
    PeftModel,
    prepare_model_for_kbit_training,
)
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
)
from transformers.pytorch_utils import Conv1D
from trl import SFTConfig, SFTTrainer

SPLITS = ("train", "validation", "test")
TWEETS = "tweet_ids_sentence_offset"  # of a dialogue

RUBRIC = {
    "customer": "Does the first sentence tell the customer's problem "
    "as the conversation does?",
    "agent": "Does the second sentence tell the agent's answer as the "
    "conversation does?",
    "form": "Are there exactly two sentences, each ending in a period?",
}


# ---- conversations and their summaries -----------------------------


@step
def conversations(
    lab: Lab,
    template: Annotated[str, Slots(("conversation",))] = (
        "### Instruction:\nRead the following conversation between a "
        "customer and a customer service agent, and then create a two "
        "sentence summary of the conversation, describing the "
        "customer's question and the agent's response.\n\n"
        "### Conversation: \n{conversation}\n\n### Summary:"
    ),
):
    """Conversations, each with a summary of two sentences."""
    splits = {
        split: list(load_dataset(**lab.data(split))) for split in SPLITS
    }
    tweets = {}
    if TWEETS in splits["train"][0]:  # ids, no texts yet
        tweets = texts_of(lab, splits)
    for split, rows in splits.items():
        if tweets:
            rows = from_tweets(rows, tweets, first_only=split == "test")
        rows = [
            {**row, "prompt": worded(lab, template, row)}
            for row in rows
        ]
        Dataset.from_list(rows).to_json(lab.folder / f"{split}.jsonl")
        lab.measure("pairs", len(rows), split=split)
        said = [len(row["conversation"].split()) for row in rows]
        told = [len(row["summary"].split()) for row in rows]
        share = sum(told) / (sum(said) + sum(told))
        lab.measure("share of the summary", share, split=split)
    lab.rows(
        "pairs",
        [
            {name: row[name] for name in ("conversation", "summary")}
            for row in rows[:50]
        ],
    )


def texts_of(lab, splits):
    """The dialogues' tweets: text, and whether a customer wrote it."""
    wanted = {
        tweet["tweet_id"]
        for dialogues in splits.values()
        for dialogue in dialogues
        for tweet in dialogue[TWEETS]
    }
    with open(
        lab.files("tweets"), encoding="utf-8", newline=""
    ) as file:
        tweets = {
            int(row["tweet_id"]): (
                row["text"],
                row["inbound"] == "True",
            )
            for row in lab.loop(csv.DictReader(file), "tweets")
            if int(row["tweet_id"]) in wanted
        }
    if missing := len(wanted - tweets.keys()):
        why = f"{missing:,} of {len(wanted):,} tweets are not in it"
        lab.refuse("tweets", why, "the whole twcs.csv of Kaggle")
    return tweets


def from_tweets(dialogues, tweets, first_only):
    """Turns by their tweet ids, and each abstractive summary.

    Offsets count characters; the second is behind the last one.
    """
    rows = []
    for dialogue in dialogues:
        turns = [
            turn(*tweets[part["tweet_id"]], part["sentence_offsets"])
            for part in dialogue[TWEETS]
        ]
        summaries = [
            " ".join(annotation["abstractive"])
            for annotation in dialogue["annotations"]
            if annotation.get("abstractive")
        ]
        for summary in summaries[:1] if first_only else summaries:
            rows.append(
                {
                    "id": dialogue["conversation_id"],
                    "conversation": "".join(
                        f"{said} \n " for said in turns
                    ),
                    "summary": summary,
                }
            )
    return rows


def turn(text, inbound, offsets):
    """One tweet without links and without its leading mention."""
    spans = [json.loads(span) for span in offsets]
    said = " ".join(text[first:last] for first, last in spans)
    words = [w for w in said.split() if "https://t.co" not in w]
    if words and words[0].startswith("@"):
        words = words[1:]
    speaker = "Customer" if inbound else "Agent"
    return f"{speaker}: {' '.join(words)}"


def worded(lab, template, row):
    """A conversation with its headings: what a model continues."""
    if "{conversation}" not in template:
        allowed = "a text with the slot {conversation}"
        lab.refuse("template", "does not say where it goes", allowed)
    return template.replace("{conversation}", row["conversation"])


# ---- loading, adapting, training -----------------------------------

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def load(
    lab,
    role,
    dtype="float32",
    method="full",
    double=False,
    compute="float32",
):
    """A base model, whole or with its linear layers in 8 or 4 bits."""
    config = None
    if method == "LoRA on 8 bits":
        config = BitsAndBytesConfig(load_in_8bit=True)
    if method == "QLoRA":
        config = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=double,
            bnb_4bit_compute_dtype=DTYPES[compute],
        )
    tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
    tokenizer.padding_side = "left"  # to continue: the text comes last
    if tokenizer.pad_token is None:  # no new row in the embedding table
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(
        lab.model(role),
        quantization_config=config,
        dtype=DTYPES[dtype],
        device_map={"": lab.device} if config else None,
    )
    if config is None:
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


REPORTS = {  # what a training tells, and what it leaves behind
    "logging_steps": 10,
    "eval_strategy": "epoch",
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}


@step
def tune(
    lab: Lab,
    role: Literal["small", "large"] = "small",
    dtype: Literal["float32", "float16", "bfloat16"] = "float32",
    method: Literal["full", "LoRA", "LoRA on 8 bits", "QLoRA"] = "full",
    rank: Annotated[int, Range(1, 256)] = 16,
    targets: str = "",
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 2e-4,
    epochs: Annotated[int, Range(1, 50)] = 5,
    updates: Annotated[int, Range(0, 100_000)] = 0,
    batch: Annotated[int, Range(1, 64)] = 1,
    accumulation: Annotated[int, Range(1, 64)] = 1,
    length: Annotated[int, Range(32, 4096)] = 1024,
    by_length: bool = False,
    schedule: Literal["linear", "constant"] = "linear",
    optimizer: Literal[
        "adamw_torch", "paged_adamw_32bit"
    ] = "adamw_torch",
    weight_decay: Annotated[float, Range(0.0, 1.0)] = 0.01,
    clip: Annotated[float, Range(0.01, 10.0)] = 1.0,
    loss_on: Literal["whole text", "summary"] = "whole text",
    double_quantisation: bool = False,
    compute: Literal["float32", "float16", "bfloat16"] = "float32",
    checkpointing: bool = False,
    adapters: Literal["float32", "bfloat16"] = "float32",
    budget: Annotated[float, Range(0.0, 1_000_000.0)] = 0.0,
    marker: str = "",
    new_tokens: Annotated[int, Range(1, 500)] = 100,
    at_once: Annotated[int, Range(1, 64)] = 10,
    graded: Annotated[int, Range(1, 500)] = 50,
):
    """Tune a model to write summaries, and let it write."""
    if budget and method == "full":  # before a single weight is read
        spend(round(budget * 1e6), outline(lab, role, dtype))
    model, tokenizer = load(
        lab, role, dtype, method, double_quantisation, compute
    )
    config = None
    if method != "full":
        config = adapter(lab, model, rank, targets)
    if method in ("LoRA on 8 bits", "QLoRA"):
        model = prepare_model_for_kbit_training(model, checkpointing)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(lab.folder / "checkpoints"),
            num_train_epochs=epochs,
            max_steps=updates or -1,
            per_device_train_batch_size=batch,
            per_device_eval_batch_size=batch,
            gradient_accumulation_steps=accumulation,
            learning_rate=learning_rate,
            lr_scheduler_type=schedule,
            optim=optimizer,
            weight_decay=weight_decay,
            max_grad_norm=clip,
            max_length=length,
            train_sampling_strategy=(
                "group_by_length" if by_length else "random"
            ),
            completion_only_loss=loss_on == "summary",
            gradient_checkpointing=checkpointing,  # trl: on by default
            bf16=False,  # as well
            seed=lab.seed,
            use_cpu=lab.device == "cpu",
            **REPORTS,
        ),
        train_dataset=pairs(lab, "train", marker),
        eval_dataset=pairs(lab, "validation", marker),
        processing_class=tokenizer,
        peft_config=config,
    )
    if config is not None:
        retype(trainer.model, adapters)
        if budget:
            spend(round(budget * 1e6), trainer.model)
    test = lab.read("test")[:graded]
    train(lab, trainer, test[0]["prompt"], new_tokens)
    model = trainer.model
    lab.save("model", model, tokenizer)
    write(lab, model, tokenizer, test, marker, new_tokens, at_once)


def retype(model, adapters):
    """trl makes adapters on 4 or 8 bits bfloat16, unasked."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.to(DTYPES[adapters])


def train(lab, trainer, prompt, new_tokens):
    """Train, and show four times what becomes of one prompt."""
    if not len(trainer.train_dataset):  # trl drops such texts
        why = "cuts every summary off"
        lab.refuse("length", why, "more tokens than a prompt has")

    def sample(model):
        tokenizer = trainer.processing_class
        return continuation(model, tokenizer, prompt, new_tokens)

    every = max(1, trainer_updates(trainer) // 4)
    checkpoint = lab.follow(trainer, sample, every)
    began = time.perf_counter()
    trainer.train(resume_from_checkpoint=checkpoint)
    tell_cost(lab, trainer.model, time.perf_counter() - began)
    lab.measure("updates", trainer.state.global_step)


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


def pairs(lab, split, marker):
    """Prompts and completions; trl appends the end-of-text token."""
    return Dataset.from_list(
        [
            {
                "prompt": row["prompt"],
                "completion": f" {row['summary']}{marker}",
            }
            for row in lab.read(split)
        ]
    )


def trainer_updates(trainer):
    """How many updates a training will have."""
    if trainer.args.max_steps > 0:
        return trainer.args.max_steps
    batches = len(trainer.get_train_dataloader())
    per_epoch = -(-batches // trainer.args.gradient_accumulation_steps)
    return int(per_epoch * trainer.args.num_train_epochs)


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


HOLDERS = ("weights", "gradients", "optimizer", "activations")


def tell_cost(lab, model, seconds):
    """What a tuning took: numbers trained, memory, seconds."""
    trained, frozen = parameters(model)
    lab.measure("trained", trained)
    lab.measure("trained share", trained / (trained + frozen))
    lab.plot("numbers", "bars", {"trained": trained, "frozen": frozen})
    for kind, size in weights_by_type(model).items():
        lab.measure("weights", size / 1e6, unit="MB", type=kind)
    held = lab.memory()  # in the fullest moment of an update
    megabytes = {holder: held[holder] / 1e6 for holder in HOLDERS}
    for holder, size in megabytes.items():
        lab.measure("memory", size, unit="MB", holder=holder)
    lab.plot("memory of this training, MB", "bars", megabytes)
    lab.measure("tuning", seconds, unit="s")
    row = {"trained": trained, **megabytes, "seconds": seconds}
    Dataset.from_list([row]).to_json(lab.folder / "cost.jsonl")


# ---- writing -------------------------------------------------------


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


def write(lab, model, tokenizer, test, marker, new_tokens, at_once):
    """Let a model write the summaries of the test conversations."""
    prompts = [row["prompt"] for row in test]
    batches = [
        prompts[n : n + at_once]
        for n in range(0, len(prompts), at_once)
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
    lab.rows(
        "written", [{name: row[name] for name in shown} for row in rows]
    )


@step
def untuned(
    lab: Lab,
    role: Literal["small", "large"] = "small",
    dtype: Literal["float32", "float16", "bfloat16"] = "float32",
    new_tokens: Annotated[int, Range(1, 500)] = 100,
    at_once: Annotated[int, Range(1, 64)] = 10,
    graded: Annotated[int, Range(1, 500)] = 50,
):
    """Ask a base model for summaries."""
    model, tokenizer = load(lab, role, dtype)
    lab.measure("parameters", sum(parameters(model)))
    test = lab.read("test")[:graded]
    prompt = test[0]["prompt"]
    lab.text(continuation(model, tokenizer, prompt, new_tokens))
    write(lab, model, tokenizer, test, "", new_tokens, at_once)
    if "part" in test[0]:  # the names are known
        tell_copies(lab, model, tokenizer, test)


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
    lab.rows(
        "names said again",
        [
            {"after": text[-60:], "wanted": name, "said": guess}
            for (text, name), guess in zip(asked, said)
        ],
    )


# ---- grading -------------------------------------------------------

CRITERIA = {  # what the local judge goes by
    "customer": "yes: device and fault are told as they were, by the "
    "product's name; partly: one of the two. Without known facts: "
    "half of the reference's words; partly: a quarter",
    "agent": "yes: the action and the part's name; partly: the action. "
    "Without known facts: as above",
    "form": "exactly two sentences, each ending in a period",
}
SUMMARY = "\n\nSummary: "


def by_program(rows):
    """A judge that needs no model: it knows what was said."""
    known = {row["conversation"]: row for row in rows}

    def check(item):
        conversation, summary = item.split(SUMMARY, 1)
        row, sentences = known[conversation], sentences_of(summary)
        first, second = [*sentences, "", ""][:2]
        if "part" in row:
            problem = f"{row['kind']} {row['fault']}"
            advice = f"{row['action']} the {row['part']} part"
            customer = mark_of([row["name"], problem], first)
            agent = mark_of([row["action"], advice], second)
        else:
            wanted = [*sentences_of(row["wanted"]), "", ""]
            customer = shared(wanted[0], first)
            agent = shared(wanted[1], second)
        closed = sum(one.endswith(".") for one in sentences)
        two = len(sentences) == closed == 2
        count = f"{len(sentences)} sentences, {closed} periods"
        return {
            "customer": customer,
            "agent": agent,
            "form": ("yes" if two else "no", count),
        }

    return judging.Local(check, CRITERIA)


def sentences_of(text):
    """A sentence ends before a capital letter; "Dr." ends none."""
    ends = r"(?<![DM]r\.)(?<!Mrs\.)(?<=[.!?])\s+(?=[A-Z])"
    return [part for part in re.split(ends, text.strip()) if part]


def mark_of(facts, sentence):
    """Yes, if all facts stand in a sentence; partly, if one does."""
    words = f" {sentence.rstrip('.!?')} "
    missing = [fact for fact in facts if f" {fact} " not in words]
    mark = ("yes", "partly", "no")[len(missing)]
    return mark, f"missing: {', '.join(missing)}" if missing else "all"


def shared(wanted, sentence):
    """How many of the reference's words a sentence has."""
    words = set(re.findall(r"\w+", wanted.lower()))
    there = words & set(re.findall(r"\w+", sentence.lower()))
    share = len(there) / max(1, len(words))
    mark = (
        "yes" if share >= 0.5 else "partly" if share >= 0.25 else "no"
    )
    return mark, f"{share:.0%} of the reference's words"


@step
def grade(lab: Lab, systems: str = "small_base small_full"):
    """Grade what the systems wrote, by a rubric of three criteria."""
    rows, costs = [], {}
    for system in systems.split():
        folder = lab.files(system)
        for row in lines_of(folder / "summaries.jsonl"):
            rows.append({"system": system, **row})
        if (folder / "cost.jsonl").is_file():
            [costs[system]] = lines_of(folder / "cost.jsonl")

    judge = lab.client("judge", local=by_program(rows))
    items = [
        f"{r['conversation']}{SUMMARY}{r['summary']}" for r in rows
    ]
    verdicts = judging.grade(
        judge, lab.model("judge"), RUBRIC, items, lab.loop
    )
    table = []
    for system in systems.split():
        mine = [
            verdict
            for row, verdict in zip(rows, verdicts)
            if row["system"] == system
        ]
        told = tell_scores(lab, system, mine)
        table.append(
            {"system": system, **told, **costs.get(system, {})}
        )
    lab.rows("systems", table)
    lab.rows(
        "verdicts",
        [
            {name: row[name] for name in ("system", "summary")}
            | verdict.row()
            for row, verdict in zip(rows, verdicts)
        ],
    )


def lines_of(path):
    """The rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def tell_scores(lab, system, verdicts):
    """Points of 50 for each criterion, and of 150 in all."""
    told = {}
    for criterion in RUBRIC:
        score = judging.score(verdicts, criterion, out_of=50)
        lab.measure(
            "score", **score, system=system, criterion=criterion
        )
        told[criterion] = score["value"]
    total = judging.score(verdicts, out_of=150)
    lab.measure("total", **total, system=system)
    content = ["customer", "agent"]
    whole = judging.score(verdicts, content, out_of=100, whole=True)
    lab.measure("whole content", **whole, system=system)
    return told | {"total": total["value"], "whole": whole["value"]}


# ---- looking closer ------------------------------------------------


@step
def in_batches(
    lab: Lab,
    count: Annotated[int, Range(2, 200)] = 20,
    batch: Annotated[int, Range(2, 64)] = 10,
    new_tokens: Annotated[int, Range(1, 500)] = 100,
):
    """Write one by one, then in left-padded batches."""
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


@step
def merge(
    lab: Lab,
    dtype: Literal["float32", "float16", "bfloat16"] = "float32",
):
    """Load an adapter again, and add it into the weights."""
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


NF4 = get_4bit_type("nf4", "cpu")  # sixteen quantiles of the normal
EVEN = torch.linspace(-1, 1, 16)


@step
def four_bits(
    lab: Lab,
    role: Literal["small", "large"] = "large",
    matrix: Annotated[int, Range(0, 1000)] = 0,
    outlier: Annotated[float, Range(1.0, 100.0)] = 20.0,
    blocks: list[int] = [64, 256, 1024, 4096],
):
    """One weight matrix in 4 bits: levels, blocks, an outlier."""
    model, _ = load(lab, role)
    names = [
        name
        for name, weight in model.named_parameters()
        if weight.ndim == 2 and re.search(r"\.\d+\.", name)
    ]  # the matrices of the blocks
    if matrix >= len(names):
        why = f"there are {len(names)}"
        lab.refuse("matrix", why, "a number from 0")
    weight = model.get_parameter(names[matrix]).detach().cpu()
    every = 1 + weight.numel() // 10_000
    drawn = weight.flatten()[::every].tolist()
    lab.plot("weights", "histogram", {names[matrix]: drawn})
    spoilt = weight.clone()
    spoilt[0, 0] = outlier * weight.abs().max()

    for name, numbers in {"none": weight, "one": spoilt}.items():
        for block in blocks:
            if block < 1 or weight.numel() % block:
                why = f"{block} does not divide {weight.numel()}"
                lab.refuse("blocks", why, "a power of 2")
            for levels, values in {"NF4": NF4, "even": EVEN}.items():
                copy = rounded(numbers, block, values)
                error = (copy - numbers).square().mean().sqrt()
                share = (error / weight.std()).item()
                case = {"levels": levels, "block": block}
                lab.measure("error", share, **case, outlier=name)
    for block in blocks:
        bits = 4 + 32 / block
        double = 4 + 8 / block + 32 / (256 * block)
        lab.measure(
            "bits a weight", bits, block=block, scales="32 bits"
        )
        lab.measure(
            "bits a weight", double, block=block, scales="8 bits"
        )


def rounded(numbers, block, levels):
    """Each weight at the nearest of 16 levels, by its block's scale."""
    parts = numbers.reshape(-1, block)
    scale = parts.abs().amax(1, keepdim=True)  # 32 bits for a block
    place = (parts / scale)[..., None].sub(levels).abs().argmin(-1)
    return (levels[place] * scale).reshape(numbers.shape)


# ---- questions to the model in memory ------------------------------


@probe
def summarise(
    lab: Lab,
    conversation: str = "Customer: Hello. My phone is broken.\n"
    "Agent: Please restart it.\nCustomer: Thank you.",
    heading: str = "### Conversation:\n",
    new_tokens: Annotated[int, Range(1, 200)] = 40,
):
    """What does the model make of my own conversation?"""
    model, tokenizer = lab.watched("model")
    prompt = f"{heading}{conversation}\n\n### Summary:"
    lab.text(continuation(model, tokenizer, prompt, new_tokens))
