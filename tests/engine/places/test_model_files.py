"""Of a hub's repository only what is needed is chosen."""

from __future__ import annotations

from deepdive.engine.places.model_files import needed_files, only_pickles


def test_each_weight_is_needed_once() -> None:
    shards = [f"model-{n:05d}-of-00002.safetensors" for n in (1, 2)]
    assert set(
        needed_files(
            dict.fromkeys(
                [
                    *shards,
                    "model.safetensors.index.json",
                    "consolidated.safetensors",
                    "pytorch_model-00001-of-00002.bin",
                    "config.json",
                    "tokenizer.model",
                    "README.md",
                    "original/params.json",
                    "onnx/model.onnx",
                    "1_Pooling/config.json",
                    "2_Dense/model.safetensors",
                    "2_Dense/pytorch_model.bin",
                    ".gitattributes",
                ],
                1,
            )
        )
    ) == {
        *shards,
        "model.safetensors.index.json",
        "config.json",
        "tokenizer.model",
        "1_Pooling/config.json",
        "2_Dense/model.safetensors",
    }
    both = {"model.safetensors": 1, "model.fp16.safetensors": 1, "flax_model.msgpack": 1, "pytorch_model.bin": 1}
    assert set(needed_files(both)) == {"model.safetensors"}
    assert set(needed_files({"adapter_model.safetensors": 1, "adapter_config.json": 1})) == {
        "adapter_model.safetensors",
        "adapter_config.json",
    }
    assert set(needed_files({"pytorch_model.bin": 1, "training_args.bin": 1}, pickles=True)) == {"pytorch_model.bin"}


def test_a_stray_file_lets_no_pickle_through() -> None:
    pickled = ["config.json", "pytorch_model.bin"]
    assert only_pickles(pickled)
    assert only_pickles([*pickled, "other.safetensors"])
    assert only_pickles([*pickled, "model.fp16.safetensors", "2_Dense/model.safetensors"])
    assert only_pickles(["adapter_model.bin"])
    assert not only_pickles([*pickled, "model.safetensors"])
    assert not only_pickles([*pickled, "model-00001-of-00002.safetensors"])
    assert not only_pickles(["adapter_model.bin", "adapter_model.safetensors"])
    assert not only_pickles(["model.safetensors", "training_args.bin"])
