"""What can't be tuned or looked at is refused by name, with what is allowed; on the command line with exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from deepdive.engine.lab import Refused
from deepdive.engine.lessons.tutorial import Tutorial

from tests.support.laboratory import PATIENCE, TOYS, Laboratory
from tests.tutorials.chapter4.conftest import Desk


def refused(desk: Desk, step: str, **settings: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        desk.run(step, **settings)
    return caught.value


@pytest.mark.parametrize("template", ["### Summary:", "{ conversation }"])
def test_a_template_without_the_conversation(desk: Desk, template: str) -> None:
    error = refused(desk, "conversations", template=template)
    assert error.setting == "template"
    assert error.allowed == "a text with the slot {conversation}"


@pytest.mark.parametrize(
    ("step", "targets", "unknown"),
    [
        ("large_lora", "query", "query"),
        ("large_lora", "q_proj c_attn", "c_attn"),
        ("large_qlora", "all_linear", "all_linear"),
        ("small_lora", "q_proj", "q_proj"),
    ],
)
def test_layers_that_the_model_does_not_have(desk: Desk, step: str, targets: str, unknown: str) -> None:
    error = refused(desk, step, targets=targets)
    assert (error.setting, error.why) == ("targets", f"no linear layer {unknown!r}")
    assert error.allowed.startswith("all-linear, or of ")
    known = error.allowed.removeprefix("all-linear, or of ").split(", ")
    assert ("c_attn" if step == "small_lora" else "q_proj") in known


@pytest.mark.parametrize("targets", ["embed_tokens", "act_fn", "self_attn"])
def test_what_is_no_linear_layer_is_not_offered(desk: Desk, targets: str) -> None:
    error = refused(desk, "large_lora", targets=targets)
    assert error.setting == "targets"
    assert targets not in error.allowed


def test_a_length_that_leaves_nothing_to_learn(desk: Desk) -> None:
    error = refused(desk, "small_full", length=32, loss_on="summary")
    assert (error.setting, error.why) == ("length", "cuts every summary off")


def test_a_matrix_that_is_not_there(desk: Desk) -> None:
    error = refused(desk, "four_bits", matrix=7)
    assert (error.setting, error.why) == ("matrix", "there are 7")


@pytest.mark.parametrize("block", [63, 1000, 8192])
def test_a_block_that_does_not_divide_the_matrix(desk: Desk, block: int) -> None:
    error = refused(desk, "four_bits", blocks=[64, block])
    assert (error.setting, error.why) == ("blocks", f"{block} does not divide 4096")


@pytest.mark.parametrize("block", [0, -64])
def test_a_block_has_numbers_in_it(desk: Desk, block: int) -> None:
    assert refused(desk, "four_bits", blocks=[block]).setting == "blocks"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["conversations", "--set", "template=### Summary:"], ["template", "the slot {conversation}"]),
        (["small_lora", "--set", "targets=query"], ["targets", "no linear layer 'query'", "c_attn"]),
        (["four_bits", "--set", "matrix=70"], ["matrix", "there are 7"]),
        (["four_bits", "--set", "blocks=64, 1000"], ["blocks", "1000 does not divide 4096"]),
    ],
)
def test_the_command_says_so_with_exit_code_2(
    laboratory: Laboratory, tiny: Tutorial, words: list[str], says: list[str]
) -> None:
    roles = tiny.scales["pocket"].roles
    places = [f"{role}={roles[role].get('folder') or roles[role]['file']}" for role in ("small", "large", "train")]
    folders = {"DEEPDIVE_TUTORIALS": os.pathsep.join([str(TOYS), str(tiny.folder.parent)])}
    done = subprocess.run(
        [sys.executable, "-m", "deepdive.tui", "run", tiny.id, *words]
        + [word for place in places for word in ("--set", place)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **folders},
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert all(part in done.stderr for part in says), done.stderr
    assert "Traceback" not in done.stderr
