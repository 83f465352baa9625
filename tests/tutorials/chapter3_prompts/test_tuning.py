"""Tuning the model, the prompt or both, run for real on the shipped pocket T5; few examples each, to be quick."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from deepdive.engine.lab import Lab
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.events import Progress
from transformers import T5ForConditionalGeneration

from tests.support.bench import Bench
from tests.tutorials.chapter3_fewshot.conftest import assert_claims
from tests.tutorials.chapter3_prompts.conftest import PUNCTUATED, SIMPLEST

BARE = f"featureless: {SIMPLEST}"
WIDTH, VECTORS = 96, 8


def lab_of(bench: Bench) -> Lab:
    assert bench.lab is not None
    return bench.lab


@pytest.fixture(scope="module")
def shipped() -> dict[str, torch.Tensor]:
    """The weights as they lie on the disk."""
    model = T5ForConditionalGeneration.from_pretrained(catalogue.pocket() / "models" / "questions-t5")
    return dict(model.named_parameters())


def same(model: Any, shipped: dict[str, torch.Tensor]) -> set[str]:
    """The names of the weights that training left alone."""
    return {name for name, weight in model.named_parameters() if torch.equal(weight, shipped[name])}


def updates(bench: Bench, step: str) -> dict[str, float | None]:
    """How many updates each training had."""
    return {e.what: e.total for e in bench.heard[step] if isinstance(e, Progress)}


def accuracies(bench: Bench, step: str) -> dict[tuple[Any, ...], float]:
    return {tuple(figure.case.values()): figure.value for figure in bench.figures(step, "accuracy")}


# ---- the model ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curves(bench: Bench) -> Bench:
    bench.run("zero_shot")
    bench.run("again", templates=f"simplest: {SIMPLEST}", sizes=[0, 64])
    bench.run("template_curves", templates=f"punctuated: {PUNCTUATED}", sizes=[0, 8, 16])
    return bench


def test_nothing_tuned_is_zero_shot(curves: Bench) -> None:
    for name, step in (("simplest", "again"), ("punctuated", "template_curves")):
        zero = curves.figure(step, "accuracy", template=name, k=0)
        assert zero == curves.figure("zero_shot", "accuracy", template=name)


def test_what_begins_high_dips_and_what_begins_low_rises(curves: Bench) -> None:
    right = accuracies(curves, "again") | accuracies(curves, "template_curves")
    assert right["punctuated", 16] < right["punctuated", 0] - 0.01
    assert right["simplest", 64] >= right["simplest", 0] + 0.1
    assert curves.figure("again", "test accuracy", template="simplest") >= 0.6


def test_updates_are_epochs_of_batches_of_both_classes(curves: Bench) -> None:
    assert updates(curves, "again") == {"simplest at 64": 160}
    assert updates(curves, "template_curves") == {"punctuated at 8": 20, "punctuated at 16": 40}


def test_a_size_leans_on_no_other_and_comes_out_the_same_again(curves: Bench) -> None:
    curves.run("again", templates=f"punctuated: {PUNCTUATED}", sizes=[16])
    wanted = curves.figure("template_curves", "accuracy", template="punctuated", k=16)
    assert accuracies(curves, "again") == {("punctuated", 16): wanted}


def test_without_the_passage_tuning_helps_nothing(bench: Bench) -> None:
    lines = "retrieval 7: premise: {question}? The answer was {mask} .\nretrieval 10: {question} ? {mask}"
    bench.run("ten_templates", templates=lines, sizes=[0, 64])
    right = accuracies(bench, "ten_templates")
    assert list(right) == [(7, 0), (7, 64), (10, 0), (10, 64)]
    assert all(0.45 <= value <= 0.55 for value in right.values()), right
    for k in (0, 64):
        assert bench.figure("ten_templates", "best", family="retrieval", k=k) == max(right[7, k], right[10, k])
        assert bench.figure("ten_templates", "worst", family="retrieval", k=k) == min(right[7, k], right[10, k])


def test_the_shortcut_is_told_by_groups_that_add_up(bench: Bench, shipped: dict[str, torch.Tensor]) -> None:
    bench.run("shortcut", k=16)
    _, rows, _ = bench.steps.data.questions(lab_of(bench), lab_of(bench).held["t5"][1])
    groups: dict[tuple[str, str], int] = {}
    for row in rows:
        there = (
            row["question"].split()[-1] in row["passage"].split()
            or f"{row['question'].split()[-1]}." in row["passage"].split()
        )
        case = "yes" if row["label"] else "no", "in the passage" if there else "not in it"
        groups[case] = groups.get(case, 0) + 1
    by_rule = groups["yes", "in the passage"] + groups["no", "not in it"]
    assert bench.figure("shortcut", "accuracy of the rule") == pytest.approx(by_rule / len(rows))
    for model in ("untuned", "tuned"):
        right = sum(
            n * bench.figure("shortcut", "right", model=model, truth=truth, word=word)
            for (truth, word), n in groups.items()
        )
        assert bench.figure("shortcut", "accuracy", model=model) == pytest.approx(right / len(rows))


# ---- the prompt -----------------------------------------------------------------------------------------------------


def test_a_soft_prompt_beats_its_own_start_and_the_model_stays_as_it_was(
    bench: Bench, shipped: dict[str, torch.Tensor]
) -> None:
    bench.run("soft_prompt", templates=BARE, k=64, epochs=[0, 8])
    right = accuracies(bench, "soft_prompt")
    assert right["featureless", 8] >= right["featureless", 0] + 0.15
    soft = lab_of(bench).held["t5"][0]
    assert same(soft.get_base_model(), shipped) == set(shipped)
    assert all(weight.grad is None for weight in soft.get_base_model().parameters())
    assert bench.figure("soft_prompt", "tuned") == VECTORS * WIDTH
    assert bench.figure("soft_prompt", "frozen") == sum(weight.numel() for weight in shipped.values())
    assert bench.figure("soft_prompt", "updates") == 8 * 128 / 4
    assert bench.figure("soft_prompt", "peak rate") == 0.05


def test_the_vectors_are_told_where_they_went(bench: Bench, shipped: dict[str, torch.Tensor]) -> None:
    """The last run's: what is held is what was measured."""
    bench.run("soft_prompt", templates=BARE, k=8, epochs=[0, 2], start="first rows")
    begin, prompt = shipped["shared.weight"][:VECTORS], bench.steps.soft.prompt_of(lab_of(bench).held["t5"][0])
    moved = (prompt - begin).norm(dim=-1)
    assert bench.figure("soft_prompt", "moved") == pytest.approx(moved.mean().item(), rel=1e-4)
    assert moved.mean() > 0.1
    rows = bench.rows("soft_prompt", "nearest words, featureless")
    assert [row["moved"] for row in rows] == pytest.approx(moved.tolist(), rel=1e-4)
    tokens = lab_of(bench).held["t5"][1].convert_ids_to_tokens(list(range(VECTORS)))
    assert [row["before"].split()[0] for row in rows] == tokens
    norms = {f.case["epoch"]: f.value for f in bench.figures("soft_prompt", "norm")}
    assert norms == pytest.approx({0: begin.norm(dim=-1).mean().item(), 2: prompt.norm(dim=-1).mean().item()}, rel=1e-4)


@pytest.mark.parametrize("start", ["vocabulary", "text"])
def test_a_prompt_begins_from_words(bench: Bench, shipped: dict[str, torch.Tensor], start: str) -> None:
    """Epoch 0 alone: nothing is tuned, and that is no error."""
    bench.run("soft_prompt", templates=BARE, k=8, epochs=[0], start=start, start_text="yes or no", vectors=3)
    [row] = [f.value for f in bench.figures("soft_prompt", "accuracy")]
    assert 0.4 < row < 0.8
    assert bench.figure("soft_prompt", "moved") == 0
    rows = bench.rows("soft_prompt", "nearest words, featureless")
    assert all(row["cosine"] == pytest.approx(1, abs=1e-5) for row in rows)
    if start == "text":
        assert [row["before"].split()[0] for row in rows] == ["yes", "or", "no"]


def test_each_wording_has_a_prompt_of_its_own(small: Bench) -> None:
    lines = [BARE, f"punctuated: {PUNCTUATED}"]
    found = []
    for templates in ("\n".join(lines), "\n".join(reversed(lines))):
        small.run("soft_prompt", templates=templates, k=8, epochs=[0, 2])
        found.append(accuracies(small, "soft_prompt"))
    assert found[0] == found[1]
    assert found[0]["punctuated", 2] != found[0]["punctuated", 0]


@pytest.fixture(scope="module")
def schedules(bench: Bench) -> Bench:
    for step in ("short_run", "source_schedule"):
        bench.run(step, templates=BARE, epochs=[0, 2, 8])
    return bench


def test_the_source_s_schedule_is_flat_where_the_repaired_one_rises(schedules: Bench) -> None:
    gain = {}
    for step in ("short_run", "source_schedule"):
        right = accuracies(schedules, step)
        gain[step] = [right["featureless", epoch] - right["featureless", 0] for epoch in (2, 8)]
    assert max(map(abs, gain["source_schedule"][:1])) <= 0.02
    assert gain["short_run"][0] >= 0.05
    assert gain["short_run"][1] >= 0.1
    assert gain["source_schedule"][1] <= gain["short_run"][1] - 0.05
    moved = {step: schedules.figure(step, "moved") for step in gain}
    assert moved["source_schedule"] <= 0.25 * moved["short_run"]


def test_the_rate_that_was_reached_is_told(schedules: Bench) -> None:
    assert schedules.figure("source_schedule", "updates") == schedules.figure("short_run", "updates") == 8 * 32 / 8
    assert schedules.figure("source_schedule", "peak rate") == pytest.approx(0.05 * 32 / 500)
    assert schedules.figure("short_run", "peak rate") == pytest.approx(0.05)


def test_left_out_of_the_optimizer_is_not_frozen(schedules: Bench, shipped: dict[str, torch.Tensor]) -> None:
    """Gradients of the model are computed, pile up and enter the norm at which the prompt's are clipped."""
    before = accuracies(schedules, "short_run")
    moved = schedules.figure("short_run", "moved")
    schedules.run("soft_prompt", templates=BARE, k=16, batch=8, epochs=[0, 2, 8], language_model="left out")
    base = lab_of(schedules).held["t5"][0].get_base_model()
    assert same(base, shipped) == set(shipped)
    assert any(weight.grad is not None and weight.grad.norm() > 0.01 for weight in base.parameters())
    left_out = accuracies(schedules, "soft_prompt")
    assert left_out["featureless", 0] == before["featureless", 0]
    assert left_out != before
    assert schedules.figure("soft_prompt", "moved") != moved


# ---- prompt, model, one after the other, both -----------------------------------------------------------------------

MODES = ["prompt", "model", "prompt, then model", "prompt and model"]


@pytest.fixture(scope="module")
def regimes(small: Bench) -> dict[tuple[Any, ...], float]:
    small.run("four_regimes", sizes=[0, 4, 8], first=4)
    return accuracies(small, "four_regimes")


def test_every_regime_has_its_start(small: Bench, regimes: dict[tuple[Any, ...], float]) -> None:
    assert list(regimes) == [(mode, k) for k in (0, 4, 8) for mode in MODES]
    small.run("zero_shot")
    assert regimes["model", 0] == small.figure("zero_shot", "accuracy", template="simplest")
    assert regimes["prompt", 0] == regimes["prompt and model", 0]
    assert regimes["prompt, then model", 0] != regimes["prompt", 0]  # its prompt is tuned already
    assert all(regimes[mode, 8] >= regimes[mode, 0] + 0.05 for mode in ("prompt", "model", "prompt and model"))


def test_what_each_regime_tunes_is_counted(small: Bench, shipped: dict[str, torch.Tensor]) -> None:
    whole, table = sum(weight.numel() for weight in shipped.values()), shipped["shared.weight"].numel()
    soft = VECTORS * WIDTH
    for embedding, left in (("tuned", 0), ("frozen", table)):
        small.run("four_regimes", sizes=[0], first=1, embedding=embedding)
        tuned = {f.case["mode"]: f.value for f in small.figures("four_regimes", "tuned")}
        assert tuned == dict(zip(MODES, [soft, whole, whole - left, whole - left + soft], strict=True))
        for mode in MODES:
            whole_of_it = tuned[mode] + small.figure("four_regimes", "frozen", mode=mode)
            assert whole_of_it == whole + (0 if mode == "model" else soft)


def test_a_frozen_embedding_stays_and_all_else_moves(small: Bench, shipped: dict[str, torch.Tensor]) -> None:
    small.run("four_regimes", sizes=[4], first=1, embedding="frozen")
    base = lab_of(small).held["t5"][0].get_base_model()  # after "prompt and model", the last of the four
    assert same(base, shipped) == {"shared.weight"}


def test_anew_a_size_leans_on_no_other(
    small: Bench, regimes: dict[tuple[Any, ...], float], shipped: dict[str, torch.Tensor]
) -> None:
    small.run("four_regimes", sizes=[8], first=1)
    assert same(lab_of(small).held["t5"][0].get_base_model(), shipped) == set()
    alone = accuracies(small, "four_regimes")
    for mode in ("prompt", "model", "prompt and model"):
        assert alone[mode, 8] == regimes[mode, 8]
    counted = updates(small, "four_regimes")
    assert counted == {"the prompt first": 2, **{f"{mode} at 8": 32 for mode in MODES}}


def test_carried_over_the_prompt_is_never_reset(small: Bench, regimes: dict[tuple[Any, ...], float]) -> None:
    small.run("four_regimes", sizes=[4, 8], first=4, soft_start="carried over")
    carried = accuracies(small, "four_regimes")
    for mode in MODES:
        assert carried[mode, 4] == regimes[mode, 4]
    assert carried["prompt", 8] != regimes["prompt", 8]
    assert carried["prompt and model", 8] != regimes["prompt and model", 8]
    for mode in ("model", "prompt, then model"):  # no prompt is tuned between their sizes
        assert carried[mode, 8] == regimes[mode, 8]


def test_the_source_s_batches_are_twice_as_large_but_for_the_model_alone(small: Bench) -> None:
    small.run("four_regimes", sizes=[4], first=1, batches="the source's")
    counted = updates(small, "four_regimes")
    assert counted == {"the prompt first": 1, **{f"{mode} at 4": 16 if mode == "model" else 8 for mode in MODES}}


# ---- the lesson's own sizes -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "steps",
    [
        *(["template_curves"], ["ten_templates", "as_printed"], ["shortcut"]),
        *(["soft_prompt"], ["short_run", "source_schedule"], ["four_regimes"]),
    ],
    ids=" ".join,
)
def test_every_claim_holds_at_the_lesson_s_own_sizes(
    prompts: Tutorial, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    bench = Bench(prompts, tmp_path_factory.mktemp("whole"))
    for step in steps:
        bench.run(step)
    for step in steps:
        assert_claims(bench, prompts, step)


@pytest.mark.slow
def test_five_seeds_of_two_templates_and_two_sizes(prompts: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> None:
    found: dict[tuple[Any, ...], list[float]] = {}
    for seed in range(5):
        bench = Bench(prompts, tmp_path_factory.mktemp("seed"), seed=seed)
        bench.run("again")
        for case, value in accuracies(bench, "again").items():
            found.setdefault(case, []).append(value)
    assert {case: len(set(values)) > 1 for case, values in found.items()} == dict.fromkeys(found, True)
    mean = {case: sum(values) / 5 for case, values in found.items()}
    assert abs(mean["simplest", 128] - mean["punctuated", 128]) <= 0.05
    for name in ("simplest", "punctuated"):
        assert mean[name, 128] >= mean[name, 16] + 0.02
