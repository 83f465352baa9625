"""The runs folder. A run is one sitting with one tutorial at one scale: a folder that outlives its workers.

runs/ID/run.json        what was asked for, versions, machine, the worker's address
runs/ID/events.jsonl    the log          runs/ID/worker.log   what libraries printed
runs/ID/edits.json      the settings that the learner changed
runs/ID/artifacts/JOB/  what a job left  runs/ID/lock         held by the worker that serves the run
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.files import FULL_OR_READ_ONLY, last_lines, lock, read_whole, write_atomically
from deepdive.engine.common.folders import home as default_home
from deepdive.engine.runs.events import End, Job
from deepdive.engine.runs.log import Writer, replay
from deepdive.engine.runs.record import Record, Worker, read_record, repointed, versions
from deepdive.engine.runs.view import RunView, of

EDITS_BYTES = 1_000_000
OUT_OF_MEMORY = (  # cause and action of a worker's death
    "out of memory: the kernel killed the worker",
    "Make the batch or the model smaller, close what else uses memory, and run the step again",
)
CRASHED = "the worker was killed or crashed without a word", "Run the step again; its last output is below"


@dataclass(frozen=True)
class RunInfo:
    """A line of the list of runs; `problem` says why it can't be opened."""

    id: str
    tutorial: str
    scale: str
    state: str  # running, done, failed, stopped, empty, unreadable
    started: float
    jobs: int
    last_step: str = ""
    problem: str = ""


class Run:
    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self.record = record

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def log(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def worker_log(self) -> Path:
        return self.folder / "worker.log"

    def artifacts(self, job: str) -> Path:
        return self.folder / "artifacts" / job

    def reload(self) -> Record:
        self.record = read_record(self.folder)
        return self.record

    def write(self) -> None:
        write_atomically(self.folder / "run.json", msgspec.json.format(msgspec.json.encode(self.record), indent=2))

    @contextlib.contextmanager
    def changing(self) -> Iterator[Record]:
        """run.json as it is now, to be changed and then written; whoever else changes it waits. Raises Fault."""
        fd = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            lock(fd, wait=True)
            yield self.reload()
            self.write()
        finally:
            os.close(fd)

    def view(self) -> RunView:
        """What the run looks like now."""
        return of(replay(self.log)[0])

    # ---- the learner's settings -------------------------------------------------------------------------------
    def edits(self) -> dict[str, dict[str, Any]]:
        """The settings that the learner changed, by step. Raises Fault."""
        path = self.folder / "edits.json"
        try:
            return msgspec.json.decode(read_whole(path, EDITS_BYTES), type=dict[str, dict[str, Any]])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Fault(f"{path} can't be read: {error.strerror}", "Look at its kind, owner and mode") from error
        except (ValueError, RecursionError) as error:
            raise Fault(f"{path} can't be read: {error}", "Mend it, or delete it for the defaults") from error

    def point(self, roles: dict[str, str]) -> None:
        """Point some roles elsewhere; "" sets a role's own place back. Raises Fault."""
        with self.changing() as record:
            record.roles = repointed(record.roles, roles)

    def edit(self, step: str, values: dict[str, Any]) -> None:
        """Replace the changed settings of a step; an empty dict sets all of its defaults back. Raises Fault."""
        with self.changing():
            edits = {**self.edits(), step: values}
            kept = {name: changed for name, changed in edits.items() if changed}
            write_atomically(self.folder / "edits.json", json.dumps(kept, indent=1).encode())

    # ---- its worker -------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def locked(self, patience: float = 0.0) -> Iterator[bool]:
        """Hold the run's lock if nobody else does, or lets go of it within `patience` seconds; yields whether it is
        held. Raises Fault where there can be no lock."""
        path = self.folder / "lock"
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        except OSError as error:
            raise Fault(f"{path} can't be opened: {error.strerror}", "Look at its kind, owner and mode") from error
        end = time.monotonic() + patience
        try:
            while not (mine := lock(fd)) and time.monotonic() < end:
                time.sleep(0.02)
            yield mine
        finally:
            os.close(fd)

    def worker(self) -> Worker | None:
        """The worker that serves this run: it holds the run's lock, or is about to take it."""
        worker = self.reload().worker
        if worker is None or worker.alive():
            return worker
        with self.locked() as mine:
            return None if mine else worker

    def settle(self) -> list[End]:
        """Close the jobs that a dead worker left open; returns what was added to the log.

        Nothing is written while a worker holds the run's lock.
        """
        if self.worker() is not None:
            return []
        with self.locked() as mine:
            if not mine:
                return []
            events, _ = replay(self.log)
            open_jobs = {event.job: event for event in events if isinstance(event, Job)}
            for event in events:
                if isinstance(event, End):
                    open_jobs.pop(event.job, None)
            if not open_jobs:
                return []
            starved = self.record.worker is not None and self.record.worker.starved()
            cause, action = OUT_OF_MEMORY if starved else CRASHED
            detail = last_lines(self.worker_log)
            ends = [
                End(t=time.time(), job=job, outcome="failed", cause=cause, action=action, detail=detail)
                for job in open_jobs
            ]
            writer = Writer(self.log)
            for end in ends:
                writer.append(end)
            writer.close()
            return ends

    def info(self) -> RunInfo:
        jobs = list(self.view().jobs.values())
        last = jobs[-1] if jobs else None
        state = "empty"
        if last is not None:
            state = "running" if last.running else last.outcome
        record = self.record
        return RunInfo(
            record.id, record.tutorial, record.scale, state, record.started, len(jobs), last.step if last else ""
        )


class Store:
    def __init__(self, home: Path | None = None) -> None:
        self.home = home or default_home()
        self.folder = self.home / "runs"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Fault(f"{self.folder} can't be made: {error.strerror}", "Set DEEPDIVE_HOME") from error

    def create(self, tutorial: str, scale: str, machine: str = "", **options: Any) -> Run:
        """A new, empty run. Raises Fault where nothing can be written."""
        taken = [int(m.group(1)) for p in self.folder.iterdir() if (m := re.fullmatch(rf"{tutorial}-(\d+)", p.name))]
        number = max(taken, default=0) + 1
        try:
            making = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            (making / "artifacts").mkdir(mode=0o700)
        except OSError as error:
            raise Fault(f"no run can be made in {self.folder}: {error.strerror}", FULL_OR_READ_ONLY) from error
        record = Record(
            id="",
            tutorial=tutorial,
            scale=scale,
            started=time.time(),
            versions=versions(),
            machine=machine,
            **options,
        )
        while True:  # the folder gets its name when it is complete: no reader sees half a run
            record.id = f"{tutorial}-{number}"
            run = Run(making, record)
            try:
                run.write()
                making.rename(self.folder / record.id)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    shutil.rmtree(making, ignore_errors=True)
                    raise Fault(f"{record.id} can't be made: {error.strerror}", FULL_OR_READ_ONLY) from error
                number += 1
                continue
            except Fault:
                shutil.rmtree(making, ignore_errors=True)
                raise
            return Run(self.folder / record.id, record)

    def open(self, id: str) -> Run:
        """Raises Refusal for an unknown id and Fault for a run that can't be read."""
        if id == "last":
            runs = self._folders()
            if not runs:
                raise Refusal("RUN", "there is no run yet", "deepdive run TUTORIAL starts one")
            return Run(runs[0], read_record(runs[0]))
        folder = self.folder / id
        if not re.fullmatch(r"[\w-][\w.-]*", id) or not folder.is_dir():
            known = ", ".join(path.name for path in self._folders()[:8])
            raise Refusal("RUN", f"there is no run {id!r}", known or "none yet")
        return Run(folder, read_record(folder))

    def of(self, tutorial: str, scale: str | None = None) -> Iterator[Run]:
        """The readable runs of a tutorial, newest first."""
        for folder in self._folders():
            if folder.name.rpartition("-")[0] != tutorial:
                continue
            with contextlib.suppress(Fault):
                record = read_record(folder)
                if scale in (None, record.scale):
                    yield Run(folder, record)

    def latest(self, tutorial: str, scale: str | None = None) -> Run | None:
        """The newest readable run of a tutorial."""
        return next(self.of(tutorial, scale), None)

    def runs(self) -> list[RunInfo]:
        """Every run, newest first; an unreadable one says why."""
        infos = []
        for folder in self._folders():
            try:
                run = Run(folder, read_record(folder))
                run.settle()
                infos.append(run.info())
            except Exception as error:  # noqa: BLE001 - what nobody thought of in one run hides no other
                why = error.cause if isinstance(error, Fault) else f"can't be read: {type(error).__name__}: {error}"
                tutorial, started = folder.name.rpartition("-")[0], _changed(folder)
                infos.append(RunInfo(folder.name, tutorial, "", "unreadable", started, 0, problem=why))
        return infos

    def delete(self, id: str) -> None:
        """Raises Refusal while a worker serves the run, Fault where it can't be removed."""
        folder = self.folder / id
        try:
            served = self.open(id).worker() is not None
        except Refusal:
            raise
        except Fault:  # what can't be read can be deleted
            served = False
        if served:
            raise Refusal("RUN", f"{id} is being computed", f"deepdive stop {id}, then delete it")
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise Fault(f"{folder} can't be removed: {error.strerror}", "Look at its owner and mode") from error

    def _folders(self) -> list[Path]:
        """Newest first, by the time they were made."""
        folders = [path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return sorted(folders, key=_made, reverse=True)


def _made(folder: Path) -> tuple[float, int]:
    number = folder.name.rpartition("-")[2]
    with contextlib.suppress(Fault):
        return read_record(folder).started, int(number) if re.fullmatch("[0-9]{1,9}", number) else 0
    return _changed(folder), 0


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # removed a moment ago
        return 0.0
