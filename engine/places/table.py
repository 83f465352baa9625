"""A learner's own table, looked at before a model is loaded: its text, its columns, its first rows."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.files import ordinary

ROWS = 1000  # that are looked at
LINE_BYTES = 10_000_000
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def first_row(path: Path) -> dict[str, Any]:
    """Raises Refusal where there is none."""
    return next(_rows(path, path.name))


def check(path: Path, role: str, like: Mapping[str, Any]) -> None:
    """Raises Refusal, with line or row and column, where the rows are not as the lesson's, of which `like` has the
    columns that the step uses with a value of each."""
    number = 0
    for number, row in enumerate(itertools.islice(_rows(path, role), ROWS), start=1):
        if missing := [name for name in like if name not in row]:
            found = ", ".join(map(str, row)) or "none"
            if len(row) == 1 and ";" in found:
                raise Refusal(role, f"{path.name} is separated by semicolons", "commas, or a .tsv with tabs")
            raise Refusal(
                role, f"{path.name}, row {number}, has no column {missing[0]}; it has {found}", _columns(like)
            )
        for name, value in like.items():
            said = row[name]
            if said is None or said == "":
                raise Refusal(role, f"{path.name}, row {number}: {name} is empty", "a value in every row")
            if isinstance(value, (int, float)) and not _is_number(said):
                raise Refusal(
                    role, f"{path.name}, row {number}: {name} is {said!r:.40}", f"a number, as the lesson's {value}"
                )
            if isinstance(value, str) and not isinstance(said, str):
                raise Refusal(role, f"{path.name}, row {number}: {name} is {said!r:.40}", "a text")
    if not number:
        raise Refusal(role, f"{path.name} has no rows", _columns(like))


def _columns(like: Mapping[str, Any]) -> str:
    return f"rows with the columns {', '.join(like)}"


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _rows(path: Path, role: str) -> Iterator[dict[str, Any]]:
    kinds = [suffix for suffix in path.suffixes if suffix != ".gz"]
    try:
        with open(path, "rb", opener=ordinary) as file, gzip.GzipFile(fileobj=file) as packed:
            lines = _lines(cast(IO[bytes], packed) if path.suffix == ".gz" else file, path.name, role)
            if kinds and kinds[-1] in (".csv", ".tsv"):
                yield from csv.DictReader(lines, delimiter="\t" if kinds[-1] == ".tsv" else ",")
            elif kinds and kinds[-1] in (".json", ".jsonl"):
                yield from _documents(lines, path.name, role)
    except (OSError, EOFError) as error:
        raise Refusal(
            role, f"{path.name} can't be read: {getattr(error, 'strerror', None) or error}", "a whole file"
        ) from error
    except csv.Error as error:
        raise Refusal(role, f"{path.name} is no table: {error}", "CSV as spreadsheets write it") from error


def _lines(file: IO[bytes], name: str, role: str) -> Iterator[str]:
    for number in itertools.count(1):
        line = file.readline(LINE_BYTES)
        if not line:
            return
        if number == 1 and line.startswith(UTF_16):
            raise Refusal(role, f"{name} is UTF-16 text", "UTF-8: save it again as that")
        if len(line) == LINE_BYTES:
            raise Refusal(role, f"{name}, line {number}, is longer than {LINE_BYTES:,} bytes", "shorter rows")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise Refusal(role, f"{name}, line {number}, is not UTF-8 text", "UTF-8: save it again as that") from None


def _documents(lines: Iterator[str], name: str, role: str) -> Iterator[dict[str, Any]]:
    """JSON lines, or one list."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if number == 1 and line.lstrip().startswith("["):
            return  # one document: the library reads it as a whole
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Refusal(role, f"{name}, line {number}, is no JSON: {error}", "one object a line") from None
        if not isinstance(row, dict):
            raise Refusal(role, f"{name}, line {number}, is {type(row).__name__}", "one object a line") from None
        yield row
