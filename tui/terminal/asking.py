"""What must happen before Textual is imported, and what keeps others from writing into its picture.

Textual reads colours, frames and animations from the environment at import, and paints on `sys.__stderr__`.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from deepdive.engine.common import streams

Colors = Literal["truecolor", "256", "standard"]
Glyphs = Literal["all", "console", "ascii"]  # signs that it has: the console of Linux has few

LEAST_WIDTH, LEAST_HEIGHT = 60, 18
ANSWER_SECONDS = 0.02  # terminals answer in 3 to 10 ms; stock tmux knows no DECRQSS and answers the last question only
LATE_SECONDS = 0.5  # since the question: over a long line the answer must still not arrive as keys
LARGEST_LOG = 1_000_000  # bytes
DUMB = ("", "dumb", "unknown")

# A colour is set and asked for (DECRQSS of SGR), then the background (OSC 11), then what every terminal answers (DA1).
QUESTION = b"\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[0m\x1b]11;?\x1b\\\x1b[c"
# A letter of two bytes, and where the cursor is after it: whether it was taken for one sign. Then it goes again.
UTF8_QUESTION = b"\r\xc3\xa9\x1b[6n\r\x1b[K"
_END = re.compile(rb"\x1b\[\?[\d;]*c")
_SET = re.compile(rb"\x1bP1\$r[^\x1b]*48[:;]2[:;]+1[:;]2[:;]3")
_COLUMN = re.compile(rb"\x1b\[\d+;(\d+)R")
_BACKGROUND = re.compile(rb"\x1b\]11;rgba?:([0-9a-f]+)/([0-9a-f]+)/([0-9a-f]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What a terminal said: whether it keeps a true colour, whether its background is light (None: it did not say)."""

    truecolor: bool
    light: bool | None
    complete: bool  # the last question was answered, so that nothing more will come
    utf8: bool = False  # it took two bytes for one sign; asked only where the locale is none of UTF-8


@dataclass(frozen=True)
class Terminal:
    colors: Colors
    light: bool | None
    remote: bool
    complete: bool = True
    asked: float = 0.0  # when, by the monotonic clock
    glyphs: Glyphs = "all"


def paintable(environ: MutableMapping[str, str] | None = None) -> bool:
    """Whether there is a terminal for the interface; if not, the lessons are read as plain text."""
    environ = os.environ if environ is None else environ
    return sys.stdin.isatty() and sys.stdout.isatty() and environ.get("TERM", "") not in DUMB


def prepare(environ: MutableMapping[str, str] | None = None, descriptor: int | None = None) -> Terminal:
    """Look at the terminal and set what Textual reads at import. What the user has set stays."""
    environ = os.environ if environ is None else environ
    remote = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if remote:
        environ.setdefault("TEXTUAL_FPS", "15")
    asked = time.monotonic()
    answer = Answer(False, None, True)
    if _worth_asking(environ):
        answer = ask(descriptor) if streams.utf8(environ) else ask(descriptor, LATE_SECONDS, UTF8_QUESTION + QUESTION)
    colors = told(environ) or ("truecolor" if answer.truecolor else known(environ))
    if environ.get("TEXTUAL_COLOR_SYSTEM", "auto") == "auto":
        environ["TEXTUAL_COLOR_SYSTEM"] = colors
    return Terminal(colors, answer.light, remote, answer.complete, asked, glyphs(environ, answer.utf8))


def told(environ: MutableMapping[str, str]) -> Colors | None:
    """What the environment says about colours."""
    forced = environ.get("TEXTUAL_COLOR_SYSTEM", "")
    if forced in ("truecolor", "256", "standard"):
        return forced  # type: ignore[return-value]
    return "truecolor" if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") else None


def known(environ: MutableMapping[str, str]) -> Colors:
    """What the terminal's name says: the Linux console has 16 colours, most others have 256."""
    name = environ.get("TERM", "").lower()
    if "256" in name or name.partition("-")[0] in (
        "xterm",
        "tmux",
        "screen",
        "rxvt",
        "alacritty",
        "foot",
        "kitty",
        "wezterm",
    ):
        return "256"
    return "standard"


def glyphs(environ: MutableMapping[str, str], took_utf8: bool) -> Glyphs:
    """The signs that can be shown: by the locale, else as the terminal took one."""
    known = streams.utf8(environ)
    if environ.get("TERM") == "linux":
        return "console" if known else "ascii"
    if not known:
        known = _tmux_shows_utf8() if environ.get("TMUX") else took_utf8
    return "all" if known else "ascii"


def _tmux_shows_utf8() -> bool:
    """tmux itself takes every sign, and shows `_` for it on a terminal that it was not told to be one of UTF-8."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        words = ["tmux", "display-message", "-p", "#{client_utf8}"]
        return subprocess.run(words, capture_output=True, timeout=1, check=False).stdout.strip() == b"1"
    return False


def _worth_asking(environ: MutableMapping[str, str]) -> bool:
    """A console that knows no such question would print it."""
    return environ.get("TERM", "") not in (*DUMB, "linux", "cons25", "vt100", "vt220") and not environ.get(
        "TERM", ""
    ).startswith("sun")


def ask(descriptor: int | None = None, seconds: float = ANSWER_SECONDS, question: bytes = QUESTION) -> Answer:
    """Ask the terminal; no terminal, or none that answers in time, has neither."""
    try:
        with _terminal(descriptor) as fd, _raw(fd):
            os.write(fd, question)
            return read_answer(_collect(fd, seconds))
    except (OSError, termios.error):
        return Answer(False, None, True)


def read_answer(data: bytes) -> Answer:
    """What the bytes that came back mean."""
    light = None
    if (background := _BACKGROUND.search(data)) is not None:
        red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in background.groups())
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5
    column = _COLUMN.search(data)
    took_utf8 = column is not None and column[1] == b"2"
    return Answer(_SET.search(data) is not None, light, _END.search(data) is not None, took_utf8)


def settle(terminal: Terminal, descriptor: int | None = None, seconds: float = LATE_SECONDS) -> None:
    """Take late answers off the line, right before keys are read: `r` in one of them would run a step.

    Only over a long line is one waited for; a local terminal that was silent has answered by now, or never will.
    """
    if terminal.complete:
        return
    left = terminal.asked + seconds - time.monotonic() if terminal.remote else 0.0
    with contextlib.suppress(OSError, termios.error), _terminal(descriptor) as fd, _raw(fd):
        _collect(fd, max(0.0, left))
        termios.tcflush(fd, termios.TCIFLUSH)


def _collect(fd: int, seconds: float) -> bytes:
    """Bytes up to the answer to the last question."""
    data, end = b"", time.monotonic() + seconds
    while not _END.search(data):
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            break
        chunk = os.read(fd, 1024)
        if not chunk:
            break
        data += chunk
    return data


@contextlib.contextmanager
def _terminal(descriptor: int | None) -> Iterator[int]:
    """The controlling terminal, both ways."""
    if descriptor is not None:
        yield descriptor
        return
    fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _raw(fd: int) -> Iterator[None]:
    """Neither echo nor lines while a terminal answers."""
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


# ---- the guard ------------------------------------------------------------------------------------------------------


NO_PIXELS = "\x1b[?1016l"  # the mouse in pixels, which Textual does not take back
# Keyboard protocol, mouse, pasting, resizing, wrapping, alternate screen, cursor, focus, colours.
AS_IT_WAS = b"\x1b[<u\x1b[?1000;1003;1015;1006;1016;2004;2048l\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"


class Guard:
    """Keeps what libraries write to the descriptors 1 and 2 out of the picture, in a log; Textual gets the terminal."""

    def __init__(self, log: Path | None) -> None:
        self.log = log
        self._saved: dict[int, int] = {}
        self._streams: tuple[Any, Any, Any, Any] | None = None
        self._painted: TextIO | None = None
        self._line: list[Any] | None = None  # the terminal's settings

    def __enter__(self) -> Guard:
        sys.stdout.flush()
        sys.stderr.flush()
        self._saved = {1: os.dup(1), 2: os.dup(2)}
        # With 2>file the picture still belongs on the screen, which standard output is.
        screen = self._saved[2] if os.isatty(2) else self._saved[1]
        self._painted = os.fdopen(os.dup(screen), "w", encoding="utf-8", errors="replace")
        self._streams = (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr)
        sys.__stdout__ = sys.__stderr__ = self._painted  # type: ignore[misc]
        sys.stdout = sys.stderr = self._painted
        with contextlib.suppress(termios.error):
            self._line = termios.tcgetattr(0)
        self._divert()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._painted is not None and self._streams is not None
        with contextlib.suppress(OSError):
            self._painted.flush()
        self._restore()
        sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr = self._streams  # type: ignore[misc]
        for saved in self._saved.values():
            os.close(saved)
        with contextlib.suppress(OSError):
            self._painted.close()

    def put_back(self) -> None:
        """Leave the terminal as it was where Textual itself can't any more. Blocks while nobody reads."""
        with contextlib.suppress(OSError, termios.error):
            if self._line is not None:
                termios.tcsetattr(0, termios.TCSANOW, self._line)
            if self._painted is not None:
                os.write(self._painted.fileno(), AS_IT_WAS)

    def _divert(self) -> None:
        target = _open_log(self.log)
        for descriptor in self._saved:
            os.dup2(target, descriptor)
        os.close(target)

    def _restore(self) -> None:
        for descriptor, saved in self._saved.items():
            os.dup2(saved, descriptor)


def _open_log(path: Path | None) -> int:
    """The log for appending, begun anew where it has grown large; nowhere if it can't be written."""
    if path is not None:
        with contextlib.suppress(OSError):
            large = path.exists() and path.stat().st_size > LARGEST_LOG
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if large else 0), 0o600)
    return os.open(os.devnull, os.O_WRONLY)
