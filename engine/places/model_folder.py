"""A model's folder on this machine: what would be loaded is looked at before a library opens it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import ordinary, read_whole

HEADS = ("config.json", "adapter_config.json", "modules.json")
POINTER = b"version https://git-lfs"
HEADER_BYTES = 100_000_000  # as the safetensors library allows
TEXT_BYTES = 100_000_000
SAVE = "Name the folder that `save_pretrained` wrote"
AGAIN = "Copy or download it again"


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
                _weights(config.parent, "model", "pytorch_model", what)
    if (folder / "adapter_config.json").exists():
        _weights(folder, "adapter_model", "adapter_model", what)
    elif (folder / "config.json").exists():
        _weights(folder, "model", "pytorch_model", what)


def _weights(folder: Path, stem: str, pickled: str, what: str) -> None:
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
