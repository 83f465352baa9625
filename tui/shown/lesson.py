"""What is shown of a tutorial: a pure function of catalogue, run, learner's records and what is selected.

Nothing here knows Textual or the disk; the screens ask these functions and draw the answers.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import countdown, duration, number, short_name, shown, size
from deepdive.engine.lessons.pages import directives
from deepdive.engine.lessons.roles import Role, roles_of
from deepdive.engine.lessons.tutorial import Page, Step, Tutorial
from deepdive.engine.results.evidence import Evidence, gather
from deepdive.engine.results.measured import Results, results
from deepdive.engine.runs.plan import Plan, StepState, need_step, settings_of
from deepdive.engine.runs.view import JobView, RunView

from .seeds import place_of, seed_of, time_left


class Sign(NamedTuple):
    """How a state is told: glyph, word and theme token; never by colour alone."""

    glyph: str
    word: str
    ink: str

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


SIGNS = {
    "never": Sign("○", "never run", "text-3"),
    "queued": Sign("◌", "queued", "accent"),
    "running": Sign("●", "running", "accent"),
    "done": Sign("✓", "done", "held"),
    "stale": Sign("≠", "stale", "stale"),
    "stopped": Sign("■", "stopped", "stale"),
    "cut": Sign("◪", "cut short", "stale"),
    "refused": Sign("✗", "refused", "failed"),
    "failed": Sign("✗", "failed", "failed"),
    "read": Sign("✓", "read", "held"),
    "unread": Sign("○", "", "text-3"),
    "unreadable": Sign("✗", "unreadable", "failed"),
    "empty": Sign("○", "nothing run", "text-3"),
}


@dataclass(frozen=True)
class OutlineLine:
    number: int
    title: str
    sign: Sign
    word: str
    current: bool


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

    # ---- header ---------------------------------------------------------------------------------------------------
    def status(self, narrow: bool = False) -> tuple[str, str]:
        """What goes on, for the header: text and theme token; empty when nothing does."""
        running = self.view.running
        if running is not None and self.stopping:
            return "● stopping", "stale"
        if running is not None:
            text = progress_text(running, narrow)
            if (place := place_of(self, running)) is not None:
                left = time_left(self, running, place)
                text = f"{place.at} of {place.total}" + ("" if narrow else " jobs")
                text += "" if left is None else f"  {countdown(left)}" + ("" if narrow else " left")
            return f"{SIGNS['running'].glyph} {text}", "accent"
        if self.queued:
            return ("◌ starting" if len(self.queued) == 1 else f"◌ {len(self.queued)} jobs waiting"), "accent"
        job = self.shown_job()
        if job is None:
            return "", "text-3"
        sign = SIGNS.get(job.outcome, SIGNS["done"])
        if job.outcome == "done" and not narrow:
            return f"{sign.glyph} done in {duration(job.seconds())}", sign.ink
        return str(sign), sign.ink

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
        return OutlineLine(page.number, page.title, sign, word, page.number == self.page)

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


# ---- words ----------------------------------------------------------------------------------------------------------


def progress_text(job: JobView, narrow: bool = False) -> str:
    """training 41 %  0:38 left; narrow: 41 %  0:38."""
    progress = job.progress
    if progress is None:
        return "running" if narrow else f"running {job.step.replace('_', ' ')}"
    if not progress.total:
        return visible(progress.what, False)
    share = f"{100 * progress.done / progress.total:.0f} %"
    left = job.seconds_left()
    if narrow:
        return share if left is None else f"{share}  {countdown(left)}"
    text = f"{visible(progress.what, False)} {share}"
    return text if left is None else f"{text}  {countdown(left)} left"


def state_text(lesson: Lesson, step: Step) -> tuple[str, str]:
    """What a step's card says: `● running, update 124 of 300`; text and theme token."""
    state = lesson.state_of(step)
    sign = SIGNS[state.state]
    job = lesson.job_of(step)
    if state.state == "running" and job is not None and job.progress is not None and job.progress.total:
        now, whole = job.progress.done, job.progress.total
        unit = visible(job.progress.unit.removesuffix("s") or job.progress.what, False)
        place = seed_of(lesson, job)
        seed = f", seed {place.at} of {place.total}" if place is not None else ""
        return f"{sign}, {unit} {now:,.0f} of {whole:,.0f}{seed}", sign.ink
    if state.state == "done" and job is not None:
        amount = ""
        if job.progress is not None and job.progress.unit and job.progress.total:
            amount = f"{job.progress.done:,.0f} {visible(job.progress.unit, False)} in "
        return (
            f"{sign}, {amount}{duration(job.seconds())}" if amount else f"{sign} in {duration(job.seconds())}",
            sign.ink,
        )
    if state.state == "stopped" and job is not None and job.progress is not None and job.progress.total:
        return f"{sign} at {job.progress.done:,.0f} of {job.progress.total:,.0f}; r goes on", sign.ink
    if not step.at(lesson.scale):
        return f"○ not at {lesson.scale} scale", "text-3"
    return str(sign), sign.ink


def needs_of(lesson: Lesson, step: Step) -> tuple[tuple[str, str], ...]:
    """The steps that a step needs: (name, state)."""
    states = lesson.state_of(step).needs
    needs = [(need_step(need).replace("_", " "), states.get(role, "never")) for role, need in step.needs.items()]
    return tuple(dict.fromkeys(needs))


def writes_of(step: Step) -> str:
    """What a step saves for later ones."""
    return ", ".join(dict.fromkeys(re.findall(r"lab\.save\(\s*[\"']([\w-]+)[\"']", step.function.source)))


def reason_of(lesson: Lesson, step: Step) -> str:
    """Why a step is stale, in one line; why it failed stands in the panel beside it."""
    state = lesson.state_of(step)
    if state.state not in ("stale", "cut"):
        return ""
    return "; ".join(state.reasons[:2])


def about_text(lesson: Lesson, step: Step) -> str:
    """How long it takes here and how much memory: measured where it was run, else the author's estimate."""
    done = lesson.view.latest(step.id)
    parts = []
    if done is not None:
        parts.append(f"{duration(done.seconds())} on this machine")
        if done.peak:
            parts.append(size(done.peak))
    elif (seconds := step.seconds.get(lesson.scale)) is not None:
        parts.append(f"{duration(seconds)} on 2 cores" if seconds >= 9.95 else f"{seconds:g} s on 2 cores")
    return ", ".join(parts)


def job_result(job: JobView) -> str:
    """A job's outcome in a few cells: val 3.9, failed."""
    if job.outcome in ("failed", "refused", "stopped", "cut"):
        return SIGNS[job.outcome].word
    curve = job.curves.get("validation")
    if curve is not None:
        losses = [value for value in curve.values.get("eval_loss", []) if value is not None]
        if losses:
            return f"val {losses[-1]:.2f}"
    return "running" if job.running else duration(job.seconds())
