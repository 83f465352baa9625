"""Builds what the loopback hub serves: tiny random checkpoints and data under the real ids.

`python -m tests.support.loopback.world FOLDER` fills a folder; `built()` does that once per machine and version of
these files, in a process of its own, so that neither the hub nor a test session imports torch for it.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.support.loopback import chapter3, chapter4
from tests.support.loopback.articles import FIRST, LAST, SENTENCES, TOWNS, TRADES, WORKS, articles
from tests.support.loopback.chapter3 import placed
from tests.support.loopback.chapter4 import DISTIL, LLAMA

BERT = "google-bert/bert-base-uncased"
GPT2 = "openai-community/gpt2"
PICKLED = "old-lab/only-pickles"
WIKIPEDIA = "wikimedia/wikipedia"
WIKIPEDIA_CONFIG = "20231101.en"
SCRIPTED = "legacy-datasets/wikipedia"

# Tokens of chapter 2's sentences at their real places in the vocabularies.
BERT_IDS = {
    "[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, ".": 1012, "a": 1037, "of": 1997, "is": 2003,
    "##s": 2015, "like": 2066, "life": 2166, "cup": 2452, "box": 3482, "bag": 4524, "bowl": 4605, "chocolate": 7967,
    "jar": 15723,
}  # fmt: skip
GPT2_IDS = {
    "Ġa": 257, "Ġthe": 262, "Ġto": 284, "Ġis": 318, "Ġat": 379, "Ġget": 651, "Ġway": 835, "Ġgreat": 1049,
    "Ġlittle": 1310, "Ġenergy": 2568, "Ġextra": 3131, "Sw": 10462, "Ġbeach": 10481, "imming": 27428,
    "<|endoftext|>": 50256,
}  # fmt: skip


def built() -> Path:
    """The folder with `models/OWNER/NAME/...` and `datasets/OWNER/NAME/...`, made on first use."""
    here = Path(__file__).parent
    sources = [*(here / name for name in ("world.py", "articles.py", "chapter3.py", "chapter4.py")), *chapter3.SOURCES]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"deepdive-loopback-{os.getuid()}-{digest}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(prefix="deepdive-loopback-") as scratch:
            made = Path(scratch) / "world"
            subprocess.run(
                [sys.executable, "-m", "tests.support.loopback.world", made], check=True, cwd=here.parents[2]
            )
            try:
                made.rename(folder)
            except OSError:  # another session was faster
                assert folder.is_dir()
    return folder


def build(folder: Path) -> None:
    models, data = folder / "models", folder / "datasets"
    _bert(models / BERT)
    _gpt2(models / GPT2)
    _write(
        models / PICKLED,
        {"config.json": '{"model_type": "bert"}', "pytorch_model.bin": "not really a pickle"},
    )
    _wikipedia(data / WIKIPEDIA)
    _write(
        data / SCRIPTED,
        {"wikipedia.py": "raise SystemExit('a script must never run')\n", "README.md": "# a script\n"},
    )
    chapter3.build(models, data)
    chapter4.build(models)
    for name in (chapter3.BERT_CASED, chapter3.T5, DISTIL, LLAMA):
        _decoys(models / name)


def _bert(folder: Path) -> None:
    import torch
    from transformers import BertConfig, BertForMaskedLM

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    singles = [
        *letters,
        *("##" + letter for letter in letters),
        *"0123456789,?'-",
        *("##" + digit for digit in "0123456789"),
    ]
    vocabulary = placed(BERT_IDS, singles, size=30_522, filler="[unused{}]", first_free=1100)
    torch.manual_seed(0)
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    BertForMaskedLM(config).save_pretrained(folder)
    _write(
        folder,
        {
            "vocab.txt": "\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n",
            "tokenizer_config.json": json.dumps(
                {"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "BertTokenizer"}
            ),
        },
    )
    _decoys(folder)


def _gpt2(folder: Path) -> None:
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import GPT2Config, GPT2LMHeadModel

    spoken = " ".join((FIRST, LAST, TOWNS, TRADES, WORKS, *SENTENCES))
    words = sorted({"Ġ" + word.strip(",.") for word in spoken.split() if word.strip(",.").isalpha()})
    merges: dict[tuple[str, str], None] = {}  # in order of rank
    for word in (*words, *sorted(GPT2_IDS)):
        if word.startswith("Ġ"):
            merges.update(dict.fromkeys(_folded(word)))
    for word in ("Sw", "imming"):
        merges.update(dict.fromkeys(_folded(word)))
    alphabet = {letter: index for index, letter in enumerate(_byte_letters())}
    assert set(alphabet) == set(ByteLevel.alphabet())
    vocabulary = placed(
        {**alphabet, **GPT2_IDS},
        ["".join(pair) for pair in merges],
        size=50_257,
        filler="<unused{}>",
        first_free=256,
    )
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=2)).save_pretrained(folder)
    _write(
        folder,
        {
            "vocab.json": json.dumps(vocabulary, ensure_ascii=False),
            "merges.txt": "#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in merges),
            "tokenizer_config.json": '{"model_max_length": 1024, "tokenizer_class": "GPT2Tokenizer"}',
        },
    )
    _decoys(folder)


def _wikipedia(folder: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    shards = list(articles())
    for index, rows in enumerate(shards):
        table = pyarrow.table({name: [getattr(row, name) for row in rows] for name in ("id", "url", "title", "text")})
        path = folder / WIKIPEDIA_CONFIG / f"train-{index:05d}-of-{len(shards):05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(table, path)
    split = f"  - split: train\n    path: {WIKIPEDIA_CONFIG}/train-*"
    card = f"configs:\n- config_name: {WIKIPEDIA_CONFIG}\n  data_files:\n{split}"
    _write(folder, {"README.md": f"---\n{card}\n---\n# Articles of our own making\n"})


def _decoys(folder: Path) -> None:
    """The duplicates that the real repositories carry; downloading one of them is a mistake."""
    names = ("pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "rust_model.ot", "onnx/model.onnx")
    _write(folder, {**dict.fromkeys(names, "decoy " * 2000), "README.md": "# A tiny random stand-in\n"})


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _folded(word: str) -> Iterable[tuple[str, str]]:
    """The merges that build a word from the left: `Ġat` from (Ġ, a) and (Ġa, t)."""
    return ((word[:end], word[end]) for end in range(1, len(word)))


def _byte_letters() -> list[str]:
    """GPT-2's 256 letters for bytes in the order of their ids: the printable ones first, then the shifted rest."""
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(256 - len(printable))]


if __name__ == "__main__":
    build(Path(sys.argv[1]))
