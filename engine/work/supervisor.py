"""Starts, finds, attaches to and stops workers. Everything here blocks: an interface calls it in threads."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from deepdive.engine.common import child
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import last_lines
from deepdive.engine.machine import hardware
from deepdive.engine.runs.events import AnyEvent, build
from deepdive.engine.runs.record import Worker, process_started
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.work import protocol

SPAWN_SECONDS = 20.0  # until a new worker listens; the libraries are imported after that
DYING_SECONDS = 2.0  # a dead worker's threads may hold its lock a little longer
FIRM_SECONDS = 3.0  # between SIGTERM and SIGKILL
LOOK_FOR_IT = "`deepdive doctor` looks for the reason"


def warm(store: Store) -> None:
    """See to it that an idle worker of this home is there, with everything imported."""
    if _idle(store) is None:
        _spawn(store)


def stop(run: Run, firm: bool = False) -> None:
    """Polite: the queue is dropped, the batch is finished, work is saved. Firm: SIGTERM, then SIGKILL."""
    worker = run.worker()
    if worker is None:
        run.settle()
        return
    if not firm:
        with contextlib.suppress(TimeoutError):
            _ask_to_stop(worker)
        return
    if (pid := _pid(worker)) is None:
        who = f"`fuser {run.folder / 'lock'}` tells which"
        raise Fault(f"{run.id} is held by a process that does not answer", who)
    for number, seconds in ((signal.SIGTERM, FIRM_SECONDS), (signal.SIGKILL, FIRM_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)
        end = time.monotonic() + seconds
        while process_started(pid) is not None and time.monotonic() < end:
            time.sleep(0.02)
    run.settle()


def _ask_to_stop(worker: Worker) -> None:
    """A worker that becomes a new process for a `fresh` step hangs up: the new one is asked again."""
    end = time.monotonic() + SPAWN_SECONDS
    while worker.alive() and time.monotonic() < end:
        with contextlib.suppress(ConnectionError):
            protocol.call(worker.socket, do="stop")
            return
        time.sleep(0.05)


def finish(run: Run) -> None:
    """End the present loop and carry on with the step; its outcome is `cut`."""
    if (worker := run.worker()) is not None:
        with contextlib.suppress(ConnectionError):
            protocol.call(worker.socket, do="finish")


def busy(run: Run) -> bool:
    """Whether a worker has jobs of this run, running or queued, or events of it that are not on disk yet."""
    return status(run)[0]


def status(run: Run) -> tuple[bool, str]:
    """Whether it is busy, and what keeps its log from being written (a full disk), if anything does."""
    worker = run.worker()
    if worker is None:
        return False, ""
    try:
        reply = protocol.call(worker.socket, do="hello")
    except (OSError, ValueError):
        return True, ""  # it lives, or somebody holds the run's lock
    return reply["folder"] == str(run.folder) and not reply["idle"], reply["trouble"]


def delete(store: Store, id: str) -> None:
    """A run with all its files; its worker, if it has nothing to do, lets go of it first. Raises Refusal, Fault."""
    with contextlib.suppress(Fault, OSError, ValueError):
        run = store.open(id)
        if (worker := run.worker()) is not None and not busy(run):
            protocol.call(worker.socket, do="release", run=str(run.folder))
    store.delete(id)


def ask(
    store: Store,
    run: Run,
    probe: str,
    settings: dict[str, Any],
    on_wait: Callable[[str], None] | None = None,
) -> list[AnyEvent]:
    """A probe's answer, from the model that trains or from the last one. Raises Fault with the reason."""
    events = []
    with reached(store, run) as address:
        for reply in protocol.request(address, None, do="ask", run=str(run.folder), probe=probe, settings=settings):
            if "wait" in reply and on_wait is not None:
                on_wait(reply["wait"])
            if "event" in reply:
                fields = dict(reply["event"])
                events.append(build(fields.pop("type"), fields))
    return events


# ---- finding and starting ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def reached(store: Store, run: Run) -> Iterator[Path]:
    """The address of the worker to talk to about `run`; what goes wrong with it becomes a Fault."""
    worker = run.worker()
    if worker is not None and not worker.alive() and _pid(worker) is None:
        with run.locked(DYING_SECONDS) as free:  # killed a moment ago: its threads hold the lock until they are gone
            worker = None if free else worker
    address = Path(worker.socket) if worker is not None else _idle(store) or _spawn(store)
    try:
        yield address
    except ConnectionError as error:
        detail = last_lines(run.worker_log) if worker is not None else last_lines(protocol.output_of(address))
        raise Fault("the worker went away before it had answered", "Try again; a new one is started", detail) from error
    except TimeoutError as error:
        raise Fault("the worker does not answer", "Stop it firmly, then run the step again") from error


def _idle(store: Store) -> Path | None:
    """The socket of a worker that has nothing to do. Idle ones of another version or environment are sent home."""
    ours, others = protocol.sockets(store.home)
    for path in others:
        if _has_nothing_to_do(path):
            with contextlib.suppress(OSError, Fault):
                protocol.call(path, timeout=1.0, do="quit")
    return next((path for path in ours if _has_nothing_to_do(path)), None)


def _has_nothing_to_do(path: Path) -> bool:
    """Whether an idle worker listens there; a dead one's socket is cleared away."""
    try:
        return bool(protocol.call(path, timeout=1.0, do="hello")["idle"])
    except ConnectionRefusedError:
        for left in (path, protocol.output_of(path)):
            left.unlink(missing_ok=True)
    except (OSError, ValueError, KeyError):
        pass
    return False


def _spawn(store: Store) -> Path:
    """Start a worker in a session of its own and wait until it listens. Raises Fault, Refusal."""
    protocol.idle_seconds()
    path = protocol.new_socket(store.home)
    log = protocol.output_of(path)
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "deepdive.engine.work.worker", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=child.environment(DEEPDIVE_HOME=str(store.home), **hardware.one_gpu()),
            start_new_session=True,
            cwd="/",
        )
    end = time.monotonic() + SPAWN_SECONDS
    while time.monotonic() < end:
        if path.exists():
            threading.Thread(target=process.wait, daemon=True).start()  # no zombie is left when it ends before us
            return path
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise Fault("the worker could not be started", LOOK_FOR_IT, last_lines(log))


def _pid(worker: Worker) -> int | None:
    """The process to signal, never a later one with the same number; None if nobody knows it."""
    if worker.alive():
        return worker.pid
    with contextlib.suppress(OSError, ValueError, Fault):
        return int(protocol.call(worker.socket, do="hello")["pid"])
    return None
