"""The narrow waist: everything that is ever told about a run is one of these thirteen records.

A record is one JSON line of at most `LINE_LIMIT` bytes; what is larger lies in the job's artifact folder and is named
by `path`. Numbers may be null, because JSON has no NaN: a diverged loss is a gap in a curve.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

LINE_LIMIT = 8192  # bytes

LAST_MOMENT = 253_402_300_799  # the end of the year 9999: what a calendar can show

Moment = Annotated[float, msgspec.Meta(ge=0, le=LAST_MOMENT)]  # seconds since the epoch
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # no reader has to draw 10**400
Number = float | Whole | None
Scalar = float | Whole | str | bool | None
Case = dict[str, Scalar]
Cell = Any  # text, number, {"spans": [...]}, {"bars": {...}}, {"image": path}: see Rows


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """`t` is the time in seconds since the epoch, `job` the job that the record belongs to."""

    t: Moment = 0.0
    job: str = ""


class Job(Event, frozen=True, kw_only=True, omit_defaults=True, tag="job"):
    """A step starts. `inputs` maps what the digest covers (source, roles, needs) to short hashes or origins."""

    step: str
    seed: int = 0
    settings: dict[str, Any] = {}
    inputs: dict[str, str] = {}
    digest: str = ""
    resumes: str | None = None  # the stopped job whose folder and curve this one continues


Outcome = Literal["done", "cut", "stopped", "refused", "failed", "diverged"]
FAULTS = ("failed", "refused", "diverged")  # what ends with a cause that the learner has to read


class End(Event, frozen=True, kw_only=True, omit_defaults=True, tag="end"):
    """A step ended. `cause` is what happened and why, `action` what to do next, `detail` the library's words."""

    outcome: Outcome
    cause: str = ""
    action: str = ""
    detail: str = ""


class Progress(Event, frozen=True, kw_only=True, omit_defaults=True, tag="progress"):
    what: str
    done: float
    total: float | None = None
    unit: str = ""


class Point(Event, frozen=True, kw_only=True, omit_defaults=True, tag="point"):
    """Scalars at x (usually the update); `values` carry the Trainer's own names: loss, eval_loss, learning_rate."""

    curve: str
    x: float
    values: dict[str, Number]


class Figure(Event, frozen=True, kw_only=True, omit_defaults=True, tag="figure"):
    """A result under its conditions `case`; (low, high) is its interval over `n` items."""

    name: str
    value: Scalar
    unit: str = ""
    low: Number = None
    high: Number = None
    n: Whole | None = None
    case: Case = {}
    note: str = ""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One token: its text, its values (probability first), what else it could have been with their probability."""

    text: str
    values: dict[str, Number] = {}
    alternatives: list[tuple[str, Number]] = []


class Text(Event, frozen=True, kw_only=True, omit_defaults=True, tag="text"):
    """Tokens appended to `stream`; with `x` the sample that the model wrote at update x."""

    stream: str
    pieces: list[Piece] = []
    x: float | None = None
    path: str = ""


class Rows(Event, frozen=True, kw_only=True, omit_defaults=True, tag="rows"):
    """Items. A cell is text, a number, or one of {"spans": [[text, label], ...]}, {"bars": {label: value}},
    {"image": path, "about": text}. Rows with the same `key` column value replace earlier ones."""

    name: str
    key: str | None = None
    view: Literal["table", "confusion", "ranking", "pairs"] = "table"
    rows: list[dict[str, Cell]] = []
    path: str = ""


class Plot(Event, frozen=True, kw_only=True, omit_defaults=True, tag="plot"):
    """`data`: bars {label: value}; histogram {label: [values]}; scatter {label: [[x, y], ...]};
    heatmap {"rows": [...], "columns": [...], "values": [[...]]}."""

    name: str
    kind: Literal["bars", "histogram", "scatter", "heatmap"]
    data: dict[str, Any] = {}
    x: float | None = None
    path: str = ""


class File(Event, frozen=True, kw_only=True, omit_defaults=True, tag="file"):
    """`path` is relative to the run's folder."""

    name: str
    kind: str
    path: str
    sha256: str = ""
    about: str = ""


class Memory(Event, frozen=True, kw_only=True, omit_defaults=True, tag="memory"):
    """Bytes on one device: `used` by this worker, `held` by whom, `others` by everybody else."""

    device: str
    rank: int = 0
    used: Whole
    total: Whole
    peak: Whole
    held: dict[str, Whole] = {}
    others: Whole = 0
    x: float | None = None


class Spend(Event, frozen=True, kw_only=True, omit_defaults=True, tag="spend"):
    role: str
    model: str
    calls: Whole
    tokens: Whole
    cost: float
    estimate: float | None = None
    cap: float | None = None


class Note(Event, frozen=True, kw_only=True, omit_defaults=True, tag="note"):
    text: str
    action: str = ""
    x: float | None = None


class Beat(Event, frozen=True, kw_only=True, omit_defaults=True, tag="beat"):
    rank: int = 0
    phase: str = ""


AnyEvent = Job | End | Progress | Point | Figure | Text | Rows | Plot | File | Memory | Spend | Note | Beat
TYPES: dict[str, type[Event]] = {
    cls.__struct_config__.tag: cls  # type: ignore[misc]
    for cls in (Job, End, Progress, Point, Figure, Text, Rows, Plot, File, Memory, Spend, Note, Beat)
}

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(record: msgspec.Struct) -> bytes:
    """One line, without its newline. A surrogate without its other half is not UTF-8 and becomes its code as text."""
    try:
        return _encoder.encode(record)
    except UnicodeEncodeError:
        return _encoder.encode(_whole(msgspec.to_builtins(record)))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def decode(line: bytes | str) -> AnyEvent:
    """Raises msgspec.DecodeError for a garbled line and msgspec.ValidationError for an unknown type."""
    return _decoder.decode(line)


def build(kind: str, fields: dict[str, Any]) -> AnyEvent:
    """The record of `kind` from plain fields, as the lab reports them. Raises msgspec.ValidationError."""
    event: AnyEvent = msgspec.convert({"type": kind, **fields}, AnyEvent)
    return event
