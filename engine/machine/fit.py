"""Will it fit? The configurations of a tutorial, what each would hold, and what would make it fit.

Nothing is downloaded but a model's config.json. Which configurations there are stands in tutorial.toml ([[fit]]); what
such a table leaves open is its step's setting of the same name. A tutorial without one is asked about the models that
it uses, each as it is loaded and asked once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.words import gigabytes
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.training import WORDS, Training, problem_with
from deepdive.engine.lessons.tutorial import Fit, Step, Tutorial
from deepdive.engine.machine.estimate import CPU_ERROR, GPU_ERROR, Estimate, Remedy, Shape, estimate, remedies
from deepdive.engine.machine.hardware import Machine, machine
from deepdive.engine.machine.shapes import Reply, Request, shapes
from deepdive.engine.places.places import Artifact, Folder, Hub, Place, Pocket, Token, describe, override, parse
from deepdive.engine.runs import plan
from deepdive.engine.runs.view import JobView, RunView

SIZES = (16.0, 24.0, 80.0)  # GB: a small, a middle and a large card
GB = 1e9  # decimal, as --memory-limit; a card's box counts a little more
HOLDERS = ("weights", "gradients", "optimizer", "activations")  # what the estimate and the ledger both tell
TRAINED_AS = ("method", "dtype", "double_quantisation", "rank", "batch", "length", "optimizer", "checkpointing")
Edits = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """One configuration. Without a shape `problem` says why it can't be told."""

    name: str
    step: str
    role: str
    place: str
    training: Training
    gpu: bool = True
    shape: Shape | None = None
    source: str = ""
    problem: str = ""

    @property
    def estimate(self) -> Estimate | None:
        return estimate(self.shape, self.training, self.gpu) if self.shape is not None else None

    @property
    def error(self) -> float:
        """By what share the activations may be off."""
        return GPU_ERROR if self.gpu else CPU_ERROR

    def fits(self, bytes: float) -> bool:
        found = self.estimate
        return found is not None and found.total <= bytes

    def narrow(self, bytes: float) -> bool:
        """It fits, but would not if its activations were larger by their error."""
        found = self.estimate
        return found is not None and found.total <= bytes < found.total + self.error * found.activations

    def with_plan(self, **changes: Any) -> Row:
        """The same model trained otherwise: batch, length, optimizer, checkpointing. The rest asks for a new shape."""
        return replace(self, training=replace(self.training, **changes))

    def remedies(self) -> list[Remedy]:
        return remedies(self.shape, self.training, self.gpu) if self.shape is not None else []


def rows(
    tutorial: Tutorial,
    scale: str,
    edits: Edits | None = None,
    roles: Mapping[str, str] | None = None,
    here: Machine | None = None,
) -> list[Row]:
    """Every configuration of a tutorial at a scale, in the order of its tables. `edits` are a run's changed settings,
    `roles` those that it points elsewhere. Takes seconds where a model was not counted before; raises Fault."""
    here = here or machine()
    places = _places(tutorial, scale, roles or {})
    found: list[Row] = []
    requests: dict[int, Request] = {}
    for fit in [fit for fit in tutorial.fits if fit.at(scale)] or _models(places):
        try:
            role, wanted = resolved(fit, tutorial, scale, edits or {})
            place = places.get(role)
            gpu = here.accelerator != "cpu" or isinstance(place, Hub)  # a hub's models are for cards: ours, or planned
            row = Row(fit.name, fit.step, role, describe(place) if place else "", wanted, gpu)
            requests[len(found)] = _request(tutorial, role, place, wanted, gpu)
            found.append(row)
        except Fault as fault:
            found.append(Row(fit.name, fit.step, str(fit.values.get("role", "")), "", Training(), problem=str(fault)))
    replies = shapes(list(requests.values())) if requests else []
    for at, reply in zip(requests, replies, strict=True):
        found[at] = _told(found[at], reply)
    return found


def _told(row: Row, reply: Reply) -> Row:
    problem = f"{reply.cause}. {reply.action}".rstrip(". ") if reply.shape is None else ""
    return replace(row, shape=reply.shape, source=reply.source, problem=problem)


def _places(tutorial: Tutorial, scale: str, roles: Mapping[str, str]) -> dict[str, Place]:
    if scale not in tutorial.scales:
        raise Refusal("--scale", f"{tutorial.id} has no scale {scale!r}", ", ".join(tutorial.scales))
    places = {role: parse(role, table) for role, table in tutorial.scales[scale].roles.items()}
    return {role: override(place, roles[role], role) if role in roles else place for role, place in places.items()}


def _models(places: Mapping[str, Place]) -> list[Fit]:
    """For a tutorial that names no configuration: its models, loaded and asked."""
    named = {role: place for role, place in places.items() if _is_model(place)}
    return [Fit(role.replace("_", " "), values={"role": role, "method": "use"}) for role in named]


def _is_model(place: Place) -> bool:
    if isinstance(place, Hub):
        return place.kind == "model"
    folder = _folder(place)
    return folder is not None and (folder / "config.json").is_file()


def _folder(place: Place | None) -> Path | None:
    if isinstance(place, Pocket):
        return catalogue.pocket() / place.pocket
    return Path(place.folder).expanduser() if isinstance(place, Folder) else None


def resolved(fit: Fit, tutorial: Tutorial, scale: str, edits: Edits) -> tuple[str, Training]:
    """The role and the training that a table stands for. Raises Refusal for a value that none can have."""
    settings: dict[str, Any] = {}
    if fit.step:
        changed = {step: dict(values) for step, values in edits.items()}
        settings = plan.settings_of(tutorial, tutorial.step(fit.step), scale, changed)
    values = {**settings, **fit.values}
    known = {field.name: values[field.name] for field in fields(Training) if field.name in values}
    if isinstance(known.get("targets"), str):
        known["targets"] = known["targets"].replace(",", " ").split()
    for name, value in known.items():
        if problem := problem_with(name, value):
            raise Refusal(name, problem)
    if "targets" in known:
        known["targets"] = tuple(known["targets"])
    if "method" in known:
        known["method"] = WORDS.get(known["method"], known["method"])
    return str(values.get("role", "")), Training(**known)


def _request(tutorial: Tutorial, role: str, place: Place | None, wanted: Training, gpu: bool) -> Request:
    names = ["method", "dtype", "precision", "length"] + (["adapters", "rank", "targets"] if wanted.adapted else [])
    common: dict[str, Any] = {name: getattr(wanted, name) for name in names}
    if isinstance(place, Hub):
        published = tutorial.architectures.get(place.hub, {})
        return Request(hub=place.hub, revision=place.revision, published=published, gpu=gpu, **common)
    folder = _folder(place)
    if folder is None:
        why = "is no model that can be counted before a step has made it" if isinstance(place, Artifact) else "is none"
        raise Refusal(role, f"{describe(place) if place else 'this role'} {why}", "a role that is a model")
    return Request(folder=str(folder), gpu=gpu, **common)


# ---- verdicts -----------------------------------------------------------------------------------------------------


def own_memory(here: Machine) -> int:
    """Bytes that a step can use here: of the first GPU, else of the machine."""
    return here.gpus[0].total if here.gpus else here.total


PARTS = {
    "weights": "weights alone need",
    "gradients": "gradients alone need",
    "optimizer": "Adam's moments alone need",
    "activations": "activations alone need",
    "other": "for a moment it needs",
}


def verdict(row: Row, sizes: Sequence[float]) -> tuple[str, bool | None]:
    """A sentence, and whether the row fits one of the sizes (GB); None if only just."""
    found = row.estimate
    if found is None:
        return row.problem, False
    for size in sorted(sizes):
        if row.fits(size * GB):
            spare = gigabytes(size * GB - found.total)
            if row.narrow(size * GB):
                return f"fits {size:g} GB with {spare} to spare: less than the activations may be off by", None
            return f"fits {size:g} GB with {spare} to spare", True
    largest = max(found.parts, key=lambda name: found.parts[name])
    return f"does not fit {max(sizes):g} GB: {PARTS[largest]} {gigabytes(found.parts[largest])}", False


def instead(row: Row, all_rows: Sequence[Row], bytes: float) -> Row | None:
    """The first other configuration of the same model that fits."""
    others = [other for other in all_rows if other.role == row.role and other.name != row.name]
    return next((other for other in others if other.fits(bytes)), None)


# ---- measured beside it -------------------------------------------------------------------------------------------


def measured(job: JobView | None) -> dict[str, int]:
    """What the ledger saw at the fullest moment of a job, by holder; empty if it saw no training."""
    fullest: dict[str, int] = {}
    for event in job.memory if job is not None else ():
        held = {name: int(event.held.get(name, 0)) for name in HOLDERS}
        if sum(held.values()) > sum(fullest.values()):
            fullest = held
    return fullest


def job_of(row: Row, view: RunView) -> JobView | None:
    """The latest job of a row's step that was trained as the row says."""
    for job in reversed(view.of_step(row.step)) if row.step else ():
        told = {name: WORDS.get(str(value), value) for name, value in job.settings.items()}
        if all(told.get(name, getattr(row.training, name)) == getattr(row.training, name) for name in TRAINED_AS):
            return job
    return None


# ---- refused ahead ------------------------------------------------------------------------------------------------


def refusal(
    tutorial: Tutorial,
    step: Step,
    scale: str,
    settings: Mapping[str, Any],
    roles: Mapping[str, str],
    bytes: float,
    token: Token = lambda: None,
) -> Fault | None:
    """Why a step that would fetch a hub's model can't fit into `bytes`, by arithmetic; None if it may, or if nobody
    knows. What depends on the data (activations) does not count here. With a `token` a gated model is asked itself."""
    fit = _of_step(tutorial, step, scale, settings)
    if fit is None:
        return None
    changed = {setting.name: settings[setting.name] for setting in step.settings if setting.name in settings}
    try:
        role, wanted = resolved(fit, tutorial, scale, {step.id: changed})
        place = _places(tutorial, scale, roles).get(role)
        if not isinstance(place, Hub):
            return None  # it is here already: running into the limit shows more
        (reply,) = shapes([_let_in(_request(tutorial, role, place, wanted, gpu=True), token)])
    except Fault:
        return None
    if reply.shape is None:
        return None
    row = _told(Row(fit.name, fit.step, role, describe(place), wanted), reply)
    found = estimate(reply.shape, wanted)
    if found.certain <= bytes:
        return None
    held = ", ".join(f"{name} {gigabytes(found.parts[name])}" for name in HOLDERS[:3])
    cause = (
        f"out of memory, known ahead: {row.name} needs {gigabytes(found.certain)} GB before its first activation "
        f"({held}), and there are {gigabytes(bytes)} GB. Nothing was downloaded"
    )
    return Fault(cause, _way_out(row, tutorial, scale, bytes))


def _of_step(tutorial: Tutorial, step: Step, scale: str, settings: Mapping[str, Any]) -> Fit | None:
    """The step's table as it runs: its settings have the last word, and of several tables the one that agrees with them
    gives it its name."""
    tables = [fit for fit in tutorial.fits if fit.step == step.id and fit.at(scale)]
    if not tables:
        return None
    alike = (fit for fit in tables if all(settings.get(name, value) == value for name, value in fit.values.items()))
    fit = next(alike, replace(tables[0], name=step.title))
    return replace(fit, values={name: value for name, value in fit.values.items() if name not in settings})


def _let_in(request: Request, token: Token) -> Request:
    """Behind a gate only the worker has the token: it fetches config.json for the process that counts."""
    if not token():
        return request
    from deepdive.engine.places.hub import fetch_config

    try:
        file = fetch_config(request.hub, request.revision, token)
    except Fault:
        return request  # with the numbers that the tutorial knows
    return replace(request, folder=str(file.parent), hub="", revision="")


def _way_out(row: Row, tutorial: Tutorial, scale: str, bytes: float) -> str:
    better = [remedy for remedy in row.remedies() if remedy.estimate.total <= bytes]
    if better:
        return f"With {better[0].what} it would need {gigabytes(better[0].estimate.total)} GB"
    try:
        other = instead(row, rows(tutorial, scale), bytes)
    except Fault:
        other = None
    if other is not None and other.estimate is not None:
        return f"{other.name} needs {gigabytes(other.estimate.total)} GB: it fits"
    return f"`deepdive fit {tutorial.id} --scale {scale}` shows what each configuration needs"
