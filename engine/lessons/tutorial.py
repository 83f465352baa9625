"""What a tutorial is, as data: the types that the catalogue fills and every reader uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from deepdive.engine.lessons.settings import Setting
from deepdive.engine.lessons.source import Definition, closure, texts
from deepdive.engine.places.places import Columns


@dataclass(frozen=True)
class Function:
    """A `@step` or `@probe` of steps.py, as text."""

    name: str
    doc: str
    settings: tuple[Setting, ...]
    source: str  # what the learner reads: the function without its decorator
    definition: Definition | None = field(default=None, repr=False, compare=False)  # None: it stands alone

    @cached_property
    def closure(self) -> str:
        """What it computes with: the text that the digest covers."""
        return closure(self.definition) if self.definition is not None else self.source

    def asks_for(self, role: str) -> bool:
        """Whether its code names the role."""
        return role in self._texts

    @cached_property
    def _texts(self) -> frozenset[str]:
        return texts(self.definition) if self.definition is not None else frozenset()


OUT_OF_MEMORY = "out of memory"  # so begins every explained cause of it


@dataclass(frozen=True)
class Step:
    id: str
    title: str
    function: Function
    fixed: dict[str, Any] = field(default_factory=dict)  # settings that this step fixes ([[step]] set)
    needs: dict[str, str] = field(default_factory=dict)  # role: "step", "step:artifact" or "tutorial/step:artifact"
    scales: tuple[str, ...] = ()  # the scales that it exists at; empty: all
    seconds: dict[str, float] = field(default_factory=dict)  # about how long on 2 cores, by scale
    seeds: int = 1
    expect: str = ""
    sensitive: str = ""
    fresh: bool = False
    optional: bool = False

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings that the learner may change."""
        return tuple(setting for setting in self.function.settings if setting.name not in self.fixed)

    @property
    def announcement(self) -> str:
        """What every reader is told before anything of the step; empty where nothing in it is sensitive."""
        return f"This step shows {self.sensitive}." if self.sensitive else ""

    def at(self, scale: str) -> bool:
        return not self.scales or scale in self.scales

    def expects(self, cause: str) -> bool:
        """Whether a failure with this cause is what the step is there to show."""
        return self.expect == "memory" and cause.startswith(OUT_OF_MEMORY)


@dataclass(frozen=True)
class Scale:
    """One size of the recipe: which place each role has and which settings differ from the book's."""

    name: str
    roles: dict[str, dict[str, Any]]
    settings: dict[str, dict[str, Any]]  # step id: {setting: value}
    columns: dict[str, Columns] = field(default_factory=dict)  # role: what a learner's own table must have


@dataclass(frozen=True)
class Page:
    """A page of the narrative: markdown with the directives of `pages.py`; shows at most one step."""

    number: int
    title: str
    text: str
    steps: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    predictions: tuple[str, ...] = ()


@dataclass(frozen=True)
class BookFigure:
    """A figure that the book reports. A curve has one per x."""

    step: str
    name: str
    case: dict[str, Any]
    x: float | None
    value: float | str


@dataclass(frozen=True)
class Claim:
    step: str
    text: str
    holds: str
    each: dict[str, list[Any]] = field(default_factory=dict)
    least: int = 1  # seeds
    on: str | int = "mean"  # "mean", "each", or in how many seeds it must hold
    scale: str = ""


@dataclass(frozen=True)
class Prediction:
    """What the reader guesses before the run: a number, an ordering or a choice over named figures."""

    id: str
    step: str
    ask: str
    kind: str  # number, choice, order
    choices: tuple[str, ...] = ()
    figure: str = ""  # an expression over figures, as in a claim: what came out
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Exercise:
    id: str
    title: str
    function: str  # the class or pair of functions in exercises.py


@dataclass(frozen=True)
class Fit:
    """A configuration whose memory `deepdive fit` estimates. What `values` leaves open is its step's setting of the
    same name, else the plan's default (estimate.py)."""

    name: str
    step: str = ""
    scales: tuple[str, ...] = ()  # empty: all
    values: dict[str, Any] = field(default_factory=dict)

    def at(self, scale: str) -> bool:
        return not self.scales or scale in self.scales


@dataclass(frozen=True)
class Tutorial:
    id: str
    chapter: int
    title: str
    teaches: str
    folder: Path
    ready: bool
    needs: str = ""  # good to know before: a key, a GPU, another tutorial
    minutes: float | None = None
    scales: dict[str, Scale] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    probes: tuple[Function, ...] = ()
    pages: tuple[Page, ...] = ()
    book: tuple[BookFigure, ...] = ()
    claims: tuple[Claim, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    glossary: dict[str, str] = field(default_factory=dict)
    fits: tuple[Fit, ...] = ()
    moved: dict[str, str] = field(default_factory=dict)  # hash of a step's source: what it was before the code moved
    architectures: dict[str, dict[str, Any]] = field(default_factory=dict)  # hub id: numbers of its config.json

    def step(self, id: str) -> Step:
        """Raises KeyError."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    def defaults(self, step: Step, scale: str) -> dict[str, Any]:
        """The step's settings at a scale before the learner changes any."""
        values = {setting.name: setting.default for setting in step.function.settings}
        return {**values, **self.scales[scale].settings.get(step.id, {}), **step.fixed}


@dataclass(frozen=True)
class Problem:
    """Why a tutorial folder can't be read: file, line and what is wrong."""

    tutorial: str
    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Catalogue:
    tutorials: tuple[Tutorial, ...]
    problems: tuple[Problem, ...] = ()

    def get(self, id: str) -> Tutorial | None:
        return next((tutorial for tutorial in self.tutorials if tutorial.id == id), None)
