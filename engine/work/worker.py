"""The child process that computes: `python -m deepdive.engine.work.worker SOCKET`.

It begins without a run, imports the libraries, and waits. `run` binds it to a run and queues jobs; when all is done it
waits again, with the last model in memory, so that the next step starts at once and probes are answered. It ends
itself when nobody has asked for anything for `DEEPDIVE_IDLE_MINUTES`, so that nobody holds a GPU by accident.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections import deque
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn, cast

import msgspec
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.files import FULL_OR_READ_ONLY, identity, lock
from deepdive.engine.keys.secret import Secret
from deepdive.engine.lab import Lab, Stopped
from deepdive.engine.lessons import catalogue
from deepdive.engine.runs.log import Writer, replay
from deepdive.engine.runs.plan import Order
from deepdive.engine.runs.record import FORMAT, Worker, oom_kills, process_started, read_record
from deepdive.engine.runs.store import Run
from deepdive.engine.runs.view import of
from deepdive.engine.work import protocol
from deepdive.engine.work.process import Output, import_libraries, in_memory, pick_device, tell_exit
from deepdive.engine.work.safe_points import Question, Wish

BEAT_SECONDS = 10.0
LOCK_SECONDS = 1.0
UNWRITTEN_SECONDS = 300.0  # what could not be written is kept so long after the last job: somebody may free space
FLUSH_SECONDS = 2.0  # for what waits for room on the disk before a new process begins
NICENESS = 5  # the interface answers keys while we compute


class Server:
    """What the two threads share: the control thread takes requests, the main thread computes."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self.changed = threading.Condition()
        self.queue: deque[Order] = deque()
        self.questions: dict[str, Question] = {}  # by probe: a newer one replaces the waiting one of its kind
        self.run: Run | None = None
        self.execution: Any = None  # job.Execution, once the libraries are there
        self.writer: Writer | None = None
        self.lock_fd: int | None = None
        self.identity: tuple[int, int] | None = None  # of the run's folder
        self.listening: socket.socket | None = None
        self.busy = False
        self.wish = Wish()  # of who waits for the job that runs
        self.ready = False
        self.ending = False
        self.used = False  # a job has run in this process
        self.secrets: dict[str, str] = {}  # of the present run, by service; in memory only
        self.contact = time.monotonic()

    # ---- the control thread -----------------------------------------------------------------------------------
    def serve(self, listening: socket.socket) -> None:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=self.connection, args=(connection,), daemon=True).start()

    def connection(self, connection: socket.socket) -> None:
        with (
            connection,
            cast(IO[bytes], connection.makefile("rwb")) as stream,
            contextlib.suppress(OSError, ValueError),
        ):
            request = json.loads(stream.readline())
            self.contact = time.monotonic()
            try:
                self.handle(request, stream)
            except Fault as fault:
                _tell(stream, fault=protocol.told(fault), last=True)
            except Exception as error:  # noqa: BLE001 - a bad request must not take the worker down
                traceback.print_exc()
                _tell(stream, fault=protocol.told(Fault(f"{type(error).__name__}: {error}")), last=True)

    def handle(self, request: dict[str, Any], stream: IO[bytes]) -> None:
        match request.get("do"):
            case "hello":
                run = self.run.id if self.run else None
                folder = str(self.run.folder) if self.run else None
                late = self.writer is not None and self.writer.waiting > 0
                idle = not (self.busy or self.queue or late)
                said = {"pid": os.getpid(), "run": run, "folder": folder, "idle": idle, "ready": self.ready}
                _tell(stream, **said, trouble=self.trouble(), last=True)
            case "run":
                self.take(request)
                _tell(stream, queued=len(self.queue), last=True)
            case "stop" | "finish" as verdict:
                with self.changed:
                    if verdict == "stop":
                        self.queue.clear()
                    if self.busy or self.queue:
                        self.wish.verdict = verdict
                _tell(stream, busy=self.busy, last=True)
            case "ask":
                self.ask(request, stream)
            case "release":
                with self.changed:
                    idle = not (self.busy or self.queue or self.questions)
                    if idle and self.run is not None and str(self.run.folder) == request.get("run"):
                        self.release()
                _tell(stream, last=True)
            case "quit":
                self.ending = True
                _tell(stream, last=True)
                with self.changed:
                    self.changed.notify_all()
            case other:
                raise Refusal("do", f"{other!r} is not a request", "hello, run, stop, finish, ask, release, quit")

    def trouble(self) -> str:
        """Why the log can't be written at the moment; empty if it can."""
        error = self.writer.error if self.writer is not None else None
        return "" if error is None else f"the run's folder can't be written ({error.strerror}); it waits in memory"

    def take(self, request: dict[str, Any]) -> None:
        """Bind to the run (if it is another one and we are idle) and queue its orders."""
        folder = Path(request["run"])
        with self.changed:
            if self.ending:
                raise ConnectionError
            self.serve_run(folder)
            self.secrets |= {name: Secret(value) for name, value in request.get("secrets", {}).items()}
            self.wish.verdict = request.get("wish", self.wish.verdict)
            self.queue.extend(msgspec.convert(request["orders"], list[Order]))
            self.changed.notify_all()

    def serve_run(self, folder: Path) -> None:
        """Be bound to the run in `folder`, unless we are: a folder that took another's name is another run."""
        if self.run is not None and self.run.folder == folder and self.identity == identity(folder):
            return
        if self.busy or self.queue:
            raise Fault(protocol.BUSY)
        self.bind(folder)

    def bind(self, folder: Path) -> None:
        """Serve the run in `folder`: take its lock, write our address into it, log into it."""
        self.release()
        run = Run(folder, read_record(folder))
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        pid, end = os.getpid(), time.monotonic() + LOCK_SECONDS
        try:
            while not lock(fd):  # somebody may only look whether it is held
                if time.monotonic() > end:
                    raise Fault(protocol.SERVED)
                time.sleep(0.01)
            with run.changing() as record:
                record.worker = Worker(pid, process_started(pid) or 0.0, str(self.address), oom_kills())
                record.format = FORMAT
            writer = Writer(run.log)
            output = os.open(run.worker_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, Fault) as error:
            os.close(fd)
            if isinstance(error, Fault):
                raise
            raise Fault(f"{error.filename} can't be written: {error.strerror}", FULL_OR_READ_ONLY) from error
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        self.run, self.writer, self.lock_fd, self.execution = run, writer, fd, None
        self.identity = identity(folder)

    def release(self) -> None:
        """Let the present run go: another worker may serve it now."""
        if self.run is None:
            return
        if self.identity == identity(self.run.folder):
            with contextlib.suppress(Fault, OSError), self.run.changing() as record:
                record.worker = None
        if self.writer is not None:
            self.writer.close()
        if self.lock_fd is not None:
            os.close(self.lock_fd)
        self.run = self.writer = self.lock_fd = self.execution = None
        self.secrets = {}
        gc.collect()

    def ask(self, request: dict[str, Any], stream: IO[bytes]) -> None:
        question = Question(request["probe"], request.get("settings", {}))
        with self.changed:
            self.serve_run(Path(request["run"]))
            replaced = self.questions.get(question.probe)
            self.questions[question.probe] = question
            self.changed.notify_all()
        if replaced is not None:
            replaced.fault = Fault("a newer question took its place")
            replaced.answered.set()
        if self.busy and not question.answered.wait(1.0):
            _tell(stream, wait="the step has no safe point yet; the answer comes at the next one, or when it ends")
        question.answered.wait()
        if question.fault is not None:
            raise question.fault
        for event in question.events:
            _tell(stream, event=msgspec.to_builtins(event))
        _tell(stream, last=True)

    # ---- the main thread --------------------------------------------------------------------------------------
    def compute(self) -> None:
        patience = protocol.idle_seconds()
        import_libraries()
        gc.collect()
        gc.freeze()  # the libraries' own objects stay anyway: later collections pass them by
        self.ready = True
        rested = time.monotonic()
        while not self.ending:
            with self.changed:
                if not self.queue and not self.questions:
                    self.changed.wait(timeout=1.0)
                order = self.queue.popleft() if self.queue else None
                self.busy = order is not None
            if order is not None:
                self.run_order(order)
                with self.changed:
                    self.busy = bool(self.queue)
                    self.wish.verdict = ""
                self.contact = rested = time.monotonic()
            elif self.questions:
                self.answer(None)
            elif self.run is not None and self.identity != identity(self.run.folder):
                with self.changed:
                    self.release()  # its folder is gone
            elif self.run is not None and self.writer is not None and self.writer.waiting:
                since = max(rested, self.writer.failing_since)
                if not self.writer.flush() and time.monotonic() - since > min(patience, UNWRITTEN_SECONDS):
                    sys.stderr.write(f"{self.run.log} could not be written: {self.writer.error}. The worker ends.\n")
                    self.ending = True
            elif time.monotonic() - self.contact > patience or self.left_behind():
                with self.changed:  # nobody asks for anything, or nobody can
                    self.ending = not (self.queue or self.questions)

    def left_behind(self) -> bool:
        """Whether our socket, home or program was removed."""
        home = Path(os.environ["DEEPDIVE_HOME"])
        return not (self.address.exists() and home.is_dir() and Path(__file__).exists())

    def prepared(self) -> Any:
        """The execution of the present run. Raises Fault where its tutorial can't be read."""
        if self.execution is None:
            from deepdive.engine.work.job import Execution
            from deepdive.engine.work.reporter import Reporter

            assert self.run is not None and self.writer is not None
            events, _ = replay(self.run.log)
            report = Reporter(self.run, self.writer, of(events))
            tutorial = catalogue.find(self.run.record.tutorial)
            device = pick_device(self.run.record.scale)
            self.execution = Execution(self.run, tutorial, report, device, self.wish)
        self.execution.secrets = self.secrets
        return self.execution

    def run_order(self, order: Order) -> None:
        try:
            execution = self.prepared()
            execution.tutorial = catalogue.find(execution.tutorial.id)  # the learner may have edited it
            if self.used and execution.step_of(order.step)[1].fresh:
                self.begin_again(order)
            self.used = True
            outcome = execution.execute(order, self.answer)
            self.ending = self.ending or execution.broken  # the next job gets a new worker
        except Stopped:
            outcome = "stopped"
        except Fault as fault:
            self.explain(order, fault)
            outcome = "failed"
        except Exception as error:  # noqa: BLE001 - a worker that dies says less than one that tells
            self.explain(order, Fault(f"{type(error).__name__}: {error}", "Run it again", traceback.format_exc()))
            outcome = "failed"
        if outcome not in ("done", "cut"):
            with self.changed:
                self.queue.clear()  # what comes after needs this one, or was asked to stop with it

    def begin_again(self, order: Order) -> NoReturn:
        """Become a new process with the same number, so that a step that asks for one has it to itself. What is queued
        and the secrets pass through memory."""
        assert self.run is not None and self.writer is not None
        self.answer(None)
        self.writer.flush(FLUSH_SECONDS)
        with self.changed:  # until the end of this process: who asks for a stop now asks the next one again
            if self.wish.verdict == "stop":
                raise Stopped
            orders = msgspec.to_builtins([order, *self.queue])
            request = {"do": "run", "run": str(self.run.folder), "orders": orders, "secrets": self.secrets}
            request["wish"] = self.wish.verdict
            kept = in_memory(json.dumps(request).encode())
            assert self.listening is not None
            os.set_inheritable(self.listening.fileno(), True)  # who asks meanwhile waits for the new process
            words = ("-m", __spec__.name, str(self.address), str(kept), str(self.listening.fileno()))
            os.execv(sys.executable, [sys.executable, *words])

    def explain(self, order: Order, fault: Fault) -> None:
        """A job that could not even begin is told in the log as one that failed."""
        from deepdive.engine.runs.events import End, Job

        assert self.run is not None and self.writer is not None
        job = f"j{time.time_ns():x}"
        report = self.execution.report if self.execution is not None else None
        began = Job(t=time.time(), job=job, step=order.step, seed=order.seed, settings=order.settings)
        end = End(t=time.time(), job=job, outcome="failed", cause=fault.cause, action=fault.action, detail=fault.detail)
        for event in (began, end):
            report.send(event) if report is not None else self.writer.append(event)

    def answer(self, lab: Lab | None) -> None:
        """Answer the probes that wait; `lab` is given in mid-job, where an answer may take two seconds at most."""
        while self.questions:
            with self.changed:
                _, question = self.questions.popitem()
            try:
                question.events = self.prepared().answer(question.probe, question.settings, limited=lab is not None)
            except Fault as fault:
                question.fault = fault
            except Stopped:
                question.fault = Fault("the worker was ended before it had answered", "Ask again")
                question.answered.set()
                raise
            except BaseException as error:  # noqa: BLE001 - a tutorial's code: it may be wrong, and the training goes on
                question.fault = Fault(f"{type(error).__name__}: {error}", detail=traceback.format_exc())
            question.answered.set()
        self.contact = time.monotonic()

    def beat(self) -> None:
        """A sign of life every ten seconds while a job runs: silence and a dead process mean a crash."""
        while True:
            time.sleep(BEAT_SECONDS)
            execution = self.execution
            if self.busy and execution is not None:
                with contextlib.suppress(Fault, Stopped):  # the log can't be written: the step hears it too
                    execution.voice("beat", {"phase": "running"})

    def crash(self, cause: str) -> None:
        """Tell why the process ends in the middle of a job."""
        if self.busy and self.execution is not None:
            self.execution.crash(cause)


def _tell(stream: IO[bytes], **fields: Any) -> None:
    stream.write(json.dumps(fields).encode() + b"\n")
    stream.flush()


def main(address: str, inherited: str = "", listening: str = "") -> None:
    """Serve at `address`. The process before this one may have left open files: `inherited` with its last request,
    and the socket that it listened at."""
    faulthandler.enable(2)  # a crash in a library's own code has its last lines too
    sys.stdout, sys.stderr = Output(1), Output(2)
    server = Server(Path(address))
    tell_exit(server.crash)

    def terminate(number: int, frame: FrameType | None) -> None:
        server.ending, server.wish.verdict = True, "stop"  # a library's callback may swallow what is raised in it
        raise Stopped

    signal.signal(signal.SIGTERM, terminate)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if inherited:
        with open(int(inherited), "rb") as kept:
            server.take(json.load(kept))
    else:
        os.nice(NICENESS)
    server.listening = socket.socket(fileno=int(listening)) if listening else protocol.listen(server.address)
    server.listening.set_inheritable(False)

    def let_go() -> None:
        """In a child that a step forked: it outlives us perhaps, and would hold the run and answer in our name."""
        if server.listening is not None:
            server.listening.close()
        if server.lock_fd is not None:
            os.close(server.lock_fd)

    os.register_at_fork(after_in_child=let_go)
    threading.Thread(target=server.serve, args=(server.listening,), daemon=True).start()
    threading.Thread(target=server.beat, daemon=True).start()
    try:
        with contextlib.suppress(Stopped):
            server.compute()
        server.release()
        protocol.output_of(server.address).unlink(missing_ok=True)
    finally:
        server.address.unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
