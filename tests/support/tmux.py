"""A real terminal for tests: tmux with its own socket and no configuration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType


def missing() -> str:
    """Why there is no tmux to test with, or nothing."""
    return "" if shutil.which("tmux") else "tmux is not installed"


class Terminal:
    """One tmux window of `width` by `height` that runs a command in this test's environment."""

    def __init__(self, width: int, height: int, *command: str, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ddt-", dir="/tmp"))
        self.socket = self.folder / "s"
        words = command or (sys.executable, "-m", "deepdive.tui")
        kept = {**os.environ, **environment, "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        self.environment = {key: value for key, value in kept.items() if key != "TMUX"}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-s", "t", *words)
        self._tmux("set", "-g", "remain-on-exit", "on")
        self._tmux("set", "-g", "status", "off")
        self._tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), *words], capture_output=True, text=True, env=self.environment, check=False
        )
        return done.stdout

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "t")

    @property
    def dead(self) -> str:
        """The exit status (or signal) of the command, or nothing while it runs. tmux 3.3 sees the terminal close before
        the process end now and then, and then never tells the status: "unknown"."""
        status = "#{?pane_dead,dead #{?pane_dead_signal,signal #{pane_dead_signal},#{pane_dead_status}},}"
        told = self._tmux("display", "-p", "-t", "t", status).strip()
        return (told.removeprefix("dead").strip() or "unknown") if told else ""

    @property
    def pid(self) -> int:
        return int(self._tmux("display", "-p", "-t", "t", "#{pane_pid}").strip())

    def press(self, *keys: str) -> None:
        for key in keys:
            self._tmux("send-keys", "-t", "t", key)
            time.sleep(0.05)

    def wait(self, pattern: str, seconds: float = 15.0) -> str:
        """The screen once `pattern` is on it; fails with the screen after `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen
            if re.search(pattern, screen):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"no {pattern!r} within {seconds:g} s; exit {self.dead or 'not yet'}:\n{self.screen}")

    def wait_gone(self, seconds: float = 10.0) -> str:
        """The exit status once the command has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if status := self.dead:
                return status
            time.sleep(0.1)
        raise AssertionError(f"still running after {seconds:g} s:\n{self.screen}")
