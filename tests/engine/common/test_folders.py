"""Guards the folders: private, short enough for sockets, refused with a way out where they can't be ours."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.engine.common import folders
from deepdive.engine.common.faults import Fault
from hypothesis import given
from hypothesis import strategies as st

AS_ROOT = os.getuid() == 0


@pytest.fixture
def short() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="p-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_home_is_the_variable_and_for_this_user_only(tmp_path: Path) -> None:
    assert folders.home() == tmp_path / "deepdive"
    assert mode(folders.home()) == 0o700


def test_a_home_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "deepdive").mkdir()
    (tmp_path / "deepdive").chmod(0o755)
    assert mode(folders.home()) == 0o700


def test_without_the_variable_home_is_the_platforms_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPDIVE_HOME")
    assert folders.home() == tmp_path / "data" / "deepdive"


def test_home_may_be_a_link_to_a_larger_disk(tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "deepdive").symlink_to(tmp_path / "large")
    assert folders.home().is_dir()


def test_a_file_in_the_way_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "deepdive").write_text("")
    with pytest.raises(Fault, match="can't be made") as caught:
        folders.home()
    assert "DEEPDIVE_HOME" in caught.value.action


def test_a_home_that_can_not_be_made_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPDIVE_HOME", "/proc/deepdive")
    with pytest.raises(Fault, match="home /proc/deepdive can't be made"):
        folders.home()


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_home_that_is_read_only_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "deepdive").mkdir(mode=0o500)
    with pytest.raises(Fault, match="read-only"):
        folders.home()


def test_settings_need_not_exist(tmp_path: Path) -> None:
    assert folders.config() == tmp_path / "config" / "deepdive"
    assert not folders.config().exists()


def test_sockets_lie_below_the_sessions_runtime_folder(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    assert folders.runtime() == short / "deepdive"
    assert mode(folders.runtime()) == 0o700


@pytest.mark.parametrize("unfit", ["", "missing", "long"])
def test_without_a_fit_runtime_folder_sockets_lie_in_the_temporary_one(
    unfit: str, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", {"": "", "missing": str(short / "missing"), "long": str(long)}[unfit])
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    assert folders.runtime() == short / f"deepdive-{os.getuid()}"


def test_a_link_planted_by_somebody_else_is_refused(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    (short / "elsewhere").mkdir()
    (short / f"deepdive-{os.getuid()}").symlink_to(short / "elsewhere")
    with pytest.raises(Fault, match="somebody else"):
        folders.runtime()


@pytest.mark.skipif(not AS_ROOT, reason="only root can give folders away")
def test_a_folder_of_somebody_else_is_refused(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    folder = short / f"deepdive-{os.getuid()}"
    folder.mkdir()
    os.chown(folder, 4711, 4711)
    with pytest.raises(Fault, match="somebody else"):
        folders.runtime()


@pytest.mark.skipif(not AS_ROOT, reason="only root can give folders away")
def test_after_su_the_other_users_runtime_folder_is_left_alone(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = short / "theirs"
    theirs.mkdir()
    os.chown(theirs, 4711, 4711)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(theirs))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    assert folders.runtime() == short / f"deepdive-{os.getuid()}"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=90))
def test_what_counts_as_short_leaves_room_for_a_sockets_name(folder: str) -> None:
    longest = f"{folder}/{'s' * folders.SOCKET_NAME_LIMIT}"
    assert folders._short(folder) == (len(longest.encode()) <= 107)
