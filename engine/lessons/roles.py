"""The roles that a step asks for, as settings: where each is can be changed by the words of `--set ROLE=PLACE`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons.catalogue import pocket
from deepdive.engine.lessons.settings import Setting
from deepdive.engine.lessons.tutorial import Step, Tutorial
from deepdive.engine.places import model_files, table
from deepdive.engine.places.places import Columns, Endpoint, File, Folder, Place, describe, override, parse

HELP = "where it comes from: another place of your own, or nothing for the lesson's"
PLACE = "a folder, a file, OWNER/NAME"
SERVER = "http://…, model=…, secret=…"


@dataclass(frozen=True, kw_only=True)
class Role(Setting):
    """A setting of kind `place`. Its value is what the learner wrote, "" where the role is at the tutorial's own place.

    Every step of the run that asks for the role shares it."""

    place: Place  # the tutorial's own
    columns: Columns = field(default_factory=dict)  # what a table of the learner's own must have
    like: Path | None = None  # a model's folder of the lesson's own kind

    @property
    def allowed(self) -> str:
        if self.columns:
            return f"a file with the columns {table.described(self.columns)}; OWNER/NAME"
        return SERVER if isinstance(self.place, Endpoint) else PLACE

    def parse(self, text: str) -> str:
        return self.pointed(text) if text.strip() else ""

    def pointed(self, text: str) -> str:
        """The words to keep: a path becomes absolute, because the worker lives in another folder. Raises Refusal."""
        match override(self.place, text, self.name):
            case Folder(folder=path) | File(file=path) if self.columns:
                table.check(Path(path), self.name, self.columns)
            case Folder(folder=path) | File(file=path) if self.like is not None:
                model_files.check(Path(path), self.name, self.like)
            case Folder(folder=path) | File(file=path):
                pass
            case _:
                return text.strip()
        return path

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
    found = tutorial.scales[scale]
    place, columns = parse(name, found.roles[name]), found.columns.get(name, {})
    return Role(name, "place", "", help=HELP, place=place, columns=columns, like=own_model(tutorial, name))


def own_model(tutorial: Tutorial, role: str) -> Path | None:
    """The folder of the pocket's model for a role, if that is a model."""
    tables = (scale.roles.get(role, {}) for scale in tutorial.scales.values())
    folders = [pocket() / table["pocket"] for table in tables if "pocket" in table]
    return next((folder for folder in folders if (folder / "config.json").is_file()), None)


def roles_of(tutorial: Tutorial, scale: str, step: Step) -> tuple[Role, ...]:
    """The roles that the step's code asks for, but those that an earlier step supplies and those whose name is a
    setting's, which comes first after `--set` too."""
    taken = {*step.needs, *(setting.name for setting in step.function.settings)}
    names = [name for name in tutorial.scales[scale].roles if name not in taken and step.function.asks_for(name)]
    return tuple(role_of(tutorial, scale, name) for name in names)
