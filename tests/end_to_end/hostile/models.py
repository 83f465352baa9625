"""Folders of models that are not whole or not the lesson's kind, refused before a worker starts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from tests.end_to_end.hostile.situation import Situation, World
from tests.support.laboratory import TOYS

BERT = {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
Arrange = Callable[[World], object]


def model(name: str = "README.md", data: bytes = b"", **config: object) -> Arrange:
    """The learner's own model: a configuration, a tokenizer and one more file."""

    def arrange(world: World) -> None:
        world.write("model/config.json", json.dumps(BERT | config))
        world.write("model/tokenizer.json", "{}")
        world.write(f"model/{name}", data)

    return arrange


def adapter(base: str, weights: str = "adapter_model.safetensors") -> Arrange:
    def arrange(world: World) -> None:
        model("adapter_config.json", json.dumps({"base_model_name_or_path": base}).encode())(world)
        world.write(f"model/{weights}", bytes(8) + b"{}" if weights.endswith("bin") else b"\x02" + bytes(7) + b"{}")

    return arrange


def both(*arrangements: Arrange) -> Arrange:
    return lambda world: [arrange(world) for arrange in arrangements]


def row(name: str, arrange: Arrange, says: str) -> Situation:
    words = "run chapter2 fill_the_gap --set masked_lm={here}/model"
    return Situation(f"a model: {name}", words, says, 1, arrange)


SITUATIONS = (
    row("a pointer of Git LFS", model("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"), r"is a Git LFS pointer.*git lfs pull"),
    row("cut off", model("model.safetensors", (90).to_bytes(8, "little") + b"{"), r"was cut off\. Copy or download it again"),
    row("a pipe as weights", both(model(), lambda world: os.mkfifo(world.here / "model/model.safetensors")), r"model\.safetensors that can't be read: it is no ordinary file"),
    row("a pickle", model("pytorch_model.bin", b"\x80\x04."), r"only as pickles, which can run code.*save_pretrained"),
    row("a pickle beside a stray file", both(model("pytorch_model.bin", b"\x80\x04."), lambda world: world.write("model/other.safetensors", "")), r"only as pickles"),
    row("no weights at all", model(), r"has no weights: model\.safetensors is missing"),
    row("a shard that is gone", model("model.safetensors.index.json", b'{"weight_map": {"a": "model-1.safetensors"}}'), r"lacks model-1\.safetensors"),
    row("a configuration that is damaged", model("config.json", b"{"), r"config\.json that is damaged"),
    row("an empty folder", lambda world: world.write("model/README.md", ""), r"has no config\.json.*save_pretrained"),
    row("no tokenizer", lambda world: world.write("model/config.json", json.dumps(BERT)), r"has no tokenizer\. Save it beside the weights"),
    row("another kind", model("model.safetensors", b"\x02" + bytes(7) + b"{}", architectures=["GPT2LMHeadModel"]), r"is a GPT2LMHeadModel, the lesson needs a BertForMaskedLM"),
    row("a quantisation that is not here", model("model.safetensors", b"\x02" + bytes(7) + b"{}", quantization_config={"quant_method": "awq"}), r"is quantised by awq, which is not installed"),
    row("an adapter without its base", adapter("/gone/base"), r"is an adapter of /gone/base, which is not there"),
    row("an adapter that is a pickle", adapter("openai-community/gpt2", "adapter_model.bin"), r"only as pickles"),
    row("a file, not a folder", lambda world: world.write("model", ""), r"can't be opened: Not a directory.*save_pretrained"),
    Situation("no permission for a folder of weights", "run chapter2 fill_the_gap --set masked_lm={here}/model", r"can't be opened: Permission denied", 1, both(model(), lambda world: (world.here / "model").chmod(0)), ordinary=True),
    Situation("a model: a tokenizer of another", "run chapter2 fill_the_gap --set masked_lm={here}/model", r"has a tokenizer that can't be loaded", 1, model("model.safetensors", b"\x02" + bytes(7) + b"{}"), {"DEEPDIVE_TUTORIALS": str(TOYS)}, worker=True),
)  # fmt: skip
