"""What can't be asked or tuned is refused by name, with what is allowed; on the command line with exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from deepdive.engine.lab import Refused

from tests.support.bench import Bench
from tests.support.laboratory import PATIENCE, Laboratory

TEMPLATES = {
    "{passage} {question} good .": "one {mask}",
    "{mask} and {mask}": "one {mask}",
    "{passage} {mask": "braces",
    "{sentence} it is {mask} .": "no column 'sentence'",
    "{passage} {label} {mask}": "no column 'label'",
}
WORDS: list[tuple[dict[str, list[str]], str]] = [
    ({"no": ["no"], "yes": ["日本"]}, "not in the model's vocabulary"),
    ({"no": ["no"], "yes": ["yes", "no"]}, "the same to the model"),
    ({"no": ["no"], "yes": []}, "'yes' has no label word"),
    ({"no": ["no"]}, "no and yes"),
    ({"no": ["no"], "maybe": ["yes"]}, "no and yes"),
]


def refused(bench: Bench, step: str, **settings: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        bench.run(step, **settings)
    return caught.value


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("step", ["ask_t5", "workshop", "four_regimes", "shortcut"])
def test_a_template_that_can_not_be_asked(bench: Bench, step: str, template: str) -> None:
    error = refused(bench, step, template=template)
    assert error.setting == "template"
    assert TEMPLATES[template] in error.why
    assert error.allowed == "one {mask}, and of passage, question"


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("step", ["zero_shot", "template_curves", "soft_prompt"])
def test_a_list_of_templates_names_the_fault(bench: Bench, step: str, template: str) -> None:
    error = refused(bench, step, templates=f"fine: {{question}} {{mask}}\nodd: {template}")
    assert error.setting == "templates"
    assert TEMPLATES[template] in error.why


@pytest.mark.parametrize("lines", ["", "{passage} {mask}", ": {mask}", "a: {mask}\na: {mask} .", "a:{mask}"])
def test_a_line_is_a_new_name_a_colon_and_a_template(bench: Bench, lines: str) -> None:
    assert refused(bench, "zero_shot", templates=lines).setting == "templates"
    assert refused(bench, "workshop", beside=lines).setting == "beside"


@pytest.mark.parametrize("name", ["prefix", "prefix one", "other 1", "prefix 1 2", "prefix -1"])
def test_one_of_the_ten_has_a_family_and_a_number(bench: Bench, name: str) -> None:
    error = refused(bench, "ten_templates", templates=f"{name}: {{passage}} {{mask}}")
    assert (error.setting, name in error.why) == ("templates", True)


@pytest.mark.parametrize(("words", "says"), WORDS)
@pytest.mark.parametrize("step", ["ask_t5", "zero_shot", "soft_prompt", "ten_templates"])
def test_label_words_that_tell_nothing(bench: Bench, step: str, words: dict[str, list[str]], says: str) -> None:
    error = refused(bench, step, label_words=words)
    assert error.setting == "label_words"
    assert says in f"{error.why} {error.allowed}"


def test_words_of_another_setting_are_refused_under_its_name(bench: Bench) -> None:
    step = bench.steps
    bench.run("ask_t5")
    with pytest.raises(Refused) as caught:
        step.native_prompt(bench.lab, native_words={"no": ["no"], "yes": ["日本"]})
    assert caught.value.setting == "native_words"


@pytest.mark.parametrize(
    ("sizes", "says"),
    [([0, 1201], "1201"), ([16, 8], "rise"), ([8, 8], "rise"), ([-1, 8], "rise"), ([], "rise")],
)
@pytest.mark.parametrize("step", ["template_curves", "ten_templates", "four_regimes"])
def test_sizes_rise_and_are_not_larger_than_the_data(bench: Bench, step: str, sizes: list[int], says: str) -> None:
    error = refused(bench, step, sizes=sizes)
    assert (error.setting, says in error.why, "0 to 1200" in error.allowed) == ("sizes", True, True)


@pytest.mark.parametrize("step", ["soft_prompt", "shortcut"])
def test_more_examples_than_there_are(bench: Bench, step: str) -> None:
    error = refused(bench, step, k=1201)
    assert (error.setting, error.allowed) == ("k", "0 to 1200")


@pytest.mark.parametrize("epochs", [[], [2, 1], [1, 1], [-1, 2]])
def test_epochs_rise(bench: Bench, epochs: list[int]) -> None:
    assert refused(bench, "soft_prompt", epochs=epochs).setting == "epochs"


def test_a_probe_refuses_as_well(bench: Bench) -> None:
    bench.run("ask_t5")
    with pytest.raises(Refused, match="template"):
        bench.ask("own_template", template="{passage} {question}")
    with pytest.raises(Refused, match="label_words"):
        bench.ask("own_template", label_words={"no": ["no"], "yes": ["no"]})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ask_t5", "--set", "template={passage} {question}"], ["template", "mask"]),
        (["zero_shot", "--set", "templates=odd: {passage} {question}"], ["templates", "one {mask}"]),
        (
            ["zero_shot", "--set", 'label_words={"no": ["no"], "yes": ["日本"]}'],
            ["label_words", "in the model's vocab"],
        ),
        (["ten_templates", "--set", "sizes=64, 16"], ["sizes", "0 to 1200"]),
        (["soft_prompt", "--set", "k=2000"], ["k: ", "0 to 1200"]),
    ],
)
def test_the_command_says_so_with_exit_code_2(laboratory: Laboratory, words: list[str], says: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deepdive.tui", "run", "chapter3-prompts", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert all(part in done.stderr for part in says), done.stderr
    assert "Traceback" not in done.stderr
