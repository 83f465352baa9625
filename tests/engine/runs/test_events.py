"""Thirteen records, each a line of JSON that reads back as it was."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from deepdive.engine.runs import events
from deepdive.engine.runs.events import AnyEvent, Figure, Note, Point, Text, build, decode, encode
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
SCALAR = NUMBER | st.booleans() | TEXT
HEAD = {"t": st.floats(0, 2e9), "job": TEXT}
CELL = SCALAR | st.fixed_dictionaries({"spans": st.lists(st.tuples(TEXT, TEXT).map(list), max_size=2)})
ROW = st.dictionaries(TEXT, CELL, max_size=3)
PIECE = st.builds(
    events.Piece,
    TEXT,
    st.dictionaries(TEXT, NUMBER, max_size=2),
    st.lists(st.tuples(TEXT, st.floats(0, 1)), max_size=2),
)
DATA = st.dictionaries(TEXT, NUMBER | st.lists(NUMBER, max_size=3), max_size=3)
FINITE = st.floats(-1e9, 1e9)
EVENTS: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(events.Job, step=TEXT, seed=st.integers(0, 99), settings=DATA, resumes=st.none() | TEXT, **HEAD),
    st.builds(events.End, outcome=st.sampled_from(["done", "cut", "stopped", "refused", "failed"]), cause=TEXT, **HEAD),
    st.builds(events.Progress, what=TEXT, done=FINITE, total=st.none() | FINITE, **HEAD),
    st.builds(Point, curve=TEXT, x=FINITE, values=st.dictionaries(TEXT, NUMBER, max_size=3), **HEAD),
    st.builds(Figure, name=TEXT, value=SCALAR, low=NUMBER, case=st.dictionaries(TEXT, SCALAR, max_size=3), **HEAD),
    st.builds(Text, stream=TEXT, pieces=st.lists(PIECE, max_size=3), x=st.none() | FINITE, **HEAD),
    st.builds(events.Rows, name=TEXT, key=st.none() | TEXT, rows=st.lists(ROW, max_size=3), **HEAD),
    st.builds(events.Plot, name=TEXT, kind=st.sampled_from(["bars", "heatmap"]), data=DATA, **HEAD),
    st.builds(events.File, name=TEXT, kind=TEXT, path=TEXT, **HEAD),
    st.builds(
        *(events.Memory,),
        device=TEXT,
        used=st.integers(0, 2**50),
        total=st.integers(0, 2**50),
        peak=st.integers(0, 2**50),
        **HEAD,
    ),
    st.builds(
        *(events.Spend,),
        role=TEXT,
        model=TEXT,
        calls=st.integers(0, 2**50),
        tokens=st.integers(0, 2**50),
        cost=FINITE,
        **HEAD,
    ),
    st.builds(Note, text=TEXT, x=st.none() | FINITE, **HEAD),
    st.builds(events.Beat, phase=TEXT, **HEAD),
)


def test_there_are_thirteen() -> None:
    assert set(events.TYPES) == {
        *("job", "end", "progress", "point", "figure", "text", "rows", "plot", "file", "memory", "spend", "note"),
        "beat",
    }


@given(EVENTS)
def test_a_record_is_one_line_and_reads_back(event: AnyEvent) -> None:
    line = encode(event)
    assert b"\n" not in line
    assert json.loads(line)["type"] == event.__struct_config__.tag
    assert decode(line) == event


@given(EVENTS)
def test_a_record_can_be_built_from_its_plain_fields(event: AnyEvent) -> None:
    fields = msgspec.to_builtins(event)
    assert build(fields.pop("type"), fields) == event


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_gap(value: float) -> None:
    assert decode(encode(Point(curve="training", x=1, values={"loss": value}))) == Point(
        curve="training", x=1, values={"loss": None}
    )
    assert decode(encode(Figure(name="loss", value=value, low=value))) == Figure(name="loss", value=None)
    piece = events.Piece("a", {"probability": value}, [("b", value)])
    read = decode(encode(Text(stream="output", pieces=[piece])))
    assert isinstance(read, Text)
    assert read.pieces == [events.Piece("a", {"probability": None}, [("b", None)])]


def test_an_unpaired_surrogate_does_not_break_the_log() -> None:
    read = decode(encode(Note(text="a\udc80b", action="\ud800")))
    assert read == Note(text="a\\udc80b", action="\\ud800")
    nested = events.Plot(name="p", kind="bars", data={"\udc80": [1.0, math.nan, {"b": "\udc80"}]})
    assert decode(encode(nested)) == events.Plot(name="p", kind="bars", data={"\\udc80": [1.0, None, {"b": "\\udc80"}]})


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("hologram", {}),
        ("note", {}),
        ("end", {"outcome": "finished"}),
        ("point", {"curve": "training", "x": "one", "values": {}}),
        ("figure", {"name": "loss", "value": [1]}),
        ("figure", {"name": "loss", "value": 1, "case": {"k": [1]}}),
    ],
)
def test_what_is_no_record_is_refused(kind: str, fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        build(kind, fields)
