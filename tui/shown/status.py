"""What is said of a tutorial and its steps in a few words: the header's status, the lines of a step's card."""

from __future__ import annotations

import re

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import countdown, duration, size
from deepdive.engine.lessons.tutorial import Step
from deepdive.engine.runs.plan import need_step
from deepdive.engine.runs.view import JobView

from .lesson import Lesson
from .seeds import job_number, seed_number, time_left
from .signs import SIGNS


def status_text(lesson: Lesson, narrow: bool = False) -> tuple[str, str]:
    """What goes on, for the header: text and theme token; empty when nothing does."""
    running = lesson.view.running
    if running is not None and lesson.stopping:
        return "● stopping", "stale"
    if running is not None:
        text = progress_text(running, narrow)
        if (number := job_number(lesson, running)) is not None:
            left = time_left(lesson, running, number)
            text = f"{number.at} of {number.total}" + ("" if narrow else " jobs")
            text += "" if left is None else f"  {countdown(left)}" + ("" if narrow else " left")
        return f"{SIGNS['running'].glyph} {text}", "accent"
    if lesson.queued:
        return ("◌ starting" if len(lesson.queued) == 1 else f"◌ {len(lesson.queued)} jobs waiting"), "accent"
    job = lesson.shown_job()
    if job is None:
        return "", "text-3"
    sign = SIGNS.get(job.outcome, SIGNS["done"])
    if job.outcome == "done" and not narrow:
        return f"{sign.glyph} done in {duration(job.seconds())}", sign.ink
    return str(sign), sign.ink


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
        number = seed_number(lesson, job)
        seed = f", seed {number.at} of {number.total}" if number is not None else ""
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
