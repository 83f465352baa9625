"""What is shown of a tutorial: a pure function of catalogue, run, learner's records and what is selected.

Nothing here knows Textual or the disk; the screens ask these functions and draw the answers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import duration, number, short_name, shown
from deepdive.engine.lessons.pages import directives
from deepdive.engine.lessons.roles import Role, roles_of
from deepdive.engine.lessons.tutorial import Page, Step, Tutorial
from deepdive.engine.results.evidence import Evidence, gather
from deepdive.engine.results.measured import Results, results
from deepdive.engine.runs.events import FAULTS
from deepdive.engine.runs.plan import Plan, StepState, settings_of
from deepdive.engine.runs.view import JobView, RunView

from .signs import SIGNS, Sign


@dataclass(frozen=True)
class OutlineLine:
    number: int
    title: str
    sign: Sign
    word: str
    current: bool
    sensitive: bool = False  # its step shows what is announced first


@dataclass(frozen=True)
class RunOfStep:
    """An earlier or the present job of a step, told by what sets it apart."""

    job: str
    at: str
    what: str
    result: str
    shown: bool


@dataclass
class Lesson:
    """An open tutorial. `plan` is made anew when run, settings or source change; the rest is looked up in it."""

    tutorial: Tutorial
    scale: str
    view: RunView = field(default_factory=RunView)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    stopping: bool = False  # the running job was told to stop
    queued: tuple[tuple[str, int], ...] = ()  # (step, seed) handed to the worker and not begun
    asked: int = 0  # jobs asked for together, of which `queued` are left and one may run
    read: frozenset[int] = frozenset()  # numbers of the pages read
    passed: frozenset[str] = frozenset()  # exercises
    page: int = 1
    x: float | None = None  # where the cursor stands on the curve
    job: str | None = None  # an older job that the learner looks at
    folder: Path | None = None  # the run's
    _plan: tuple[object, dict[str, StepState]] | None = None
    _found: tuple[object, Evidence, Results] | None = None

    # ---- pages and steps ------------------------------------------------------------------------------------------
    @property
    def here(self) -> Page:
        return self.tutorial.pages[self.page - 1]

    @property
    def step(self) -> Step | None:
        """The step of this page."""
        return self.tutorial.step(self.here.steps[0]) if self.here.steps else None

    @property
    def states(self) -> dict[str, StepState]:
        """The state of every step; made anew only after something changed."""
        jobs = tuple((job.id, job.outcome) for job in self.view.jobs.values())
        key = (jobs, repr(self.edits), repr(self.roles), self.scale, self.queued, id(self.tutorial))
        if self._plan is None or self._plan[0] != key:
            self._plan = (key, self._states())
        return self._plan[1]

    def _states(self) -> dict[str, StepState]:
        try:
            states = Plan(self.tutorial, self.scale, self.view, self.edits, self.roles).states
        except Refusal:  # an edit of a setting that a newer tutorial no longer has
            states = Plan(self.tutorial, self.scale, self.view, {}, self.roles).states
        running = self.view.running
        if running is not None and running.step in states:  # whichever of its seeds it is
            was = states[running.step]
            states[running.step] = StepState("running", job=running.id, needs=was.needs)
        waiting = {step for step, _ in self.queued}
        return {
            id: StepState("queued", state.reasons, state.job, state.needs)
            if id in waiting and state.state != "running"
            else state
            for id, state in states.items()
        }

    def saved(self, step: str) -> list[str]:
        """Where the models lie that the latest finished job of a step has saved."""
        job = self.view.latest(step)
        if job is None or self.folder is None:
            return []
        return [f"{file.name} lies in {self.folder / file.path}" for file in job.files if file.kind == "model"]

    def state_of(self, step: Step) -> StepState:
        return self.states.get(step.id, StepState("never"))

    def settings(self, step: Step) -> dict[str, Any]:
        """What a run of the step would take now."""
        try:
            return settings_of(self.tutorial, step, self.scale, self.edits)
        except Refusal:
            return self.tutorial.defaults(step, self.scale)

    def roles_of(self, step: Step) -> tuple[Role, ...]:
        """The roles that the step asks for; where each is stands in `roles`, if it is elsewhere."""
        return roles_of(self.tutorial, self.scale, step)

    @property
    def stale(self) -> list[Step]:
        return [step for step in self.tutorial.steps if self.states.get(step.id, StepState("")).state == "stale"]

    @property
    def evidence(self) -> Evidence:
        """What finished jobs have measured."""
        return self._measured()[0]

    @property
    def results(self) -> Results:
        """Measured beside the book's; gathered anew only when a job has ended."""
        return self._measured()[1]

    def _measured(self) -> tuple[Evidence, Results]:
        ended = tuple((job.id, job.outcome) for job in self.view.jobs.values() if job.outcome)
        key = (ended, self.scale, id(self.tutorial), id(self.view))
        if self._found is None or self._found[0] != key:
            evidence = gather(self.tutorial, self.view)
            self._found = (key, evidence, results(self.tutorial, self.scale, self.view))
        return self._found[1:]

    def figure_texts(self) -> dict[str, str]:
        """The value of every figure that this page names, as the text shows it."""
        step = self.step.id if self.step is not None else ""
        texts = {}
        for kind, name, _ in directives(self.here.text):
            value = self.results.on_page(name, self.evidence, step) if kind == "figure" else None
            if value is not None:
                texts[name] = number(value)
        return texts

    def verdicts(self) -> dict[str, bool | None]:
        """Whether each claim of the lesson held, by its text."""
        return {held.text: held.held for held in self.results.claims}

    # ---- the job in front -----------------------------------------------------------------------------------------
    def shown_job(self) -> JobView | None:
        """The job that the panels show: of this page's step, else what runs, else of the last page before."""
        if self.job is not None and self.job in self.view.jobs:
            return self.view.jobs[self.job]
        if self.step is not None:
            return self.job_of(self.step)
        if (running := self.view.running) is not None:
            return running
        for page in reversed(self.tutorial.pages[: self.page - 1]):
            for id in page.steps:
                if (job := self.view.latest(id, done=False)) is not None:
                    return job
        return None

    def job_of(self, step: Step) -> JobView | None:
        return self.view.latest(step.id, done=False)

    def before(self, job: JobView) -> JobView | None:
        """The finished job of the same step and seed before this one: what its curves are compared with."""
        earlier = [j for j in self.view.of_step(job.step) if j.seed == job.seed and j.counts and j.began < job.began]
        return earlier[-1] if earlier else None

    # ---- outline --------------------------------------------------------------------------------------------------
    def outline(self) -> list[OutlineLine]:
        return [self._outline_line(page) for page in self.tutorial.pages]

    def _outline_line(self, page: Page) -> OutlineLine:
        sign, word = SIGNS["unread"], ""
        if page.steps:
            sign = SIGNS[self.states.get(page.steps[0], StepState("never")).state]
            word = sign.word
            if page.steps[0] not in self.states:
                word = "other scale"
        elif page.exercises:
            done = len(self.passed.intersection(page.exercises))
            word = f"{done} of {len(page.exercises)}"
            sign = SIGNS["done"] if done == len(page.exercises) else SIGNS["unread"]
        elif page.number in self.read:
            sign, word = SIGNS["read"], "read"
        sensitive = any(self.tutorial.step(step).announcement for step in page.steps)
        return OutlineLine(page.number, page.title, sign, word, page.number == self.page, sensitive)

    def stale_lines(self) -> list[str]:
        """What is stale and why: "5 was run with temperature 1.0; it is 0.7 now"."""
        lines = []
        for step in self.stale:
            number = next((str(page.number) for page in self.tutorial.pages if step.id in page.steps), step.title)
            lines += [f"{number} {reason.removeprefix('it ')}." for reason in self.states[step.id].reasons[:2]]
        return lines

    def runs_of_step(self, limit: int = 8) -> list[RunOfStep]:
        """This step's jobs, newest first."""
        if self.step is None:
            return []
        jobs = self.view.of_step(self.step.id)
        defaults = self.tutorial.defaults(self.step, self.scale)
        front = self.shown_job()
        lines = []
        for job in reversed(jobs):
            changed = [f"{short_name(k)} {shown(v)}" for k, v in job.settings.items() if defaults.get(k) != v]
            what = ", ".join(changed) or "defaults"
            if job.seed:
                what += f", seed {job.seed}"
            at = time.strftime("%H:%M", time.localtime(job.began))
            lines.append(RunOfStep(job.id, at, visible(what, False), job_result(job), job is front))
        return lines[:limit]


def job_result(job: JobView) -> str:
    """A job's outcome in a few cells: val 3.9, failed."""
    if job.outcome in (*FAULTS, "stopped", "cut"):
        return SIGNS[job.outcome].word
    curve = job.curves.get("validation")
    if curve is not None:
        losses = [value for value in curve.values.get("eval_loss", []) if value is not None]
        if losses:
            return f"val {losses[-1]:.2f}"
    return "running" if job.running else duration(job.seconds())
