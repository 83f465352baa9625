"""A learner's own data, refused before a worker starts; what only looks odd is read."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable

from tests.end_to_end.hostile.situation import Situation, World
from tests.support.laboratory import TOYS

TOYS_ALONE = {"DEEPDIVE_TUTORIALS": str(TOYS)}  # one worker serves all that have the same tutorials
ROWS = '{"sentence": "Good.", "label": 1}\n{"sentence": "Bad.", "label": 0}\n'
CSV = "sentence,label\nGood.,1\nBad.,0\n"
ARTICLES = "".join(f'{{"id": {n}, "title": "T", "text": "The mill stood in Dunmore."}}\n' for n in range(3))

Arrange = Callable[[World], object]


def row(name: str, file: str, data: str | bytes, says: str, role: str = "sentiment") -> Situation:
    words = f"run chapter3-fewshot fill_the_blank --set '{role}={{here}}/{file}'"
    return Situation(f"data: {name}", words, says, 2, lambda world: world.write(file, data))


def place(name: str, at: str, arrange: Arrange, says: str) -> Situation:
    words = f"run chapter3-fewshot fill_the_blank --set 'sentiment={at}'"
    return Situation(f"data: {name}", words, says, 2, arrange)


def read(name: str, file: str, data: str | bytes) -> Situation:
    """Through the whole step."""
    words = f"run chapter3-fewshot random_head --set heads=1 --set 'sentiment_test={{here}}/{file}'"
    return Situation(
        f"data: {name}",
        words,
        r"✓ .*random_head +done",
        0,
        lambda world: world.write(file, data),
        TOYS_ALONE,
        worker=True,
    )


def locked(world: World) -> None:
    world.write("mine.csv", CSV).chmod(0)


SITUATIONS = (
    row("other columns", "mine.jsonl", '{"review": "Good.", "stars": 5}\n', r"mine\.jsonl, row 1, has no column sentence; it has review, stars.*Allowed: rows with the columns sentence \(text\), label"),
    row("labels that are no classes", "mine.csv", "sentence,label\nGood.,5\n", r"mine\.csv, row 1: label is '5'.*Allowed: 0 negative, 1 positive"),
    row("one class only", "mine.csv", "sentence,label\nGood.,1\n", r"mine\.csv has no row whose label is negative"),
    row("no rows", "mine.csv", "sentence,label\n", r"mine\.csv has no rows"),
    row("an empty cell", "mine.csv", CSV + ",1\n", r"mine\.csv, row 3: sentence is empty"),
    row("a row that is a list", "mine.jsonl", ROWS + "[1, 2]\n", r"mine\.jsonl, line 3, is a list.*one object a line"),
    row("two columns of one name", "mine.csv", "sentence,label,label\nGood.,1,1\n", r"two columns named label"),
    row("Latin-1", "mine.csv", b"sentence,label\nCaf\xe9.,1\n", r"mine\.csv, line 2, is not UTF-8 text.*save it again"),
    row("a byte 0", "mine.csv", "sentence,label\nGo\0od.,1\n", r"mine\.csv, line 2, has a byte 0"),
    row("packed and cut off", "mine.jsonl.gz", gzip.compress(ROWS.encode())[:-9], r"mine\.jsonl\.gz can't be read: .*Allowed: a whole file"),
    row("a line of 10 MB", "mine.jsonl", '{"sentence": "' + "x" * 10_000_000, r"line 1, is longer than 10,000,000"),
    row("damaged Parquet", "mine.parquet", b"PAR1....", r"mine\.parquet is no whole Parquet file"),
    row("a spreadsheet", "mine.xlsx", b"PK", r"mine\.xlsx is no table.*\.jsonl, \.json, \.csv"),
    row("tags that there are not", "mine.jsonl", '{"tokens": ["Ann"], "ner_tags": [9]}\n', r"row 1: ner_tags is 9.*8 I-MISC", role="entities"),
    row("a path that is a pattern", "reviews [2024] *.jsonl", '{"review": "Good."}\n', r"reviews \[2024\] \*\.jsonl, row 1, has no column"),
    place("a file that is gone", "{here}/gone.jsonl", lambda world: None, r"neither a path that exists nor a hub id"),
    place("a name that is gone", "gone.jsonl", lambda world: None, r"neither a path that exists nor a hub id"),
    place("a pipe", "{here}/pipe.csv", lambda world: os.mkfifo(world.here / "pipe.csv"), r"pipe\.csv is no ordinary file"),
    place("a device", "/dev/zero", lambda world: None, r"/dev/zero is no ordinary file"),
    place("a link that leads nowhere", "{here}/l.csv", lambda world: (world.here / "l.csv").symlink_to("/gone/x.csv"), r"l\.csv is a link to /gone/x\.csv, which is not there"),
    Situation("no permission for a table", "run chapter3-fewshot fill_the_blank --set sentiment={here}/mine.csv", r"mine\.csv can't be read: Permission denied", 2, locked, ordinary=True),
    place("a name that is no UTF-8", "{here}/caf\udce9.csv", lambda world: world.write("caf\udce9.csv", CSV), r"no UTF-8 text"),
    place("a folder without tables", "{here}/notes", lambda world: world.write("notes/README.md", ""), r"notes holds no table"),
    place("a user that is not", "~nosuchuser/x.csv", lambda world: None, r"neither a path that exists nor a hub id"),
    read("with a byte order mark, semicolons, CRLF and labels in words", "reviews [2024] #1.csv", "\ufeffsentence;label\r\nGood.;Positive\r\nBad.;negative\r\n"),
    read("in UTF-16", "mine.csv", CSV.encode("utf-16")),
    Situation("data: a folder of tables with other columns", "run chapter4 conversations --set train={here}/mine", r"failed.*KeyError: 'conversation'.*See whether it is as the lesson's own: train \(folder .*mine\)", 1, lambda world: world.write("mine/train.jsonl", ROWS), TOYS_ALONE, worker=True),
    Situation("data: a template of 3,000 words", f"run chapter3-prompts ask_t5 --set 'template={{mask}} {'dog ' * 3000}'", r"refused.*the template takes \d+ tokens.*128 are allowed.*Change the step's settings", 2, environment=TOYS_ALONE, worker=True),
    Situation("data: fewer articles than are drawn", "run chapter2 articles --set articles={here}/mine.jsonl --set count=2", r"count: 4 articles are drawn, there are 3", 2, lambda world: world.write("mine.jsonl", ARTICLES), TOYS_ALONE, worker=True),
)  # fmt: skip
