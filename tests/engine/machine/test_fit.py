"""Guards "will it fit?": which configurations are asked, what is said of them, and that only config.json is fetched."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.command import fit as fit_command
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.training import Training
from deepdive.engine.lessons.tutorial import Fit, Tutorial
from deepdive.engine.machine import fit
from deepdive.engine.machine.fit import Row, instead, job_of, measured, refusal, resolved, rows, verdict
from deepdive.engine.machine.hardware import Gpu, Machine
from deepdive.engine.runs.events import End, Job, Memory
from deepdive.engine.runs.view import RunView, of

from tests.support.planned import ADAPTED, FULL, SMALL, Counted, tutorial_in

LAPTOP = Machine(2, "CPU", 23_000_000_000, 20_000_000_000, (), "Linux", "3.11")
BOX = replace(LAPTOP, gpus=(Gpu(0, "NVIDIA L4", 24_000_000_000, 0, "550"),))


@pytest.fixture
def tutorial(tmp_path: Path) -> Tutorial:
    return tutorial_in(tmp_path)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    stand_in = Counted()
    monkeypatch.setattr(fit, "shapes", stand_in)
    return stand_in


# ---- which configurations -----------------------------------------------------------------------------------------


def test_what_a_table_leaves_open_is_its_steps_setting_at_the_scale_with_the_learners_edits(tutorial: Tutorial) -> None:
    table = tutorial.fits[0]
    role, plan = resolved(table, tutorial, "book", {})
    assert (role, plan.method, plan.batch, plan.length) == ("large", "full", 4, 1024)
    _, plan = resolved(table, tutorial, "book", {"full": {"batch": 16}})
    assert plan.batch == 16
    _, plan = resolved(tutorial.fits[1], tutorial, "book", {})
    assert plan == Training(
        method="4bit", rank=8, targets=("q_proj", "v_proj"), batch=2, length=1024, checkpointing=True
    )


def test_every_configuration_of_the_scale_is_asked_once_with_the_published_numbers(
    tutorial: Tutorial, counted: Counted
) -> None:
    found = rows(tutorial, "book", here=LAPTOP)
    assert [row.name for row in found] == ["Llama, full", "Llama, QLoRA", "Distil"]
    assert [request.hub for request in counted.asked] == [row.place.removeprefix("hub ") for row in found]
    assert counted.asked[0].published["model_type"] == "llama"
    assert counted.asked[2].published == {}
    assert all(request.gpu for request in counted.asked)  # for a card, though this machine has none


def test_a_role_pointed_elsewhere_is_counted_there(tutorial: Tutorial, counted: Counted, tmp_path: Path) -> None:
    found = rows(tutorial, "book", roles={"large": str(tmp_path)}, here=LAPTOP)
    assert counted.asked[0].folder == str(tmp_path)
    assert counted.asked[0].published == {}
    assert not found[0].gpu  # it lies here, and here is no GPU


def test_a_tutorial_without_tables_is_asked_about_its_models(counted: Counted) -> None:
    toy = catalogue.read(catalogue.shipped() / "chapter2")
    found = rows(toy, "pocket", here=LAPTOP)
    assert {row.role for row in found} >= {"masked_lm", "causal_lm"}
    assert all(row.training.method == "use" for row in found)
    assert "articles" not in {row.role for row in found}


def test_a_configuration_that_can_t_be_told_says_why_and_leaves_the_others(
    tutorial: Tutorial, counted: Counted
) -> None:
    found = rows(tutorial, "book", edits={"full": {"batch": 0}}, here=LAPTOP)
    assert "batch" in found[0].problem
    assert found[0].estimate is None
    assert found[1].estimate is not None


def test_an_unknown_scale_is_refused(tutorial: Tutorial) -> None:
    with pytest.raises(Refusal, match="no scale 'huge'"):
        rows(tutorial, "huge", here=LAPTOP)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('step = "full"\nscales', 'step = "half"\nscales', "no step half"),
        ('role = "small"', 'role = "tiny"', "no role tiny"),
        ('role = "small"', "", "needs a role"),
        ("length = 512", 'method = "LoRa"', "method is 'LoRa'"),
        ("length = 512", "length = 0", "whole number from 1"),
        ("length = 512", "lenght = 512", "no 'lenght'"),
        ('model_type = "llama"', "", "`model_type` is missing"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(tutorial: Tutorial, old: str, new: str, says: str) -> None:
    file = tutorial.folder / "tutorial.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(catalogue.Broken, match=says) as caught:
        catalogue.read(tutorial.folder)
    assert caught.value.line > 1


# ---- verdicts -----------------------------------------------------------------------------------------------------


def row(shape: Any, **plan: Any) -> Row:
    return Row("a row", "", "large", "hub x", Training(**plan), shape=shape)


def test_verdicts_name_the_smallest_size_the_spare_and_the_largest_holder() -> None:
    assert verdict(row(FULL, batch=2, length=1024), (16, 24, 80)) == (
        "does not fit 80 GB: Adam's moments alone need 53.9",
        False,
    )
    words, fits = verdict(row(ADAPTED, method="4bit", batch=1, length=512), (80, 24, 16))
    assert fits
    assert words.startswith("fits 16 GB with ")


def test_a_fit_by_less_than_the_activations_error_is_only_just_one() -> None:
    tight = row(ADAPTED, method="4bit", batch=1, length=1024)
    assert tight.estimate is not None
    limit = tight.estimate.total + 0.1 * tight.estimate.activations
    assert tight.fits(limit)
    assert tight.narrow(limit)
    assert verdict(tight, (limit / 1e9,))[1] is None
    assert not tight.narrow(2 * limit)
    assert not tight.fits(tight.estimate.total - 1)


def test_another_configuration_of_the_same_model_stands_in(tutorial: Tutorial, counted: Counted) -> None:
    found = rows(tutorial, "book", here=LAPTOP)
    assert instead(found[0], found, 16e9) is found[1]
    assert instead(found[0], found, 1e9) is None  # Distil is another model


# ---- measured -----------------------------------------------------------------------------------------------------


def ran(step: str = "full", **settings: Any) -> RunView:
    where: dict[str, Any] = {"job": "j1"}
    begun = Job(t=1.0, step=step, seed=0, settings=settings, inputs={}, digest="", **where)
    held = [{"weights": 4, "gradients": 4, "optimizer": 8, "activations": a, "libraries": 99} for a in (5, 7, 6)]
    told = [Memory(t=2.0, device="cpu", used=1, total=2, peak=1, held=parts, x=1, **where) for parts in held]
    return of([begun, *told, End(t=3.0, outcome="done", **where)])


def test_the_fullest_moment_of_the_steps_latest_job_stands_beside_the_estimate() -> None:
    planned = replace(row(FULL, batch=2), step="full")
    assert measured(job_of(planned, ran(batch=2))) == {
        "weights": 4,
        "gradients": 4,
        "optimizer": 8,
        "activations": 7,
    }
    assert job_of(planned, ran(batch=8)) is None  # trained otherwise
    assert job_of(planned, ran(step="other", batch=2)) is None
    assert job_of(planned, ran(batch=2, method="LoRA on 8 bits")) is None
    lora = replace(row(ADAPTED, method="8bit", batch=2), step="full")
    assert job_of(lora, ran(batch=2, method="LoRA on 8 bits")) is not None
    assert measured(None) == {}


# ---- refused ahead ------------------------------------------------------------------------------------------------


def test_what_can_t_fit_is_refused_before_the_download_with_the_arithmetic_and_a_way_out(
    tutorial: Tutorial, counted: Counted
) -> None:
    step = tutorial.step("full")
    settings = tutorial.defaults(step, "book")
    fault = refusal(tutorial, step, "book", settings, {}, 16e9)
    assert fault is not None
    assert "out of memory, known ahead: Llama, full needs 107.8 GB before its first activation" in fault.cause
    assert "(weights 27.0, gradients 27.0, optimizer 53.9), and there are 16.0 GB" in fault.cause
    assert "Nothing was downloaded" in fault.cause
    assert fault.action.startswith("Llama, QLoRA needs ")
    assert fault.action.endswith("it fits")
    with_changes = refusal(tutorial, step, "book", settings, {}, 80e9)
    assert with_changes is not None
    assert "all three" in with_changes.action


def test_nothing_is_refused_that_may_fit_or_that_nobody_knows(
    tutorial: Tutorial, counted: Counted, tmp_path: Path
) -> None:
    full, adapters = tutorial.step("full"), tutorial.step("adapters")
    settings = tutorial.defaults(full, "book")
    assert refusal(tutorial, full, "book", settings, {}, 120e9) is None  # activations do not count
    assert refusal(tutorial, adapters, "book", tutorial.defaults(adapters, "book"), {}, 16e9) is None
    assert refusal(tutorial, tutorial.step("train"), "book", {}, {}, 1.0) is None  # no table
    assert refusal(tutorial, full, "pocket", settings, {}, 1.0) is None  # no table at this scale
    assert refusal(tutorial, full, "book", settings, {"large": str(tmp_path)}, 1.0) is None  # it lies here
    counted.fault = Fault("no network")
    assert refusal(tutorial, full, "book", settings, {}, 1.0) is None


def test_of_two_tables_of_a_step_the_one_that_it_runs_as_is_asked_and_its_settings_have_the_last_word(
    tutorial: Tutorial, counted: Counted
) -> None:
    step = tutorial.step("adapters")
    wider = [
        Fit("in 32 bits", "adapters", values={"method": "LoRA"}),
        Fit("more rows", "adapters", values={"batch": 9}),
    ]
    two = replace(tutorial, fits=(*wider, *tutorial.fits))
    settings = tutorial.defaults(step, "book")
    assert refusal(two, step, "book", settings, {}, 16e9) is None  # 4 bits, whatever the first table compares
    assert counted.asked[-1].method == "4bit"
    assert f"known ahead: {step.title} needs" in str(refusal(two, step, "book", settings, {}, 1e9))
    assert "known ahead: Llama, QLoRA" in str(refusal(two, step, "book", settings | {"checkpointing": True}, {}, 1e9))
    assert "known ahead: more rows needs" in str(refusal(two, step, "book", settings | {"batch": 9}, {}, 1e9))


def test_behind_a_gate_the_model_s_own_numbers_are_taken_with_the_token(
    tutorial: Tutorial, counted: Counted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from deepdive.engine.places import hub

    asked: list[tuple[str, str | None]] = []

    def fetch_config(repo_id: str, revision: str, token: Any) -> Path:
        asked.append((repo_id, token()))
        if token() == "stranger":
            raise Fault("not accepted")
        return tmp_path / "config.json"

    monkeypatch.setattr(hub, "fetch_config", fetch_config)
    step = tutorial.step("full")
    for token in (None, "stranger", "accepted"):
        refusal(tutorial, step, "book", tutorial.defaults(step, "book"), {}, 120e9, lambda token=token: token)
    assert asked == [("meta-llama/Llama-2-7b-hf", "stranger"), ("meta-llama/Llama-2-7b-hf", "accepted")]
    assert [request.folder for request in counted.asked] == ["", "", str(tmp_path)]


# ---- the command's words ------------------------------------------------------------------------------------------


def test_the_document_tells_for_each_size_what_fits_and_what_would(tutorial: Tutorial, counted: Counted) -> None:
    found = rows(tutorial, "book", here=BOX)
    told = json.loads(
        json.dumps(fit_command.document(tutorial, "book", found, [16, 24, 80], BOX, "planned-1", ran(batch=4)))
    )
    assert [size["gb"] for size in told["memory"]] == [16, 24, 80]
    assert told["memory"][0] == {"gb": 16, "fits": ["Llama, QLoRA", "Distil"], "does_not_fit": ["Llama, full"]}
    assert told["machine"] == {"name": "L4, 22 GB", "memory": 24_000_000_000, "gpu": True}
    full = told["configurations"][0]
    assert full["weights"] == full["gradients"] == 4 * 6_738_415_616
    assert full["total"] == sum(full[part] for part in ("weights", "gradients", "optimizer", "activations", "other"))
    assert full["fits"] == {"16": False, "24": False, "80": False, "machine": False}
    assert [remedy["change"] for remedy in full["remedies"]][-1] == "all three"
    assert full["remedies"][-1]["total"] == full["total"] - full["remedies"][-1]["saves"]
    assert full["instead"] == dict.fromkeys(("16", "24", "80", "machine"), "Llama, QLoRA")
    assert full["activations_error"] == 0.2
    assert full["measured"]["activations"] == 7
    assert full["measured"]["off"]["gradients"] == full["gradients"] / 4 - 1
    assert told["configurations"][1]["trainable"] == 4_194_304
    assert told["configurations"][1]["measured"] is None


def test_the_table_is_one_line_a_configuration_and_says_what_helps(tutorial: Tutorial, counted: Counted) -> None:
    found = [*rows(tutorial, "book", here=LAPTOP), Row("Lost", "", "x", "", Training(), problem="no such model")]
    lines = fit_command.lines(tutorial, "book", found, [16, 24, 80], LAPTOP, ran(batch=4))
    text = "\n".join(lines)
    assert max(map(len, lines[:6])) <= 110
    full = next(line for line in lines if line.startswith("Llama, full"))
    assert full.split()[2:5] == ["27", "27", "53.9"]
    assert full.count("✗") == 4
    assert "Lost: no such model" in text
    assert "8-bit Adam" in text
    assert "Llama, QLoRA fits 16 GB" in text
    assert "measured (and by how much the estimate is off): weights 4 B" in text
    assert "may be off by 20 %" in text


def test_a_small_lesson_is_told_in_megabytes(tutorial: Tutorial) -> None:
    small = [replace(row(SMALL, batch=1, length=64), gpu=False)]
    assert fit_command.lines(tutorial, "pocket", small, [16], LAPTOP, RunView())[2].startswith("GB")
    tiny = replace(SMALL, parameters=68_864, trained=((68_864, 1),))
    lines = fit_command.lines(tutorial, "pocket", [replace(small[0], shape=tiny)], [16], LAPTOP, RunView())
    assert lines[2].startswith("MB")
    assert lines[3].split()[2] == "0.275"


# ---- the hub ------------------------------------------------------------------------------------------------------


@pytest.fixture
def hub_tutorial(tutorial: Tutorial, tmp_path: Path) -> Tutorial:
    """Its models are the loopback hub's: an open one, and a gated one with published numbers."""
    from tests.support.loopback.world import LLAMA

    published = json.loads((catalogue.pocket() / "models" / "gpt2" / "config.json").read_text())
    text = f'''
[scales.loop.roles]
open = {{ hub = "openai-community/gpt2" }}
gated = {{ hub = "{LLAMA}" }}

[[fit]]
name = "Open"
scales = ["loop"]
role = "open"
length = 16

[[fit]]
name = "Gated"
scales = ["loop"]
role = "gated"
method = "use"
length = 16
'''
    file = tutorial.folder / "tutorial.toml"
    whole = file.read_text() + text
    numbers = {key: value for key, value in published.items() if isinstance(value, (int, str, list))}
    whole = whole.replace(f'[architecture."{LLAMA}"]', "[architecture.unused]") + f'\n[architecture."{LLAMA}"]\n'
    whole += "\n".join(f"{key} = {json.dumps(value)}" for key, value in numbers.items()) + "\n"
    file.write_text(whole)
    return catalogue.read(tutorial.folder)


def test_only_config_json_is_fetched_and_a_gate_leaves_the_published_numbers(
    hub_tutorial: Tutorial, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.support.loopback.hub import Hub
    from tests.support.loopback.world import built

    with Hub(built()) as hub:
        for name, value in hub.environment(tmp_path / "hf").items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        found = rows(hub_tutorial, "loop", here=LAPTOP)
        resolved_files = {request.path.rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path}
    assert resolved_files == {"config.json"}
    opened, gated = found
    assert opened.source == "the hub's config.json"
    assert opened.shape is not None
    assert gated.source.startswith("numbers in the tutorial: ")
    assert "accept" in gated.source or "gated" in gated.source
    assert gated.shape is not None
    began = time.monotonic()
    again = rows(hub_tutorial, "loop", here=LAPTOP)  # the hub is gone: its file is in the cache, its shape is kept
    assert [row.shape for row in again] == [opened.shape, gated.shape]
    assert time.monotonic() - began < 10
