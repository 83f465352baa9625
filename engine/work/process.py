"""A worker's process: what it prints, how it ends or begins again, the libraries; and for a job seeds, threads, the
device, the tutorial's code."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import IO, NoReturn, cast

from deepdive.engine.common.masking import masked
from deepdive.engine.machine import hardware

POCKET_THREADS = 4


class Output(io.TextIOWrapper):
    """What Python prints here, without any secret and at once. What a full disk does not take is lost: no step fails
    because something of it prints."""

    def __init__(self, descriptor: int) -> None:
        unbuffered = io.FileIO(descriptor, "w", closefd=False)
        super().__init__(cast(IO[bytes], unbuffered), "utf-8", "backslashreplace", write_through=True)

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            super().write(masked(text))
        return len(text)


def in_memory(data: bytes) -> int:
    """An open file for the next process with `data` in it, which never lies on a disk."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("deepdive", 0)
        os.write(file, data)
        os.lseek(file, 0, os.SEEK_SET)
        return file
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    os.write(writing, data)  # a pipe holds 64 KB: some hundred jobs
    os.close(writing)
    return reading


def tell_exit(tell: Callable[[str], None]) -> None:
    """Have `os._exit` tell its code before this process ends; in a child that a step forked it is as it was."""
    ours, leave = os.getpid(), os._exit

    def told(status: int) -> NoReturn:
        if os.getpid() == ours:
            with contextlib.suppress(Exception):
                tell(f"the step ended the process: os._exit({status})")
        leave(status)

    os._exit = told


def import_libraries() -> None:
    """Everything that costs seconds, before anybody waits for it: imports, and one update of a toy model."""
    import datasets
    import torch
    import transformers
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    config = GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1, bos_token_id=0, eos_token_id=0)
    row = torch.zeros(4, dtype=torch.long)
    with (
        tempfile.TemporaryDirectory(prefix="deepdive-") as folder,  # a Trainer makes its output folder at once
        open(os.devnull, "w") as nothing,
        contextlib.redirect_stdout(nothing),
    ):
        arguments = TrainingArguments(
            output_dir=folder, max_steps=1, save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True
        )
        Trainer(GPT2LMHeadModel(config), arguments, train_dataset=[{"input_ids": row, "labels": row}] * 2).train()


def seed_everything(seed: int) -> None:
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def load_steps(folder: Path) -> ModuleType:
    """The tutorial's `steps.py` or `steps/` as a module, read anew each time: the learner may have edited it."""
    name = f"deepdive_steps_{folder.name.replace('-', '_')}"
    for loaded in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
        del sys.modules[loaded]
    package = folder / "steps" / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, package if package.is_file() else folder / "steps.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def use_threads(scale: str) -> None:
    """One core stays free for the interface. Pocket models are too small to gain from more than four threads, and on a
    busy machine two threads that wait for each other are slower than one. `OMP_NUM_THREADS` has the last word."""
    if "OMP_NUM_THREADS" in os.environ:
        return
    import torch

    free = max(1, hardware.machine().cores - 1)
    torch.set_num_threads(min(free, POCKET_THREADS) if scale == "pocket" else free)


def pick_device(scale: str) -> str:
    """Pocket means the CPU: its claims were measured there, and models so small gain nothing elsewhere."""
    if scale == "pocket":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
