"""A learner's own table: read as it is meant, held against the columns that a lesson needs, handed on in a form that
`load_dataset` reads alike.

A lesson says in tutorial.toml what a row must have:

    [scales.pocket.columns]
    sentiment = { sentence = "text", label = ["negative", "positive"] }      # a class by its name or its number
    entities = { "tokens[]" = "text", "ner_tags[]" = ["O", "B-PER", ...] }   # [] is a list of them
    articles = { id = "any", text = "text" }
"""

from __future__ import annotations

import contextlib
import csv
import glob
import gzip
import io
import itertools
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from deepdive.engine.common.digest import short_hash
from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.files import ordinary
from deepdive.engine.places.places import LOADERS, Column, Columns, Report

Row = dict[str, Any]

HEAD = 1000  # rows that are looked at before anything starts
LINE_BYTES = 10_000_000
LIST_BYTES = 500_000_000  # of a file that is one JSON list
TELL_ROWS = 10_000
FOLDER_FILES = 10_000  # somebody may name /
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
SEPARATORS = ",;\t"
UTF_8 = "UTF-8: save it again as that"
JSON_LINES = "one object a line, or one list of objects"


class Odd(Exception):
    """A value is not as its column says: what it is, and what is allowed."""


def check(path: Path, role: str, columns: Columns) -> None:
    """Raises Refusal, with line or row and column, where the first rows are not as a lesson needs them. Of a folder
    only the names are looked at."""
    if not kind_of(path, role):
        return
    for _ in itertools.islice(rows(path, role, columns), HEAD):
        pass


def kind_of(path: Path, role: str) -> str:
    """Its ending, of LOADERS; "" for a folder that has tables. Raises Refusal for what `load_dataset` can't read."""
    if path.is_dir():
        if (path / "state.json").is_file() and (path / "dataset_info.json").is_file():
            why = f"{path} was written by save_to_disk, which load_dataset does not read"
            raise Refusal(role, why, "Parquet, JSON, CSV")
        if "::" in str(path) or glob.escape(str(path)) != str(path):
            raise Refusal(role, f"load_dataset takes {path} for a pattern", "a file in it, or another name")
        files = list(itertools.islice(path.rglob("*"), FOLDER_FILES + 1))
        if len(files) > FOLDER_FILES:
            raise Refusal(role, f"{path} holds more than {FOLDER_FILES:,} files", "a folder of tables alone")
        if not any(suffix(file) in LOADERS for file in files):
            raise Refusal(role, f"{path} holds no table", ", ".join(LOADERS))
        return ""
    if suffix(path) not in LOADERS:
        raise Refusal(role, f"{path.name} is no table that load_dataset reads", ", ".join(LOADERS))
    return suffix(path)


def readable(path: Path, role: str, columns: Columns, head: bool, report: Report) -> Path:
    """The file itself where `load_dataset` reads it as meant, else a copy in JSON lines. Raises Refusal as `check`.

    With `head` only the first rows are looked at: the rest is streamed."""
    plain = suffix(path) in (".jsonl", ".parquet") and "::" not in str(path) and not _marked(path)
    looked = itertools.islice(rows(path, role, columns), HEAD if head else None)
    for row, meant in _told(looked, path, report):
        plain = plain and _same(list(row.values()), list(meant.values()))
    if plain:
        return path
    from deepdive.engine.places.web import cache, disk

    found = path.stat()
    name = short_hash(json.dumps([str(path), found.st_mtime_ns, found.st_size, columns], sort_keys=True))
    copy = cache() / "tables" / f"{name}.jsonl"
    if not copy.exists():
        part = copy.with_name(f"{copy.name}.{os.getpid()}")
        with disk(copy.parent):
            copy.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError), part.open("w", encoding="utf-8") as file:
                for _, meant in _told(rows(path, role, columns), path, report):
                    file.write(json.dumps(meant, ensure_ascii=False, default=str) + "\n")
            part.replace(copy)
    return copy


def rows(path: Path, role: str, columns: Columns) -> Iterator[tuple[Row, Row]]:
    """Each row as it is, and as it is meant. Raises Refusal."""
    needed = f"rows with the columns {described(columns)}"
    seen: dict[str, set[int]] = {name: set() for name, column in columns.items() if isinstance(column, tuple)}
    number = 0
    for number, row in enumerate(_read(path, role, columns), start=1):
        where = f"{path.name}, row {number}"
        if None in row:  # of csv's reader
            more = f"{where}, has {len(row) - 1 + len(row[None])} cells, there are {len(row) - 1} columns"  # type: ignore[index]
            raise Refusal(role, more, 'a text with a separator in it stands in "quotes"')
        meant = dict(row)
        for name, column in columns.items():
            plain = name.removesuffix("[]")
            if plain not in row:
                found = ", ".join(map(str, row)) or "none"
                raise Refusal(role, f"{where}, has no column {plain}; it has {found:.200}", needed)
            try:
                meant[plain] = _list(row[plain], column) if name.endswith("[]") else _value(row[plain], column)
            except Odd as odd:
                why, allowed = odd.args
                raise Refusal(role, f"{where}: {plain} {why}", allowed) from None
            if name in seen and not name.endswith("[]"):
                seen[name].add(meant[plain])
        lengths = {plain: len(meant[plain]) for name in columns if (plain := name.removesuffix("[]")) != name}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{length} {name}" for name, length in lengths.items())
            raise Refusal(role, f"{where}, has {told}", "as many of each")
        yield row, meant
    if not number:
        raise Refusal(role, f"{path.name} has no rows", needed)
    for name, classes in seen.items():
        if missing := [label for at, label in enumerate(columns[name]) if at not in classes and "[]" not in name]:
            raise Refusal(
                role, f"{path.name} has no row whose {name} is {missing[0]}", f"rows of {_classes(columns[name])}"
            )


def described(columns: Columns) -> str:
    """`sentence (text), label (0 negative, 1 positive)`."""
    kinds = {"any": "anything", "text": "text"}
    told = {n: kinds[c] if isinstance(c, str) else _classes(c) for n, c in columns.items()}
    lists = {n: f"a list: {kind}" if n.endswith("[]") else kind for n, kind in told.items()}
    return ", ".join(f"{name.removesuffix('[]')} ({kind})" for name, kind in lists.items())


def _classes(names: Iterable[str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in enumerate(names))


def _told(looked: Iterator[tuple[Row, Row]], path: Path, report: Report) -> Iterator[tuple[Row, Row]]:
    """Tells how far it is, which hears a stop."""
    for number, pair in enumerate(looked, start=1):
        if number % TELL_ROWS == 0:
            report("progress", {"what": f"reading {path.name}", "done": number, "total": None, "unit": ""})
        yield pair


def _same(one: Any, other: Any) -> bool:
    """Of one type too: 1.0 is no 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


# ---- values ----------------------------------------------------------------------------------------------------------


def _value(value: Any, column: Column) -> Any:
    """Raises Odd."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Odd("is empty", "a value in every row")
    if column == "any":
        return value
    if column == "text":
        if not isinstance(value, str):
            raise Odd(f"is {value!r:.40}", "a text")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Odd("holds half a character (an unpaired surrogate)", "whole characters")
        return value
    number = value
    if isinstance(value, str):
        word, names = value.strip().casefold(), [name.casefold() for name in column]
        with contextlib.suppress(ValueError):
            number = names.index(word) if word in names else float(word)
    if isinstance(number, int | float) and number in range(len(column)):
        return int(number)
    raise Odd(f"is {value!r:.40}", _classes(column))


def _list(value: Any, column: Column) -> list[Any]:
    if isinstance(value, str):  # of a CSV: words with blanks between them
        value = value.split()
    if not isinstance(value, list | tuple):
        raise Odd("is empty" if value is None else f"is {value!r:.40}", "a list")
    if not value:
        raise Odd("is empty", "a value in every row")
    return [_value(one, column) for one in value]


# ---- files -----------------------------------------------------------------------------------------------------------


def suffix(path: Path) -> str:
    """`.csv` of reviews.CSV.gz."""
    kinds = [suffix for suffix in map(str.lower, path.suffixes) if suffix != ".gz"]
    return kinds[-1] if kinds else ""


def _opened(path: Path) -> IO[bytes]:
    file = open(path, "rb", opener=ordinary)  # noqa: SIM115 - the caller's `with`
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if path.suffix.lower() == ".gz" else file


def _marked(path: Path) -> bool:
    """Whether it begins with a byte order mark. What can't be read is told later."""
    with contextlib.suppress(OSError, EOFError, zlib.error), _opened(path) as file:
        return file.read(3).startswith((b"\xef\xbb\xbf", *UTF_16))
    return False


def _read(path: Path, role: str, columns: Columns) -> Iterator[Row]:
    """Rows of any kind of table. Raises Refusal."""
    kind, name = suffix(path), path.name
    try:
        with _opened(path) as file:
            if kind == ".parquet":
                yield from _parquet(file, name, role)
                return
            lines = _lines(file, name, role)
            if kind == ".txt":
                yield from ({"text": text} for line in lines if (text := line.rstrip("\r\n")).strip())
            elif kind in (".csv", ".tsv"):
                yield from _separated(lines, name, role, columns, tabs=kind == ".tsv")
            else:
                yield from _documents(lines, name, role)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refusal(role, f"{name} can't be read: {why}", "a whole file that you may read") from error


def _parquet(file: IO[bytes], name: str, role: str) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        for batch in parquet.ParquetFile(file).iter_batches(HEAD):
            yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise Refusal(role, f"{name} is no whole Parquet file: {error!s:.100}", "a whole file") from error


def _lines(file: IO[bytes], name: str, role: str) -> Iterator[str]:
    """Lines with their ends. A byte order mark is no part of the text."""
    number = 0
    try:
        for number, line in enumerate(_decoded(file), start=1):
            if len(line) >= LINE_BYTES:
                raise Refusal(role, f"{name}, line {number}, is longer than {LINE_BYTES:,} characters", "shorter rows")
            if "\0" in line:
                raise Refusal(role, f"{name}, line {number}, has a byte 0: it is no text, or UTF-16", UTF_8)
            yield line
    except UnicodeDecodeError as error:
        kind = "whole UTF-16" if error.encoding.startswith("utf-16") else "UTF-8"
        raise Refusal(role, f"{name}, line {number + 1}, is not {kind} text", UTF_8) from None


def _decoded(file: IO[bytes]) -> Iterator[str]:
    line = file.readline(LINE_BYTES)
    if line.startswith(UTF_16):
        file.seek(0)
        text = io.TextIOWrapper(file, "utf-16", newline="")
        yield from iter(lambda: text.readline(LINE_BYTES), "")
        return
    encoding = "utf-8-sig"
    while line:
        yield line.decode(encoding)
        line, encoding = file.readline(LINE_BYTES), "utf-8"


def _separated(lines: Iterator[str], name: str, role: str, columns: Columns, tabs: bool) -> Iterator[Row]:
    """Rows by commas, or by what separates the columns that are needed: semicolons, tabs."""
    head = next(lines, "")
    names = {column.removesuffix("[]") for column in columns}
    sign = max(
        "\t" if tabs else SEPARATORS,
        key=lambda sign: len(names & {cell.strip('"') for cell in head.strip().split(sign)}),
    )
    csv.field_size_limit(LINE_BYTES)
    reader = csv.DictReader(
        itertools.chain([head], lines), delimiter=sign, quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    )
    try:
        header = list(reader.fieldnames or ())
        if twice := [column for at, column in enumerate(header) if column in header[:at]]:
            raise Refusal(role, f"{name} has two columns named {twice[0]}", "a name for each column")
        yield from reader
    except csv.Error as error:
        raise Refusal(
            role, f"{name}, line {reader.line_num}, is no table: {error}", "CSV as spreadsheets write it"
        ) from error


def _documents(lines: Iterator[str], name: str, role: str) -> Iterator[Row]:
    """JSON lines, or one list."""
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            if number == 1 and line.lstrip().startswith("["):
                yield from _listed(line, lines, name, role)
                return
            if line.strip():
                yield _object(_JSON.decode(line.strip()), f"{name}, line {number}", role)
    except (ValueError, RecursionError) as error:
        raise Refusal(role, f"{name}, line {number}, is no JSON: {error}", JSON_LINES) from None


def _listed(line: str, lines: Iterator[str], name: str, role: str) -> Iterator[Row]:
    parts, size = [line], len(line)
    for line in lines:
        parts.append(line)
        if (size := size + len(line)) > LIST_BYTES:
            raise Refusal(role, f"{name} is one list of more than {LIST_BYTES:,} characters", "one object a line")
    for number, row in enumerate(_JSON.decode("".join(parts).strip()), start=1):
        yield _object(row, f"{name}, row {number}", role)


def _object(row: Any, where: str, role: str) -> Row:
    if not isinstance(row, dict):
        kind = "a list" if isinstance(row, list) else f"{row!r:.40}"
        raise Refusal(role, f"{where}, is {kind}", JSON_LINES)
    return row


def _once(pairs: list[tuple[str, Any]]) -> Row:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name stands twice among {', '.join(name for name, _ in pairs)}")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)
