"""A learner's own table is read as meant, or refused with line or row and column, and what is allowed."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.places.places import Columns
from deepdive.engine.places.table import LINE_BYTES, check, described, readable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COLUMNS: Columns = {"sentence": "text", "label": ("negative", "positive")}
TAGGED: Columns = {"tokens[]": "text", "ner_tags[]": ("O", "B-PER", "I-PER")}
GOOD = [{"sentence": "Good.", "label": 1}, {"sentence": "Bad.", "label": 0}]
LINES = "".join(json.dumps(row) + "\n" for row in GOOD).encode()
CSV = "sentence,label\nGood.,1\nBad.,0\n"

Made = Callable[[Path], Path]


def at(name: str, data: str | bytes) -> Made:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
        return folder / name

    return write


def parquet(rows: list[dict[str, Any]], cut: int | None = None) -> Made:
    def write(folder: Path) -> Path:
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "a.parquet")
        (folder / "a.parquet").write_bytes((folder / "a.parquet").read_bytes()[:cut])
        return folder / "a.parquet"

    return write


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.csv")
    return folder / "a.csv"


def loop(folder: Path) -> Path:
    (folder / "a.csv").symlink_to(folder / "a.csv")
    return folder / "a.csv"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (at("a.csv", "text,label\nGood.,1\n"), "row 1, has no column sentence; it has text, label"),
        (at("a.csv", "sentence|label\nGood.|1\n"), r"row 1, has no column sentence; it has sentence\|label"),
        (at("a.csv", "sentence,label\nGood.,good\n"), "row 1: label is 'good'.*0 negative, 1 positive"),
        (at("a.csv", "sentence,label\nGood.,2\n"), "row 1: label is '2'.*0 negative, 1 positive"),
        (at("a.csv", "sentence,label\nGood.,1.5\n"), "row 1: label is '1.5'"),
        (at("a.csv", "sentence,label\nGood.,nan\n"), "row 1: label is 'nan'"),
        (at("a.csv", "sentence,label\nGood.,1\n \t,0\n"), "row 2: sentence is empty.*a value in every row"),
        (at("a.csv", "sentence,label\nGood.,1\nBad.\n"), "row 2: label is empty"),
        (at("a.csv", "sentence,label\nGood.,1\nBad, very.,0\n"), "row 2, has 3 cells, there are 2 columns"),
        (at("a.csv", "sentence,label,label\nGood.,1,0\n"), "has two columns named label"),
        (at("a.csv", "sentence,label\nGood.,1\nFine.,1\n"), "has no row whose label is negative"),
        (at("a.csv", "sentence,label\n"), "has no rows"),
        (at("a.csv", b""), "has no rows"),
        (at("a.csv", "sentence,label\nCafé.,1\n".encode("latin-1")), "line 2, is not UTF-8"),
        (at("a.csv", CSV.encode("utf-16-le")), "line 1, has a byte 0: it is no text, or UTF-16"),
        (at("a.csv", CSV.encode("utf-16")[:-1]), "is not whole UTF-16"),
        (at("a.csv", CSV.replace("Bad", "B\0d")), "line 3, has a byte 0"),
        (at("a.csv", 'sentence,label\n"' + "x" * LINE_BYTES + '",1\n'), "line 2, is longer than 10,000,000"),
        (at("a.jsonl", '{"sentence": "Good."}\n'), "row 1, has no column label"),
        (at("a.jsonl", '{"sentence": 3, "label": 1}\n'), "row 1: sentence is 3.*a text"),
        (at("a.jsonl", '{"sentence": null, "label": 1}\n'), "row 1: sentence is empty"),
        (at("a.jsonl", '{"sentence": "\\ud800", "label": 1}\n'), "row 1: sentence holds half a character"),
        (at("a.jsonl", '{"sentence": "a", "label": NaN}\n'), "line 1, is no JSON: NaN"),
        (at("a.jsonl", '{"label": 1, "label": 0}\n'), "line 1, is no JSON: a name stands twice"),
        (at("a.jsonl", LINES + b"[1]\n"), "line 3, is a list.*one object a line"),
        (at("a.jsonl", LINES + b'{"sent'), "line 3, is no JSON"),
        (at("a.jsonl", b"[" * 100_000), "is no JSON"),
        (at("a.jsonl", b"x" * LINE_BYTES), "line 1, is longer than"),
        (at("a.json", json.dumps([*GOOD, "Bad."])), "row 3, is 'Bad.'"),
        (at("a.json", "[]"), "has no rows"),
        (at("a.txt", "Good.\n"), "row 1, has no column sentence; it has text"),
        (at("a.jsonl.gz", gzip.compress(LINES * 99)[:-9]), "can't be read"),
        (at("a.jsonl.gz", gzip.compress(LINES)[:10] + b"\xff" * 30), "can't be read"),
        (at("a.jsonl.gz", LINES), "can't be read"),
        (parquet(GOOD, cut=40), "no whole Parquet file"),
        (parquet([{"sentence": "Good.", "label": None}]), "row 1: label is empty"),
        (parquet([{"review": "Good."}]), "row 1, has no column sentence; it has review"),
        (pipe, "can't be read: it is no ordinary file"),
        (loop, "can't be read: Too many levels of symbolic links"),
        (lambda folder: folder / "gone.csv", "can't be read: No such file"),
        (lambda folder: folder, "holds no table"),
        (at("a.xlsx", b"PK"), "is no table that load_dataset reads"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, made: Made, says: str) -> None:
    path = made(tmp_path)
    with pytest.raises(Refusal, match=f"(?s){says}") as refused:
        check(path, "sentiment", COLUMNS)
    assert refused.value.setting == "sentiment"
    assert path.name in refused.value.why
    assert refused.value.allowed


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"tokens": ["Ann"], "ner_tags": ["B-ORG"]}, "ner_tags is 'B-ORG'.*0 O, 1 B-PER, 2 I-PER"),
        ({"tokens": ["Ann", "ran"], "ner_tags": [1]}, "has 2 tokens, 1 ner_tags"),
        ({"tokens": [], "ner_tags": []}, "tokens is empty"),
        ({"tokens": ["Ann", None], "ner_tags": [1, 0]}, "tokens is empty"),
        ({"tokens": {"a": 1}, "ner_tags": [1, 0]}, "tokens is {'a': 1}.*a list"),
    ],
)
def test_lists_are_looked_into(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal, match=f"(?s)row 1.*{says}"):
        check(at("a.jsonl", json.dumps(row))(tmp_path), "entities", TAGGED)


def loaded(path: Path, columns: Columns, head: bool = False) -> list[dict[str, Any]]:
    import glob

    from datasets import load_dataset

    path = readable(path, "own", columns, head, lambda kind, fields: None)
    kind = "parquet" if path.suffix == ".parquet" else "json"
    return list(load_dataset(kind, data_files=glob.escape(str(path)), split="train"))


@pytest.fixture
def caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    import datasets

    folder = tmp_path_factory.mktemp("caches [1]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "hf")
    return folder


@pytest.mark.parametrize(
    "made",
    [
        at("a.csv", b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()),
        at("a.csv", CSV.encode("utf-16")),
        at("REVIEWS.CSV", CSV.replace(",", ";")),
        at("a.csv", CSV.replace(",", "\t")),
        at("a.csv", "label,sentence\nPositive,Good.\nnegative ,Bad.\n"),
        at("a.csv", "sentence,label\nGood.,1.0\nBad.,0.0\n"),
        at("a.csv", "sentence,label\n\nGood.,1\n\nBad.,0"),
        at("a.tsv", "label\tsentence\n1\tGood.\n0\tBad.\n"),
        at("reviews [2024] *?#%20{x}.jsonl", LINES),
        at("a::b\n.jsonl", b"\n" + LINES),
        at("a.jsonl", b"\xef\xbb\xbf" + LINES),
        at("a.jsonl", LINES.decode().encode("utf-16")),
        at("a.jsonl", LINES.replace(b": 1", b": 1.0")),
        at("a.jsonl", LINES.replace(b": 1", b': "positive"').replace(b": 0", b": false")),
        at("a.jsonl.gz", gzip.compress(LINES)),
        at("a.json", json.dumps(GOOD, indent=2)),
        parquet(GOOD),
    ],
)
def test_what_can_be_read_as_meant_is(tmp_path: Path, caches: Path, made: Made) -> None:
    path = made(tmp_path)
    check(path, "sentiment", COLUMNS)
    assert loaded(path, COLUMNS) == [{"sentence": row["sentence"], "label": row["label"]} for row in GOOD]


def test_tags_by_their_names_and_words_with_blanks_are_lists(tmp_path: Path, caches: Path) -> None:
    path = at("a.csv", "tokens,ner_tags\nAnn Lee ran,B-PER I-PER O\n")(tmp_path)
    assert loaded(path, TAGGED) == [{"tokens": ["Ann", "Lee", "ran"], "ner_tags": [1, 2, 0]}]


def test_a_text_file_is_a_row_a_line(tmp_path: Path, caches: Path) -> None:
    path = at("a.txt", "One.\r\n\r\nNone\n")(tmp_path)
    assert [row["text"] for row in loaded(path, {"text": "text"})] == ["One.", "None"]


def test_of_a_stream_only_the_first_rows_are_looked_at(tmp_path: Path, caches: Path) -> None:
    path = at("a.jsonl", LINES * 1000 + b"[1]\n")(tmp_path)
    assert readable(path, "own", COLUMNS, True, lambda kind, fields: None) == path
    with pytest.raises(Refusal, match="line 2001, is a list"):
        readable(path, "own", COLUMNS, False, lambda kind, fields: None)


def test_a_changed_file_is_read_anew(tmp_path: Path, caches: Path) -> None:
    path = at("a.csv", CSV)(tmp_path)
    assert loaded(path, COLUMNS)[0]["sentence"] == "Good."
    path.write_text(CSV.replace("Good", "Fine"))
    os.utime(path, (1, 1))
    assert loaded(path, COLUMNS)[0]["sentence"] == "Fine."


def test_columns_are_told_in_words() -> None:
    assert described(COLUMNS) == "sentence (text), label (0 negative, 1 positive)"
    assert described(TAGGED).startswith("tokens (a list: text), ner_tags (a list: 0 O, 1 B-PER")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(
    st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.jsonl.gz", "a.txt", "a.parquet"]), st.binary(max_size=80)
)
def test_no_bytes_bring_anything_but_a_refusal(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refusal):
        check(tmp_path / name, "sentiment", COLUMNS)
