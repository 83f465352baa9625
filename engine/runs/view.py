"""What a run looks like: a pure fold from its events. Screens, results and plans all start from here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from deepdive.engine.common.words import is_number
from deepdive.engine.runs.events import (
    AnyEvent,
    Beat,
    End,
    Figure,
    File,
    Job,
    Memory,
    Note,
    Number,
    Piece,
    Plot,
    Point,
    Progress,
    Rows,
    Spend,
    Text,
)

MEMORY_KEPT = 4000


@dataclass
class Curve:
    """Points of one curve in order of x; `values` holds one list per metric, None where it was not told."""

    x: list[float] = field(default_factory=list)
    values: dict[str, list[Number]] = field(default_factory=dict)

    def add(self, x: float, values: dict[str, Number]) -> None:
        """Put a point in its place; what is told at the same x is one point, what is no number is a gap."""
        at = bisect_left(self.x, x)
        if at == len(self.x) or self.x[at] != x:
            self.x.insert(at, x)
            for series in self.values.values():
                series.insert(at, None)
        for name, told in values.items():
            value = told if is_number(told) else None
            if name not in self.values:
                self.values[name] = [None] * len(self.x)
            self.values[name][at] = value

    def series(self, metric: str) -> list[tuple[float, Number]]:
        return list(zip(self.x, self.values.get(metric, []), strict=False))

    def before(self, x: float, itself: bool = True) -> Curve:
        """The part with x' <= x, or without x itself."""
        end = bisect_right(self.x, x) if itself else bisect_left(self.x, x)
        return Curve(self.x[:end], {name: series[:end] for name, series in self.values.items()})


@dataclass
class JobView:
    """One execution of one step. `outcome` is "" while it runs (or while nobody has closed it)."""

    id: str
    step: str
    seed: int
    settings: dict[str, Any]
    inputs: dict[str, str]
    digest: str
    began: float
    resumes: str | None = None
    ended: float | None = None
    outcome: str = ""
    cause: str = ""
    action: str = ""
    detail: str = ""
    progress: Progress | None = None
    began_progress: tuple[float, float] = (0.0, 0.0)  # time and amount at which the present progress began
    curves: dict[str, Curve] = field(default_factory=dict)
    inherited: set[str] = field(default_factory=set)  # curves of the job resumed that this one has not gone on with
    figures: dict[tuple[str, tuple[tuple[str, Any], ...]], Figure] = field(default_factory=dict)
    streams: dict[str, list[Piece]] = field(default_factory=dict)  # text without x
    samples: dict[str, dict[float, list[Piece]]] = field(default_factory=dict)  # stream: {x: pieces}
    rows: dict[str, Rows] = field(default_factory=dict)
    plots: dict[str, Plot] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    spend: dict[str, Spend] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    order: list[tuple[str, str]] = field(default_factory=list)  # ("rows", name) ... as first told
    last: float = 0.0  # time of the last event

    @property
    def running(self) -> bool:
        return not self.outcome

    @property
    def counts(self) -> bool:
        """Whether its results count: a cut job's do not."""
        return self.outcome == "done"

    @property
    def peak(self) -> int:
        """Bytes."""
        return max((memory.peak for memory in self.memory), default=0)

    def seconds(self, now: float | None = None) -> float:
        """How long it took, or has taken so far."""
        end = self.ended if self.ended is not None else (now if now is not None else self.last or self.began)
        return max(0.0, end - self.began)

    def seconds_left(self) -> float | None:
        """An estimate from the pace since this progress began; None while nothing is known."""
        now = self.progress
        if now is None or not now.total:
            return None
        since, start = self.began_progress
        if now.done <= start or now.t <= since:
            return None
        return max(0.0, (now.total - now.done) * (now.t - since) / (now.done - start))


@dataclass
class RunView:
    """The fold itself: feed it events with `add`."""

    jobs: dict[str, JobView] = field(default_factory=dict)
    beat: float = 0.0  # time of the worker's last sign of life
    phase: str = ""
    version: int = 0  # counts the events taken in: a cheap way to see that something changed

    def add(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            self.version += 1
            self.beat = max(self.beat, event.t)
            if isinstance(event, Job):
                self._begin(event)
            elif isinstance(event, Beat):
                self.phase = event.phase
            elif (job := self.jobs.get(event.job)) is not None:
                job.last = event.t
                _apply(job, event)

    def _begin(self, event: Job) -> None:
        job = JobView(
            event.job, event.step, event.seed, event.settings, event.inputs, event.digest, event.t, event.resumes
        )
        if event.resumes and (before := self.jobs.get(event.resumes)) is not None:
            # a resumed training goes on with the curve, samples and memory of the job that was stopped
            job.curves = {
                name: Curve(list(c.x), {k: list(v) for k, v in c.values.items()}) for name, c in before.curves.items()
            }
            job.inherited = set(job.curves)
            job.samples = {name: dict(samples) for name, samples in before.samples.items()}
            job.memory = list(before.memory)
            job.order = list(before.order)
        self.jobs[event.job] = job

    @property
    def running(self) -> JobView | None:
        return next((job for job in reversed(self.jobs.values()) if job.running), None)

    def of_step(self, step: str) -> list[JobView]:
        """All jobs of a step, oldest first."""
        return [job for job in self.jobs.values() if job.step == step]

    def latest(self, step: str, seed: int | None = None, done: bool = True) -> JobView | None:
        """The latest job of a step (and seed); with `done` the latest that finished well."""
        for job in reversed(self.jobs.values()):
            if job.step == step and (seed is None or job.seed == seed) and (job.counts or not done):
                return job
        return None


def _apply(job: JobView, event: AnyEvent) -> None:
    if isinstance(event, Point):
        curve = job.curves.setdefault(event.curve, Curve())
        _note_order(job, "curve", event.curve)
        if event.curve in job.inherited:  # a resume goes over the last updates again
            job.inherited.remove(event.curve)
            job.curves[event.curve] = curve = curve.before(event.x, itself=False)
        curve.add(event.x, event.values)
    elif isinstance(event, Text):
        _note_order(job, "text", event.stream)
        if event.x is None:
            job.streams.setdefault(event.stream, []).extend(event.pieces)
        else:
            job.samples.setdefault(event.stream, {})[event.x] = list(event.pieces)
    elif isinstance(event, Figure):
        job.figures[event.name, tuple(sorted(event.case.items()))] = event
    elif isinstance(event, Rows):
        _note_order(job, "rows", event.name)
        job.rows[event.name] = _merged(job.rows.get(event.name), event)
    elif isinstance(event, Plot):
        _note_order(job, "plot", event.name)
        job.plots[event.name] = event
    elif isinstance(event, Memory):
        job.memory.append(event)
        if len(job.memory) > MEMORY_KEPT:
            job.memory = job.memory[::2]
    elif isinstance(event, Progress):
        if job.progress is None or job.progress.what != event.what or event.done < job.progress.done:
            job.began_progress = (event.t, event.done)
        job.progress = event
    elif isinstance(event, File):
        job.files.append(event)
    elif isinstance(event, Spend):
        job.spend[event.role] = event
    elif isinstance(event, Note):
        job.notes.append(event)
    elif isinstance(event, End):
        job.ended, job.outcome = event.t, event.outcome
        job.cause, job.action, job.detail = event.cause, event.action, event.detail


def _note_order(job: JobView, kind: str, name: str) -> None:
    if (kind, name) not in job.order:
        job.order.append((kind, name))


def _merged(old: Rows | None, new: Rows) -> Rows:
    """Without a key rows are appended (a file of rows replaces all); with one they replace those of the same key."""
    if new.key is None:
        rows = new.rows if old is None or new.path else old.rows + new.rows
    else:
        before = old.rows if old else []
        kept = {_key(row, new.key, number): row for number, row in enumerate([*before, *new.rows])}
        rows = list(kept.values())
    return Rows(t=new.t, job=new.job, name=new.name, key=new.key, view=new.view, rows=rows, path=new.path)


def _key(row: dict[str, Any], column: str, number: int) -> object:
    """What a row is known by: its cell (as text: a cell may be spans or bars), else only itself."""
    return repr(row[column]) if column in row else number


def of(events: Iterable[AnyEvent]) -> RunView:
    view = RunView()
    view.add(events)
    return view
