"""A step's roles as settings: what is kept, what is told, what is refused; and the record that keeps them."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from deepdive.engine.command.plain import Reading
from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.roles import Role, role_of, roles_of
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.plan import Plan
from deepdive.engine.runs.store import Store
from deepdive.engine.runs.view import RunView

from tests.support.laboratory import TOYS

OLLAMA = "http://127.0.0.1:11434/v1 model=qwen2.5:7b"


@pytest.fixture
def judged() -> Tutorial:
    return catalogue.read(TOYS / "judged")


def judge(tutorial: Tutorial) -> Role:
    return role_of(tutorial, "pocket", "judge")


def test_a_step_has_the_roles_that_its_code_asks_for(judged: Tutorial) -> None:
    names = {step.id: [role.name for role in roles_of(judged, "pocket", step)] for step in judged.steps}
    assert names == {"grade": ["judge"], "leak": ["judge"], "fetch": ["gated", "tweets"]}


def test_a_name_that_is_a_settings_too_is_the_setting() -> None:
    fewshot = catalogue.read(catalogue.shipped() / "chapter3-fewshot")
    step = fewshot.step("learning_curves")
    assert "encoder" in {setting.name for setting in step.settings} & fewshot.scales["pocket"].roles.keys()
    assert "encoder" not in {role.name for role in roles_of(fewshot, "pocket", step)}


def test_what_an_earlier_step_supplies_is_not_pointed_elsewhere() -> None:
    for tutorial in catalogue.load([catalogue.shipped()]).tutorials:
        for scale in tutorial.scales:
            for step in tutorial.steps:
                assert not step.needs.keys() & {role.name for role in roles_of(tutorial, scale, step)}


def test_a_role_tells_where_it_is_and_keeps_the_words(judged: Tutorial) -> None:
    role = judge(judged)
    assert (role.show(""), role.written("")) == ("local judge", "")
    words = role.parse(f" {OLLAMA} ")
    assert words == OLLAMA == role.written(words)
    assert role.show(words) == "qwen2.5:7b at http://127.0.0.1:11434/v1"
    assert role.parse("  ") == ""
    with pytest.raises(Refusal, match="no key named 'mine'"):
        role.parse("gpt-6 secret=mine")


def test_a_path_is_kept_as_the_worker_can_find_it(
    judged: Tutorial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = role_of(judged, "pocket", "gated")
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    kept = role.parse("mine")
    assert kept == str(tmp_path / "mine")
    assert role.show(kept) == f"folder {tmp_path / 'mine'}"
    (tmp_path / "mine").rmdir()
    assert role.show(kept) == kept  # told as it was written, though it leads nowhere now


@pytest.mark.parametrize("role", ["judge", "gated", "tweets"])
@pytest.mark.parametrize(
    "value",
    ["sk-abcdefgh", "model=hf_abcdefgh", "secret=sk-abcdefgh", "prices=sk-abcdefgh", "key=KGAT_abcdefgh",
     "https://sk-abcdefgh@host.org/v1", "https://host.org/v1?key=sk-abcdefgh"],
)  # fmt: skip
def test_a_key_is_refused_wherever_it_stands_and_not_repeated(judged: Tutorial, role: str, value: str) -> None:
    with pytest.raises(Refusal, match="looks like a key") as refusal:
        role_of(judged, "pocket", role).parse(value)
    assert "abcdefgh" not in f"{refusal.value} {refusal.value.allowed} {refusal.value.detail}"


def test_what_begins_as_keys_do_within_a_name_is_no_key(judged: Tutorial) -> None:
    assert role_of(judged, "pocket", "gated").parse("hf-internal/task-sk-model_hf_1")
    assert judge(judged).parse("sk-labs/judge http://localhost:1/v1")


def test_a_run_keeps_where_its_roles_are_and_every_step_sees_it(judged: Tutorial) -> None:
    run = Store().create("judged", "pocket")
    run.point({"judge": OLLAMA})
    run.point({"gated": "a/b"})
    assert Store().open(run.id).record.roles == {"judge": OLLAMA, "gated": "a/b"}
    here = Plan(judged, "pocket", RunView())
    there = Plan(judged, "pocket", RunView(), roles=run.record.roles)
    moved = {step.id for step in judged.steps if here.wanted(step)[1:] != there.wanted(step)[1:]}
    assert moved == {"grade", "leak", "fetch"}
    run.point({"judge": "", "gated": ""})
    assert Store().open(run.id).record.roles == {}


def test_changes_of_a_record_by_several_at_once_are_all_kept(judged: Tutorial) -> None:
    run = Store().create("judged", "pocket")
    names = [f"role{number}" for number in range(24)]
    threads = [threading.Thread(target=Store().open(run.id).point, args=({name: "a/b"},)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.reload().roles.keys() == set(names)


def test_a_place_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    (folder / "pages").mkdir(parents=True)
    for name in ("steps.py", "tutorial.toml"):
        text = (TOYS / "judged" / name).read_text()
        (folder / name).write_text(text.replace('id = "judged"', 'id = "broken"').replace("kaggle =", "kagle ="))
    (folder / "pages" / "01-a.md").write_text("# A\n\n{{step grade}}\n")
    problem = str(catalogue.load([tmp_path]).problems[0])
    assert "scale pocket: tweets: a file takes no `kagle`" in problem
    assert f"tutorial.toml:{len((folder / 'tutorial.toml').read_text().splitlines())}:" in problem


def test_the_plain_mode_points_a_role_elsewhere(judged: Tutorial) -> None:
    out, said = io.StringIO(), iter([f"e judge={OLLAMA}", "e judge=sk-abcdefgh", "b", "d", "e judge=", "q"])
    reading = Reading(judged, out, lambda prompt: next(said))
    assert reading.go() == 0
    lines = out.getvalue().splitlines()
    there = "judge is qwen2.5:7b at http://127.0.0.1:11434/v1 now."
    how = "(http://…, model=…, secret=…"
    again = f"  role judge: qwen2.5:7b at http://127.0.0.1:11434/v1 {how}, default local judge)"
    before = f"  role judge: local judge {how})"
    order = [lines.index(line) for line in (before, there, again, "The defaults are back.")]
    assert order == sorted(order)
    assert "judge is local judge now." in lines
    assert any("looks like a key" in line for line in lines) and "abcdefgh" not in out.getvalue()
    assert reading.run is not None and Store().open(reading.run.id).record.roles == {}
