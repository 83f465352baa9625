"""A role ("masked_lm", "wikipedia") of a tutorial's scale becomes a place, and a place what a library loads.

In tutorial.toml a place is a table with one key that says what it is, and what else that kind takes:

    masked_lm = { pocket = "models/bert" }
    wikipedia = { hub = "wikimedia/wikipedia", config = "20231101.en", split = "train", kind = "data" }
    reviews   = { file = "/data/reviews.csv" }          essays = { folder = "/data/essays" }
    tweets    = { kaggle = "thoughtvector/customer-support-on-twitter", file = "twcs/twcs.csv" }
    dialogues = { url = "https://...", sha256 = "..." }
    judge     = { endpoint = "https://api.openai.com/v1", model = "gpt-5.6-terra", secret = "openai" }
    base      = { artifact = "small_base:model" }

This module decides; what touches the network is in hub.py.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.services import PREFIXES, SERVICES

Report = Callable[[str, dict[str, Any]], None]
Token = Callable[[], str | None]
Column = Literal["any", "text"] | tuple[str, ...]  # the names of classes, in the order of their numbers
Columns = Mapping[str, Column]  # what a row of a learner's own table must have: table.py


@dataclass(frozen=True, slots=True)
class Pocket:
    """A folder or file below tutorials/pocket, shipped with the program."""

    pocket: str
    split: str = ""
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository of the model hub. `instead` names an open one of the same size, for those not let in."""

    hub: str
    kind: Literal["model", "data"] = "model"
    revision: str = ""
    config: str = ""
    split: str = ""
    streaming: bool = False
    files: str | tuple[str, ...] = ()  # data files inside the repository, where it has no configurations
    pickles: bool = False
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine: a checkpoint, or data files."""

    folder: str
    split: str = ""
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file of this machine."""

    file: str
    split: str = ""
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Web:
    """A file by its address; what arrives must have this SHA-256."""

    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Kaggle:
    """A Kaggle data set, or one file of it."""

    kaggle: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server; `secret` names its key, it never is the key.

    `prices` are dollars for a million tokens of the prompt and of the reply. With `local` the step's own local judge
    answers until the role is pointed elsewhere.
    """

    endpoint: str
    model: str
    secret: str = ""
    prices: tuple[float, ...] = ()
    local: bool = False


@dataclass(frozen=True, slots=True)
class Artifact:
    """What an earlier step left behind, as a path once the planner has found it."""

    artifact: str
    split: str = ""


Place = Pocket | Hub | Folder | File | Web | Kaggle | Endpoint | Artifact
PLACES: dict[str, type[Place]] = {
    "pocket": Pocket,
    "hub": Hub,
    "folder": Folder,
    "url": Web,
    "kaggle": Kaggle,
    "endpoint": Endpoint,
    "artifact": Artifact,
    "file": File,  # last: a Kaggle place has a `file` too
}

PRICES = "dollars for a million tokens: [prompt, reply]"
ENDPOINT_SECRETS = tuple(service.name for service in SERVICES.values() if service.serves)
WORDS = re.compile(r"[\s=@:?&,]+")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
LOADERS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "text"}


def parse(role: str, table: Mapping[str, Any]) -> Place:
    """Read one role's table of tutorial.toml. Raises `Refusal` with what is allowed."""
    key = next((key for key in PLACES if key in table), None)
    if key is None:
        raise Refusal(role, f"does not say where it is: {dict(table)}", f"one of {', '.join(PLACES)}")
    kind = PLACES[key]
    known = {field.name: field for field in fields(kind)}
    for name in table:
        if name == "config" and name not in known:
            raise Refusal(
                role, f"a {key} has no configurations; `config` belongs to a hub's data set", ", ".join(known)
            )
        if name not in known:
            raise Refusal(role, f"a {key} takes no `{name}`", ", ".join(known))
    missing = [name for name, field in known.items() if field.default is MISSING and name not in table]
    if missing:
        raise Refusal(role, f"a {key} needs `{missing[0]}` as well", ", ".join(known))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    for name, value in values.items():
        _check(role, name, value, str(known[name].type))
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        name = re.split(r"\W", where)[0]
        raise Refusal(role, f"`{name}` is {values.get(name)!r}", what.removeprefix("Expected ")) from None


def override(place: Place, value: str, role: str = "") -> Place:
    """Point a role elsewhere (`--set ROLE=VALUE`): an existing path, `OWNER/NAME[:CONFIG][@REVISION]`, or a server."""
    path = own_path(value)
    value = value.strip()
    if holds_key(value) and not os.path.lexists(path):
        raise Refusal(role, "that looks like a key, which is no setting", "`deepdive keys set NAME` stores one")
    if isinstance(place, Endpoint):
        return _endpoint(place, value, role)
    _check_path(path, value, role)
    wishes: dict[str, Any] = {"split": getattr(place, "split", ""), "streaming": getattr(place, "streaming", False)}
    if isinstance(place, Kaggle) and path.suffix == ".zip" and os.path.isfile(path):
        raise Refusal(role, f"{path.name} is packed", f"the folder that it was unpacked to, or {place.file}")
    if isinstance(place, Kaggle) and place.file and os.path.isdir(path):  # what the learner has downloaded by hand
        own = (path / place.file, path / Path(place.file).name)
        path = next((file for file in own if file.is_file()), path)
    if value and os.path.isdir(path):
        config = getattr(place, "config", "")
        clone = path / config if config and (path / config).is_dir() else path  # a clone of the hub's repository
        return Folder(str(clone.absolute()), **wishes)
    if os.path.isfile(path):
        return File(str(path.absolute()), **wishes)
    address, _, revision = value.partition("@")
    repo_id, _, config = address.partition(":")
    if (
        not HUB_ID.fullmatch(repo_id)
        or ".." in repo_id
        or path.suffix in LOADERS
        or not re.fullmatch(r"[\w.-]*", config + revision)
    ):
        raise Refusal(role, f"{value!r} is neither a path that exists nor a hub id", "a folder, a file, or OWNER/NAME")
    if isinstance(place, Hub):
        config = config or (place.config if repo_id == place.hub else "")
        return replace(place, hub=repo_id, config=config, revision=revision, files=(), instead="")
    data = isinstance(place, File) or bool(wishes["split"]) or _is_data(place)
    return Hub(repo_id, kind="data" if data else "model", config=config, revision=revision, **wishes)


def own_path(value: str) -> Path:
    """A path as it was typed, where there is one; else without the blanks around it, `~` for the home."""
    if value and os.path.lexists(value):
        return Path(value)
    return Path(os.path.expanduser(value.strip()))


def _check_path(path: Path, value: str, role: str) -> None:
    """Raises Refusal for what is there and can't be read, whatever its kind."""
    kinds = "a folder, a file, or OWNER/NAME"
    try:
        str(path).encode()
        mode = os.stat(path).st_mode
    except UnicodeEncodeError:
        raise Refusal(
            role, f"the name of {value!r} is no UTF-8 text", "another name, or a link to it that has one"
        ) from None
    except FileNotFoundError:
        if os.path.lexists(path):
            raise Refusal(role, f"{value} is a link to {os.readlink(path)}, which is not there", kinds) from None
    except (OSError, ValueError) as error:
        if value.startswith((".", "~", "/")):
            why = getattr(error, "strerror", None) or str(error)
            raise Refusal(role, f"{value} can't be opened: {why}", kinds) from error
    else:
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise Refusal(role, f"{value} is no ordinary file", kinds)


def holds_key(value: str) -> bool:
    """Whether a word of it, alone or after a sign as in `secret=`, begins as keys do: it is not to be shown or kept."""
    return any(word.lstrip("/").startswith(PREFIXES) and "/" not in word.lstrip("/") for word in WORDS.split(value))


def _endpoint(place: Endpoint, value: str, role: str) -> Endpoint:
    """`MODEL`, `http://...`, `model=`, `secret=`, `prices=PROMPT,REPLY`: any of them, with blanks between.

    Another server gets no key unless told so; another server or model has other prices.
    """
    changes: dict[str, Any] = {}
    for word in value.split():
        name, equals, rest = word.partition("=")
        if word.startswith(("http://", "https://")):
            changes["endpoint"] = word
        elif equals and name == "prices":
            changes[name] = _prices(rest, role)
        elif equals and name in ("model", "secret"):
            changes[name] = rest
        else:
            changes["model"] = word
    if not changes:
        raise Refusal(role, "it is pointed nowhere", "a model, a server's address")
    for name, given in changes.items():
        _check(role, name, given, "tuple" if name == "prices" else "str")
    moved = replace(place, local=False, **changes)
    if moved.endpoint != place.endpoint and "secret" not in changes:
        moved = replace(moved, secret="")
    if (moved.endpoint, moved.model) != (place.endpoint, place.model) and "prices" not in changes:
        moved = replace(moved, prices=())
    return moved


def _prices(text: str, role: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part)
    except ValueError:
        raise Refusal(role, f"`prices` is {text!r}", PRICES) from None


def describe(place: Place) -> str:
    """One line for screens: `hub wikimedia/wikipedia, 20231101.en, train, streamed`."""
    match place:
        case Pocket():
            return f"pocket {place.pocket}"
        case Hub():
            parts = [f"hub {place.hub}", place.config, place.split, place.revision[:12]]
            return ", ".join(part for part in (*parts, "streamed" if place.streaming else "") if part)
        case Folder():
            return f"folder {place.folder}"
        case File():
            return f"file {place.file}"
        case Web():
            return f"web {place.url}"
        case Kaggle():
            return f"kaggle {place.kaggle}" + (f", {place.file}" if place.file else "")
        case Endpoint():
            return "local judge" if place.local else f"{place.model} at {place.endpoint}"
        case Artifact():
            return f"artifact {place.artifact}"


def _is_data(place: Place) -> bool:
    return isinstance(place, Kaggle) or any(suffix in LOADERS for suffix in Path(describe(place)).suffixes)


def _check(role: str, name: str, value: object, annotation: str) -> None:
    """A value of tutorial.toml against the field's annotation."""
    if annotation == "bool" and not isinstance(value, bool):
        raise Refusal(role, f"`{name}` is {value!r}", "true or false")
    if annotation == "str" and not isinstance(value, str):
        raise Refusal(role, f"`{name}` is {value!r}", "a text in quotes")
    if name == "kind" and value not in ("model", "data"):
        raise Refusal(role, f"`kind` is {value!r}", "model or data")
    if name == "hub" and not HUB_ID.fullmatch(str(value)):
        raise Refusal(role, f"{value!r} is no hub id", "OWNER/NAME")
    if name == "sha256" and not re.fullmatch(r"[0-9a-f]{64}", str(value)):
        raise Refusal(role, f"{value!r} is no SHA-256", "64 hexadecimal digits")
    if name in ("url", "endpoint") and not str(value).startswith(("http://", "https://")):
        raise Refusal(role, f"{value!r} is no web address", "https://...")
    if name == "kaggle" and (not HUB_ID.fullmatch(str(value)) or "/" not in str(value)):
        raise Refusal(role, f"{value!r} is no Kaggle data set", "OWNER/NAME")
    if name == "prices" and not _are_prices(value):
        raise Refusal(role, f"`prices` is {value!r}", PRICES)
    if name == "secret" and value not in ("", *ENDPOINT_SECRETS):
        raise Refusal(role, f"there is no key named {value!r} for a server", ", ".join(ENDPOINT_SECRETS))
    if name == "pocket" and (Path(str(value)).is_absolute() or ".." in Path(str(value)).parts):
        raise Refusal(role, f"{value!r} leads out of tutorials/pocket", "a path below it")


def _are_prices(value: object) -> bool:
    return (
        isinstance(value, tuple) and len(value) in (0, 2) and all(isinstance(v, (int, float)) and v >= 0 for v in value)
    )
