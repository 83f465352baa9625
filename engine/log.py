"""The log is the truth: append, tail and replay `events.jsonl`.

The worker is the only writer. A write is one `os.write` to a file opened for appending: nothing that was reported is
lost when the process is killed. A full disk never stalls training: lines wait in memory and go out when there is room.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from .events import AnyEvent, Event, decode, encode

WAITING_LIMIT = 50_000  # lines kept in memory while the disk is full
RETRY_SECONDS = 0.5


class Writer:
    """Appends events to one file; the caller is the only writer of that file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._waiting: deque[bytes] = deque(maxlen=WAITING_LIMIT)
        self._retry = 0.0
        self.error: OSError | None = None
        if size := os.fstat(self._fd).st_size:
            with open(path, "rb") as file:
                file.seek(size - 1)
                torn = file.read(1) != b"\n"
            if torn:
                self._send(b"\n")  # a line torn by a power cut must not swallow the next one

    def append(self, event: Event) -> None:
        line = encode(event) + b"\n"
        if not self._waiting:
            self._send(line)
            return
        self._waiting.append(line)
        if time.monotonic() >= self._retry:
            self._drain()

    def _drain(self) -> None:
        while self._waiting:
            if not self._send(self._waiting.popleft(), again=True):
                return

    def _send(self, line: bytes, again: bool = False) -> bool:
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            self.error, written = error, 0
        if written == len(line):
            self.error = None
            return True
        rest = line[written:]
        if again:
            self._waiting.appendleft(rest)
        else:
            self._waiting.append(rest)
        self._retry = time.monotonic() + RETRY_SECONDS
        return False

    def flush(self, seconds: float = 0.0) -> bool:
        """Write what waits, trying for at most `seconds`; whether everything is on disk."""
        end = time.monotonic() + seconds
        self._drain()
        while self._waiting and time.monotonic() < end:
            time.sleep(0.05)
            self._drain()
        return not self._waiting

    def close(self) -> None:
        self.flush()
        os.close(self._fd)


class Tail:
    """Reads a log as it grows. `poll` returns what is new; a torn last line waits until it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.garbled = 0  # lines that are no JSON record
        self.unknown = 0  # records of a type that this version does not know
        self._rest = b""

    def poll(self, limit: int = 8 << 20) -> list[AnyEvent]:
        """At most about `limit` bytes of new events, oldest first; empty when there are none."""
        try:
            with open(self.path, "rb") as file:
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

    def _read(self, lines: list[bytes]) -> Iterator[AnyEvent]:
        for line in lines:
            if not line:
                continue
            try:
                yield decode(line)
            except msgspec.ValidationError:
                self.unknown += 1
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.garbled += 1


def replay(path: Path) -> tuple[list[AnyEvent], Tail]:
    """All events of a log and the tail that goes on from there. Other ranks' files beside it are merged by time."""
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
