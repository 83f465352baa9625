"""The roles that a step asks for, as settings: where each is can be changed by the words of `--set ROLE=PLACE`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons.settings import Setting
from deepdive.engine.lessons.tutorial import Step, Tutorial
from deepdive.engine.places.places import Endpoint, File, Folder, Place, describe, override, parse

HELP = "where it comes from: another place of your own, or nothing for the lesson's"
PLACE = "a folder, a file, OWNER/NAME"
SERVER = "http://…, model=…, secret=…"


@dataclass(frozen=True, kw_only=True)
class Role(Setting):
    """A setting of kind `place`. Its value is what the learner wrote, "" where the role is at the tutorial's own place.

    Every step of the run that asks for the role shares it."""

    place: Place  # the tutorial's own

    @property
    def allowed(self) -> str:
        return SERVER if isinstance(self.place, Endpoint) else PLACE

    def parse(self, text: str) -> str:
        return self.pointed(text) if text.strip() else ""

    def pointed(self, text: str) -> str:
        """The words to keep: a path becomes absolute, because the worker lives in another folder. Raises Refusal."""
        if isinstance(override(self.place, text, self.name), Folder | File):
            return str(Path(text.strip()).expanduser().resolve())
        return text.strip()

    def show(self, value: Any) -> str:
        """Where the role is now, in one line."""
        try:
            return describe(override(self.place, value, self.name) if value else self.place)
        except Refusal:  # a path that is gone
            return str(value)

    def written(self, value: Any) -> str:
        return str(value)


def role_of(tutorial: Tutorial, scale: str, name: str) -> Role:
    """Raises KeyError, and Refusal where the tutorial's own place can't be read."""
    return Role(name, "place", "", help=HELP, place=parse(name, tutorial.scales[scale].roles[name]))


def roles_of(tutorial: Tutorial, scale: str, step: Step) -> tuple[Role, ...]:
    """The roles that the step's code asks for, but those that an earlier step supplies and those whose name is a
    setting's, which comes first after `--set` too."""
    taken = {*step.needs, *(setting.name for setting in step.function.settings)}
    names = [name for name in tutorial.scales[scale].roles if name not in taken and step.function.asks_for(name)]
    return tuple(role_of(tutorial, scale, name) for name in names)
