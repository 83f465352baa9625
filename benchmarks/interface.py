"""The interface in a real pseudo-terminal: first paint, keys, bytes, memory, modules; beside a minimal Textual app."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator

import psutil

from .table import Row

ROUNDS, KEYS = 7, 60
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("Large language models, hands on")
Minimal().run()
"""
FIRST = "hands on"
LONG_RUN, STEADY_SECONDS, IDLE_SECONDS = 10_000, 20.0, 5.0


class Terminal:
    """A process in a pseudo-terminal of 120x36 that counts what it is sent."""

    def __init__(self, *words: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *words], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.sent = bytearray()

    def read(self, seconds: float) -> int:
        """Read what comes within `seconds`; how many bytes that were."""
        end, before = time.perf_counter() + seconds, len(self.sent)
        while (left := end - time.perf_counter()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                break
            self.sent += os.read(self.master, 65536)
        return len(self.sent) - before

    def wait_for(self, text: str, seconds: float = 30) -> float:
        """When `text` had been sent, in seconds since the start."""
        end = time.perf_counter() + seconds
        while text.encode() not in self.sent:
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} was not shown")
            self.read(0.005)
        return time.perf_counter() - self.began

    def answered(self, key: str) -> float:
        """Seconds from a key to the first byte of its answer."""
        self.read(0.15)
        began = time.perf_counter()
        os.write(self.master, key.encode())
        select.select([self.master], [], [], 5)
        return time.perf_counter() - began

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 15)
        self.process.wait()
        os.close(self.master)


@contextlib.contextmanager
def terminal(*words: str) -> Iterator[Terminal]:
    shown = Terminal(*words)
    try:
        yield shown
    finally:
        shown.close()


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DEEPDIVE_HOME": folder, "XDG_CONFIG_HOME": folder, "HF_HUB_OFFLINE": "1"}
        return [*_start(), *_while_training(), *_long_run()]


def _start() -> list[Row]:
    times: dict[str, list[float]] = {"minimal": [], "ours": []}
    for round in range(ROUNDS + 1):
        for name, words in (("minimal", ("-c", MINIMAL)), ("ours", ("-m", "deepdive.tui"))):
            with terminal(*words) as shown:
                took = shown.wait_for(FIRST)
                if round:  # the first round warms the file cache
                    times[name].append(took)
    ratio = statistics.median(times["ours"]) / statistics.median(times["minimal"])
    code = "import sys; from deepdive.tui import app; print(*[m for m in sys.modules])"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = [name for name in ("torch", "transformers", "datasets", "numpy", "pandas") if name in modules]
    took = f"{ratio:.2f} x ({statistics.median(times['ours']) * 1000:.0f} ms)"
    return [
        Row("start to first paint, against a minimal Textual app", took, "1.5 x", ratio <= 1.5),
        Row("libraries that compute in the interface's process", ", ".join(heavy) or "none", "none", not heavy),
    ]


def _while_training() -> list[Row]:
    with terminal("-m", "deepdive.tui", "chapter2") as shown:
        shown.wait_for("Two ways to read")
        shown.read(5.0)  # the machine is looked at, the warm worker is started
        idle = shown.read(IDLE_SECONDS)
        _open_pretrain(shown)
        _wait_for_training()
        steady = shown.read(STEADY_SECONDS) / STEADY_SECONDS
        keys = sorted(shown.answered("p" if n % 2 else "n") for n in range(KEYS))
    subprocess.run([sys.executable, "-m", "deepdive.tui", "stop", "last"], capture_output=True, check=False)
    p95 = keys[int(len(keys) * 0.95)]
    return [
        Row("keys answered while a worker trains, 95th percentile", f"{p95 * 1000:.0f} ms", "50 ms", p95 <= 0.05),
        Row("  median", f"{statistics.median(keys) * 1000:.0f} ms", "reported"),
        Row("bytes to the terminal in steady training, 120x36", f"{steady / 1024:.1f} KB/s", "4 KB/s", steady <= 4096),
        Row("bytes to the terminal when idle", f"{idle} B in {IDLE_SECONDS:.0f} s", "0", idle == 0),
    ]


def _open_pretrain(shown: Terminal) -> None:
    """Go to the page of the pre-training by keyboard and run it."""
    from deepdive.engine.lessons import catalogue

    page = next(page for page in catalogue.find("chapter2").pages if "pretrain" in page.steps)
    for _ in range(page.number - 1):
        os.write(shown.master, b"n")
        shown.read(0.3)
    os.write(shown.master, b"r")


def _wait_for_training(seconds: float = 120) -> None:
    from deepdive.engine.runs.log import replay
    from deepdive.engine.runs.store import Store
    from deepdive.engine.runs.view import of

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for info in Store().runs():
            job = of(replay(Store().open(info.id).log)[0]).running
            if job is not None and job.step == "pretrain" and "training" in job.curves:
                return
        time.sleep(0.2)
    raise TimeoutError("the pre-training did not begin")


def _long_run() -> list[Row]:
    """Memory of the interface with a long run open, and how long it takes to open one of 100,000 events."""
    from deepdive.engine.runs.events import Job, Point
    from deepdive.engine.runs.log import Writer
    from deepdive.engine.runs.store import Store

    run = Store().create("chapter2", "pocket")
    writer = Writer(run.log)
    writer.append(Job(t=1.0, job="j1", step="pretrain"))
    for x in range(LONG_RUN):
        values = {"loss": 8 / (1 + x / 500), "learning_rate": 1e-3, "grad_norm": 0.5}
        writer.append(Point(t=1.0 + x, job="j1", curve="training", x=x, values=values))
    writer.close()
    with terminal("-m", "deepdive.tui", "chapter2") as shown:
        shown.wait_for("page ")  # where the training was left
        shown.read(3.0)
        memory = psutil.Process(shown.process.pid).memory_info().rss
    return [Row("interface memory with a 10,000-point run open", f"{memory / 1e6:.0f} MB", "150 MB", memory <= 150e6)]
