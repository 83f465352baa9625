"""The lesson's shape, run for real on the shipped pocket models: the acceptance list of the page with two seeds in the
mean, and of it what takes seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.results.claims import evaluate
from deepdive.engine.results.evidence import gather

from tests.tutorials.chapter4.conftest import Desk

SEEDS = (0, 1)
SMALL = ("small_base", "small_full", "small_lora", "small_qlora")
LARGE = ("large_base", "large_lora", "large_qlora", "large_full", "rank_one", "short_run", "low_rate", "one_percent")


def assert_claims(desk: Desk, tutorial: Tutorial, step: str) -> None:
    """Every claim of a step at pocket scale holds."""
    evidence = gather(tutorial, desk.view())
    claims = [claim for claim in tutorial.claims if claim.step == step and claim.scale in ("", "pocket")]
    assert claims
    for claim in claims:
        verdict = evaluate(replace(claim, least=1), evidence)
        assert verdict.held, (claim.text, verdict.evidence)


# ---- in seconds -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(chapter4: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(chapter4, tmp_path_factory.mktemp("quick"))
    desk.run("conversations")
    desk.run("small_base")
    desk.run("small_full")
    desk.run("grade_small", systems="small_base small_full")
    return desk


def test_the_small_model_learns_the_form_and_not_the_content(quick: Desk) -> None:
    assert quick.figure("grade_small", "total", system="small_base") <= 20
    assert quick.figure("grade_small", "score", system="small_full", criterion="form") >= 45
    assert quick.figure("grade_small", "whole content", system="small_full") <= 10
    assert quick.figure("small_full", "updates") == 500


def test_its_sentences_are_right_but_for_the_names(quick: Desk) -> None:
    """Closed words can be learnt by heart: half marks for most of them."""
    for criterion in ("customer", "agent"):
        assert quick.figure("grade_small", "score", system="small_full", criterion=criterion) >= 12.5
    texts = [row["summary"] for row in quick.rows("small_full", "written")]
    assert sum(text.startswith("The customer says the ") and " part." in text for text in texts) >= 45


def test_only_the_large_model_says_a_new_name_again(quick: Desk) -> None:
    """What tells the two apart before any tuning: finding an earlier word and what followed it takes two layers."""
    quick.run("small_base")
    quick.run("large_base")
    assert quick.figure("small_base", "names said again") <= 0.3
    assert quick.figure("large_base", "names said again") >= 0.9


def test_in_batches_it_writes_the_same(quick: Desk, chapter4: Tutorial) -> None:
    quick.run("in_batches")
    assert_claims(quick, chapter4, "in_batches")


def test_sixteen_levels(quick: Desk, chapter4: Tutorial) -> None:
    quick.run("four_bits", blocks=[64, 4096])
    assert_claims(quick, chapter4, "four_bits")


def test_full_tuning_of_the_large_model_breaks_the_declared_budget(quick: Desk) -> None:
    with pytest.raises(torch.OutOfMemoryError, match="the gradient of"):
        quick.run("too_large")


# ---- in minutes: the acceptance list --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(chapter4: Tutorial, tmp_path_factory: pytest.TempPathFactory) -> list[Desk]:
    """The lesson with two seeds."""
    desks = []
    for seed in SEEDS:
        desk = Desk(chapter4, tmp_path_factory.mktemp(f"seed-{seed}"), seed=seed)
        for step in ("conversations", *SMALL, *LARGE, "grade_small", "grade_all", "grade_thin"):
            desk.run(step)
        desks.append(desk)
    return desks


def mean(desks: list[Desk], step: str, name: str, **case: str) -> float:
    return sum(float(desk.figure(step, name, **case)) for desk in desks) / len(desks)


def form(desks: list[Desk], system: str, step: str = "grade_all") -> float:
    return mean(desks, step, "score", system=system, criterion="form")


@pytest.mark.slow
def test_form_is_cheap_content_is_not(both: list[Desk]) -> None:
    """1: base at most 20 of 150; small full 45 and at most 10 whole; large full and LoRA 45 and at least 70."""
    for system in ("small_base", "large_base"):
        assert mean(both, "grade_all", "total", system=system) <= 20
    assert form(both, "small_full") >= 45
    assert mean(both, "grade_all", "whole content", system="small_full") <= 10
    for system in ("large_full", "large_lora"):
        assert form(both, system, "grade_thin") >= 45
        assert mean(both, "grade_thin", "whole content", system=system) >= 70


@pytest.mark.slow
def test_rank_one_and_a_short_run_are_clearly_below(both: list[Desk]) -> None:
    """2: rank 1 below rank 8 on the same maps, 150 updates of 4 below 500."""
    full = mean(both, "grade_thin", "whole content", system="large_lora")
    for system in ("rank_one", "short_run"):
        assert mean(both, "grade_thin", "whole content", system=system) <= full - 10
    assert [both[0].figure(step, "updates") for step in ("large_lora", "rank_one", "short_run")] == [500, 500, 150]


@pytest.mark.slow
def test_four_bits_cost_nothing_that_can_be_measured(both: list[Desk]) -> None:
    """3: QLoRA within 5 points of LoRA in the mean, its base below a quarter of LoRA's."""
    lora, qlora = (mean(both, "grade_all", "total", system=system) for system in ("large_lora", "large_qlora"))
    assert abs(qlora - lora) <= 5
    base = {}
    for step in ("large_lora", "large_qlora"):
        adapters = 4 * float(both[0].figure(step, "trained")) / 1e6
        base[step] = float(both[0].figure(step, "memory", holder="weights")) - adapters
    assert base["large_qlora"] < 0.25 * base["large_lora"]


@pytest.mark.slow
def test_one_per_cent_of_the_numbers_is_level_given_enough_updates(both: list[Desk]) -> None:
    full = mean(both, "grade_thin", "whole content", system="large_lora")
    assert mean(both, "grade_thin", "whole content", system="one_percent") >= full - 8
    assert both[0].figure("one_percent", "trained") == 6144


@pytest.mark.slow
def test_a_rate_too_small_leaves_adapters_near_the_base(both: list[Desk]) -> None:
    """4: ten times below that of full tuning."""
    assert mean(both, "grade_thin", "total", system="low_rate") <= 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(len(SEEDS)))
@pytest.mark.parametrize("step", ["grade_small", "grade_all", "large_lora", "large_qlora", "grade_thin"])
def test_every_claim_holds(both: list[Desk], chapter4: Tutorial, seed: int, step: str) -> None:
    assert_claims(both[seed], chapter4, step)


@pytest.mark.slow
def test_merged_and_not_merged_give_the_same(both: list[Desk], chapter4: Tutorial) -> None:
    both[0].run("merge")
    assert_claims(both[0], chapter4, "merge")
    assert both[0].figure("merge", "layers with an adapter") == 21
