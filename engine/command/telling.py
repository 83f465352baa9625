"""Events as lines of text: what the command prints while a run goes on, and its tables."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from deepdive.engine.command.console import put, say
from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import dollars, duration, is_number, label, number, size
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.events import AnyEvent, End, Figure, Job, Note, Plot, Progress, Rows, Spend, Text
from deepdive.engine.runs.view import JobView, RunView

GLYPHS = {"done": "✓", "cut": "✂", "stopped": "■", "refused": "✗", "failed": "✗", "diverged": "✗", "": "●"}
LINE_SECONDS = 5.0  # between two progress lines where the output is no terminal


def spend_line(spend: Spend) -> str:
    """`judge   350 calls to gpt-5   42,000 tokens   $0.31 of about $0.42, cap $1.00`; the estimate alone before the
    first call, no dollars where prices are not known."""
    parts = [spend.role, spend.model]
    if spend.calls:
        parts[1:] = [f"{number(spend.calls)} calls to {parts[1]}", f"{number(spend.tokens)} tokens"]
    about = f"about {dollars(spend.estimate)}" if spend.estimate else ""
    spent = dollars(spend.cost) if spend.cost else ""
    if money := " of ".join(part for part in (spent, about) if part):
        parts.append(money + (f", cap {dollars(spend.cap)}" if spend.cap is not None else ""))
    return "   ".join(parts)


def step_line(job: JobView) -> str:
    took = duration(job.seconds()) if job.ended is not None else ""
    seed = f"  seed {job.seed}" if job.seed else ""
    return f"  {GLYPHS[job.outcome]} {job.id:5} {job.step:18} {job.outcome or 'running':8} {took:>7}{seed}"


def progress_line(job: JobView) -> str:
    """`pretrain  update 124 of 700  training 2.91  validation 4.02  0:38 left`"""
    parts = [job.step]
    if (now := job.progress) is not None:
        total = f" of {number(now.total)}" if now.total else ""
        done, of = (
            (size(now.done), f" of {size(now.total)}" if now.total else "")
            if now.unit == "bytes"
            else (number(now.done), total)
        )
        parts.append(f"{now.what} {done}{of}")
    for curve, metric in (("training", "loss"), ("validation", "eval_loss")):
        values = [v for v in (job.curves[curve].values.get(metric, []) if curve in job.curves else []) if v is not None]
        if values:
            parts.append(f"{curve} {values[-1]:.2f}" if abs(values[-1]) < 1e6 else f"{curve} {number(values[-1])}")
    parts += [f"{dollars(spend.cost)} spent" for spend in job.spend.values() if spend.cost]
    if (left := job.seconds_left()) is not None:
        parts.append(f"{duration(left)} left")
    return "   ".join(parts)


class Teller:
    """Prints a run as it goes: one line per job, a moving progress line where the output is a terminal."""

    def __init__(self, out: TextIO, expected: int = 0) -> None:
        self.out, self.expected, self.ended = out, expected, 0
        self.moving = out.isatty()
        self.width = 0
        self.told = time.monotonic()
        self.waiting = True
        self.last = ""

    def line(self, text: str) -> None:
        self.clear()
        say(text, self.out)

    def clear(self) -> None:
        if self.width:
            put("\r" + " " * self.width + "\r", self.out)
            self.width = 0

    def tell(self, event: AnyEvent, view: RunView) -> None:
        self.waiting = False
        job = view.jobs.get(event.job)
        if isinstance(event, End) and job is not None:
            self.ended += 1
            for spend in job.spend.values():
                if spend.calls:
                    self.line(f"    {spend_line(spend)}")
            self.line(step_line(job))
            if job.outcome == "done" and job.cause:
                self.line(f"    as it should: {job.cause}. {job.action}")
        elif isinstance(event, Note):
            self.line("    " + " ".join(part for part in (event.text, event.action) if part))
        elif isinstance(event, Spend) and event.estimate and not event.calls:  # the estimate, before anything is paid
            self.line(f"    {spend_line(event)}")
        elif isinstance(event, Job) and event.resumes:
            self.line(f"    {event.step} goes on from the checkpoint of {event.resumes}")

    def tick(self, view: RunView) -> None:
        """The progress line; on a terminal it moves, elsewhere it comes now and then."""
        job = view.running
        if job is None:
            text = "starting the worker (it imports torch and transformers)" if self.waiting else ""
        else:
            of = f" ({self.ended + 1} of {self.expected})" if self.expected > 1 else ""
            text = f"  ● {progress_line(job)}{of}"
        if not text:
            return
        if self.moving:
            text = visible(text, newlines=False)[: shutil.get_terminal_size().columns - 1]
            put("\r" + text + " " * max(0, self.width - len(text)), self.out)
            self.width = len(text)
        elif time.monotonic() - self.told > LINE_SECONDS and text != self.last:
            self.told, self.last = time.monotonic(), text
            self.line(text)

    def close(self) -> None:
        self.clear()


def settings_lines(tutorial: Tutorial, steps: Sequence[str] = ()) -> list[str]:
    """The settings of these steps (of all): value at each scale, what is allowed, what each does."""
    lines = []
    for step in tutorial.steps:
        if steps and step.id not in steps:
            continue
        lines += ["", f"{step.id}: {step.title}"]
        defaults = {scale: tutorial.defaults(step, scale) for scale in tutorial.scales if step.at(scale)}
        for setting in step.settings:
            values = {scale: setting.show(known[setting.name]) for scale, known in defaults.items()}
            same = len(set(values.values())) == 1
            told = next(iter(values.values()), "") if same else ", ".join(f"{v} ({s})" for s, v in values.items())
            lines.append(f"  {setting.name}={told}   {setting.allowed or setting.kind}")
            if setting.help:
                lines.append(f"      {setting.help}")
    return lines


def results_table(results: Any) -> list[str]:
    """Measured beside the book's, then the claims."""
    lines = []
    rows = [
        (
            f"{row.step}  {label(row.name, row.case)}",
            number(row.measured)
            + (f" ± {number((row.high - row.low) / 2)}" if row.low is not None and row.high is not None else ""),
            number(row.book) if row.book is not None else "",
            row.unit,
        )
        for row in results.results
    ]
    if rows:
        name, measured, book = (min(limit, max(len(r[i]) for r in rows)) for i, limit in ((0, 56), (1, 40), (2, 40)))
        lines.append(f"{'Results':{name}}  {'measured':>{max(measured, 8)}}  {'book':>{max(book, 4)}}")
        lines += [f"{r[0]:{name}}  {r[1]:>{max(measured, 8)}}  {r[2]:>{max(book, 4)}}  {r[3]}".rstrip() for r in rows]
    lines += [f"  {note}" for note in dict.fromkeys(row.note for row in results.results if row.note)]
    if results.claims:
        lines += ["", "Lessons"]
    for claim in results.claims:
        glyph, word = {True: ("✓", "held"), False: ("✗", "not held"), None: ("○", "not yet measured")}[claim.held]
        lines.append(f"{glyph} {word:16} {claim.text}")
        if claim.evidence:
            lines.append(f"  {'':16} {claim.evidence}")
    return lines


def answer_lines(events: Iterable[AnyEvent]) -> list[str]:
    """A probe's answer as text."""
    lines = []
    for event in events:
        if isinstance(event, Text):
            lines.append("".join(piece.text for piece in event.pieces))
        elif isinstance(event, Figure):
            lines.append(f"{label(event.name, event.case)}: {number(event.value)} {event.unit}".rstrip())
        elif isinstance(event, Plot) and event.kind == "bars":
            lines += bar_lines(event.data)
        elif isinstance(event, Rows):
            lines += ["  ".join(f"{key} {number(cell)}" for key, cell in row.items()) for row in event.rows]
        elif isinstance(event, Note):
            lines.append(event.text)
        elif isinstance(event, Progress):
            continue
    return lines


def bar_lines(data: dict[str, Any], width: int = 40) -> list[str]:
    """Bars of a plot: label, bar, value."""
    values = {visible(str(name), newlines=False): value if is_number(value) else 0.0 for name, value in data.items()}
    longest, most = max(map(len, values), default=0), max(values.values(), default=0) or 1.0
    return [
        f"  {name:>{longest}} {'█' * round(width * value / most):{width}} {number(value)}"
        for name, value in values.items()
    ]
