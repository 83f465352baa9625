"""The files of a model: which of a hub's repository are needed, by their names alone; and of a folder on this machine
whether what would be loaded is whole and no pickle, before a library opens it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deepdive.engine.common.faults import Fault
from deepdive.engine.common.files import ordinary, read_whole

SKIPPED_FOLDERS = ("onnx", "openvino", "coreml", "original", "gguf", "metal", "runs", ".")
TEXTS = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".bpe")
PICKLES = (".bin", ".pt", ".pth")
DATA = (".parquet", ".jsonl", ".json", ".csv", ".tsv", ".txt", ".arrow", ".gz", ".zst", ".zip")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "generation_config.json")
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


def only_pickles(names: Iterable[str]) -> bool:
    """Whether `from_pretrained` would load a pickle of the repository: a stray .safetensors is not looked for."""
    root = [name for name in names if "/" not in name]
    pickled = [name for name in root if name.startswith(("pytorch_model", "adapter_model")) and name.endswith(PICKLES)]
    return bool(pickled) and not _weights(root, ".safetensors", "model")


def _weights(names: list[str], suffix: str | tuple[str, ...], stem: str) -> list[str]:
    """By the names that the library looks for."""
    files = {name.rpartition("/")[2]: name for name in names if name.endswith(suffix)}
    adapters = [name for short, name in files.items() if short.startswith("adapter_")]
    whole = [name for short, name in files.items() if short.rpartition(".")[0] == stem]
    shards = [name for short, name in files.items() if short.startswith(f"{stem}-")]
    return adapters + (whole or shards)


def has(names: Mapping[str, int], suffixes: tuple[str, ...]) -> bool:
    return any(name.endswith(suffixes) for name in names)


# ---- a folder on this machine ----------------------------------------------------------------------------------------


def check(folder: Path, role: str, like: Path | None = None, name: str = "") -> None:
    """Raises Fault where `from_pretrained` would load a pickle, would fail for want of whole files, or would make a
    model of another kind than the lesson's own in `like`."""
    what = f"{name or folder}, the model for {role},"
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise Fault(f"{what} can't be opened: {error.strerror}", SAVE) from error
    heads = {name: _document(folder / name, what) for name in HEADS if (folder / name).exists()}
    if not heads:
        raise Fault(f"{what} has no config.json", SAVE)
    if not any((folder / name).exists() for name in TOKENIZERS):
        raise Fault(
            f"{what} has no tokenizer", f"Save it beside the weights: `tokenizer.save_pretrained({str(folder)!r})`"
        )
    for document in (*TOKENIZERS, *BESIDE):
        if document.endswith(".json") and (folder / document).exists():
            _document(folder / document, what)
    if "modules.json" in heads:  # of several parts, each in a folder
        for config in sorted(folder.glob("*/config.json")):
            if any(config.parent.glob("*.safetensors")) or any(config.parent.glob("*.bin")):
                _whole_weights(config.parent, "model", "pytorch_model", what)
    if "adapter_config.json" in heads:
        _whole_weights(folder, "adapter_model", "adapter_model", what, needed=True)
        _base(heads["adapter_config.json"].get("base_model_name_or_path"), role, like, what)
    elif "config.json" in heads:
        needed = like is not None and (like / "model.safetensors").exists()
        _whole_weights(folder, "model", "pytorch_model", what, needed)
        _kind(heads["config.json"], like, what)


def check_tokens(folder: Path, role: str, like: Path) -> None:
    """Raises Fault where the tokenizer can't be loaded, lacks a special token that the lesson's own has, or knows more
    tokens than the model. Imports transformers."""
    from transformers import AutoTokenizer

    what = f"{folder}, the model for {role},"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # whatever its library says
        raise Fault(
            f"{what} has a tokenizer that can't be loaded", AGAIN, f"{type(error).__name__}: {error}"
        ) from error
    for token in ("mask_token", "pad_token", "eos_token"):
        if getattr(AutoTokenizer.from_pretrained(like), token) and not getattr(tokenizer, token):
            raise Fault(
                f"{what} has a tokenizer without a {token.replace('_', ' ')}",
                f"Name one in tokenizer_config.json: `{token}`",
            )
    rows = _document(folder / "config.json", what).get("vocab_size") if (folder / "config.json").exists() else None
    if isinstance(rows, int) and len(tokenizer) > rows:
        raise Fault(
            f"{what} has a tokenizer of {len(tokenizer):,} tokens and embeddings for {rows:,}",
            "Put the tokenizer that the model was trained with into its folder",
        )


def _whole_weights(folder: Path, stem: str, pickled: str, what: str, needed: bool = False) -> None:
    """The files that are loaded by their names: a stray one beside them changes nothing. A model that is made from its
    configuration alone needs none."""
    whole, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if os.path.lexists(whole):
        _tensors(whole, what)
    elif index.exists():
        shards = _document(index, what).get("weight_map")
        names = set(shards.values()) if isinstance(shards, dict) else set()
        if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
            raise Fault(f"{what} has a {index.name} that names no files beside it", AGAIN)
        for name in sorted(names):
            if not os.path.lexists(folder / name):
                raise Fault(f"{what} lacks {name}, which its index names", AGAIN)
            _tensors(folder / name, what)
    elif any(folder.glob(f"{pickled}*.bin")) or any(folder.glob("*.pt")):
        raise Fault(
            f"{what} has its weights only as pickles, which can run code when opened",
            "Load it once where you trust it and save it again: `save_pretrained` writes safetensors",
        )
    elif needed:
        raise Fault(f"{what} has no weights: {whole.name} is missing", SAVE)


def _base(base: object, role: str, like: Path | None, what: str) -> None:
    """Of an adapter: the model that it was tuned beside, a folder or a hub's."""
    if not isinstance(base, str) or not base:
        raise Fault(f"{what} is an adapter that names no base", "Give `base_model_name_or_path` in adapter_config.json")
    folder = Path(base).expanduser()
    if folder.is_dir():
        check(folder, role, like, f"{folder}, the base of the adapter")
    elif folder.is_absolute() or base.startswith((".", "~")):
        raise Fault(
            f"{what} is an adapter of {base}, which is not there",
            "Give its base as `base_model_name_or_path` in adapter_config.json, or name a merged model",
        )


def _kind(config: Mapping[str, Any], like: Path | None, what: str) -> None:
    packed = config.get("quantization_config")
    method = packed.get("quant_method") if isinstance(packed, dict) else None
    if method not in (None, "bitsandbytes"):
        raise Fault(
            f"{what} is quantised by {method}, which is not installed here", "Name the model as it was before that"
        )
    wanted, own = (_heads(document) for document in (_document(like / "config.json", what) if like else {}, config))
    if wanted and own and not {_head(one) for one in wanted} & {_head(one) for one in own}:
        raise Fault(f"{what} is a {own[0]}, the lesson needs a {wanted[0]} or its like", "Name a model of that kind")


def _heads(config: Mapping[str, Any]) -> list[str]:
    listed = config.get("architectures")
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def _head(architecture: str) -> str:
    """How a model answers: at a gap, at the next token; of an encoder-decoder its own kind."""
    if architecture.endswith(("ForMaskedLM", "ForPreTraining")):
        return "masked"
    return "causal" if architecture.endswith(("ForCausalLM", "LMHeadModel")) else architecture


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
