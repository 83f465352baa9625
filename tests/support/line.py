"""A pseudo-terminal that answers nothing: the real interface in it, and what it did to the terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from types import TracebackType

PRIVATE_MODES = re.compile(rb"\x1b\[\?([\d;]+)([hl])")


class Line:
    """The interface on a terminal of 80 by 24; `seen` is all that was written."""

    def __init__(self, *words: str, **environment: str) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, 80))
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            words or (sys.executable, "-m", "deepdive.tui"),
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def read(self, seconds: float) -> None:
        """What is written within so many seconds."""
        while select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 65536)
            seconds = 0.05

    def wait(self, text: str, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen[-3000:]!r}"
            self.read(0.2)

    def ended(self, seconds: float = 10.0) -> int:
        """The exit code; the terminal is read meanwhile."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"still running: {self.seen[-500:]!r}"
            self.read(0.1)
        self.read(0.1)
        assert self.process.returncode is not None
        return self.process.returncode

    @property
    def keyboard_is_as_it_was(self) -> bool:
        """Whether the keyboard's protocol was taken back."""
        return self.seen.count(b"\x1b[<u") == len(re.findall(rb"\x1b\[>\d+u", self.seen)) == 1

    @property
    def modes(self) -> set[str]:
        """Private modes that were switched on and not off again; 25, the cursor, the other way round."""
        on: set[str] = set()
        for numbers, way in PRIVATE_MODES.findall(self.seen):
            for number in numbers.decode().split(";"):
                on.add(number) if way == b"h" else on.discard(number)
        return on ^ {"25"} if b"\x1b[?25" in self.seen else on
