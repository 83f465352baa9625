"""The learner's records survive torn lines, a full or read-only disk and two programs at once; progress is a fold."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.runs import log
from deepdive.engine.runs.learner import (
    Answered,
    AnyRecord,
    Learner,
    Predicted,
    Read,
    Records,
    progress,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.support.disk import room_for

TUTORIALS = st.sampled_from(["chapter2", "chapter4"])
HEAD = {"t": st.floats(0, 2e9), "tutorial": TUTORIALS, "run": st.sampled_from(["", "chapter2-1"])}
NAMES = st.sampled_from(["X1", "X2"])
RECORDS: st.SearchStrategy[AnyRecord] = st.one_of(
    st.builds(Read, page=st.integers(1, 12), cursor=st.dictionaries(st.just("line"), st.integers(0, 90)), **HEAD),
    st.builds(Predicted, prediction=NAMES, answer=st.floats(0, 12) | st.just("up") | st.just(["a", "b"]), **HEAD),
    st.builds(Answered, exercise=NAMES, answer=st.text(max_size=5), passed=st.booleans(), **HEAD),
)


def test_the_learner_finds_the_page_and_the_cursor_again(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for page in range(1, 9):
        records.read("chapter2", page, run="chapter2-1")
    records.read("chapter2", 8, {"line": 14, "x": 124.0})
    records.close()
    learner = Records(tmp_path).progress()
    here = learner.of("chapter2")
    assert learner.last == "chapter2"
    assert (here.page, here.cursor, here.run) == (8, {"line": 14, "x": 124.0}, "chapter2-1")
    assert here.read == set(range(1, 9))


def test_every_record_is_kept(tmp_path: Path) -> None:
    records = Records(tmp_path)
    assert records.predicted("chapter2", "P1", 3.0, "chapter2-1") is None
    records.answered("chapter2", "X1", "12", passed=False, hint="count again")
    records.answered("chapter2", "X1", "13", passed=True)
    records.close()
    learner = Records(tmp_path).progress()
    here = learner.of("chapter2")
    assert here.predictions["P1"].answer == 3.0
    assert (here.passed, here.tries) == ({"X1"}, {"X1": 2})
    assert learner.last == "chapter2"


def test_the_first_start_has_no_records(tmp_path: Path) -> None:
    learner = Records(tmp_path).progress()
    assert (learner.last, learner.of("chapter2").page, learner.of("chapter2").read) == ("", 1, set())
    assert not (tmp_path / "learner.jsonl").exists()


@given(st.lists(RECORDS, max_size=12), st.integers(0, 12))
def test_folding_in_pieces_equals_folding_at_once(records: list[AnyRecord], cut: int) -> None:
    learner = Learner()
    learner.add(records[:cut])
    learner.add(records[cut:])
    assert learner == progress(records)


@given(st.lists(RECORDS, max_size=12))
def test_what_is_recorded_reads_back(records: list[AnyRecord]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        kept = Records(Path(home))
        for record in records:
            assert kept.add(record) is None
        assert kept.all() == records
        kept.close()
        assert Records(Path(home)).all() == records


def test_torn_and_unknown_lines_cost_no_other(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.read("chapter2", 4)
    records.close()
    with (tmp_path / "learner.jsonl").open("ab") as file:
        file.write(b'{"type":"dreamt","tutorial":"chapter2"}\n\x00\x00\n{"type":"read","page":5,"tuto')
    records = Records(tmp_path)
    records.read("chapter2", 6)
    records.close()
    assert Records(tmp_path).progress().of("chapter2").read == {4, 6}


def test_two_programs_write_the_same_records(tmp_path: Path) -> None:
    interface, command = Records(tmp_path), Records(tmp_path)
    interface.read("chapter2", 1)
    command.read("chapter2", 2)
    interface.read("chapter2", 3)
    assert interface.progress().of("chapter2").read == {1, 2, 3}
    assert command.progress() == interface.progress()
    assert len(Records(tmp_path).all()) == 3


def test_a_full_disk_is_told_once_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "RETRY_SECONDS", 0.0)
    records = Records(tmp_path)
    records.read("chapter2", 1)
    size = (tmp_path / "learner.jsonl").stat().st_size
    with room_for(size + 10):
        fault = records.read("chapter2", 2)
        assert fault is not None
        assert "learner.jsonl" in fault.cause
        assert fault.action
        assert records.read("chapter2", 3) is None
        assert records.progress().of("chapter2").read == {1, 2, 3}
        assert records.trouble is not None
    assert records.read("chapter2", 4) is None
    assert records.trouble is None
    assert records.progress().of("chapter2").read == {1, 2, 3, 4}
    records.close()
    assert Records(tmp_path).progress().of("chapter2").read == {1, 2, 3, 4}
    with room_for(0):
        assert Records(tmp_path).read("chapter2", 5) is not None


def test_a_home_that_can_not_be_written_is_told_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("")  # a file where the folder should be: as good as read-only, also for root
    records = Records(home)
    told = [records.trouble, records.read("chapter2", 1), records.read("chapter2", 2)]
    assert len([fault for fault in told if fault is not None]) == 1
    assert records.progress().of("chapter2").read == {1, 2}
    home.unlink()
    assert records.read("chapter2", 3) is None
    assert records.trouble is None
    records.close()
    assert Records(home).progress().of("chapter2").read == {1, 2, 3}
