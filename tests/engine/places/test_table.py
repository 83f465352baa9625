"""A learner's own table that is not as the lesson's is refused with line or row and column, and what is allowed."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.places.table import check, first_row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LIKE = {"sentence": "Good.", "label": 1}


def at(name: str, data: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.csv")
    return folder / "a.csv"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (at("a.csv", b"text,label\nGood.,1\n"), "row 1, has no column sentence; it has text, label.*with the columns"),
        (at("a.csv", b"sentence;label\nGood.;1\n"), "separated by semicolons.*commas"),
        (at("a.csv", b"sentence,label\nGood.,positive\n"), "row 1: label is 'positive'.*a number, as the lesson's 1"),
        (at("a.csv", b"sentence,label\nGood.,1\nBad.,\n"), "row 2: label is empty"),
        (at("a.csv", b"sentence,label\n"), "has no rows"),
        (at("a.csv", b""), "has no rows"),
        (at("a.csv", "sentence,label\nCafé.,1\n".encode("latin-1")), "line 2, is not UTF-8"),
        (at("a.csv", "sentence,label\nGood.,1\n".encode("utf-16")), "is UTF-16"),
        (at("a.jsonl", b'{"sentence": "Good."}\n'), "row 1, has no column label"),
        (at("a.jsonl", b'{"sentence": 3, "label": 1}\n'), "row 1: sentence is 3.*a text"),
        (at("a.jsonl", b'{"sentence": "Good.", "label": 1}\n[1]\n'), "line 2, is list.*one object a line"),
        (at("a.jsonl", b'{"sentence": "Good.", "label": 1}\n{"sent'), "line 2, is no JSON"),
        (at("a.jsonl", b"[" * 100_000), "has no rows|is no JSON"),
        (at("a.jsonl.gz", gzip.compress(b'{"sentence": "Good.", "label": 1}\n' * 99)[:-9]), "can't be read"),
        (at("a.jsonl.gz", b"not packed"), "can't be read"),
        (pipe, "can't be read: it is no ordinary file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, made: Callable[[Path], Path], says: str) -> None:
    path = made(tmp_path)
    with pytest.raises(Refusal, match=says) as refused:
        check(path, "sentiment", LIKE)
    assert refused.value.setting == "sentiment"
    assert path.name in refused.value.why
    assert refused.value.allowed


@pytest.mark.parametrize(
    "made",
    [
        at("a.csv", b"\xef\xbb\xbfsentence,label\r\nGood.,1\r\n"),
        at("a.tsv", b"label\tsentence\tmore\n0\tGood.\t\n"),
        at("reviews [2024].jsonl", b'\n{"sentence": "Good.", "label": 1.0, "id": null}\n'),
        at("a.jsonl.gz", gzip.compress(b'{"sentence": "Good.", "label": 1}\n')),
    ],
)
def test_what_can_be_read_as_meant_is(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    path = made(tmp_path)
    check(path, "sentiment", LIKE)
    assert first_row(path)["sentence"] == "Good."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.jsonl.gz"]), st.binary(max_size=80))
def test_no_bytes_bring_anything_but_a_refusal(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    try:
        check(tmp_path / name, "sentiment", LIKE)
    except Refusal as refused:
        assert refused.why  # noqa: PT017 - either is right
