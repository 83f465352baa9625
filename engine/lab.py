"""The laboratory: the only thing of ours that a step sees.

This file stands alone (standard library and public packages), because an exported lesson carries it whole. Whoever
makes a `Lab` hands it three callables:

- `resource(kind, role)`  where a role's model, data, files, client or rows are
- `report(kind, fields)`  one event: a figure, a point of a curve, a piece of text ...
- `between(lab, phase)`   what happens between two batches; answers "", "finish" (end this loop, carry on) or "stop"
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
PROGRESS_SECONDS = 0.25


def step(function: F) -> F:
    """Marks an experiment of a tutorial; does nothing else."""
    return function


def probe(function: F) -> F:
    """Marks a question that a model answers at once, also in mid-training; does nothing else."""
    return function


@dataclass(frozen=True)
class Range:
    """Bounds of a numeric setting, both allowed."""

    low: float
    high: float


@dataclass(frozen=True)
class Slots:
    """A multi-line template: the slot names that it may contain, and those that it must."""

    allowed: tuple[str, ...]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """How a text setting is edited: `lines`, one value in each."""

    name: Literal["lines"]


class Stopped(BaseException):
    """The learner asked for a stop; raised at a safe point, passes through `except Exception`."""


class Refused(Exception):
    """A setting that only the tokenizer or the data can judge is wrong."""

    def __init__(self, setting: str, why: str, allowed: str = "") -> None:
        super().__init__(f"{setting}: {why}" + (f" Allowed: {allowed}" if allowed else ""))
        self.setting, self.why, self.allowed = setting, why, allowed


Pieces = str | Sequence[Any]


@dataclass
class Lab:
    folder: Path  # where this job leaves its files
    seed: int
    device: str  # "cpu", "cuda", "mps"
    resource: Callable[[str, str], Any]
    report: Callable[[str, dict[str, Any]], None]
    between: Callable[[Lab, str], str]
    x: float | None = None  # the update that training is at
    held: dict[str, tuple[Any, Any, Any]] = field(default_factory=dict)  # name: model, tokenizer, optimizer
    diverged: tuple[str, str] | None = None  # why the training's last loss is no number, and what to try

    # ---- what a step works with -----------------------------------------------------------------------------------
    def model(self, role: str) -> str:
        """What `from_pretrained` takes: a hub id or a folder. Gate, disk space and download are settled first."""
        return str(self.resource("model", role))

    def data(self, role: str) -> dict[str, Any]:
        """What `load_dataset` takes, as keyword arguments; the same columns at every scale."""
        return dict(self.resource("data", role))

    def files(self, role: str) -> Path:
        """A folder or file: an earlier step's artifact, an archive, the learner's own."""
        return Path(self.resource("files", role))

    def client(self, role: str, local: Callable[[list[dict[str, Any]]], Mapping[str, Any]] | None = None) -> Any:
        """An `openai.OpenAI` client: metered, capped, replies kept. `local` answers in the model's place where the role
        says so or has no key: a function from the messages to the JSON of the reply, labelled as the local judge."""
        return self.resource("client", role)(local)

    def memory(self) -> dict[str, int]:
        """Bytes of the watched models by holder (weights, gradients, optimizer, activations, ...) in the fullest
        moment of an update so far."""
        return dict(self.resource("memory", ""))

    def read(self, name: str) -> list[dict[str, Any]]:
        """Rows or figures of an earlier step that this one needs."""
        return list(self.resource("read", name))

    # ---- what a step tells ----------------------------------------------------------------------------------------
    def measure(
        self,
        name: str,
        value: float | str | bool | None,
        *,
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
        n: int | None = None,
        note: str = "",
        **case: Any,
    ) -> None:
        """A result under the conditions `case`; (low, high) is its interval over `n` items. What is not a number is
        shown as a dash, and its note says so."""
        if isinstance(value, float) and not math.isfinite(value):
            note = "; ".join(part for part in (note, f"the value is {value}") if part)
        fields = {"name": name, "value": value, "unit": unit, "low": low, "high": high, "n": n}
        self.report("figure", {**fields, "note": note, "case": case})

    def point(self, x: float, curve: str = "training", **values: float | None) -> None:
        """One point of a curve at x (usually the update)."""
        self.x = x
        self.report("point", {"curve": curve, "x": x, "values": values})

    def text(self, pieces: Pieces, stream: str = "output", x: float | None = None) -> None:
        """Tokens as (text, {"probability": p}, [(other token, its p), ...]); a plain string is one piece."""
        listed = [[pieces]] if isinstance(pieces, str) else [list(piece) for piece in pieces]
        self.report("text", {"stream": stream, "pieces": listed, "x": x})

    def rows(
        self,
        name: str,
        rows: Iterable[Any],
        key: str | None = None,
        view: str = "table",
        columns: Sequence[str] | None = None,
    ) -> None:
        """Items: predictions, blocks, tokens. A row is a mapping, or with `columns` as many values as there are names.

        Views: table, confusion, ranking, pairs."""
        named = (dict(zip(columns, row, strict=True)) if columns else dict(row) for row in rows)
        self.report("rows", {"name": name, "rows": list(named), "key": key, "view": view})

    def plot(self, name: str, kind: str, data: Mapping[str, Any], x: float | None = None) -> None:
        """`kind`: bars {label: value}, histogram {label: [values]}, scatter {label: [[x, y]]}, heatmap."""
        self.report("plot", {"name": name, "kind": kind, "data": dict(data), "x": x})

    def note(self, text: str, x: float | None = None) -> None:
        self.report("note", {"text": text, "x": x})

    def image(self, picture: Any, about: str) -> dict[str, str]:
        """A cell for `rows` that shows a PIL image; `about` describes it for those who can't see it."""
        path = self.folder / f"image-{hashlib.sha256(picture.tobytes()).hexdigest()[:12]}.png"
        picture.save(path)
        self.report("file", {"name": path.stem, "kind": "image", "path": str(path), "about": about})
        return {"image": path.name, "about": about}

    def refuse(self, setting: str, why: str, allowed: str = "") -> None:
        """Refuse a setting that only the tokenizer or the data can judge. Raises Refused."""
        raise Refused(setting, why, allowed)

    # ---- what takes long ------------------------------------------------------------------------------------------
    def loop(self, items: Iterable[T], what: str) -> Iterator[T]:
        """Like tqdm: yields the items, tells how far it is, and makes a safe point after each."""
        total = len(items) if isinstance(items, Sized) else None
        told = 0.0
        for done, item in enumerate(items, start=1):
            yield item
            if time.monotonic() - told > PROGRESS_SECONDS or done == total:
                told = time.monotonic()
                self.report("progress", {"what": what, "done": done, "total": total, "unit": ""})
            verdict = self.between(self, "after item")
            if verdict == "stop":
                raise Stopped
            if verdict == "finish":
                return

    def follow(
        self,
        trainer: Any,
        sample: Callable[[Any], Sequence[Any]] | None = None,
        every: int | None = None,
    ) -> str | None:
        """Watch a transformers Trainer: its losses become curves, its stop is obeyed between two updates.

        `sample(model)` is asked every `every` updates, in evaluation mode, without gradients and with the random
        states put back, and returns the pieces of a text. Returns the checkpoint of a stopped run, or None: hand it to
        `trainer.train(resume_from_checkpoint=...)`.
        """
        from transformers.trainer_callback import PrinterCallback, ProgressCallback
        from transformers.trainer_utils import get_last_checkpoint

        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        trainer.args.include_num_input_tokens_seen = "all"
        trainer.args.logging_nan_inf_filter = False  # it hides a training that diverges
        tokenizer = trainer.processing_class
        if trainer.model not in (model for model, *_ in self.held.values()):
            self.watch("model", trainer.model, tokenizer)
        trainer.add_callback(_follower(self, trainer, sample, every))
        output = Path(trainer.args.output_dir)
        return get_last_checkpoint(str(output)) if output.is_dir() else None

    def watch(self, name: str, model: Any, tokenizer: Any = None, optimizer: Any = None) -> None:
        """Whose memory it is, and what probes may ask."""
        _keep_layout(model)
        self.held[name] = (model, tokenizer, optimizer)

    def watched(self, name: str) -> tuple[Any, Any]:
        """Model and tokenizer that the running step watches; in probes only. Raises KeyError with what there is."""
        if name not in self.held:
            raise KeyError(f"no model is watched as {name!r}; there is: {', '.join(self.held) or 'none'}")
        model, tokenizer, _ = self.held[name]
        return model, tokenizer

    def save(self, name: str, model: Any, *more: Any) -> Path:
        """Save a model (and its tokenizer ...) with `save_pretrained` below this job's folder."""
        path = self.folder / name
        for part in (model, *more):
            part.save_pretrained(path)
        self.report("file", {"name": name, "kind": "model", "path": str(path)})
        return path


def _keep_layout(model: Any) -> None:
    """bitsandbytes 0.50 packs 4-bit weights anew at the first evaluation on a CPU with bfloat16, and a training that
    goes on after it gets no gradients through them: then nobody may ask a model in training. So let it not pack."""
    for module in model.modules() if hasattr(model, "modules") else ():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


@contextmanager
def aside(model: Any) -> Iterator[None]:
    """Evaluation mode, no gradients; afterwards mode and every random state are as before.

    Training that is interrupted so goes on bit for bit as if nothing had happened.
    """
    import random

    import numpy
    import torch

    was_training = {module: module.training for module in model.modules()}
    states = random.getstate(), numpy.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in was_training.items():
            module.training = training
        random.setstate(states[0])
        numpy.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


def _follower(lab: Lab, trainer: Any, sample: Callable[[Any], Sequence[Any]] | None, every: int | None) -> Any:
    from transformers import TrainerCallback

    class Follower(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.told = 0.0
            self.verdict = ""
            self.tokens = (0, time.monotonic())
            self.aside_seconds = 0.0

        def sampling(self, x: int) -> None:
            if sample is None or lab.x is None:
                return
            began = time.monotonic()
            with aside(trainer.model):
                pieces = sample(trainer.model)
            self.aside_seconds += time.monotonic() - began
            lab.text(pieces, stream="sample", x=x)

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            name = next(name for name, held in lab.held.items() if held[0] is trainer.model)
            lab.watch(name, *lab.held[name][:2], trainer.optimizer)
            lab.x = state.global_step
            self.tokens = (state.num_input_tokens_seen, time.monotonic())
            if state.global_step == 0:
                self.sampling(0)
            self.told = 0.0
            self.progress(state)

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            lab.between(lab, "before update")

        def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            lab.between(lab, "gradients")

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            lab.x = state.global_step
            if every and state.global_step % every == 0:
                self.sampling(state.global_step)
            self.progress(state)
            verdict = lab.between(lab, "after update")
            if verdict:
                self.verdict = verdict
                control.should_save = verdict == "stop"  # so that the next job of this digest can go on from here
                control.should_log = True  # the updates since the last point of the curve
                control.should_training_stop = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            values = {name: value for name, value in (logs or {}).items() if isinstance(value, (int, float))}
            if "eval_loss" in values:
                self.aside_seconds += values.get("eval_runtime", 0.0)
                validation = {name: v for name, v in values.items() if name in ("eval_loss", "epoch")}
                lab.point(state.global_step, "validation", **validation)
            elif "loss" in values:
                seen, now = state.num_input_tokens_seen, time.monotonic()
                seconds = now - self.tokens[1] - self.aside_seconds
                if seconds > 0 and seen > self.tokens[0]:
                    values["tokens_per_second"] = round((seen - self.tokens[0]) / seconds, 1)
                self.tokens, self.aside_seconds = (seen, now), 0.0
                for name in ("num_input_tokens_seen", "train_runtime", "train_tokens_per_second"):
                    values.pop(name, None)
                self.see_divergence(args, state, values)
                lab.point(state.global_step, "training", **values)

        def see_divergence(self, args: Any, state: Any, values: dict[str, Any]) -> None:
            """A loss that is no number, or the 0 that it becomes in 16 bits, is a gap in the curve and a note."""
            number = math.isfinite(values["loss"])
            if number and (values["loss"] != 0.0 or math.isfinite(values.get("grad_norm", 0.0))):
                lab.diverged = None
                return
            values["loss"] = None
            if lab.diverged is not None:
                return
            dtype = str(getattr(trainer.model, "dtype", "")).removeprefix("torch.")
            how = f"learning rate {args.learning_rate:g}, {dtype}"
            lab.diverged = (
                f"its loss is not a number from update {state.global_step} on ({how})",
                f"Try a learning rate ten times smaller{'' if dtype == 'float32' else ', or float32'}",
            )
            text = f"The loss is not a number at update {state.global_step} ({how})."
            lab.report("note", {"text": text, "action": f"{lab.diverged[1]}.", "x": state.global_step})

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.told = 0.0
            self.progress(state)
            if self.verdict == "stop":
                raise Stopped

        def progress(self, state: Any) -> None:
            if time.monotonic() - self.told > PROGRESS_SECONDS:
                self.told = time.monotonic()
                fields = {"what": "training", "done": state.global_step, "total": state.max_steps}
                lab.report("progress", {**fields, "unit": "updates"})

    return Follower()
