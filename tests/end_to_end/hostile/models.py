"""Folders of models that are not whole, through a step of chapter 2."""

from __future__ import annotations

from collections.abc import Callable

from tests.end_to_end.hostile.situation import Situation, World
from tests.support.laboratory import TOYS


def model(name: str, data: bytes) -> Callable[[World], object]:
    """The learner's own model: a configuration and one more file."""

    def arrange(world: World) -> None:
        world.write("model/config.json", '{"architectures": ["BertForMaskedLM"], "model_type": "bert"}')
        world.write(f"model/{name}", data)

    return arrange


def row(name: str, arrange: Callable[[World], object], says: str) -> Situation:
    """One worker serves them all, because their tutorials are the same."""
    words = "run chapter2 fill_the_gap --set masked_lm={here}/model"
    return Situation(f"a model: {name}", words, says, 1, arrange, {"DEEPDIVE_TUTORIALS": str(TOYS)}, worker=True)


SITUATIONS = (
    row("a pointer of Git LFS", model("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"), r"is a Git LFS pointer.*git lfs pull"),
    row("cut off", model("model.safetensors", (90).to_bytes(8, "little") + b"{"), r"was cut off\. Copy or download it again"),
    row("a pickle", model("pytorch_model.bin", b"\x80\x04."), r"only as pickles, which can run code.*save_pretrained"),
    row("a pickle beside a stray file", lambda world: (model("pytorch_model.bin", b"\x80\x04.")(world), world.write("model/other.safetensors", "")), r"only as pickles"),
    row("a configuration that is damaged", model("config.json", b"{"), r"config\.json that is damaged"),
    row("an empty folder", lambda world: world.write("model/README.md", ""), r"has no config\.json.*save_pretrained"),
)  # fmt: skip
