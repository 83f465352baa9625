"""Guards the estimate: it gives the book's arithmetic, and what is then measured of real trainings is within 10 %."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from deepdive.engine.lessons.training import Training
from deepdive.engine.machine.estimate import Estimate, Growth, Rehearsal, Shape, estimate, remedies
from deepdive.engine.machine.ledger import Activations, held
from deepdive.engine.machine.shapes import Reply, Request, shapes

LLAMA_2 = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}
DISTILGPT2 = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "n_layer": 6,
    "n_embd": 768,
    "n_head": 12,
    "n_positions": 1024,
    "vocab_size": 50257,
}
LINEAR = 6_476_005_376  # weights of Llama-2 7B in the linear layers of its blocks


# ---- by hand ------------------------------------------------------------------------------------------------------

NOTHING = Rehearsal(Growth(), Growth())
LLAMA_FULL = Shape("Llama", 6_738_415_616, 0, (), 0, ((6_738_415_616, 1),), NOTHING)
LLAMA_LORA = replace(
    LLAMA_FULL,
    quantised=((4096, 4096, 128), (11008, 4096, 64), (4096, 11008, 32)),
    adapters=4_194_304,
    trained=((32_768, 128),),
)


def certain(shape: Shape, **plan: Any) -> tuple[float, float, float]:
    """Weights, gradients, optimizer in GB."""
    found = estimate(shape, Training(**plan), gpu=False)
    return found.weights / 1e9, found.gradients / 1e9, found.optimizer / 1e9


def test_full_tuning_costs_16_bytes_a_weight() -> None:
    assert sum(certain(LLAMA_FULL)) == pytest.approx(107.8, abs=0.05)
    assert certain(LLAMA_FULL) == pytest.approx((26.95, 26.95, 53.9), abs=0.01)
    half = certain(LLAMA_FULL, dtype="bfloat16")
    assert half == pytest.approx((13.48, 13.48, 26.95), abs=0.01)


@pytest.mark.parametrize(
    ("plan", "weights"),
    [
        ({"method": "lora"}, 26.95),
        ({"method": "lora", "dtype": "float16"}, 13.48),
        ({"method": "8bit"}, 6.48 + 1.05),
        ({"method": "4bit"}, 3.64 + 1.05),
        ({"method": "4bit", "double_quantisation": True}, 3.34 + 1.05),
    ],
)
def test_the_books_table_of_llama_2(plan: dict[str, Any], weights: float) -> None:
    """Curriculum R3: the base, and 16 bytes for each of the adapter's 4,194,304 numbers."""
    base, gradients, moments = certain(LLAMA_LORA, **plan)
    adapter = 4_194_304 * 4 / 1e9
    assert base - adapter == pytest.approx(weights, abs=0.02)
    assert adapter + gradients + moments == pytest.approx(0.067, abs=0.001)


def test_bits_of_a_packed_weight() -> None:
    def bits(**plan: Any) -> float:
        packed = estimate(LLAMA_LORA, Training(dtype="float32", **plan), gpu=False).weights
        rest = (6_738_415_616 - LINEAR + 4_194_304) * 4
        return (packed - rest) * 8 / LINEAR

    assert bits(method="4bit") == pytest.approx(4.5, abs=0.001)
    assert bits(method="4bit", double_quantisation=True) == pytest.approx(4.127, abs=0.001)
    assert bits(method="8bit") == pytest.approx(8, abs=0.01)


@pytest.mark.parametrize(
    ("optimizer", "bytes"),
    [("adamw_torch", 8), ("paged_adamw_32bit", 8), ("adamw_8bit", 2 + 8 / 256), ("sgd", 0)],
)
def test_an_optimizer_keeps_so_many_bytes_a_weight(optimizer: str, bytes: float) -> None:
    shape = replace(LLAMA_FULL, trained=((1_000_000, 1),))
    found = estimate(shape, Training(optimizer=optimizer), gpu=False).optimizer
    assert found == pytest.approx(bytes * 1_000_000, rel=1e-4)
    small = estimate(replace(shape, trained=((1000, 3),)), Training(optimizer="adamw_8bit"), gpu=False).optimizer
    assert small == 24_000  # too small for 8 bits


def test_a_curve_goes_through_its_three_measurements() -> None:
    curve = Growth(token=7.0, pair=0.5, fixed=100.0)
    again = Growth.through(64, 32, *(curve.at(*point) for point in ((1, 64), (2, 64), (2, 32))))
    assert (again.token, again.pair, again.fixed) == pytest.approx((7.0, 0.5, 100.0))
    assert again.at(8, 200) == curve.at(8, 200)


def test_what_would_make_it_fit_and_all_of_it_together() -> None:
    tokens = Rehearsal(Growth(token=1e6), Growth(token=1e6))
    shape = replace(LLAMA_FULL, plain=tokens, checkpointed=Rehearsal(Growth(token=1e5), Growth(token=1e5)))
    found = remedies(shape, Training(batch=4, length=1000), gpu=False)
    assert [remedy.what for remedy in found] == [
        "batch 4 → 1, accumulate 4",
        "gradient checkpointing",
        "8-bit Adam",
        "all three",
    ]
    before = estimate(shape, Training(batch=4, length=1000), gpu=False)
    saved = [before.total - remedy.estimate.total for remedy in found]
    assert saved[0] == 3_000_000_000
    assert saved[1] == 3_600_000_000
    assert saved[2] == pytest.approx(6_738_415_616 * (8 - 2 - 8 / 256), rel=0.001)
    assert saved[3] == before.total - estimate(shape, found[3].training, gpu=False).total
    assert found[3].training == Training(batch=1, length=1000, checkpointing=True, optimizer="adamw_8bit")
    assert remedies(replace(shape, trained=((1000, 1),)), Training(length=1000, checkpointing=True), gpu=False) == []


# ---- counted on the classes themselves ----------------------------------------------------------------------------


def shape_of(reply: Reply) -> Shape:
    assert reply.shape is not None, reply.cause + reply.detail
    return reply.shape


def test_the_books_models_are_counted_from_their_configurations(tmp_path: Path) -> None:
    for name, numbers in (("llama", LLAMA_2), ("gpt", DISTILGPT2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(numbers))
    llama, small, tuned = map(
        shape_of,
        shapes(
            [
                Request(folder=str(tmp_path / "llama"), method="4bit", length=64),
                Request(folder=str(tmp_path / "gpt"), method="lora", rank=16, targets=("c_attn",), length=64),
                Request(folder=str(tmp_path / "gpt"), length=64),
            ]
        ),
    )
    assert (llama.parameters, llama.adapters, llama.trainable) == (6_738_415_616, 4_194_304, 4_194_304)
    assert sum(rows * columns * count for rows, columns, count in llama.quantised) == LINEAR
    assert (small.parameters, small.trainable) == (81_912_576, 294_912)
    assert estimate(tuned, Training(), gpu=False).certain / 1e9 == pytest.approx(1.31, abs=0.005)


# ---- measured -----------------------------------------------------------------------------------------------------

BATCH, LENGTH = 4, 48
TARGETS = {"llama": ("q_proj", "v_proj"), "gpt2": ("c_attn",)}
METHODS = ("full", "lora", "8bit", "4bit")
CASES = [(family, method) for family in TARGETS for method in METHODS]


def config(family: str) -> Any:
    from transformers import BertConfig, GPT2Config, LlamaConfig, T5Config

    if family == "llama":
        return LlamaConfig(
            vocab_size=133,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=6,  # deep enough that two depths stand for all
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=128,
            tie_word_embeddings=True,
        )
    if family == "gpt2":
        return GPT2Config(vocab_size=133, n_positions=128, n_embd=128, n_layer=2, n_head=4)
    if family == "bert":
        return BertConfig(
            vocab_size=133,
            hidden_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=256,
            max_position_embeddings=128,
        )
    return T5Config(vocab_size=133, d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, decoder_start_token_id=0)


CLASSES = {
    "llama": "LlamaForCausalLM",
    "gpt2": "GPT2LMHeadModel",
    "bert": "BertForMaskedLM",
    "t5": "T5ForConditionalGeneration",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import transformers

    saved = {}
    for family, name in CLASSES.items():
        saved[family] = tmp_path_factory.mktemp(family)
        torch.manual_seed(0)
        getattr(transformers, name)(config(family)).save_pretrained(saved[family])
    return saved


@pytest.fixture(scope="module")
def counted(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Shape]:
    """Every shape, from one child process."""
    cases = [*CASES, ("bert", "full"), ("t5", "full")]
    requests = [
        Request(
            folder=str(folders[family]),
            method=method,
            rank=8,
            targets=TARGETS.get(family, ()),
            length=2 * LENGTH,  # not the length that is measured
            gpu=False,
        )
        for family, method in cases
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPDIVE_HOME", str(tmp_path_factory.mktemp("home")))
        return dict(zip(cases, map(shape_of, shapes(requests)), strict=True))


def trained(
    folder: Path, family: str, method: str, double: bool = False, checkpointing: bool = False, cast: bool = False
) -> dict[str, int]:
    """Two real updates; bytes by holder while the gradients of the second are there."""
    import transformers
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    quantised = {
        "8bit": transformers.BitsAndBytesConfig(load_in_8bit=True),
        "4bit": transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=double,
            bnb_4bit_compute_dtype=torch.float32,
        ),
    }
    model: Any = getattr(transformers, CLASSES[family]).from_pretrained(
        folder, quantization_config=quantised.get(method), dtype=torch.float32
    )
    if method in quantised:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if method != "full":
        model = get_peft_model(model, LoraConfig(r=8, target_modules=list(TARGETS[family]), lora_dropout=0.05))
    if checkpointing:
        model.gradient_checkpointing_enable()
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
    watched = {"model": (model, None, optimizer)}
    tokens = torch.randint(133, (BATCH, LENGTH))
    for _ in range(2):
        optimizer.zero_grad()
        with Activations(watched) as activations:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=cast):
                loss = model(input_ids=tokens, labels=tokens).loss
            loss.backward()
            del loss
        optimizer.step()
    return {**held(watched), "activations": activations.bytes}


def compare(found: Estimate, measured: dict[str, int]) -> None:
    for holder in ("weights", "gradients", "optimizer"):
        assert getattr(found, holder) == pytest.approx(measured[holder], rel=0.05), holder
    assert found.activations == pytest.approx(measured["activations"], rel=0.03)


@pytest.mark.parametrize(("family", "method"), CASES)
def test_a_real_training_holds_what_was_estimated(
    folders: dict[str, Path], counted: dict[tuple[str, str], Shape], family: str, method: str
) -> None:
    plan = Training(method=method, batch=BATCH, length=LENGTH)
    compare(estimate(counted[family, method], plan, gpu=False), trained(folders[family], family, method))


def test_double_quantisation_and_checkpointing(folders: dict[str, Path], counted: dict[tuple[str, str], Shape]) -> None:
    plan = Training(method="4bit", batch=BATCH, length=LENGTH, double_quantisation=True)
    compare(
        estimate(counted["llama", "4bit"], plan, gpu=False), trained(folders["llama"], "llama", "4bit", double=True)
    )
    plan = Training(batch=BATCH, length=LENGTH, checkpointing=True)
    compare(
        estimate(counted["llama", "full"], plan, gpu=False),
        trained(folders["llama"], "llama", "full", checkpointing=True),
    )


def test_mixed_precision(folders: dict[str, Path]) -> None:
    (reply,) = shapes([Request(folder=str(folders["llama"]), length=LENGTH, precision="bf16", gpu=False)])
    plan = Training(batch=BATCH, length=LENGTH, precision="bf16")
    compare(estimate(shape_of(reply), plan, gpu=False), trained(folders["llama"], "llama", "full", cast=True))


@pytest.mark.parametrize("family", ["bert", "t5"])
def test_encoders_and_encoder_decoders_too(
    folders: dict[str, Path], counted: dict[tuple[str, str], Shape], family: str
) -> None:
    plan = Training(batch=BATCH, length=LENGTH)
    compare(estimate(counted[family, "full"], plan, gpu=False), trained(folders[family], family, "full"))


def test_a_model_that_is_only_asked_holds_weights_alone(folders: dict[str, Path]) -> None:
    asked = shape_of(shapes([Request(folder=str(folders["gpt2"]), method="use", length=32)])[0])
    found = estimate(asked, Training(method="use", length=32), gpu=False)
    assert (found.gradients, found.optimizer, found.activations) == (0, 0, 0)
    assert found.weights == held({"model": (load(folders["gpt2"]), None, None)})["weights"]
    assert found.other > 32 * 133 * 4  # the logits


def load(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
