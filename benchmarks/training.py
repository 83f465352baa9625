"""The same training four ways, interleaved in one process: a plain PyTorch loop, a bare Trainer, and ours (a Trainer
followed by the lab, with its log on disk, memory samples and safe points), without and with sample completions."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from .table import Row

UPDATES, EVERY, ROUNDS = 120, 10, 5
BLOCKS, LENGTH, BATCH = 48, 64, 8


def _model() -> Any:
    import transformers
    from deepdive.engine.lessons.catalogue import pocket

    transformers.set_seed(0)
    config = transformers.AutoConfig.from_pretrained(pocket() / "models" / "gpt2-blank")
    return transformers.GPT2LMHeadModel(config)


def _rows(seed: int) -> list[dict[str, Any]]:
    import torch

    draw = torch.Generator().manual_seed(seed)
    blocks = torch.randint(0, 2000, (BLOCKS, LENGTH), generator=draw)
    return [{"input_ids": block, "labels": block} for block in blocks]


def _trainer(folder: Path, model: Any) -> Any:
    import transformers

    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=UPDATES,
        learning_rate=1e-3,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        eval_strategy="steps",
        eval_steps=EVERY,
        logging_steps=EVERY,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = transformers.Trainer(model, arguments, train_dataset=_rows(0), eval_dataset=_rows(1))
    trainer.remove_callback(transformers.trainer_callback.PrinterCallback)
    return trainer


def bare(folder: Path) -> float:
    trainer = _trainer(folder, _model())
    began = time.perf_counter()
    trainer.train()
    return time.perf_counter() - began


def ours(folder: Path, sampling: bool = False) -> float:
    from deepdive.engine.lab import Lab
    from deepdive.engine.lessons.catalogue import pocket
    from deepdive.engine.methods.generation import continuation
    from deepdive.engine.runs.log import Writer
    from deepdive.engine.runs.store import Store
    from deepdive.engine.runs.view import RunView
    from deepdive.engine.work.reporter import Reporter
    from deepdive.engine.work.safe_points import SafePoints
    from transformers import AutoTokenizer

    run = Store(folder).create("bench", "pocket")
    report = Reporter(run, Writer(run.log), RunView())
    report.job = "j1"
    run.artifacts("j1").mkdir()
    safe = SafePoints(report, lambda lab: None, None, "cpu")
    lab = Lab(run.artifacts("j1"), 0, "cpu", lambda kind, role: None, report, safe)
    trainer = _trainer(run.artifacts("j1"), _model())
    tokenizer = AutoTokenizer.from_pretrained(pocket() / "models" / "gpt2-blank")
    sample = (lambda model: continuation(model, tokenizer, "The town of", tokens=24)) if sampling else None
    lab.follow(trainer, sample=sample, every=30 if sampling else None)
    began = time.perf_counter()
    trainer.train()
    return time.perf_counter() - began


def plain(folder: Path) -> float:
    """The same updates and evaluations in a loop of our own."""
    import torch

    model = _model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / UPDATES)
    seen, unseen = (torch.stack([row["input_ids"] for row in _rows(seed)]) for seed in (0, 1))
    began = time.perf_counter()
    order = torch.randperm(BLOCKS)
    at = 0
    model.train()
    for update in range(1, UPDATES + 1):
        if at + BATCH > BLOCKS:
            order, at = torch.randperm(BLOCKS), 0
        batch = seen[order[at : at + BATCH]]
        at += BATCH
        model(input_ids=batch, labels=batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if update % EVERY == 0:
            model.eval()
            with torch.no_grad():
                for start in range(0, BLOCKS, BATCH):
                    float(model(input_ids=unseen[start : start + BATCH], labels=unseen[start : start + BATCH]).loss)
            model.train()
    return time.perf_counter() - began


def rows() -> list[Row]:
    ways = {"plain": plain, "bare": bare, "ours": ours, "sampling": lambda folder: ours(folder, sampling=True)}
    times: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        bare(Path(folder) / "warm-up")
        for round in range(ROUNDS):
            for name, way in ways.items():
                times[name].append(way(Path(folder) / f"{name}-{round}"))
    best = {name: min(seconds) for name, seconds in times.items()}
    paired = statistics.median(b / o for b, o in zip(times["bare"], times["ours"], strict=True))
    ratio = best["bare"] / best["ours"]
    samples = (best["sampling"] - best["ours"]) / best["ours"]
    return [
        Row(
            "training steps/s with live insight, against a bare Trainer",
            f"{ratio:.3f} ({paired:.3f})",
            "0.97",
            ratio >= 0.97,
        ),
        Row("  what the sample completions add (every 30 updates)", f"{samples:+.1%}", "reported"),
        Row("  bare Trainer, updates/s", f"{UPDATES / best['bare']:.1f}", "reported"),
        Row("  plain PyTorch loop against the bare Trainer", f"{best['bare'] / best['plain']:.2f} x", "reported"),
    ]
