"""What a job sets in the worker's process: seeds, threads, the device, the tutorial's code."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from pathlib import Path
from types import ModuleType

from deepdive.engine.machine import hardware

POCKET_THREADS = 4


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
