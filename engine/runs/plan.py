"""Which jobs must run for a goal; which results are stale and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from deepdive.engine.common.digest import short_hash
from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.words import shown
from deepdive.engine.lessons.tutorial import Step, Tutorial
from deepdive.engine.runs.events import FAULTS
from deepdive.engine.runs.view import JobView, RunView


class Order(msgspec.Struct, frozen=True):
    """One job to run. `needs` maps a role to "JOB" or "JOB:artifact" where it is known already, else to the step
    whose job of the same run comes before (the worker resolves it when its turn comes)."""

    step: str
    seed: int
    settings: dict[str, Any]
    needs: dict[str, str] = {}


@dataclass(frozen=True)
class StepState:
    """`state`: never, queued, running, done, stale, stopped, cut, refused or failed; `reasons` say why it is stale."""

    state: str
    reasons: tuple[str, ...] = ()
    job: str = ""
    needs: dict[str, str] = field(default_factory=dict)  # role: the state of the step that it comes from


def settings_of(tutorial: Tutorial, step: Step, scale: str, edits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The settings that a run of the step would take now. Raises Refusal."""
    values = tutorial.defaults(step, scale)
    known = {setting.name: setting for setting in step.settings}
    for name, value in edits.get(step.id, {}).items():
        if name not in known:
            raise Refusal(f"{step.id}.{name}", "there is no such setting", ", ".join(known) or "this step has none")
        values[name] = known[name].check(value)
    return values


def inputs_of(
    tutorial: Tutorial, step: Step, scale: str, roles: dict[str, str], needs: dict[str, str]
) -> dict[str, str]:
    """What the digest covers besides settings and seed: source, places of the scale's roles, earlier artifacts."""
    places = {role: roles.get(role, place) for role, place in sorted(tutorial.scales[scale].roles.items())}
    used = {role: place for role, place in places.items() if step.function.asks_for(role)}
    return {
        "source": source_of(tutorial, step),
        "roles": short_hash(json.dumps(used, sort_keys=True, default=str)),
        **{f"need:{role}": digest for role, digest in sorted(needs.items())},
    }


def source_of(tutorial: Tutorial, step: Step) -> str:
    """The hash of what the step computes with; where its code only moved since, the one that it had before."""
    now = short_hash(step.function.closure)
    return tutorial.moved.get(now, now)


def digest_of(step: Step, seed: int, settings: dict[str, Any], inputs: dict[str, str], scale: str) -> str:
    what = {"step": step.id, "seed": seed, "settings": settings, "inputs": inputs, "scale": scale}
    return short_hash(json.dumps(what, sort_keys=True, default=str))


def need_step(need: str) -> str:
    """The step of "step" or "step:artifact"; of another tutorial's need the whole "tutorial/step"."""
    return need.partition(":")[0]


def with_needs(tutorial: Tutorial, goals: list[str]) -> list[Step]:
    """The goal steps and every step of this tutorial that they need, in the tutorial's order."""
    reached = set(goals)
    for step in reversed(tutorial.steps):
        if step.id in reached:
            reached |= {need_step(need) for need in step.needs.values()}
    return [step for step in tutorial.steps if step.id in reached]


class Plan:
    """The present state of every step of a run, for one seed.

    A step that has fewer seeds than `seed` stands with its seed 0, unless `every` step is asked for at this seed.
    """

    def __init__(
        self,
        tutorial: Tutorial,
        scale: str,
        view: RunView,
        edits: dict[str, dict[str, Any]] | None = None,
        roles: dict[str, str] | None = None,
        seed: int = 0,
        every: bool = False,
    ) -> None:
        self.tutorial, self.scale, self.view, self.seed, self.every = tutorial, scale, view, seed, every
        self.edits, self.roles = edits or {}, roles or {}
        self.steps = [step for step in tutorial.steps if step.at(scale)]
        self.states: dict[str, StepState] = {}
        self.digests: dict[str, str] = {}  # of the latest finished job, or of what would run
        for step in self.steps:
            self.states[step.id] = self._state(step)

    def seed_of(self, step: Step) -> int:
        return self.seed if self.every or self.seed < step.seeds else 0

    def wanted(self, step: Step) -> tuple[dict[str, Any], dict[str, str], str]:
        """Settings, inputs and digest of the job that would run now."""
        settings = settings_of(self.tutorial, step, self.scale, self.edits)
        needs = {role: self.digests.get(need_step(need), "") for role, need in step.needs.items()}
        inputs = inputs_of(self.tutorial, step, self.scale, self.roles, needs)
        return settings, inputs, digest_of(step, self.seed_of(step), settings, inputs, self.scale)

    def _state(self, step: Step) -> StepState:
        settings, inputs, digest = self.wanted(step)
        needs = {
            role: self.states[name].state for role, n in step.needs.items() if (name := need_step(n)) in self.states
        }
        last = self.view.latest(step.id, self.seed_of(step), done=False)
        done = self.view.latest(step.id, self.seed_of(step))
        self.digests[step.id] = done.digest if done else digest
        if last is None:
            return StepState("never", needs=needs)
        if last.running:
            return StepState("running", job=last.id, needs=needs)
        if done is None or (last is not done and last.outcome in (*FAULTS, "stopped", "cut")):
            return StepState(last.outcome, (last.cause,) if last.cause else (), last.id, needs)
        reasons = stale_reasons(step, done, settings, inputs)
        reasons += [
            f"it uses {need_step(need)}, which is stale"
            for need in step.needs.values()
            if self.states.get(need_step(need), StepState("done")).state == "stale"
        ]
        return StepState("stale" if reasons else "done", tuple(reasons), done.id, needs)

    def order(self, step: Step) -> Order:
        return Order(step.id, self.seed_of(step), self.wanted(step)[0], dict(step.needs))


def stale_reasons(step: Step, job: JobView, settings: dict[str, Any], inputs: dict[str, str]) -> list[str]:
    """Why a finished job is not what would run now, in the learner's words."""
    reasons = []
    labels = {setting.name: setting for setting in step.function.settings}
    for name, value in settings.items():
        if name not in job.settings:
            reasons.append(f"{name.replace('_', ' ')} is a new setting")
        elif job.settings[name] != value:
            show = labels[name].show if name in labels else shown
            reasons.append(
                f"it was run with {name.replace('_', ' ')} {show(job.settings[name])}; it is {show(value)} now"
            )
    if job.inputs.get("source") != inputs["source"]:
        reasons.append("its source has changed since")
    if job.inputs.get("roles") != inputs["roles"]:
        reasons.append("its models or data come from another place now")
    for name, digest in inputs.items():
        if name.startswith("need:") and job.inputs.get(name) != digest:
            need = step.needs.get(name.removeprefix("need:"), "")
            reasons.append(f"{need_step(need)} was run again since")
    return reasons


def orders(
    tutorial: Tutorial,
    scale: str,
    view: RunView,
    goals: list[str],
    *,
    edits: dict[str, dict[str, Any]] | None = None,
    roles: dict[str, str] | None = None,
    seeds: list[int] | None = None,
    again: bool = True,
    lend: Callable[[str], list[Order]] = lambda need: [],
) -> list[Order]:
    """The jobs for the goal steps and for what they need, in order, each seed's after the other's.

    `lend` gives the jobs that must come first for a need of another tutorial.
    A need that is missing, failed or stale runs first. With `again` a goal runs even if it is done.
    Without `seeds` each step runs at its own number of seeds. Raises Refusal for an unknown step.
    """
    known = {step.id: step for step in tutorial.steps}
    for goal in goals:
        if goal not in known:
            raise Refusal("STEP", f"{tutorial.id} has no step {goal!r}", ", ".join(known))
        if not known[goal].at(scale):
            raise Refusal("STEP", f"{goal} does not exist at the scale {scale}", ", ".join(known[goal].scales))
    wanted: dict[tuple[str, int], Order] = {}
    most = max([known[goal].seeds for goal in goals], default=1)
    for seed in seeds if seeds is not None else list(range(most)):
        plan = Plan(tutorial, scale, view, edits, roles, seed, every=seeds is not None)
        must: set[str] = set()

        def mark(id: str, plan: Plan = plan, must: set[str] = must, goal: bool = False) -> bool:
            """Put a step and what it needs into `must`; whether it has to run."""
            step = known[id]
            renewed = [mark(name) for need in step.needs.values() if (name := need_step(need)) in known]
            if any(renewed) or plan.states[id].state not in ("done", "running") or (goal and again):
                must.add(id)
            return id in must

        for goal in goals:
            if seeds is not None or seed < known[goal].seeds:
                mark(goal, goal=True)
        for step in plan.steps:
            if step.id not in must:
                continue
            for need in step.needs.values():
                for order in lend(need) if "/" in need_step(need) else []:
                    wanted.setdefault((order.step, order.seed), order)
            wanted.setdefault((step.id, plan.seed_of(step)), plan.order(step))
    return list(wanted.values())
