"""A role becomes what a library takes: a model's folder or id, a data set's arguments, files."""

from __future__ import annotations

import csv
import glob
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.keys.secret import Secret
from deepdive.engine.places import model_files, table
from deepdive.engine.places.places import (
    LOADERS,
    Artifact,
    Columns,
    Endpoint,
    File,
    Folder,
    Hub,
    Kaggle,
    Place,
    Pocket,
    Report,
    Token,
    Web,
    describe,
)


@dataclass(frozen=True)
class Resolver:
    """The lab's `resource` for models, data and files.

    `pocket` is the folder tutorials/pocket, `report` takes events (and may raise to end a download), `token` and
    `kaggle` are asked for a secret only where the hub or Kaggle wants one.
    """

    places: Mapping[str, Place]
    pocket: Path
    report: Report
    token: Token
    kaggle: Token = lambda: None
    like: Callable[[str], Path | None] = lambda role: None  # a model's folder of the lesson's own kind
    columns: Mapping[str, Columns] = field(default_factory=dict)  # by role: what a learner's own table must have

    def __call__(self, kind: str, role: str) -> str | dict[str, Any] | Path:
        place = self.place(role)
        match kind:
            case "model":
                return self._model(role, place)
            case "data":
                return self._data(role, place)
            case "files":
                return self._files(role, place)
        raise Refusal(role, f"no role is asked for as {kind!r}", "model, data, files")

    def place(self, role: str) -> Place:
        if role not in self.places:
            raise Refusal(role, "this scale has no such role", ", ".join(sorted(self.places)) or "none")
        return self.places[role]

    def _model(self, role: str, place: Place) -> str:
        if isinstance(place, Endpoint):
            return place.model
        if isinstance(place, Hub):
            from deepdive.engine.places import hub

            named = hub.settle_model(
                place.hub, place.revision, self.report, self.token, instead=place.instead, pickles=place.pickles
            )
            if not place.pickles and (cached := hub.cached_model(place.hub, place.revision)):
                model_files.check(Path(cached), role, self.like(role), place.hub)
            return named
        folder = self._files(role, place)
        if isinstance(place, Artifact):  # a step knows what kind of model the step before it has saved
            return str(folder)
        like = self.like(role)
        model_files.check(folder, role, like)
        if like is not None and like != folder:
            model_files.check_tokens(folder, role, like)
        return str(folder)

    def _data(self, role: str, place: Place) -> dict[str, Any]:
        if isinstance(place, Hub):
            return self._hub_data(place)
        if isinstance(place, Artifact):
            place = _table(place)
        path = self._files(role, place)
        split = getattr(place, "split", "") or "train"
        streaming = {"streaming": True} if getattr(place, "streaming", False) else {}
        kind = table.kind_of(path, role)
        if not kind:
            return {"path": str(path), "split": split, **streaming}
        columns = self.columns.get(role)
        if isinstance(place, File) and columns:
            path = table.readable(path, role, columns, bool(streaming), self.report)
            kind = table.suffix(path)
        separator = {"sep": "\t", "quoting": csv.QUOTE_NONE} if kind == ".tsv" else {}
        name = split.partition("[")[0]  # "train[:100]" is a piece of train
        literal = glob.escape(str(path))  # load_dataset takes patterns
        files = literal if name == "train" else {name: literal}
        return {"path": LOADERS[kind], "data_files": files, "split": split, **separator, **streaming}

    def _hub_data(self, place: Hub) -> dict[str, Any]:
        from deepdive.engine.places import hub

        key = hub.settle_data(
            place.hub,
            place.revision,
            self.report,
            self.token,
            config=place.config,
            streaming=place.streaming,
            instead=place.instead,
        )
        files = list(place.files) if isinstance(place.files, tuple) else place.files
        arguments = {
            "path": place.hub,
            "name": place.config,
            "split": place.split,
            "revision": place.revision,
            "data_files": files,
            "streaming": place.streaming,
            "token": Secret(key) if key else "",
        }
        return {name: value for name, value in arguments.items() if value}

    def _files(self, role: str, place: Place) -> Path:
        match place:
            case Pocket():
                path = self.pocket / place.pocket
                if not path.exists():
                    raise Fault(
                        f"The pocket world has no {place.pocket}", "`deepdive pocket build` makes it, or install again"
                    )
                return path
            case Folder(folder=name) | File(file=name) | Artifact(artifact=name):
                path = Path(name).expanduser()
                if not path.exists():
                    raise Fault(
                        f"{path}, which {role} points to, is not there", f"`--set {role}=PATH` names another place"
                    )
                if isinstance(place, Artifact) and any((path / head).exists() for head in model_files.HEADS):
                    model_files.check(path, role)
                return path
            case Web():
                from deepdive.engine.places import web

                return web.fetch_web(place.url, place.sha256, self.report)
            case Kaggle():
                from deepdive.engine.places import kaggle

                return kaggle.fetch_kaggle(place.kaggle, place.file, self.report, self.kaggle)
        raise Refusal(
            role, f"{describe(place)} cannot be had as files", "a pocket, folder, file, artifact, url or kaggle"
        )


def _table(place: Artifact) -> Artifact:
    """`ARTIFACT` as data is the file `ARTIFACT.jsonl`, which `lab.rows` and `lab.save` leave in a job's folder."""
    path = Path(place.artifact)
    rows = path.with_name(path.name + ".jsonl")
    return replace(place, artifact=str(rows)) if rows.is_file() else place
