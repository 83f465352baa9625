"""A folder that is no whole model, or would be loaded from a pickle, is refused before a library opens it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.places.model_files import check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEADER = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(8)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"architectures": ["GPT2LMHeadModel"]}')
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
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
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.bin").write_bytes(b"")


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
    ],
)
def test_what_the_folder_lacks_is_named(folder: Path, change: Callable[[Path], object], says: str) -> None:
    check(folder, "small")
    change(folder)
    with pytest.raises(Fault, match=says) as raised:
        check(folder, "small")
    assert str(raised.value).startswith(f"{folder}, the model for small, ")
    assert raised.value.action


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=64))
def test_no_bytes_bring_anything_but_a_fault(folder: Path, data: bytes) -> None:
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(Fault):
        check(folder, "small")
