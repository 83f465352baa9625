"""Which files of a hub's repository are needed, by their names alone."""

from __future__ import annotations

from collections.abc import Mapping

SKIPPED_FOLDERS = ("onnx", "openvino", "coreml", "original", "gguf", "metal", "runs", ".")
TEXTS = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".bpe")
PICKLES = (".bin", ".pt", ".pth")
DATA = (".parquet", ".jsonl", ".json", ".csv", ".tsv", ".txt", ".arrow", ".gz", ".zst", ".zip")


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
