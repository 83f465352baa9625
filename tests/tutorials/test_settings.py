"""Every setting of every lesson: what can't be is refused before anything starts, and the questions that stand there
are in words that the pocket models know."""

from __future__ import annotations

from typing import Any

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.catalogue import pocket
from deepdive.engine.lessons.settings import Setting
from deepdive.engine.lessons.tutorial import Tutorial

READY = [tutorial for tutorial in catalogue.load([catalogue.shipped()]).tutorials if tutorial.ready]
NUMBERS = ["nan", "inf", "-inf", "1e308", "-1e308", "9" * 400, "", " ", "two", "1 2 3x", "0x10", "--1"]
SETTINGS = [
    pytest.param(setting, id=f"{tutorial.id}-{function.name}-{setting.name}")
    for tutorial in READY
    for function in {
        function.name: function for function in (*(step.function for step in tutorial.steps), *tutorial.probes)
    }.values()
    for setting in function.settings
]


def hostile(setting: Setting) -> list[str]:
    match setting.kind, setting.item:
        case "int" | "float", _:
            return [*NUMBERS, *(["1.5"] if setting.kind == "int" else [])]
        case "list", "int" | "float":
            return [*NUMBERS, "1 nan", "1 " * 1000]
        case "bool" | "choice", _:
            return ["", "2", "perhaps", "nan"]
        case "words", _:
            return ["", "no", "a: b / c: b", "a:", '{"a": "b"}', '{"a": [1]}', "[" * 100_000, '{"a": ["\\ud800"]}']
        case "template", _:
            return ["", "{", "{nothing}", "{mask", "{mask!r} {mask:>9}", "x" * 200_000, "\udce9 {mask}"]
    return ["\ud800", "x" * 200_000]


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_can_not_be_is_refused_with_what_is_allowed(setting: Setting) -> None:
    for text in hostile(setting):
        with pytest.raises(Refusal) as refused:
            setting.parse(text)
        assert refused.value.setting == setting.name
        assert refused.value.why


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_number_has_its_bounds_and_they_can_be_had(setting: Setting) -> None:
    if (setting.item or setting.kind) not in ("int", "float"):
        return
    assert setting.low is not None and setting.high is not None
    assert -1e6 <= setting.low < setting.high <= 1e6
    for bound, beyond in ((setting.low, setting.low - 1), (setting.high, setting.high * 2 + 1)):
        setting.parse(f"{bound:.17g}")
        with pytest.raises(Refusal, match="out of range"):
            setting.parse(f"{beyond:.17g}")


# ---- what stands there before anything is changed --------------------------------------------------------------------

MODELS = {  # whose tokenizer reads the texts of a lesson
    "chapter2": ["bert", "gpt2"],
    "chapter3-fewshot": ["sentiment-bert", "entities-bert"],
    "chapter3-prompts": ["questions-t5"],
    "chapter4": ["support-gpt2", "support-llama"],
}
NO_QUESTIONS = ("targets", "systems")  # names, which no model reads


def texts(tutorial: Tutorial) -> dict[str, Any]:
    """At pocket scale, by step or probe and setting."""
    steps = [
        (step.id, step.function, tutorial.defaults(step, "pocket")) for step in tutorial.steps if step.at("pocket")
    ]
    probes = [(probe.name, probe, {s.name: s.default for s in probe.settings}) for probe in tutorial.probes]
    return {
        f"{id}.{setting.name}": values[setting.name]
        for id, function, values in (*steps, *probes)
        for setting in function.settings
        if setting.kind in ("str", "template", "lines", "words") and setting.name not in NO_QUESTIONS
    }


@pytest.mark.parametrize("tutorial", READY, ids=lambda tutorial: tutorial.id)
def test_the_pocket_models_know_every_word_of_the_questions(tutorial: Tutorial) -> None:
    from transformers import AutoTokenizer

    strange: dict[str, list[str]] = {}
    tokenizers = [AutoTokenizer.from_pretrained(pocket() / "models" / name) for name in MODELS[tutorial.id]]
    for name, value in texts(tutorial).items():
        text = value if isinstance(value, str) else " ".join(word for words in value.values() for word in words)
        for slot in ("mask", "passage", "question", "sentence", "candidate", "conversation"):
            text = text.replace("{" + slot + "}", " ")
        unknown = [set(_unknown(tokenizer, text)) for tokenizer in tokenizers]
        if every := set.intersection(*unknown):
            strange[name] = sorted(every)
    assert strange == {}


def _unknown(tokenizer: Any, text: str) -> list[str]:
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    odd = tokenizer.unk_token_id if tokenizer.unk_token_id != tokenizer.eos_token_id else None
    pairs = zip(read.input_ids, read.offset_mapping, strict=True)
    return [text[start:end] for token, (start, end) in pairs if token == odd and text[start:end].strip()]
