"""The exercises of chapter 4, checked against answers worked out by hand and against real models and libraries."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import regex
import torch
from bitsandbytes.functional import quantize_4bit
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.work import exercises
from deepdive.engine.work.exercise_child import load
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config

FOLDER = catalogue.shipped() / "chapter4"
NAMES = [
    *("count_lora", "read_the_error", "fits_or_not", "bits_per_weight"),
    *("be_the_judge", "count_the_updates", "find_the_artefact", "two_sentences"),
]
WRONG = ["", "nothing", "1", "1 2", "1 2 3", "0 0 0 0", "-7.5e3", "z z z z", "(", "\x1b[31m", "9" * 400, "y" * 400]


@pytest.mark.parametrize("name", NAMES)
def test_a_question_travels_as_json_and_its_solution_passes(name: str) -> None:
    exercise = load(FOLDER, name)
    texts = set()
    for seed in range(25):
        question = json.loads(json.dumps(exercise.question(random.Random(seed))))
        texts.add(question["text"])
        assert all(exercise.hints(question))
        assert exercise.check(question, exercise.solution(question))[0], seed
        assert exercise.question(random.Random(seed))["text"] == question["text"]
    assert len(texts) >= 5  # fresh numbers each time


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", WRONG)
def test_a_wrong_or_empty_answer_gets_a_hint_and_no_error(name: str, answer: str) -> None:
    exercise = load(FOLDER, name)
    passed, hint = exercise.check(exercise.question(random.Random(3)), answer)
    assert not passed
    assert hint


def test_the_lesson_offers_all_eight(chapter4: Tutorial) -> None:
    assert [(e.id, e.function) for e in chapter4.exercises] == [(f"X{n}", name) for n, name in enumerate(NAMES, 1)]


def test_the_checks_run_in_a_process_of_their_own(chapter4: Tutorial) -> None:
    question = exercises.question(chapter4, "X8", 0)
    assert exercises.check(chapter4, "X8", question, exercises.solution(chapter4, "X8", question))[0]


def refusing(name: str, question: dict[str, Any], answer: str) -> str:
    passed, hint = load(FOLDER, name).check(question, answer)
    assert not passed
    return str(hint)


# ---- X1 -------------------------------------------------------------------------------------------------------------


def meta(config: Any) -> Any:
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


REAL = {  # real architectures, without weights
    "DistilGPT2": GPT2Config(n_layer=6),
    "GPT-2": GPT2Config(),
    "Llama-2 7B": LlamaConfig(vocab_size=32000),
    "SmolLM2 1.7B": LlamaConfig(
        vocab_size=49152,
        hidden_size=2048,
        intermediate_size=8192,
        num_hidden_layers=24,
        tie_word_embeddings=True,
    ),
    "Qwen2.5 7B": Qwen2Config(
        vocab_size=152064,
        hidden_size=3584,
        intermediate_size=18944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        tie_word_embeddings=False,
    ),
    "the large pocket model": LlamaConfig(
        vocab_size=191,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_lora_s_numbers_are_those_that_peft_makes(name: str) -> None:
    exercise = load(FOLDER, "count_lora")
    layers, matrices = exercise.MODELS[name]
    targets = [matrix for matrix, *_ in matrices]
    tuned = get_peft_model(meta(REAL[name]), LoraConfig(r=4, target_modules=targets, task_type="CAUSAL_LM"))
    trained = sum(weight.numel() for weight in tuned.parameters() if weight.requires_grad)
    question = {"rank": 4, "layers": layers, "matrices": [list(matrix) for matrix in matrices]}
    assert exercise.check(question, f"{trained:,}") == (True, "")


DISTIL = {"rank": 16, "layers": 6, "matrices": [["c_attn", 768, 2304]]}
LLAMA = {"rank": 8, "layers": 32, "matrices": [["q_proj", 4096, 4096], ["v_proj", 4096, 4096]]}


def test_the_book_s_adapters() -> None:
    exercise = load(FOLDER, "count_lora")
    assert exercise.answer(DISTIL) == 294_912
    assert exercise.answer(LLAMA) == 4_194_304


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("49152", "one of 6 blocks"),
        ("73728", "That is A alone"),
        ("221184", "That is B alone"),
        ("10,616,832", "frozen matrices"),
        ("169869312", "not a factor"),
        ("9437184", "adds none"),
        ("18432", "rank 1"),
        ("5", "for each matrix"),
    ],
)
def test_a_wrong_count_is_explained(answer: str, hint: str) -> None:
    assert hint in refusing("count_lora", DISTIL, answer)


# ---- X2 -------------------------------------------------------------------------------------------------------------

ERROR = {"shapes": [[32000, 4096], [4096, 4096], [11008, 4096], [4096]], "wanted": 1, "bits": 32}


def test_the_book_s_error() -> None:
    exercise = load(FOLDER, "read_the_error")
    assert exercise.answer(ERROR) == ("b", 32, 32.0)
    assert exercise.check(ERROR, "b, 32 bits, 32 MiB") == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("a 32 250", "500 MiB in 32 bits and 250 MiB in 16"),
        ("b 16 32", "bytes of each"),
        ("b 32 33.55", "in MB"),
        ("b 32 128", "2 bytes each"),
        ("b 32", "A letter"),
    ],
)
def test_a_wrong_tensor_is_explained(answer: str, hint: str) -> None:
    assert hint in refusing("read_the_error", ERROR, answer)


def test_only_one_tensor_has_the_size_in_the_message() -> None:
    exercise = load(FOLDER, "read_the_error")
    for seed in range(100):
        question = exercise.question(random.Random(seed))
        told = float(regex.search(r"allocate ([\d.]+) MiB", question["text"]).group(1))
        free = float(regex.search(r"which ([\d.]+) MiB is free", question["text"]).group(1))
        sizes = {
            (n, bits): exercise.size(shape, bits) for n, shape in enumerate(question["shapes"]) for bits in (16, 32)
        }
        assert [key for key, size in sizes.items() if size == told] == [(question["wanted"], question["bits"])]
        assert free < told
        assert told % 2 == 0
        assert told >= 10


@pytest.mark.parametrize("name", ["Llama-2 7B"])
def test_the_shapes_are_the_real_ones(name: str) -> None:
    shapes = {tuple(weight.shape) for weight in meta(REAL[name]).parameters()}
    assert set(load(FOLDER, "read_the_error").MODELS[name].values()) <= shapes


# ---- X3 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["DistilGPT2", "SmolLM2 1.7B", "Llama-2 7B", "Qwen2.5 7B"])
def test_sizes_are_those_of_the_real_models(name: str) -> None:
    whole, linear, added = load(FOLDER, "fits_or_not").MODELS[name]
    model = meta(REAL[name])
    blocks = [weight for n, weight in model.named_parameters() if ".0." in n and weight.ndim == 2]
    layers = model.config.num_hidden_layers
    assert sum(weight.numel() for weight in model.parameters()) == whole
    assert sum(weight.numel() for weight in blocks) * layers == linear
    rank = 16 if name == "DistilGPT2" else 8
    tuned = get_peft_model(model, LoraConfig(r=rank, task_type="CAUSAL_LM"))
    assert sum(weight.numel() for weight in tuned.parameters() if weight.requires_grad) == added


@pytest.mark.parametrize(
    ("model", "method", "gigabytes"),
    [  # the page's table
        ("DistilGPT2", "all weights, in 32 bits", 1.31),
        ("DistilGPT2", "LoRA on 32 bits", 0.328 + 0.005),
        ("DistilGPT2", "LoRA on 16 bits", 0.164 + 0.005),
        ("DistilGPT2", "QLoRA", 0.024 + 0.158 + 0.005),
        ("Llama-2 7B", "all weights, in 32 bits", 107.8),
        ("Llama-2 7B", "LoRA on 32 bits", 26.95 + 0.067),
        ("Llama-2 7B", "LoRA on 16 bits", 13.48 + 0.067),
        ("Llama-2 7B", "LoRA on 8 bits", 6.48 + 1.05 + 0.067),
        ("Llama-2 7B", "QLoRA", 3.64 + 1.05 + 0.067),
    ],
)
def test_the_book_s_memory_table(model: str, method: str, gigabytes: float) -> None:
    assert load(FOLDER, "fits_or_not").need(model, method) == pytest.approx(gigabytes, rel=0.01)


def test_each_wrong_answer_is_explained_by_its_own_arithmetic() -> None:
    question = {
        "rows": [
            ["Llama-2 7B", "all weights, in 32 bits", 80],
            ["Llama-2 7B", "LoRA on 32 bits", 16],
            ["Llama-2 7B", "LoRA on 8 bits", 12],
            ["Llama-2 7B", "QLoRA", 8],
            ["DistilGPT2", "LoRA on 16 bits", 0.5],
        ]
    }
    assert load(FOLDER, "fits_or_not").check(question, "no no yes yes y") == (True, "")
    assert "1: a weight, its gradient and two moments take 16" in refusing(
        "fits_or_not", question, "yes no yes yes yes"
    )
    assert "2: 6,738,415,616 frozen numbers take 4 bytes" in refusing("fits_or_not", question, "n y y y y")
    assert "3: 6,476,005,376 frozen numbers take 1 bytes each, the other 262,410,240 4" in refusing(
        "fits_or_not", question, "n n n y y"
    )
    assert "4: 6,476,005,376 frozen numbers take 0.5625" in refusing("fits_or_not", question, "n n y n y")


def test_no_question_is_a_close_call_and_both_answers_come_up() -> None:
    exercise = load(FOLDER, "fits_or_not")
    for seed in range(50):
        question = exercise.question(random.Random(seed))
        assert sum(exercise.answer(question)) in (2, 3)
        for model, method, room in question["rows"]:
            assert abs(room / exercise.need(model, method) - 1) > 0.1


# ---- X4 -------------------------------------------------------------------------------------------------------------

BITS = {"block": 64, "group": 256}


def test_the_book_s_bits() -> None:
    exercise = load(FOLDER, "bits_per_weight")
    assert exercise.check(BITS, "4.5 and 4.127") == (True, "")
    assert exercise.check(BITS, "4.5; 4.13") == (True, "")


@pytest.mark.parametrize(
    ("question", "answer", "hint"),
    [
        (BITS, "0.5625 0.516", "in bytes"),
        (BITS, "4 4", "scales take room"),
        (BITS, "4.0625 4.1", "not one of 4"),
        (BITS, "5 4.1", "one 64th"),
        ({"block": 16, "group": 16}, "6 4.5", "second level are missing"),
        ({"block": 64, "group": 64}, "4.5 4.625", "shared by blocks"),
        (BITS, "4.5 9", "a share of a share"),
    ],
)
def test_wrong_bits_are_explained(question: dict[str, int], answer: str, hint: str) -> None:
    assert hint in refusing("bits_per_weight", question, answer)


@pytest.mark.parametrize("double", [False, True])
def test_bits_are_those_that_bitsandbytes_stores(double: bool) -> None:
    """A large matrix, so that its fixed tables do not matter."""
    numbers = torch.randn(1024, 1024, generator=torch.Generator().manual_seed(0))
    packed, state = quantize_4bit(numbers, blocksize=64, quant_type="nf4", compress_statistics=double)
    tensors = [packed, state.absmax, *([state.state2.absmax] if double else [])]
    stored = 8 * sum(tensor.nbytes for tensor in tensors) / numbers.numel()
    assert load(FOLDER, "bits_per_weight").answer(BITS)[double] == pytest.approx(stored, abs=1e-4)
