"""The log loses nothing: torn lines are passed over, unknown records counted, a full disk waited out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from deepdive.engine.runs import log
from deepdive.engine.runs.events import AnyEvent, End, Job, Memory, Note, Point, encode
from deepdive.engine.runs.log import Tail, Writer, replay
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.runs.test_events import EVENTS
from tests.support.disk import room_for


def note(text: str, t: float = 1.0) -> Note:
    return Note(t=t, job="pretrain-1", text=text)


def write(path: Path, *events: AnyEvent) -> None:
    writer = Writer(path)
    for event in events:
        writer.append(event)
    writer.close()


def texts(events: list[AnyEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(EVENTS, max_size=8), st.integers(1, 200))
def test_what_is_appended_is_read_back_in_pieces_of_any_size(
    tmp_path: Path, events: list[AnyEvent], piece: int
) -> None:
    path = tmp_path / "events.jsonl"
    path.unlink(missing_ok=True)
    write(path, *events)
    tail, found = Tail(path), []
    while tail.offset < path.stat().st_size:
        found += tail.poll(limit=piece)
    assert found == events
    assert (tail.garbled, tail.unknown) == (0, 0)
    assert replay(path)[0] == events


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "events.jsonl")
    assert tail.poll() == []
    write(tmp_path / "events.jsonl", note("a"))
    assert texts(tail.poll()) == ["a"]


def test_a_torn_last_line_waits_until_it_is_whole(tmp_path: Path) -> None:
    path, line = tmp_path / "events.jsonl", encode(note("torn")) + b"\n"
    path.write_bytes(encode(note("whole")) + b"\n" + line[:12])
    tail = Tail(path)
    assert texts(tail.poll()) == ["whole"]
    with path.open("ab") as file:
        file.write(line[12:])
    assert texts(tail.poll()) == ["torn"]


def test_a_line_torn_by_a_power_cut_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(encode(note("whole")) + b"\n" + encode(note("torn"))[:20])
    write(path, note("after"))
    events, tail = replay(path)
    assert texts(events) == ["whole", "after"]
    assert tail.garbled == 1


@pytest.mark.parametrize(
    ("line", "garbled", "unknown"),
    [
        (b"\x00" * 4096, 1, 0),  # what a file system leaves behind after a power cut
        (b"\xff\xfe garbage", 1, 0),
        (b'{"type":"note","text":"\xff"}', 1, 0),
        (b'{"type":"plot","name":"p","kind":"bars","data":{"a":' + b"[" * 100_000, 1, 0),
        (b'{"type":"hologram","t":1.0,"job":"a","depth":3}', 0, 1),
        (b'{"t":1.0}', 0, 1),
        (b"null", 0, 1),
        (b"", 0, 0),
    ],
)
def test_what_can_not_be_read_is_passed_over_and_counted(
    tmp_path: Path, line: bytes, garbled: int, unknown: int
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(encode(note("before")) + b"\n" + line + b"\n" + encode(note("after")) + b"\n")
    events, tail = replay(path)
    assert texts(events) == ["before", "after"]
    assert (tail.garbled, tail.unknown) == (garbled, unknown)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.binary(max_size=400))
def test_no_bytes_make_a_reader_fall_over(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(data + b"\n" + encode(note("after")) + b"\n")
    assert texts(replay(path)[0])[-1:] == ["after"]


def test_fields_of_a_newer_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type":"note","t":1.0,"job":"a","text":"known","colour":"red"}\n')
    assert texts(replay(path)[0]) == ["known"]


def test_other_ranks_are_merged_by_time(tmp_path: Path) -> None:
    memory = {"device": "cuda:1", "used": 1, "total": 2, "peak": 1}
    write(
        tmp_path / "events.jsonl",
        Job(t=1.0, job="a", step="tune"),
        Point(t=3.0, job="a", curve="training", x=1, values={}),
    )
    write(tmp_path / "events.1.jsonl", Memory(t=2.0, job="a", rank=1, **memory))
    write(tmp_path / "events.old.jsonl", note("not a rank's"))
    assert [type(event) for event in replay(tmp_path / "events.jsonl")[0]] == [Job, Memory, Point]


# ---- a full disk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 70, 71, 100, 250])
def test_a_full_disk_is_waited_out_without_loss(tmp_path: Path, size: int) -> None:
    path = tmp_path / "events.jsonl"
    writer = Writer(path)
    with room_for(size):
        for number in range(8):
            writer.append(note(f"line {number}"))
        assert writer.error is not None
        assert writer.waiting
        assert not writer.flush()
        assert path.stat().st_size == size
    writer.append(note("line 8"))
    assert writer.flush()
    assert (writer.error, writer.waiting) == (None, 0)
    writer.close()
    events, tail = replay(path)
    assert texts(events) == [f"line {number}" for number in range(9)]
    assert (tail.garbled, tail.unknown) == (0, 0)


def test_a_device_without_room_does_not_raise() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    writer = Writer(Path("/dev/full"))
    writer.append(note("lost to nobody"))
    assert writer.error is not None
    assert not writer.flush(seconds=0.06)


def test_while_the_disk_is_full_it_is_not_tried_at_every_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, tries = Writer(tmp_path / "events.jsonl"), []
    real = os.write
    monkeypatch.setattr(log.os, "write", lambda fd, data: tries.append(data) or real(fd, data))
    with room_for(0):
        for number in range(1000):
            writer.append(note(str(number)))
    assert len(tries) < 10


def test_after_very_many_lines_the_oldest_are_dropped_but_no_line_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "WAITING_LIMIT", 10)
    writer = Writer(tmp_path / "events.jsonl")
    with room_for(30):
        for number in range(100):
            writer.append(note(f"line {number}"))
    writer.close()
    events, tail = replay(tmp_path / "events.jsonl")
    assert texts(events) == ["line 0", *[f"line {number}" for number in range(90, 100)]]
    assert tail.garbled == 0


def test_a_killed_writer_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    source = f"""
import os, signal
from pathlib import Path
from deepdive.engine.runs.events import Note
from deepdive.engine.runs.log import Writer
writer = Writer(Path({str(path)!r}))
for number in range(500):
    writer.append(Note(text=str(number)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", source], check=False)
    assert died.returncode == -signal.SIGKILL
    assert texts(replay(path)[0]) == [str(number) for number in range(500)]


def test_a_log_is_for_its_owner_only(tmp_path: Path) -> None:
    write(tmp_path / "events.jsonl", End(outcome="done"))
    assert (tmp_path / "events.jsonl").stat().st_mode & 0o077 == 0


def test_several_threads_may_append_at_once_and_no_line_is_lost_or_mixed(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "events.jsonl")

    def tell(name: int) -> None:
        for x in range(500):
            writer.append(Point(job=f"j{name}", curve="training", x=x, values={"loss": 1.0}))

    threads = [threading.Thread(target=tell, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    events, tail = replay(tmp_path / "events.jsonl")
    assert (len(events), tail.garbled) == (2000, 0)
    assert [event.x for event in events if event.job == "j2" and isinstance(event, Point)] == list(range(500))
