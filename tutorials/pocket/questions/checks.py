"""Does the reader of the questions do its job: the templates that chapter 3's second lesson compares.

The lesson itself shows more (`tutorials/chapter3-prompts`); here is as little as tells whether a new reader is fit
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from deepdive.engine.methods.prompting import PromptModel, Template, Verbalizer, freeze
from peft import PromptTuningConfig, get_peft_model
from transformers import AutoTokenizer, T5ForConditionalGeneration, get_linear_schedule_with_warmup

from ..making.check import Check, read
from .rows import Row

TEMPLATES = {
    "simplest": "{passage} {question} {mask}",
    "punctuated": "{passage} . {question} ? {mask}",
    "engineered": "{passage} . question : {question} ? the answer was {mask} .",
    "cloze": "question : {question} ? the answer was {mask} . {passage} .",
    "no passage": "question : {question} ? the answer was {mask} .",
}
WORDS = {"no": ["no", "No"], "yes": ["yes", "Yes"]}
HALF = 400
"""So many questions with yes, and as many with no, are asked."""


def check_questions(data: Path, folder: Path, whole: bool) -> list[Check]:
    """All checks; tuning, which takes half a minute, only if `whole`."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    train, validation = (read(data / f"questions-{split}.jsonl") for split in ("train", "validation"))
    asked = balanced(validation, HALF)
    shown = {name: said(folder, tokenizer, name, [], asked) for name in TEMPLATES}
    accuracy = {name: right for name, (right, _) in shown.items()}
    no = shown["simplest"][1]

    def held(name: str, measured: float, sign: str, threshold: float, note: str = "") -> Check:
        return Check(folder.name, name, measured, sign, threshold, note)

    found = [
        *(held(f"{name}, not tuned", accuracy[name], ">=", 0.68) for name in ("punctuated", "engineered", "cloze")),
        held("punctuated, not tuned, room to rise", accuracy["punctuated"], "<=", 0.90),
        held("punctuated over simplest", accuracy["punctuated"] - accuracy["simplest"], ">=", 0.12),
        held("simplest, share of no from a half", abs(no - 0.5), ">=", 0.33, f"share of no {no:.3f}"),
        held("no passage, from chance", abs(accuracy["no passage"] - 0.5), "<=", 0.05),
    ]
    if whole:
        tuned, _ = said(folder, tokenizer, "simplest", balanced(train, 128), asked)
        guessed, _ = said(folder, tokenizer, "no passage", balanced(train, 128), asked)
        soft, _ = said(folder, tokenizer, "simplest", balanced(train, 128), asked, soft=8)
        found += [
            held("simplest, model tuned on 128, gain", tuned - accuracy["simplest"], ">=", 0.10, f"{tuned:.3f}"),
            held("simplest, soft prompt tuned on 128, gain", soft - accuracy["simplest"], ">=", 0.08, f"{soft:.3f}"),
            held("no passage, tuned on 128, from chance", abs(guessed - 0.5), "<=", 0.05),
        ]
    return found


def balanced(rows: Sequence[Row], half: int) -> list[Row]:
    """The first so many rows of each answer, yes and no in turn."""
    yes, no = ([row for row in rows if row["label"] == label][:half] for label in (1, 0))
    return [row for pair in zip(yes, no, strict=True) for row in pair]


def said(
    folder: Path, tokenizer: Any, name: str, train: Sequence[Row], asked: Sequence[Row], soft: int = 0
) -> tuple[float, float]:
    """Accuracy and share of "no" through a template, the model (or so many soft vectors alone) tuned on `train`."""
    torch.manual_seed(0)
    model: Any = T5ForConditionalGeneration.from_pretrained(folder).eval()
    if soft:
        freeze(model)
        model = get_peft_model(
            model,
            PromptTuningConfig(
                task_type="SEQ_2_SEQ_LM",
                num_virtual_tokens=soft,
                num_transformer_submodules=1,
                prompt_tuning_init="SAMPLE_VOCAB",
            ),
        )
    text = TEMPLATES[name]
    template = Template(text, shorten="passage" if "{passage}" in text else "question", length=128)
    prompts = PromptModel(model, tokenizer, template, Verbalizer.of(tokenizer, WORDS))
    if train:
        tune(prompts, train, rate=0.05 if soft else 5e-4, epochs=8 if soft else 5)
    answers = prompts.predict(prompts.encode(asked)).argmax(-1)
    truth = torch.tensor([row["label"] for row in asked])
    return (answers == truth).float().mean().item(), (answers == 0).float().mean().item()


def tune(prompts: PromptModel, train: Sequence[Row], rate: float, epochs: int) -> None:
    """Batches of 4, the rate falling to zero."""
    ids, labels = prompts.encode(train), torch.tensor([row["label"] for row in train])
    weights = [weight for weight in prompts.model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0.0)
    batches = [batch for _ in range(epochs) for batch in torch.randperm(len(ids)).split(4)]
    schedule = get_linear_schedule_with_warmup(optimizer, 0, len(batches))
    for batch in batches:
        scores = prompts.scores([ids[index] for index in batch.tolist()])
        torch.nn.functional.cross_entropy(scores, labels[batch]).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
