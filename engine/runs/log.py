"""The log is the truth: append, tail and replay `events.jsonl` (and, in the same way, the learner's records).

The worker is the only writer of a run. A write is one `os.write` to a file opened for appending: nothing that was
reported is lost when the process is killed. A full disk never stalls training: lines wait in memory and go out when
there is room.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import ordinary
from deepdive.engine.runs.events import AnyEvent, decode, encode

R = TypeVar("R")

WAITING_LIMIT = 50_000  # lines kept in memory while the disk is full
LAST_WORDS = 100  # of them, for how it ended
RETRY_SECONDS = 0.5


class Writer:
    """Appends records to one file, from any thread. Raises OSError where it can't be opened; what fails later waits."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._half = b""  # the rest of a line that was written in part: it goes first
        self._waiting: deque[bytes] = deque(maxlen=WAITING_LIMIT)
        self._retry = 0.0
        self._lock = threading.Lock()
        self.error: OSError | None = None
        self.failing_since = 0.0  # by time.monotonic()
        if size := os.fstat(self._fd).st_size:
            with open(path, "rb") as file:
                file.seek(size - 1)
                torn = file.read(1) != b"\n"
            if torn:
                self._half = b"\n"  # a line torn by a power cut must not swallow the next one

    @property
    def gone(self) -> bool:
        """Whether the file was removed: what is written now is read by nobody."""
        return os.fstat(self._fd).st_nlink == 0

    @property
    def waiting(self) -> int:
        """Lines that are not on disk yet."""
        return len(self._waiting) + bool(self._half)

    @property
    def full(self) -> bool:
        """Whether what is appended now would soon push out what waits."""
        return len(self._waiting) >= WAITING_LIMIT - LAST_WORDS

    def append(self, record: msgspec.Struct) -> None:
        line = encode(record) + b"\n"
        with self._lock:
            self._waiting.append(line)
            if self.waiting == 1 or time.monotonic() >= self._retry:
                self._drain()

    def _drain(self) -> None:
        while self._half or self._waiting:
            line = self._half or self._waiting[0]
            if not (written := self._write(line)):
                self._retry = time.monotonic() + RETRY_SECONDS
                return
            if not self._half:
                self._waiting.popleft()
            self._half = line[written:]
        self.error = None

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except OSError as error:
            if self.error is None:
                self.failing_since = time.monotonic()
            self.error = error
            return 0

    def flush(self, seconds: float = 0.0) -> bool:
        """Write what waits, trying for at most `seconds`; whether everything is on disk."""
        end = time.monotonic() + seconds
        while True:
            with self._lock:
                self._drain()
            if not self.waiting or time.monotonic() >= end:
                return not self.waiting
            time.sleep(0.05)

    def close(self) -> None:
        self.flush()
        os.close(self._fd)


class Reader(Generic[R]):
    """Reads a file of lines as it grows. `poll` returns what is new; a torn last line waits until it is whole."""

    def __init__(self, path: Path, read: Callable[[bytes], R]) -> None:
        self.path = path
        self.offset = 0
        self.garbled = 0  # lines that are no JSON record
        self.unknown = 0  # records of a type that this version does not know
        self._rest = b""
        self._decode = read

    def poll(self, limit: int = 8 << 20) -> list[R]:
        """At most about `limit` bytes of new records, oldest first; empty when there are none."""
        try:
            with open(self.path, "rb", opener=ordinary) as file:
                file.seek(self.offset)
                data = file.read(limit)
        except FileNotFoundError:
            return []
        if not data:
            return []
        self.offset += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        return list(self._read(lines))

    def _read(self, lines: list[bytes]) -> Iterator[R]:
        for line in lines:
            if not line:
                continue
            try:
                yield self._decode(line)
            except msgspec.ValidationError:
                self.unknown += 1
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.garbled += 1


class Tail(Reader[AnyEvent]):
    """Reads a run's log."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, decode)


def replay(path: Path) -> tuple[list[AnyEvent], Tail]:
    """All events of a log and the tail that goes on from there. Other ranks' files beside it are merged by time.

    Raises Fault where the file can't be read.
    """
    try:
        return _replay(path)
    except OSError as error:
        raise Fault(f"{path} can't be read: {error.strerror}", "Look at its kind, owner and mode") from error


def _replay(path: Path) -> tuple[list[AnyEvent], Tail]:
    tail = Tail(path)
    events: list[AnyEvent] = []
    while new := tail.poll():
        events += new
    others = [p for p in path.parent.glob("events.*.jsonl") if re.fullmatch(r"events\.\d+\.jsonl", p.name)]
    for other in others:
        side = Tail(other)
        while new := side.poll():
            events += new
    if others:
        events.sort(key=lambda event: event.t)
    return events, tail
