"""Whatever a run's files are, every reader answers with a value or a Fault, at once, and no other run is hidden."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from deepdive.engine.common import files
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.results.measured import results
from deepdive.engine.runs.store import Run, Store

from tests.support.laboratory import Laboratory

NAMES = ("run.json", "events.jsonl", "edits.json", "lock")


@pytest.fixture
def store(laboratory: Laboratory, tmp_path: Path) -> Store:
    """A home with a run that did something, and another one to be hidden."""
    whole = laboratory.run()
    whole.edit("numbers", {"count": 3})
    laboratory.finish(whole, "squares")
    store = Store(tmp_path / "home")
    for name in ("toy-1", "toy-2"):
        shutil.copytree(whole.folder, store.folder / name)
        record = json.loads((store.folder / name / "run.json").read_text()) | {"worker": None}
        (store.folder / name / "run.json").write_text(json.dumps(record))
    return store


def read(store: Store, laboratory: Laboratory) -> list[str]:
    """What the readers of a run say: an empty text for a value."""

    def opened() -> Run:
        return store.open("toy-1")

    readers: list[Callable[[], object]] = [
        lambda: opened().settle(),
        lambda: opened().view(),
        lambda: opened().edits(),
        lambda: opened().info(),
        lambda: opened().worker(),
        lambda: results(laboratory.tutorial, "pocket", opened().view()),
        lambda: store.latest("toy"),
    ]
    said = []
    for reader in readers:
        try:
            reader()
            said.append("")
        except Fault as fault:
            said.append(fault.cause)
    assert len(said) == len(readers)
    infos = {info.id: info for info in store.runs()}
    assert set(infos) == {"toy-1", "toy-2"}
    assert infos["toy-2"].state == "done"
    return said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("made", ["pipe", "folder", "device", "dangling", "empty", "deep", "latin", "huge number"])
def test_a_file_that_is_none_is_told_at_once_and_hides_no_other(
    store: Store, laboratory: Laboratory, name: str, made: str
) -> None:
    path = store.folder / "toy-1" / name
    path.unlink(missing_ok=True)
    match made:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case "dangling":
            path.symlink_to("/nonexistent/file")
        case "deep":
            path.write_text("[" * 100_000)
        case "latin":
            path.write_bytes(b'{"id": "\xe9"}')
        case "huge number":
            path.write_text('{"id": "toy-1", "tutorial": "toy", "scale": "pocket", "started": 1e300}')
        case _:
            path.write_bytes(b"")
    began = time.monotonic()
    read(store, laboratory)
    assert time.monotonic() - began < 4.0


def test_two_hundred_random_changes_of_bytes_and_values_break_no_reader(store: Store, laboratory: Laboratory) -> None:
    draw = random.Random(11)
    folder = store.folder / "toy-1"
    whole = {name: (folder / name).read_bytes() for name in NAMES}
    for _ in range(200):
        name = draw.choice(NAMES[:3])
        data = bytearray(whole[name])
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(data))
            match draw.randrange(4):
                case 0:
                    data[at] = draw.randrange(256)
                case 1:
                    del data[at:]
                    data += b" "
                case 2:
                    data[at:at] = draw.choice([b"1e400", b"-", b"[", b'"', b"null", b"9" * 400, b"\0", b"NaN"])
                case _:
                    del data[at : at + draw.randint(1, 20)]
                    data += b" "
        (folder / name).write_bytes(bytes(data))
        read(store, laboratory)
        (folder / name).write_bytes(whole[name])


def test_a_run_can_t_be_named_so_that_it_leads_out_of_the_folder(store: Store) -> None:
    for id in ("..", ".", "../toy-1", "a/b", ""):
        with pytest.raises(Refusal):
            store.open(id)
        with pytest.raises(Refusal):
            store.delete(id)
    assert store.folder.is_dir()


def test_what_can_t_be_read_can_be_deleted(store: Store) -> None:
    (store.folder / "toy-1" / "run.json").write_text("{")
    store.delete("toy-1")
    assert [info.id for info in store.runs()] == ["toy-2"]


def test_a_file_system_without_locks_is_named_with_what_to_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(descriptor: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(files.fcntl, "flock", refuses)
    assert fcntl.flock is refuses
    run = store.open("toy-1")
    for change in (lambda: run.edit("numbers", {"count": 4}), run.settle):
        with pytest.raises(
            Fault, match=r"refuses locks: No locks available. Set DEEPDIVE_HOME to a folder on a local disk"
        ):
            change()
