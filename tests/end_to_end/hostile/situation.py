"""One hostile situation, and the world in which the command meets it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.laboratory import PATIENCE, TOYS

RECORDED = Path(__file__).parents[2] / "support" / "recorded"


@dataclass
class World:
    """A learner's folder with a home, and tutorials of their own beside the toys. `{here}` stands for it in words and
    environments."""

    here: Path
    home: Path
    environment: dict[str, str]
    server: str = ""  # the address of one that `arrange` has started

    @property
    def tutorials(self) -> Path:
        """The folder that DEEPDIVE_TUTORIALS names before the toys."""
        return self.here / "tutorials"

    def write(self, path: str, data: str | bytes) -> Path:
        """A file of the learner's, with the folders that it needs."""
        file = self.here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def copied(self, toy: str, name: str) -> Path:
        """A toy tutorial as the learner's own, with another id."""
        folder = self.tutorials / name
        shutil.copytree(TOYS / toy, folder)
        file = folder / "tutorial.toml"
        file.write_text(file.read_text().replace(f'id = "{toy}"', f'id = "{name}"', 1))
        return folder

    def deepdive(self, words: list[str], **changes: object) -> subprocess.CompletedProcess[bytes]:
        options = {"capture_output": True, "timeout": PATIENCE, "env": self.environment, "cwd": self.here, **changes}
        return subprocess.run([sys.executable, "-m", "deepdive.tui", *words], check=False, **options)  # type: ignore[call-overload, no-any-return]


def nothing(world: World) -> None:
    """All is as it should be but what the words, the environment or the streams do."""


@dataclass(frozen=True)
class Situation:
    """What is typed, and what must be answered.

    `says` is a regular expression that standard output and errors together match: the cause and what to do; `never`
    one that they don't. `streams` is a shell's redirection. `user` is who types it, where we may become them;
    `ordinary` is for what root may do and others may not (.ci/as-user).
    `worker` shares one home and its warm worker with all such situations.
    """

    name: str
    words: str
    says: str
    code: int = 1
    arrange: Callable[[World], object] = nothing
    environment: Mapping[str, str | None] = field(default_factory=dict)  # None: not there
    never: str = "(?!)"
    streams: str = ""
    given: bytes = b""  # on standard input
    user: int | None = None
    ordinary: bool = False
    worker: bool = False
    seconds: float = 0.0  # on a quiet machine; 0: 2, with a worker 60

    @property
    def allowed(self) -> float:
        return self.seconds or (60.0 if self.worker else 2.0)

    def meet(self, world: World) -> tuple[int, str, float]:
        """The exit code, all that was said, and the seconds that it took."""
        (world.here / "tutorials").mkdir(exist_ok=True)
        self.arrange(world)
        for name, value in self.environment.items():
            world.environment.pop(name, None)
            if value is not None:
                world.environment[name] = value.replace("{here}", str(world.here))
        put = {"{here}": str(world.here), "{server}": world.server}
        words = [re.sub("{here}|{server}", lambda found: put[found[0]], word) for word in shlex.split(self.words)]
        command = [sys.executable, "-m", "deepdive.tui", *words]
        if self.streams:
            command = ["bash", "-c", f'exec "$@" {self.streams}', "bash", *command]
        began = time.monotonic()
        done = subprocess.run(
            command,
            input=self.given,
            capture_output=True,
            timeout=PATIENCE,
            env=world.environment,
            cwd=world.here,
            check=False,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )
        took = time.monotonic() - began
        return done.returncode, (done.stdout + done.stderr).decode(errors="surrogateescape"), took


def environment(home: Path, here: Path) -> dict[str, str]:
    """What every situation begins with."""
    return {
        **os.environ,
        "DEEPDIVE_HOME": str(home),
        "DEEPDIVE_TUTORIALS": os.pathsep.join((str(here / "tutorials"), str(TOYS))),
    }
