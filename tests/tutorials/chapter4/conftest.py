"""Chapter 4 on a bench: at pocket scale, and with tiny models of random weights where their words do not matter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from deepdive.engine.lab import Lab
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.places import endpoint
from deepdive.engine.runs.events import AnyEvent
from deepdive.engine.work.process import load_steps
from deepdive.engine.work.safe_points import SafePoints
from deepdive.tutorials.pocket.support.model import support_tokenizer
from deepdive.tutorials.pocket.support.rows import rows as conversations
from deepdive.tutorials.pocket.support.words import names
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from trl import SFTTrainer

from tests.support.bench import Bench

TRAIN, VALIDATION, TEST = 40, 4, 12


@dataclass
class Desk(Bench):
    """A bench that knows who holds the memory, and whose judge is the step's own program."""

    safe: SafePoints = field(init=False)

    def run(self, id: str, **settings: Any) -> list[AnyEvent]:
        self.safe = SafePoints(lambda kind, fields: None, lambda lab: None, None, "cpu")  # type: ignore[arg-type]
        self.between = self.safe
        return super().run(id, **settings)

    def _resolver(self, needs: dict[str, str]) -> Any:
        resolver = super()._resolver(needs)

        def resource(kind: str, role: str) -> Any:
            if kind == "memory":
                assert self.lab is not None
                return self.safe.ledger.sample(self.lab.held)["held"]
            if kind == "client":
                return self._client(resolver.place(role), role)
            return resolver(kind, role)

        return resource

    def _client(self, place: Any, role: str) -> Callable[[Any], endpoint.Client]:
        def quiet(kind: str, fields: dict[str, Any]) -> None:
            """A note introduces the judge, which is no part of what is tested here."""

        return lambda local: endpoint.client(place, role, None, self.folder / "replies", quiet, None, local)

    def model(self) -> Any:
        """The one that the last step watches."""
        assert self.lab is not None
        return self.lab.held["model"][0]


class Handed(Exception):
    """A step has come as far as its training."""


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SFTTrainer]:
    """The trainer that a step hands to the laboratory, before its first update."""

    def caught(self: Lab, trainer: Any, *rest: Any) -> Any:
        raise Handed(trainer)

    def hand(desk: Desk, step: str, **settings: Any) -> SFTTrainer:
        with monkeypatch.context() as patch:
            patch.setattr(Lab, "follow", caught)
            with pytest.raises(Handed) as reached:
                desk.run(step, **settings)
        return reached.value.args[0]

    return hand


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two threads on a loaded machine can be ten times slower than one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def chapter4() -> Tutorial:
    return catalogue.read(catalogue.shipped() / "chapter4")


@pytest.fixture(scope="session")
def steps(chapter4: Tutorial) -> ModuleType:
    """The lesson's own functions."""
    return load_steps(chapter4.folder)


def rows(start: int, count: int) -> list[dict[str, Any]]:
    """Conversations of the pocket world."""
    return [dict(row) for row in conversations(count, 1000 + start, names()[0])]


@pytest.fixture(scope="session")
def tiny(chapter4: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Tutorial:
    """The lesson with few conversations and two models of random weights: a GPT-2 and a Llama, one layer each."""
    folder: Path = tmp_path_factory.mktemp("tiny")
    roles = dict(chapter4.scales["pocket"].roles)
    for n, (split, count) in enumerate({"train": TRAIN, "validation": VALIDATION, "test": TEST}.items()):
        file = folder / f"{split}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows(n, count)), encoding="utf-8")
        roles[split] = {"file": str(file), "split": "train"}
    tokenizer = support_tokenizer()
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": 0}
    sizes = {"vocab_size": len(tokenizer), "tie_word_embeddings": True, "initializer_range": 0.2, **ends}
    torch.manual_seed(0)
    made = {
        "small": GPT2LMHeadModel(GPT2Config(n_positions=160, n_embd=64, n_layer=1, n_head=2, **sizes)),
        "large": LlamaForCausalLM(
            LlamaConfig(
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=160,
                **sizes,
            )
        ),
    }
    for role, model in made.items():
        for part in (model, tokenizer):
            part.save_pretrained(folder / role)
        roles[role] = {"folder": str(folder / role)}
    scale = chapter4.scales["pocket"]
    return replace(chapter4, scales={**chapter4.scales, "pocket": replace(scale, roles=roles)})


@pytest.fixture(scope="module")
def desk(tiny: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A bench with the tiny models; the conversations are there."""
    made = Desk(tiny, tmp_path_factory.mktemp("desk"))
    made.run("conversations")
    return made
