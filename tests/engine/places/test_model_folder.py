"""A folder that is no whole model, or would be loaded from a pickle, is refused before a library opens it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.lessons.catalogue import pocket
from deepdive.engine.places.model_files import check, check_tokens
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEADER = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(8)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"architectures": ["GPT2LMHeadModel"]}')
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


def test_a_configuration_alone_is_a_model_to_be_made(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    check(folder, "small")


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def written(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "other.safetensors")  # a stray one
    (folder / "pytorch_model.bin").write_bytes(b"")


def sharded(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def pipe(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")


def adapter(folder: Path) -> None:
    beside(folder, "openai-community/gpt2")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def beside(folder: Path, base: str) -> None:
    """An adapter."""
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
    (folder / "adapter_model.safetensors").write_bytes(WEIGHTS)


def told(**changes: object) -> Callable[[Path], object]:
    """Another config.json."""
    return written("config.json", json.dumps({"architectures": ["GPT2LMHeadModel"], **changes}).encode())


def index(weight_map: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))

    return change


def leads_nowhere(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "blob")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without("config.json"), "has no config.json"),
        (pickled, "only as pickles"),
        (adapter, "only as pickles"),
        (written("model.safetensors", POINTER), "is a Git LFS pointer.*git lfs pull"),
        (written("config.json", POINTER), "is a Git LFS pointer"),
        (written("config.json", b"{"), "config.json that is damaged"),
        (written("config.json", b"3"), "it is no table"),
        (written("model.safetensors", WEIGHTS[:-1]), r"was cut off at \d+ bytes"),
        (written("model.safetensors", WEIGHTS[:30]), "no safetensors file or was cut off"),
        (written("model.safetensors", b"\xff" * 100), "no safetensors file or was cut off"),
        (written("model.safetensors", b""), "no safetensors file or was cut off"),
        (sharded, "lacks model-00002-of-00002.safetensors"),
        (pipe, "can't be read: it is no ordinary file"),
        (leads_nowhere, "model.safetensors that can't be read: No such file"),
        (without("tokenizer.json"), r"has no tokenizer. Save it .*save_pretrained\("),
        (written("tokenizer.json", b"{"), "tokenizer.json that is damaged"),
        (written("tokenizer_config.json", b"\xff"), "tokenizer_config.json that is damaged"),
        (index({}), "names no files beside it"),
        (index({"a": "../a.safetensors"}), "names no files beside it"),
        (told(quantization_config={"quant_method": "gptq"}), "is quantised by gptq"),
        (told(architectures=["BertForMaskedLM"]), "is a BertForMaskedLM, the lesson needs a GPT2LMHeadModel"),
        (told(architectures=["T5ForConditionalGeneration"]), "is a T5ForConditionalGeneration"),
        (without("model.safetensors"), "has no weights: model.safetensors is missing"),
        (lambda folder: beside(folder, ""), "is an adapter that names no base"),
        (lambda folder: beside(folder, "/gone/base"), "is an adapter of /gone/base, which is not there"),
        (
            lambda folder: beside(folder, str(folder / "..")),
            "the base of the adapter, the model for small, has no config",
        ),
    ],
)
def test_what_the_folder_lacks_is_named(folder: Path, change: Callable[[Path], object], says: str) -> None:
    like = pocket() / "models" / "support-gpt2"
    check(folder, "small", like)
    change(folder)
    with pytest.raises(Fault, match=says) as raised:
        check(folder, "small", like)
    assert str(raised.value).startswith(str(folder))
    assert "the model for small, " in str(raised.value)
    assert raised.value.action


@pytest.mark.parametrize(
    "change",
    [
        told(architectures=["LlamaForCausalLM"]),
        told(architectures=None),
        lambda folder: beside(folder, "openai-community/gpt2"),
        lambda folder: beside(folder, str(pocket() / "models" / "gpt2")),
        written("training_args.bin", b""),
        written("optimizer.pt", b""),
    ],
)
def test_a_whole_model_of_the_kind_is_let_through(folder: Path, change: Callable[[Path], object]) -> None:
    change(folder)
    check(folder, "small", pocket() / "models" / "support-gpt2")


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="can't be opened: No such file"):
        check(tmp_path / "gone", "small")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (written("tokenizer.json", b"{}"), "has a tokenizer that can't be loaded"),
        (written("config.json", b'{"vocab_size": 30}'), "a tokenizer of 1,929 tokens and embeddings for 30"),
        (written("tokenizer_config.json", b'{"tokenizer_class": "TokenizersBackend"}'), "without a mask token"),
    ],
)
def test_a_tokenizer_that_does_not_fit_is_named(tmp_path: Path, change: Callable[[Path], object], says: str) -> None:
    bert = pocket() / "models" / "bert"
    folder = tmp_path / "mine"
    shutil.copytree(bert, folder)
    check_tokens(folder, "masked_lm", bert)
    change(folder)
    with pytest.raises(Fault, match=says):
        check_tokens(folder, "masked_lm", bert)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=64))
def test_no_bytes_bring_anything_but_a_fault(folder: Path, data: bytes) -> None:
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(Fault):
        check(folder, "small")
