"""What a step sees: its reports, its safe points, and a training that nothing in between may change."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from bitsandbytes.nn import Linear4bit
from deepdive.engine import lab as lab_module
from deepdive.engine.lab import Lab, Refused, Stopped, aside
from deepdive.engine.runs.events import Event, Figure, Note, Point, Progress, Rows, Text, build
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

UPDATES = 8


class Told:
    """What a step reported, checked as the worker checks it."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, kind: str, fields: dict[str, Any]) -> None:
        self.events.append(build(kind, fields))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def laboratory(folder: Path, between: Callable[[Lab, str], str] = lambda lab, phase: "") -> tuple[Lab, Told]:
    told = Told()
    return Lab(folder, 0, "cpu", lambda kind, role: f"{kind} of {role}", told, between), told


# ---- reports ----------------------------------------------------------------------------------------------------


def test_everything_that_a_step_tells_is_an_event(tmp_path: Path) -> None:
    lab, told = laboratory(tmp_path)
    lab.measure("accuracy", 0.5, unit="share", low=0.4, high=0.6, n=100, method="prompt", k=8)
    lab.point(3, loss=2.5)
    lab.text("a river")
    lab.text([("a", {"probability": 0.5}, [("b", 0.25)])], stream="sample", x=3)
    lab.rows("answers", [{"id": 1, "answer": "yes"}], key="id", view="pairs")
    lab.plot("fits", "bars", {"a": 0.5})
    lab.note("look here", x=3)
    assert told.events[0] == Figure(
        name="accuracy", value=0.5, unit="share", low=0.4, high=0.6, n=100, case={"method": "prompt", "k": 8}
    )
    assert told.events[1] == Point(curve="training", x=3, values={"loss": 2.5})
    assert [event.pieces[0].text for event in told.of(Text)] == ["a river", "a"]
    assert told.of(Rows)[0].rows == [{"id": 1, "answer": "yes"}]
    assert len(told.events) == 7
    assert lab.x == 3


def test_roles_become_places(tmp_path: Path) -> None:
    lab, _ = laboratory(tmp_path)
    assert lab.model("masked_lm") == "model of masked_lm"
    assert lab.files("archive") == Path("files of archive")


def test_a_refusal_says_what_is_allowed(tmp_path: Path) -> None:
    lab, _ = laboratory(tmp_path)
    with pytest.raises(Refused, match=r"prompt: is too long\. Allowed: 128 tokens"):
        lab.refuse("prompt", "is too long.", "128 tokens")


def test_what_is_not_watched_is_named_with_what_is(tmp_path: Path) -> None:
    lab, _ = laboratory(tmp_path)
    lab.watch("student", "a model", "a tokenizer")
    assert lab.watched("student") == ("a model", "a tokenizer")
    with pytest.raises(KeyError, match=r"teacher.*student"):
        lab.watched("teacher")


def test_the_laboratory_stands_alone() -> None:
    """An export carries the file whole."""
    source = inspect.getsource(lab_module)
    assert "from ." not in source
    assert "deepdive" not in source.replace('"""', "")


# ---- loops ------------------------------------------------------------------------------------------------------


def test_a_loop_tells_how_far_it_is(tmp_path: Path) -> None:
    lab, told = laboratory(tmp_path)
    assert list(lab.loop(range(5), "grading")) == [0, 1, 2, 3, 4]
    assert (told.of(Progress)[-1].done, told.of(Progress)[-1].total) == (5, 5)
    list(lab.loop(iter("ab"), "reading"))
    assert told.of(Progress)[-1].total is None


def test_a_loop_obeys_between_two_items(tmp_path: Path) -> None:
    asked: list[str] = []

    def between(verdict: str) -> Callable[[Lab, str], str]:
        def answer(lab: Lab, phase: str) -> str:
            asked.append(phase)
            return verdict if len(asked) == 3 else ""

        return answer

    lab, _ = laboratory(tmp_path, between("finish"))
    assert list(lab.loop(range(9), "grading")) == [0, 1, 2]
    asked.clear()
    lab, _ = laboratory(tmp_path, between("stop"))
    done: list[int] = []
    with pytest.raises(Stopped):
        done.extend(lab.loop(range(9), "grading"))
    assert asked == ["after item"] * 3


def test_a_stop_passes_through_what_catches_every_exception() -> None:
    assert not issubclass(Stopped, Exception)


# ---- aside ------------------------------------------------------------------------------------------------------


def states() -> list[Any]:
    return [random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]


def draw() -> None:
    random.random()
    numpy.random.rand()
    torch.rand(3)


def test_aside_puts_modes_and_random_states_back() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Dropout()))
    model[1][0].eval()
    before, modes = states(), [module.training for module in model.modules()]
    assert modes == [True, True, True, False, True]
    with aside(model):
        assert not any(module.training for module in model.modules())
        assert not torch.is_grad_enabled()
        draw()
    assert states() == before
    assert [module.training for module in model.modules()] == modes
    assert torch.is_grad_enabled()


def test_aside_puts_everything_back_after_an_error() -> None:
    model, before = torch.nn.Dropout(), states()

    def asked() -> None:
        with aside(model):
            draw()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asked()
    assert states() == before
    assert model.training
    assert torch.is_grad_enabled()


def test_four_bits_that_were_asked_in_between_still_pass_gradients_on(tmp_path: Path) -> None:
    """On a CPU with bfloat16 bitsandbytes packs them anew at the first evaluation, and a backward pass after it fails:
    not where the laboratory watches."""
    torch.manual_seed(0)
    packed = Linear4bit(64, 64, bias=False, compute_dtype=torch.float32, quant_type="nf4").to("cpu")
    model, inputs = torch.nn.Sequential(torch.nn.Linear(64, 64), packed), torch.randn(4, 64)
    assert packed.weight.dtype == torch.uint8

    def gradient() -> torch.Tensor:
        model.zero_grad()
        model(inputs).square().mean().backward()
        return model[0].weight.grad.clone()

    lab, _ = laboratory(tmp_path)
    lab.watch("model", model)
    before = gradient()
    for _ in range(2):
        with aside(model):
            model(inputs)
        assert torch.equal(gradient(), before)
    assert before.abs().max() > 0


# ---- a real training --------------------------------------------------------------------------------------------


class Words(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Sixteen sequences of twelve tokens out of thirty-two."""

    def __init__(self) -> None:
        self.tokens = torch.randint(0, 32, (16, 12), generator=torch.Generator().manual_seed(7))

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.tokens[index], "labels": self.tokens[index]}


def trainer(folder: Path, **rest: Any) -> Trainer:
    """A tiny GPT-2 with dropout: every draw of a random number shows in its losses."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=32, n_positions=12, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    recipe = {"max_steps": UPDATES, "per_device_train_batch_size": 4, "learning_rate": 1e-2, "logging_steps": 1}
    recipe |= {"eval_strategy": "steps", "eval_steps": 3, "save_strategy": "no", "report_to": "none", "use_cpu": True}
    arguments = TrainingArguments(str(folder), **{**recipe, **rest}, seed=0, disable_tqdm=True)
    return Trainer(GPT2LMHeadModel(config), arguments, train_dataset=Words(), eval_dataset=Words())


def trace(*runs: Told) -> dict[str, list[tuple[float, float]]]:
    """The losses as they stand in the events."""
    points = [point for told in runs for point in told.of(Point)]
    training = [(p.x, p.values["loss"]) for p in points if p.curve == "training"]
    validation = [(p.x, p.values["eval_loss"]) for p in points if p.curve == "validation"]
    return {"training": training, "validation": validation}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[float, float]]]:
    """The losses of a training that nobody disturbs."""
    folder = tmp_path_factory.mktemp("alone")
    lab, told = laboratory(folder)
    subject = trainer(folder)
    assert lab.follow(subject) is None
    subject.train()
    return trace(told)


def test_the_losses_become_curves(alone: dict[str, list[tuple[float, float]]]) -> None:
    assert [x for x, _ in alone["training"]] == list(range(1, UPDATES + 1))
    assert [x for x, _ in alone["validation"]] == [3, 6, 8]
    assert len({loss for _, loss in alone["training"]}) == UPDATES


def test_following_tells_rate_pace_and_progress(tmp_path: Path) -> None:
    phases: list[str] = []
    lab, told = laboratory(tmp_path, lambda lab, phase: phases.append(phase) or "")
    subject = trainer(tmp_path)
    lab.follow(subject)
    assert lab.watched("model")[0] is subject.model
    subject.train()
    values = told.of(Point)[0].values
    assert {"loss", "learning_rate", "grad_norm"} <= set(values)
    assert any(point.values.get("tokens_per_second", 0) > 0 for point in told.of(Point))
    assert (told.of(Progress)[-1].done, told.of(Progress)[-1].total) == (UPDATES, UPDATES)
    assert phases == ["before update", "gradients", "after update"] * UPDATES


def sample(model: Any) -> list[Any]:
    """Draws from every source of random numbers, in the model's own mode."""
    assert not model.training
    draw()
    written = model.generate(torch.tensor([[1, 2]]), do_sample=True, max_new_tokens=4, pad_token_id=0)
    return [(str(token), {"probability": None}) for token in written[0].tolist()]


def test_a_sample_leaves_the_losses_the_same_bit_for_bit(
    tmp_path: Path, alone: dict[str, list[tuple[float, float]]]
) -> None:
    lab, told = laboratory(tmp_path)
    subject = trainer(tmp_path)
    lab.follow(subject, sample=sample, every=2)
    subject.train()
    assert [event.x for event in told.of(Text)] == [0, 2, 4, 6, 8]
    assert trace(told) == alone


def test_a_probe_leaves_the_losses_the_same_bit_for_bit(
    tmp_path: Path, alone: dict[str, list[tuple[float, float]]]
) -> None:
    def probe(lab: Lab, phase: str) -> str:
        model, _ = lab.watched("model")
        with aside(model):
            sample(model)
            model(torch.tensor([[1, 2, 3]])).logits.softmax(-1)
        return ""

    lab, told = laboratory(tmp_path, probe)
    subject = trainer(tmp_path)
    lab.follow(subject)
    subject.train()
    assert trace(told) == alone


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_stopped_training_goes_on_bit_for_bit(
    tmp_path: Path, alone: dict[str, list[tuple[float, float]]], at: int
) -> None:
    lab, first = laboratory(tmp_path, lambda lab, phase: "stop" if phase == "after update" and lab.x == at else "")
    subject = trainer(tmp_path)
    lab.follow(subject, sample=sample, every=2)
    with pytest.raises(Stopped):
        subject.train()
    assert [x for x, _ in trace(first)["training"]] == list(range(1, at + 1))

    lab, second = laboratory(tmp_path)
    torch.manual_seed(99)  # another process has other random numbers
    subject = trainer(tmp_path)
    checkpoint = lab.follow(subject, sample=sample, every=2)
    assert checkpoint is not None
    assert checkpoint.endswith(f"checkpoint-{at}")
    subject.train(resume_from_checkpoint=checkpoint)
    assert trace(first, second) == alone
    assert [event.x for told in (first, second) for event in told.of(Text)] == [0, 2, 4, 6, 8]


def test_an_update_between_two_logs_is_not_lost_by_a_stop(tmp_path: Path) -> None:
    lab, told = laboratory(tmp_path, lambda lab, phase: "stop" if phase == "after update" and lab.x == 6 else "")
    subject = trainer(tmp_path, logging_steps=4)
    lab.follow(subject)
    with pytest.raises(Stopped):
        subject.train()
    assert [x for x, _ in trace(told)["training"]] == [4, 6]


def test_finishing_ends_the_training_and_the_step_carries_on(tmp_path: Path) -> None:
    lab, told = laboratory(tmp_path, lambda lab, phase: "finish" if phase == "after update" and lab.x == 4 else "")
    subject = trainer(tmp_path)
    lab.follow(subject)
    subject.train()
    assert subject.state.global_step == 4
    assert [x for x, _ in trace(told)["training"]] == [1, 2, 3, 4]
    assert list(tmp_path.glob("checkpoint-*")) == []


def test_sampling_time_is_not_counted_as_training(tmp_path: Path) -> None:
    def slow(model: Any) -> list[Any]:
        time.sleep(0.5)
        return []

    def pace(folder: Path, **rest: Any) -> float:
        lab, told = laboratory(folder)
        subject = trainer(folder, eval_strategy="no")
        lab.follow(subject, **rest)
        subject.train()
        rates = [p.values["tokens_per_second"] for p in told.of(Point) if "tokens_per_second" in p.values]
        return sorted(rates)[len(rates) // 2]

    assert pace(tmp_path / "b", sample=slow, every=1) > 48 / 0.5  # 48 tokens an update


def test_a_diverged_loss_is_a_gap(tmp_path: Path) -> None:
    from deepdive.engine.runs.events import decode, encode

    lab, told = laboratory(tmp_path)
    lab.point(1, loss=float("nan"))
    assert decode(encode(told.events[0])) == Point(curve="training", x=1, values={"loss": None})


def test_a_training_that_diverges_is_seen_with_its_update_and_what_to_try(tmp_path: Path) -> None:
    """The Trainer by itself shows the mean of the losses before."""
    lab, told = laboratory(tmp_path)
    subject = trainer(tmp_path, learning_rate=1e30, max_grad_norm=0.0)
    lab.follow(subject)
    subject.train()
    losses = [loss for _, loss in trace(told)["training"]]
    assert losses[0] is not None
    assert losses[-1] is None
    [note] = told.of(Note)
    assert note.text == f"The loss is not a number at update {losses.index(None) + 1} (learning rate 1e+30, float32)."
    assert note.action == "Try a learning rate ten times smaller."
    assert lab.diverged is not None
    assert "its loss is not a number from update" in lab.diverged[0]


def test_a_value_that_is_no_number_says_so(tmp_path: Path) -> None:
    lab, told = laboratory(tmp_path)
    lab.measure("lowest", float("nan"), note="of two")
    assert told.of(Figure)[0].note == "of two; the value is nan"
