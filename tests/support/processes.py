"""Looking at other processes while they live: their arguments and environments."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_SECONDS = 0.02


@contextmanager
def watched(which: Callable[[bytes], bool], but: set[int] | None = None) -> Iterator[set[bytes]]:
    """Yields a set that fills with the arguments and environments of processes whose command line `which` picks, this
    one and those of `but` left out, until the block ends."""
    seen: set[bytes] = set()
    ended = threading.Event()
    left_out = (but or set()) | {os.getpid()}

    def look() -> None:
        while not ended.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                if int(process.name) in left_out:
                    continue
                try:
                    command = (process / "cmdline").read_bytes()
                    if which(command):
                        seen.update((command, (process / "environ").read_bytes()))
                except OSError:  # it has ended
                    continue
            time.sleep(LOOK_SECONDS)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
