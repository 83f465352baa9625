"""The files of a model: which of a hub's repository are needed, by their names alone; and of a folder on this machine
whether what would be loaded is whole and no pickle, before a library opens it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import ordinary, read_whole

SKIPPED_FOLDERS = ("onnx", "openvino", "coreml", "original", "gguf", "metal", "runs", ".")
TEXTS = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".bpe")
PICKLES = (".bin", ".pt", ".pth")
DATA = (".parquet", ".jsonl", ".json", ".csv", ".tsv", ".txt", ".arrow", ".gz", ".zst", ".zip")
HEADS = ("config.json", "adapter_config.json", "modules.json")
POINTER = b"version https://git-lfs"
HEADER_BYTES = 100_000_000  # as the safetensors library allows
TEXT_BYTES = 100_000_000
SAVE = "Name the folder that `save_pretrained` wrote"
AGAIN = "Copy or download it again"


def needed_files(sizes: Mapping[str, int], pickles: bool = False) -> dict[str, int]:
    """Of a model repository's files (name to bytes) those that `from_pretrained` reads: texts, and each weight once.

    Repositories carry the same weights several times: as safetensors, pickles, for TensorFlow, Flax, ONNX, in half
    precision. Per folder safetensors win; one whole file wins over shards; pickles are taken only where asked for.
    """
    folders: dict[str, list[str]] = {}
    for name in sizes:
        folder = name.rpartition("/")[0]
        if not folder.startswith(SKIPPED_FOLDERS):
            folders.setdefault(folder, []).append(name)
    chosen: list[str] = []
    for names in folders.values():
        chosen += [name for name in names if name.endswith(TEXTS)]
        chosen += _weights(names, ".safetensors", "model") or (
            _weights(names, PICKLES, "pytorch_model") if pickles else []
        )
    return {name: sizes[name] for name in sorted(chosen)}


def _weights(names: list[str], suffix: str | tuple[str, ...], stem: str) -> list[str]:
    files = {name.rpartition("/")[2]: name for name in names if name.endswith(suffix)}
    adapters = [name for short, name in files.items() if short.startswith("adapter_")]
    whole = [name for short, name in files.items() if short.rpartition(".")[0] == stem]
    shards = [name for short, name in files.items() if short.startswith(f"{stem}-")]
    others = [
        name for short, name in files.items() if not short.startswith(("consolidated", "training_args", "optimizer"))
    ]
    return adapters + (whole or shards) or others


def has(names: Mapping[str, int], suffixes: tuple[str, ...]) -> bool:
    return any(name.endswith(suffixes) for name in names)


# ---- a folder on this machine ----------------------------------------------------------------------------------------


def check(folder: Path, role: str) -> None:
    """Raises Fault where `from_pretrained` would load a pickle, or fail for want of whole files."""
    what = f"{folder}, the model for {role},"
    heads = [folder / name for name in HEADS if (folder / name).exists()]
    if not heads:
        raise Fault(f"{what} has no config.json", SAVE)
    for head in heads:
        _document(head, what)
    if (folder / "modules.json").exists():  # of several parts, each in a folder
        for config in sorted(folder.glob("*/config.json")):
            if any(config.parent.glob("*.safetensors")) or any(config.parent.glob("*.bin")):
                _whole_weights(config.parent, "model", "pytorch_model", what)
    if (folder / "adapter_config.json").exists():
        _whole_weights(folder, "adapter_model", "adapter_model", what)
    elif (folder / "config.json").exists():
        _whole_weights(folder, "model", "pytorch_model", what)


def _whole_weights(folder: Path, stem: str, pickled: str, what: str) -> None:
    """The files that are loaded by their names: a stray one beside them changes nothing. A model that is made from its
    configuration alone has none."""
    whole, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if whole.exists():
        _tensors(whole, what)
    elif index.exists():
        shards = _document(index, what).get("weight_map")
        names = {name for name in shards.values() if isinstance(name, str)} if isinstance(shards, dict) else set()
        for name in sorted(names):
            if not (folder / name).exists():
                raise Fault(f"{what} lacks {name}, which its index names", AGAIN)
            _tensors(folder / name, what)
    elif any(folder.glob(f"{pickled}*.bin")) or any(folder.glob("*.pt")):
        raise Fault(
            f"{what} has its weights only as pickles, which can run code when opened",
            "Load it once where you trust it and save it again: `save_pretrained` writes safetensors",
        )


def _document(path: Path, what: str) -> dict[str, Any]:
    try:
        data = read_whole(path, TEXT_BYTES)
        if data.startswith(POINTER):
            raise _pointer(path, what)
        document = json.loads(data)
    except OSError as error:
        raise Fault(f"{what} has a {path.name} that can't be read: {error.strerror}", SAVE) from error
    except (ValueError, RecursionError) as error:
        raise Fault(f"{what} has a {path.name} that is damaged: {error}", AGAIN) from error
    if not isinstance(document, dict | list):
        raise Fault(f"{what} has a {path.name} that is damaged: it is no table", AGAIN)
    return document if isinstance(document, dict) else {}


def _tensors(path: Path, what: str) -> None:
    """The header of a safetensors file, and whether all that it names is there."""
    try:
        with open(path, "rb", opener=ordinary) as file:
            start = file.read(len(POINTER))
            if start == POINTER:
                raise _pointer(path, what)
            length = int.from_bytes(start[:8], "little")
            file.seek(0, 2)
            size = file.tell()
            if length > min(HEADER_BYTES, size - 8):
                raise Fault(f"{what} has a {path.name} that is no safetensors file or was cut off", AGAIN)
            file.seek(8)
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except OSError as error:
        raise Fault(f"{what} has a {path.name} that can't be read: {error.strerror}", SAVE) from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise Fault(f"{what} has a {path.name} that is damaged", AGAIN) from error
    if 8 + length + max(ends, default=0) > size:
        raise Fault(f"{what} has a {path.name} that was cut off at {size:,} bytes", AGAIN)


def _pointer(path: Path, what: str) -> Fault:
    return Fault(
        f"{what} has a {path.name} that is a Git LFS pointer: the file itself was not downloaded",
        "Run `git lfs pull` in that folder",
    )
