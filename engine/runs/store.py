"""The runs folder. A run is one sitting with one tutorial at one scale: a folder that outlives its workers.

runs/ID/run.json        what was asked for, versions, machine, the worker's address
runs/ID/events.jsonl    the log          runs/ID/worker.log   what libraries printed
runs/ID/edits.json      the settings that the learner changed
runs/ID/artifacts/JOB/  what a job left  runs/ID/lock         held by the worker that serves the run
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import importlib.metadata
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
import psutil
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.folders import home as default_home
from deepdive.engine.runs import view as view_module
from deepdive.engine.runs.events import End, Job
from deepdive.engine.runs.log import Writer, replay

FORMAT = 1
FULL_OR_READ_ONLY = "Free some space, or set DEEPDIVE_HOME"
OUT_OF_MEMORY = (  # cause and action of a worker's death
    "out of memory: the kernel killed the worker",
    "Make the batch or the model smaller, close what else uses memory, and run the step again",
)
CRASHED = "the worker was killed or crashed without a word", "Run the step again; its last output is below"
LIBRARIES = ("torch", "transformers", "datasets", "peft", "trl", "bitsandbytes", "accelerate")


class Worker(msgspec.Struct, frozen=True):
    """A worker's address. The start time tells a process from a later one with the same pid."""

    pid: int
    started: float
    socket: str
    oom_kills: int = 0  # the kernel's count when the worker began: more of them explains a silent death

    def alive(self) -> bool:
        return process_started(self.pid) == self.started

    def starved(self) -> bool:
        """Whether the kernel has killed processes for want of memory since it began."""
        return oom_kills() > self.oom_kills


class Record(msgspec.Struct, kw_only=True):
    """run.json"""

    format: int = FORMAT
    id: str
    tutorial: str
    scale: str
    started: float
    versions: dict[str, str] = {}
    machine: str = ""
    roles: dict[str, str] = {}  # role: where the learner pointed it
    memory_limit: int | None = None  # bytes
    spend_cap: float | None = None  # US dollars
    worker: Worker | None = None


def repointed(roles: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """Where the learner has pointed roles, after some changes: "" sets a role's own place back."""
    return {role: place for role, place in {**roles, **changes}.items() if place}


def process_started(pid: int) -> float | None:
    """When the process began, in seconds since the epoch; None if there is none (or it is a zombie)."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since boot; 0 where it does not tell."""
    try:
        found = re.search(r"^oom_kill (\d+)", Path("/proc/vmstat").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` so that a reader sees the old or the new content. Raises Fault."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(part, "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise Fault(f"{path} can't be written: {error.strerror}", FULL_OR_READ_ONLY) from error


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
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield self.reload()
            self.write()
        finally:
            os.close(fd)

    # ---- the learner's settings -------------------------------------------------------------------------------
    def edits(self) -> dict[str, dict[str, Any]]:
        """The settings that the learner changed, by step."""
        try:
            edits: dict[str, dict[str, Any]] = json.loads((self.folder / "edits.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return edits

    def point(self, roles: dict[str, str]) -> None:
        """Point some roles elsewhere; "" sets a role's own place back. Raises Fault."""
        with self.changing() as record:
            record.roles = repointed(record.roles, roles)

    def edit(self, step: str, values: dict[str, Any]) -> None:
        """Replace the changed settings of a step; an empty dict sets all of its defaults back. Raises Fault."""
        edits = {**self.edits(), step: values}
        kept = {name: changed for name, changed in edits.items() if changed}
        write_atomically(self.folder / "edits.json", json.dumps(kept, indent=1).encode())

    # ---- its worker -------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def locked(self, patience: float = 0.0) -> Iterator[bool]:
        """Hold the run's lock if nobody else does, or lets go of it within `patience` seconds; yields whether it is
        held."""
        fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + patience
        try:
            while not (mine := _lock(fd)) and time.monotonic() < end:
                time.sleep(0.02)
            yield mine
        finally:
            os.close(fd)

    def worker(self) -> Worker | None:
        """The worker that serves this run, if it is alive."""
        worker = self.reload().worker
        return worker if worker is not None and worker.alive() else None

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
        events, _ = replay(self.log)
        view = view_module.of(events)
        jobs = list(view.jobs.values())
        last = jobs[-1] if jobs else None
        state = "empty"
        if last is not None:
            state = "running" if last.running else last.outcome
        record = self.record
        return RunInfo(
            record.id, record.tutorial, record.scale, state, record.started, len(jobs), last.step if last else ""
        )


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def last_lines(path: Path, lines: int = 12) -> str:
    """The end of a text file; empty if it can't be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4000))
            return "\n".join(file.read().decode(errors="replace").rstrip().split("\n")[-lines:])
    except OSError:
        return ""


def read_record(folder: Path) -> Record:
    path = folder / "run.json"
    try:
        data = path.read_bytes()
        table = msgspec.json.decode(data)
        format = table.get("format", 0) if isinstance(table, dict) else 0
        if isinstance(format, int) and format > FORMAT:
            raise Fault(
                f"run {folder.name} was made by a newer version (format {format}; this one reads up to {FORMAT})",
                "Update deepdive; nothing in the run was changed",
            )
        return msgspec.convert(table, Record)
    except FileNotFoundError:
        raise Fault(f"run {folder.name} has no run.json", f"Delete {folder} if it is not wanted") from None
    except msgspec.MsgspecError as error:
        raise Fault(f"{path} can't be read: {error}", f"Mend or delete {folder}") from error
    except OSError as error:
        raise Fault(f"{path} can't be read: {error.strerror}", "Look at its owner and mode") from error


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
        if not re.fullmatch(r"[\w.-]+", id) or not folder.is_dir():
            known = ", ".join(path.name for path in self._folders()[:8])
            raise Refusal("RUN", f"there is no run {id!r}", known or "none yet")
        return Run(folder, read_record(folder))

    def latest(self, tutorial: str, scale: str | None = None) -> Run | None:
        """The newest readable run of a tutorial."""
        for folder in self._folders():
            if folder.name.rpartition("-")[0] != tutorial:
                continue
            with contextlib.suppress(Fault):
                record = read_record(folder)
                if scale in (None, record.scale):
                    return Run(folder, record)
        return None

    def runs(self) -> list[RunInfo]:
        """Every run, newest first; an unreadable one says why."""
        infos = []
        for folder in self._folders():
            try:
                run = Run(folder, read_record(folder))
                run.settle()
                infos.append(run.info())
            except Fault as fault:
                tutorial, started = folder.name.rpartition("-")[0], folder.stat().st_mtime
                infos.append(RunInfo(folder.name, tutorial, "", "unreadable", started, 0, problem=fault.cause))
        return infos

    def delete(self, id: str) -> None:
        """Raises Refusal while a worker serves the run."""
        run = self.open(id)
        if run.worker() is not None:
            raise Refusal("RUN", f"a worker serves {id}", f"deepdive stop {id}")
        shutil.rmtree(run.folder)

    def _folders(self) -> list[Path]:
        """Newest first, by the time they were made."""
        folders = [path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return sorted(folders, key=_made, reverse=True)


def _made(folder: Path) -> tuple[float, int]:
    number = folder.name.rpartition("-")[2]
    try:
        started = json.loads((folder / "run.json").read_bytes())["started"]
        return float(started), int(number) if number.isdigit() else 0
    except (OSError, ValueError, KeyError, TypeError):
        return folder.stat().st_mtime, 0


def versions() -> dict[str, str]:
    """Of this program and the libraries that compute, without importing them."""
    found = {}
    for name in ("deepdive-llm", *LIBRARIES):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
