"""Data of Kaggle through its real client, from a Kaggle on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common import child
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.lab import Stopped
from deepdive.engine.places import kaggle as kaggle_data
from deepdive.engine.places.kaggle import fetch_kaggle
from deepdive.engine.places.places import File, Folder, override
from deepdive.engine.places.places import Kaggle as Place

from tests.support.loopback.kaggle import DATA, TOKEN, Kaggle, serve

FILE = "twcs/twcs.csv"
BODY = b"tweet_id,text\n" + b"".join(
    b"%d,hello\n" % n for n in range(450_000)
)  # 5 MB: its client writes 1 MiB at a time


def quiet(kind: str, fields: dict[str, Any]) -> None:
    """A report that nobody reads."""


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kaggle]:
    monkeypatch.setenv("HOME", str(tmp_path))  # the client looks into ~/.kaggle
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serve(Kaggle({FILE: BODY, "sample.csv": b"a\n1\n"}), tmp_path) as running:
        for name, value in running.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield running


def fetched(file: str = FILE, report: Any = quiet, token: str | None = TOKEN) -> Path:
    return fetch_kaggle(DATA, file, report, lambda: token)


def test_a_file_is_fetched_once_with_the_token_of_the_pipe(kaggle: Kaggle) -> None:
    path = fetched()
    assert path.parts[-2:] == ("twcs", "twcs.csv")
    assert path.read_bytes() == BODY
    assert set(kaggle.tokens) == {TOKEN}
    asked = len(kaggle.asked)
    assert fetched(token=None) == path
    assert len(kaggle.asked) == asked


def test_a_whole_data_set_has_all_of_its_files(kaggle: Kaggle) -> None:
    folder = fetched("")
    assert (folder / FILE).read_bytes() == BODY
    assert (folder / "sample.csv").is_file()
    assert fetched("") == folder
    assert fetched("sample.csv") == folder / "sample.csv"
    assert len(kaggle.ranges) == 1


def test_progress_counts_the_bytes_on_their_way(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOOK_SECONDS", 0.1)
    kaggle.rate = 4_000_000
    told: list[dict[str, Any]] = []
    fetched(report=lambda kind, fields: told.append(fields))
    moving = [fields for fields in told if fields["done"] and fields["total"]]
    assert len(moving) > 2
    assert [fields["done"] for fields in moving] == sorted(fields["done"] for fields in moving)
    assert moving[0]["total"] == len(kaggle.archive(FILE))


def test_a_broken_download_is_gone_on_with(kaggle: Kaggle) -> None:
    kaggle.cut = [3_000_000]
    assert fetched().read_bytes() == BODY
    assert kaggle.ranges == [None, f"bytes={2 << 20}-"]


def test_a_stopped_download_is_gone_on_with_by_the_next_run(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOOK_SECONDS", 0.1)
    kaggle.rate = 2_000_000

    def stopping(kind: str, fields: dict[str, Any]) -> None:
        if fields["done"] > 1_000_000:
            raise Stopped

    with pytest.raises(Stopped):
        fetched(report=stopping)
    kaggle.rate = 0
    assert fetched().read_bytes() == BODY
    assert int((kaggle.ranges[-1] or "").removeprefix("bytes=").rstrip("-")) > 1_000_000


def test_nothing_is_downloaded_onto_a_disk_that_is_too_small(kaggle: Kaggle) -> None:
    kaggle.claimed = 10**16
    with pytest.raises(Fault, match=r"needs 10,000 TB in .*, where .* are free") as fault:
        fetched()
    assert "XDG_CACHE_HOME" in fault.value.action
    assert kaggle.ranges == []


def test_without_a_token_the_way_to_one_is_named(kaggle: Kaggle) -> None:
    with pytest.raises(Fault, match="no token of one is stored") as fault:
        fetched(token=None)
    assert "deepdive keys set kaggle" in fault.value.action
    assert "--set ROLE=PATH" in fault.value.action
    assert kaggle.asked == []


def test_a_login_of_kaggles_own_command_is_used(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KAGGLE_CONFIG_DIR")
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "access_token").write_text(TOKEN)
    assert fetched(token=None).read_bytes() == BODY


@pytest.mark.parametrize("token", ["KGAT_bad", "expired"])
def test_a_token_that_kaggle_refuses_is_named_but_not_shown(kaggle: Kaggle, token: str) -> None:
    kaggle.expired = token == "expired"
    token = TOKEN if kaggle.expired else token
    with pytest.raises(Fault, match="does not accept the stored token") as fault:
        fetched(token=token)
    assert token not in json.dumps(vars(fault.value))
    assert "deepdive keys" in fault.value.action


@pytest.mark.parametrize(
    ("status", "cause", "action"),
    [
        (403, f"refuses {DATA} to this account", "accept the terms"),
        (404, f"has no data set {DATA}", "spelling"),
        (429, "too many requests", "in some minutes"),
    ],
)
def test_what_kaggle_answers_is_explained(kaggle: Kaggle, status: int, cause: str, action: str) -> None:
    kaggle.status = status
    with pytest.raises(Fault, match=cause) as fault:
        fetched()
    assert action in fault.value.action


def test_a_file_that_the_data_set_lacks_is_named_with_those_it_has(kaggle: Kaggle) -> None:
    with pytest.raises(Fault, match=r"has no tweets\.csv") as fault:
        fetched("tweets.csv")
    assert FILE in fault.value.action
    assert kaggle.ranges == []


def test_a_kaggle_that_is_silent_is_given_up(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kaggle_data, "SILENT_SECONDS", 2.0)
    kaggle.silent = True
    with pytest.raises(Fault, match=r"sent nothing of .* for 2 s"):
        fetched()


def test_no_network_is_named(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:password@127.0.0.1:{port}")
    with pytest.raises(Fault, match="No connection to Kaggle") as fault:
        fetched()
    assert "--scale pocket" in fault.value.action
    assert "password" not in fault.value.detail


def test_a_copy_that_the_learner_has_takes_its_place(tmp_path: Path) -> None:
    place = Place(DATA, FILE)
    (tmp_path / "archive" / "twcs").mkdir(parents=True)
    mine = tmp_path / "archive" / "twcs" / "twcs.csv"
    mine.write_text("tweet_id,text\n")
    for value in (mine, tmp_path / "archive", tmp_path / "archive" / "twcs"):
        assert override(place, str(value)) == File(str(mine))
    assert override(Place(DATA), str(tmp_path)) == Folder(str(tmp_path))
    packed = tmp_path / "archive.zip"
    packed.touch()
    with pytest.raises(Refusal, match="is packed"):
        override(place, str(packed), "tweets")
