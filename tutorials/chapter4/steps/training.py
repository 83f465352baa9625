"""What full tuning, LoRA and QLoRA share: texts, trainer, cost."""

import time
from math import ceil

from datasets import Dataset
from deepdive.engine.methods.generation import continuation
from trl import SFTConfig, SFTTrainer

from .models import parameters, weights_by_type

RECIPES = {
    "usual": {
        "lr_scheduler_type": "linear",
        "optim": "adamw_torch",
        "weight_decay": 0.01,
        "max_grad_norm": 1.0,
        "train_sampling_strategy": "random",
    },
    "paged": {  # for a full card, after Dettmers et al. 2023
        "lr_scheduler_type": "constant",
        "optim": "paged_adamw_32bit",
        "weight_decay": 0.001,
        "max_grad_norm": 0.3,
        "train_sampling_strategy": "group_by_length",
    },
}
HOLDERS = ("weights", "gradients", "optimizer", "activations")


def trainer_for(
    lab, model, tokenizer, batch, adapters=None, marker="", **arguments
):
    """A trainer for prompts and their summaries."""
    arguments = SFTConfig(
        per_device_train_batch_size=batch,
        per_device_eval_batch_size=batch,
        **arguments,
        **quietly(lab),
    )
    return SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=pairs(lab, "train", marker),
        eval_dataset=pairs(lab, "validation", marker),
        processing_class=tokenizer,
        peft_config=adapters,
    )


def quietly(lab):
    """What a trainer has to know and a reader does not."""
    return {
        "output_dir": str(lab.folder / "checkpoints"),
        "seed": lab.seed,
        "use_cpu": lab.device == "cpu",
        "bf16": False,  # trl: on by default
        "logging_steps": 10,
        "eval_strategy": "epoch",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


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


def train(lab, trainer, new_tokens):
    """Train, and show four times what becomes of one prompt."""
    if not len(trainer.train_dataset):  # trl drops such texts
        why = "cuts every summary off"
        lab.refuse("length", why, "more tokens than a prompt has")
    tokenizer = trainer.processing_class
    prompt = lab.read("graded")[0]["prompt"]

    def sample(model):
        return continuation(model, tokenizer, prompt, new_tokens)

    every = max(1, trainer_updates(trainer) // 4)
    checkpoint = lab.follow(trainer, sample, every)
    began = time.perf_counter()
    trainer.train(resume_from_checkpoint=checkpoint)
    tell_cost(lab, trainer.model, time.perf_counter() - began)
    lab.measure("updates", trainer.state.global_step)
    lab.save("model", trainer.model, tokenizer)


def trainer_updates(trainer):
    """How many updates a training will have."""
    batches = len(trainer.get_train_dataloader())
    per_epoch = -(-batches // trainer.args.gradient_accumulation_steps)
    return ceil(per_epoch * trainer.args.num_train_epochs)


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
