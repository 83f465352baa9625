"""Roles of tutorial.toml become places, and places what the libraries load. No network."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.keys.secret import Secret
from deepdive.engine.places.places import (
    PLACES,
    Artifact,
    Endpoint,
    File,
    Folder,
    Hub,
    Kaggle,
    Place,
    Pocket,
    Web,
    describe,
    override,
    parse,
)
from deepdive.engine.places.resolver import Resolver
from hypothesis import given
from hypothesis import strategies as st

WIKIPEDIA = Hub("wikimedia/wikipedia", kind="data", config="20231101.en", split="train", streaming=True)


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"pocket": "models/bert"}, Pocket("models/bert")),
        ({"pocket": "data/articles.jsonl", "split": "train"}, Pocket("data/articles.jsonl", "train")),
        ({"hub": "google-bert/bert-base-uncased"}, Hub("google-bert/bert-base-uncased")),
        (
            {
                "hub": "wikimedia/wikipedia",
                "config": "20231101.en",
                "split": "train",
                "kind": "data",
                "streaming": True,
            },
            WIKIPEDIA,
        ),
        ({"hub": "a/b", "files": ["x.json", "y.json"]}, Hub("a/b", files=("x.json", "y.json"))),
        ({"folder": "/data/essays"}, Folder("/data/essays")),
        ({"file": "/data/reviews.csv"}, File("/data/reviews.csv")),
        ({"kaggle": "thought/tweets", "file": "twcs.csv"}, Kaggle("thought/tweets", "twcs.csv")),
        ({"url": "https://example.org/a.zip", "sha256": "0" * 64}, Web("https://example.org/a.zip", "0" * 64)),
        ({"endpoint": "http://localhost:1/v1", "model": "m"}, Endpoint("http://localhost:1/v1", "m")),
        ({"artifact": "small_base:model"}, Artifact("small_base:model")),
    ],
)
def test_a_table_is_read_as_the_place_it_names(table: dict[str, Any], place: Place) -> None:
    assert parse("role", table) == place


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, ["does not say where", "pocket, hub"]),
        ({"hubb": "a/b"}, ["does not say where", "hubb"]),
        ({"hub": "a/b", "stream": True}, ["takes no `stream`", "streaming"]),
        ({"hub": "not a hub id"}, ["no hub id", "OWNER/NAME"]),
        ({"hub": "a/b", "streaming": "yes"}, ["`streaming` is 'yes'", "true or false"]),
        ({"hub": "a/b", "kind": "table"}, ["`kind` is 'table'", "model or data"]),
        ({"hub": "a/b", "revision": 3}, ["`revision` is 3"]),
        ({"folder": "/data", "config": "en"}, ["no configurations", "hub"]),
        ({"pocket": "../secrets"}, ["leads out of tutorials/pocket"]),
        ({"url": "https://example.org/a.zip"}, ["needs `sha256`"]),
        ({"url": "https://example.org/a.zip", "sha256": "abc"}, ["no SHA-256"]),
        ({"endpoint": "http://localhost:1"}, ["needs `model`"]),
        ({"endpoint": "localhost", "model": "m"}, ["no web address"]),
        ({"url": "file:///etc/passwd", "sha256": "0" * 64}, ["no web address"]),
        ({"kaggle": "../b"}, ["no Kaggle data set"]),
    ],
)
def test_a_wrong_table_is_refused_with_the_role_and_what_is_allowed(table: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(Refusal) as refusal:
        parse("masked_lm", table)
    assert refusal.value.setting == "masked_lm"
    for word in words:
        assert word in refusal.value.why + " " + refusal.value.allowed


NAMES = st.sampled_from([*PLACES, "kind", "split", "streaming", "revision", "sha256", "model", "nonsense"])
VALUES = st.none() | st.booleans() | st.integers() | st.sampled_from(["a/b", "../x", "data", "0" * 64, ""])


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_table_is_a_place_or_a_refusal_that_names_the_role(table: dict[str, Any]) -> None:
    try:
        described = describe(parse("role", table))
    except Refusal as refusal:
        described = refusal.setting
    assert described


def test_a_role_can_be_pointed_to_a_folder_a_file_or_another_repository(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("text\nhello\n")
    assert override(WIKIPEDIA, str(tmp_path)) == Folder(str(tmp_path), split="train", streaming=True)
    assert override(WIKIPEDIA, str(table)) == File(str(table), split="train", streaming=True)
    assert override(Pocket("models/bert"), "google-bert/bert-base-uncased") == Hub("google-bert/bert-base-uncased")
    assert override(Hub("a/b", instead="c/d"), "e/f@v1") == Hub("e/f", revision="v1")
    pocket = Pocket("data/articles.jsonl.gz", split="train")
    assert override(pocket, "a/b:en") == Hub("a/b", kind="data", config="en", split="train")


def test_a_config_stays_only_with_the_data_set_it_belongs_to(tmp_path: Path) -> None:
    assert override(WIKIPEDIA, "other/wiki").config == ""  # type: ignore[union-attr]
    assert override(WIKIPEDIA, "wikimedia/wikipedia@abc") == Hub(
        "wikimedia/wikipedia", "data", "abc", "20231101.en", "train", True
    )
    (tmp_path / "20231101.en").mkdir()  # a clone of the repository
    assert override(WIKIPEDIA, str(tmp_path)) == Folder(str(tmp_path / "20231101.en"), "train", True)


OPENAI = Endpoint("https://api.openai.com/v1", "gpt-5", "openai", (0.25, 2.0), local=True)
OLLAMA = "http://localhost:11434/v1"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("gpt-5", Endpoint(OPENAI.endpoint, "gpt-5", "openai", (0.25, 2.0))),  # no longer the local judge
        ("gpt-6", Endpoint(OPENAI.endpoint, "gpt-6", "openai")),  # another model has other prices
        (OLLAMA, Endpoint(OLLAMA, "gpt-5")),  # another server does not get the key
        (f"{OLLAMA} qwen2.5:7b prices=0,0", Endpoint(OLLAMA, "qwen2.5:7b", "", (0.0, 0.0))),
        (f"model=a/b {OLLAMA} secret=huggingface", Endpoint(OLLAMA, "a/b", "huggingface")),
    ],
)
def test_a_server_is_pointed_to_another_server_or_another_model(value: str, place: Endpoint) -> None:
    assert override(OPENAI, value, "judge") == place


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "pointed nowhere"),
        ("gpt-6 prices=cheap", "dollars for a million tokens"),
        ("gpt-6 prices=1", "dollars for a million tokens"),
        ("gpt-6 secret=mine", "no key named 'mine'"),
        ("sk-proj-abcdefgh", "deepdive keys set"),
    ],
)
def test_a_server_is_pointed_nowhere_wrong_and_a_key_is_not_repeated(value: str, words: str) -> None:
    with pytest.raises(Refusal, match="judge") as refusal:
        override(OPENAI, value, "judge")
    assert words in str(refusal.value) + refusal.value.allowed
    assert "abcdefgh" not in str(refusal.value)


def test_the_model_of_a_server_is_its_name(pocket: Path) -> None:
    assert resolver(pocket, judge=OPENAI)("model", "judge") == "gpt-5"
    assert describe(OPENAI) == "local judge"


@pytest.mark.parametrize("value", ["/no/such/folder", "../up", "two words", "", "a/b/c", "a/..", "https://example.org"])
def test_an_override_that_is_neither_path_nor_id_is_refused(value: str) -> None:
    with pytest.raises(Refusal, match="masked_lm"):
        override(Pocket("models/bert"), value, role="masked_lm")


def test_places_are_described_in_one_line() -> None:
    assert describe(WIKIPEDIA) == "hub wikimedia/wikipedia, 20231101.en, train, streamed"
    assert describe(Pocket("models/bert")) == "pocket models/bert"
    assert describe(Kaggle("a/b", "c.csv")) == "kaggle a/b, c.csv"


# ---- the resolver ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pocket(tmp_path: Path) -> Path:
    """A pocket world with one checkpoint's configuration and one table in the formats that it may have."""
    bert = tmp_path / "models" / "bert"
    bert.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json"):
        (bert / name).write_text("{}")
    data = tmp_path / "data"
    data.mkdir()
    lines = "".join(json.dumps({"id": str(n), "text": f"article {n}"}) + "\n" for n in range(4))
    (data / "articles.jsonl").write_text(lines)
    with gzip.open(data / "packed.jsonl.gz", "wt") as file:
        file.write(lines)
    (data / "reviews.tsv").write_text("id\ttext\n0\tgood\n")
    return tmp_path


def resolver(pocket: Path, **places: Place) -> Resolver:
    return Resolver(places, pocket, report=lambda kind, fields: None, token=lambda: pytest.fail("no token is needed"))


def test_a_pocket_model_is_its_folder(pocket: Path) -> None:
    resource = resolver(pocket, masked_lm=Pocket("models/bert"))
    assert resource("model", "masked_lm") == str(pocket / "models" / "bert")
    assert resource("files", "masked_lm") == pocket / "models" / "bert"


def test_pocket_data_become_arguments_of_load_dataset(pocket: Path) -> None:
    resource = resolver(
        pocket,
        train=Pocket("data/articles.jsonl", split="train"),
        packed=Pocket("data/packed.jsonl.gz", streaming=True),
        valid=Pocket("data/articles.jsonl", split="validation[:2]"),
        tabs=Pocket("data/reviews.tsv"),
        folder=Folder(str(pocket / "data"), split="train"),
    )
    articles = str(pocket / "data" / "articles.jsonl")
    assert resource("data", "train") == {"path": "json", "data_files": articles, "split": "train"}
    packed = {
        "path": "json",
        "data_files": str(pocket / "data" / "packed.jsonl.gz"),
        "split": "train",
        "streaming": True,
    }
    assert resource("data", "packed") == packed
    expected = {"path": "json", "data_files": {"validation": articles}, "split": "validation[:2]"}
    assert resource("data", "valid") == expected
    tabs = {
        "path": "csv",
        "data_files": str(pocket / "data" / "reviews.tsv"),
        "split": "train",
        "sep": "\t",
        "quoting": 3,
    }
    assert resource("data", "tabs") == tabs
    assert resource("data", "folder") == {"path": str(pocket / "data"), "split": "train"}


@pytest.mark.parametrize(
    ("kind", "place", "words"),
    [
        ("model", Pocket("models/none"), "pocket build"),
        ("model", Folder("/no/such/folder"), "is not there"),
        ("model", Pocket("data"), "no config.json"),
        ("data", Pocket("models/bert/config.toml"), "pocket build"),
        ("data", Endpoint("http://localhost:1/v1", "m"), "cannot be had as files"),
        ("picture", Pocket("models/bert"), "asked for as 'picture'"),
    ],
)
def test_what_cannot_be_loaded_is_explained(pocket: Path, kind: str, place: Place, words: str) -> None:
    with pytest.raises(Fault) as fault:
        resolver(pocket, role=place)(kind, "role")
    assert words in f"{fault.value.cause} {fault.value.action}"


def test_an_artifact_is_a_path_a_model_or_a_table_of_rows(pocket: Path) -> None:
    resource = resolver(pocket, articles=Artifact(str(pocket / "data" / "articles")), job=Artifact(str(pocket)))
    with pytest.raises(Fault, match="is not there"):
        resource("files", "articles")
    articles = str(pocket / "data" / "articles.jsonl")
    assert resource("data", "articles") == {"path": "json", "data_files": articles, "split": "train"}
    assert resource("files", "job") == pocket
    assert resource("model", "job") == str(pocket)


def test_a_checkpoint_of_pickles_is_refused(pocket: Path) -> None:
    (pocket / "models" / "bert" / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(Fault, match="pickles"):
        resolver(pocket, role=Pocket("models/bert"))("model", "role")


def test_a_folder_of_save_to_disk_is_refused(pocket: Path) -> None:
    for name in ("state.json", "dataset_info.json"):
        (pocket / "data" / name).write_text("{}")
    with pytest.raises(Refusal, match="save_to_disk"):
        resolver(pocket, role=Folder(str(pocket / "data")))("data", "role")


def test_a_role_that_the_scale_lacks_names_those_it_has(pocket: Path) -> None:
    with pytest.raises(Refusal, match="masked_lm"):
        resolver(pocket, masked_lm=Pocket("models/bert"))("model", "causal_lm")


def test_a_token_does_not_show_itself_in_printed_arguments() -> None:
    assert "hf_secret" not in repr({"token": Secret("hf_secret")})
    assert Secret("hf_secret") == "hf_secret"
