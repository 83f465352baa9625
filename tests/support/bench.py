"""A work bench: a tutorial's steps run one by one, in this process, on the real resources of a scale."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from deepdive.engine.lab import Lab, aside
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.places.places import Artifact, Place, parse
from deepdive.engine.places.resolver import Resolver
from deepdive.engine.runs.events import AnyEvent, End, Figure, Job, Plot, Rows, Text, build
from deepdive.engine.runs.plan import need_step
from deepdive.engine.runs.view import RunView
from deepdive.engine.work.process import load_steps, seed_everything
from deepdive.engine.work.reporter import plain


@dataclass
class Bench:
    """Runs steps of `tutorial` below `folder` and keeps every event that they report."""

    tutorial: Tutorial
    folder: Path
    scale: str = "pocket"
    seed: int = 0
    heard: dict[str, list[AnyEvent]] = field(default_factory=dict)  # step id: what its last run reported
    lab: Lab | None = None
    between: Callable[[Lab, str], str] = lambda lab, phase: ""

    @property
    def steps(self) -> ModuleType:
        return load_steps(self.tutorial.folder)

    def run(self, id: str, **settings: Any) -> list[AnyEvent]:
        """One step with the scale's settings, some of them changed. What it needs must have run before."""
        step = self.tutorial.step(id)
        heard = self.heard[id] = [build("job", {"job": id, "step": id, "seed": self.seed})]
        place = self.folder / id
        place.mkdir(parents=True, exist_ok=True)
        needs = {role: self.folder / need_step(need) for role, need in step.needs.items()}
        self.lab = Lab(
            folder=place,
            seed=self.seed,
            device="cpu",
            resource=lambda kind, role: (
                self._rows(role, needs) if kind == "read" else self._resolver(step.needs)(kind, role)
            ),
            report=lambda kind, fields: heard.append(build(kind, {"job": id, **plain(fields)})),
            between=self.between,
        )
        seed_everything(self.seed)
        function = getattr(self.steps, step.function.name)
        function(self.lab, **{**self.tutorial.defaults(step, self.scale), **settings})
        heard.append(build("end", {"job": id, "outcome": "done"}))
        return heard

    def ask(self, probe: str, **settings: Any) -> list[AnyEvent]:
        """A probe's answer from the models that the last step watches."""
        assert self.lab is not None
        heard: list[AnyEvent] = []
        lab = Lab(
            folder=self.folder,
            seed=self.seed,
            device="cpu",
            resource=self.lab.resource,
            report=lambda kind, fields: heard.append(build(kind, plain(fields))),
            between=self.between,
            held=self.lab.held,
        )
        for model, *_ in lab.held.values():
            with aside(model):
                getattr(self.steps, probe)(lab, **settings)
            break
        return heard

    def figure(self, step: str, name: str, **case: Any) -> Any:
        """The value of the only figure of that name whose case has `case` in it."""
        found = [f for f in self.figures(step, name) if case.items() <= f.case.items()]
        assert len(found) == 1, f"{len(found)} figures {name} {case} of {step}"
        return found[0].value

    def figures(self, step: str, name: str) -> list[Figure]:
        return [e for e in self.heard[step] if isinstance(e, Figure) and e.name == name]

    def rows(self, step: str, name: str) -> list[dict[str, Any]]:
        return [row for e in self.heard[step] if isinstance(e, Rows) and e.name == name for row in e.rows]

    def bars(self, step: str, name: str) -> dict[str, float]:
        return next(e.data for e in self.heard[step] if isinstance(e, Plot) and e.name == name)

    def text(self, step: str, stream: str = "output") -> str:
        pieces = (e.pieces for e in self.heard[step] if isinstance(e, Text) and e.stream == stream and e.x is None)
        return "".join(piece.text for some in pieces for piece in some)

    def view(self) -> RunView:
        """The fold of everything that was reported: claims and results are judged over it."""
        view = RunView()
        for events in self.heard.values():
            view.add(events)
        return view

    def _resolver(self, needs: dict[str, str]) -> Resolver:
        places: dict[str, Place] = {
            role: parse(role, table) for role, table in self.tutorial.scales[self.scale].roles.items()
        }
        for role, need in needs.items():
            step, _, artifact = need.partition(":")
            places[role] = Artifact(str(self.folder / step / artifact))
        return Resolver(places, catalogue.pocket(), lambda kind, fields: None, lambda: None)

    def _rows(self, name: str, needs: dict[str, Path]) -> list[dict[str, Any]]:
        files = [folder / f"{name}.jsonl" for folder in needs.values()]
        file = next(file for file in files if file.is_file())
        return [json.loads(line) for line in file.read_text().splitlines()]


def texts(events: list[AnyEvent]) -> Iterator[str]:
    """The pieces of text among events."""
    for event in events:
        if isinstance(event, Text):
            yield from (piece.text for piece in event.pieces)


__all__ = ["Bench", "End", "Job", "texts"]
