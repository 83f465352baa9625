"""What a tutorial.toml may hold, and where in the text a value that may not stands."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

T = TypeVar("T")
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Number = Annotated[float, Meta(ge=-1e300, le=1e300)]
Duration = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=1, le=1000)]
Table = dict[str, Any]


class Head(Struct):
    """Of a tutorial that is not ready only this is read."""

    id: Id
    chapter: Annotated[int, Meta(ge=0, le=1000)]
    title: Title
    teaches: str = ""
    needs: str = ""
    minutes: Duration | None = None
    ready: bool = True


class StepTable(Struct, forbid_unknown_fields=True):
    id: Id
    title: str = ""
    run: str = ""
    set: Table = {}
    needs: dict[str, str] = {}
    scales: tuple[str, ...] = ()
    seconds: dict[str, Duration] = {}
    seeds: Count = 1
    expect: Literal["", "memory"] = ""
    sensitive: str = ""
    fresh: bool = False
    optional: bool = False


class SeedsTable(Struct, forbid_unknown_fields=True, frozen=True):
    least: Count = 1
    on: Literal["mean", "each"] | Count = "mean"


class ClaimTable(Struct, forbid_unknown_fields=True):
    step: str
    text: Title
    holds: str
    each: dict[str, Annotated[list[Number | str], Meta(min_length=1)]] = {}
    seeds: SeedsTable = SeedsTable()
    scale: str = ""


class PredictionTable(Struct, forbid_unknown_fields=True):
    id: Id
    step: str
    ask: str
    kind: Literal["number", "choice", "order"]
    figure: str = ""
    choices: tuple[str, ...] = ()
    low: Number | None = None
    high: Number | None = None


class ExerciseTable(Struct, forbid_unknown_fields=True):
    id: Id
    title: Title
    run: str = ""


class FitTable(Struct):
    """And the settings of a training (training.py), with the role whose model is trained."""

    name: Title
    step: str = ""
    scales: tuple[str, ...] = ()
    role: str = ""


class ArchitectureTable(Struct):
    """And what else its config.json says."""

    model_type: str
    architectures: tuple[str, ...]


class File(Head, forbid_unknown_fields=True):
    step: list[StepTable] = []
    scales: dict[str, Table] = {}  # by name: the roles, and the settings of a step by its id
    claim: list[ClaimTable] = []
    prediction: list[PredictionTable] = []
    exercise: list[ExerciseTable] = []
    fit: list[Table] = []
    architecture: dict[str, Table] = {}
    glossary: dict[str, str] = {}


KINDS: dict[str, type[Struct]] = {  # those that hold nothing else, by the key that they stand under
    "": File,
    "step": StepTable,
    "claim": ClaimTable,
    "seeds": SeedsTable,
    "prediction": PredictionTable,
    "exercise": ExerciseTable,
}


class Wrong(Exception):
    """A table is not as its kind says; `path` leads to the place: step, 3, seconds."""

    def __init__(self, what: str, path: tuple[str | int, ...]) -> None:
        super().__init__(what)
        self.path = path


def convert(table: Any, kind: type[T], *above: str | int) -> T:
    """`table`, which stands at `above`, as its kind. Raises Wrong."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        path = tuple(int(index) if index else name for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", where))
        for said, ours in WORDS:
            what = said.sub(ours, what)
        if unknown := re.fullmatch("there is no `(.+)`", what):
            fields = KINDS[next((part for part in reversed(path) if isinstance(part, str)), "")].__struct_fields__
            what += f"; there is {', '.join(fields)}"
            path = (*path, unknown[1])
        raise Wrong(what, (*above, *path)) from None


WORDS = (
    (re.compile("Object missing required field (`.+`)"), r"\1 is missing"),
    (re.compile("Object contains unknown field (`.+`)"), r"there is no \1"),
    (re.compile("Expected"), "expected"),
    (re.compile("Invalid enum value"), "it can't be"),
    (re.compile("`array`"), "a list"),
    (re.compile("`object`"), "a table"),
)


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line of tutorial.toml on which what `path` leads to is likely to stand."""
    lines = text.split("\n")
    at = 0
    for position, part in enumerate(path):
        if isinstance(part, int):
            continue
        after = path[position + 1] if position + 1 < len(path) else 0
        headers = _lines(lines, rf"\s*\[+\s*{re.escape(part)}\b")
        chosen = headers[after : after + 1] if isinstance(after, int) else headers[:1]
        keys = [line for line in _lines(lines, rf"""\s*["']?{re.escape(part)}["']?\s*[=.]""") if line >= at]
        at = next(iter((chosen if position == 0 else []) + keys), at)
    return at + 1


def _lines(lines: list[str], pattern: str) -> list[int]:
    found = re.compile(pattern)
    return [number for number, line in enumerate(lines) if found.match(line)]
