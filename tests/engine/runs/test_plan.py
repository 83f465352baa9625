"""Plans are pure: what must run for a goal, and what is stale and why, from a catalogue and events alone."""

from __future__ import annotations

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs import plan
from deepdive.engine.runs.events import End, Job
from deepdive.engine.runs.view import RunView

from tests.support.laboratory import TOYS

TOY = TOYS / "toy"


@pytest.fixture(scope="module")
def toy() -> Tutorial:
    return catalogue.read(TOY)


def done(toy: Tutorial, view: RunView, step: str, seed: int = 0, outcome: str = "done", **edits: object) -> None:
    """A job of `step` as the worker would have told it."""
    now = plan.Plan(toy, "pocket", view, {step: edits}, seed=seed, every=True)
    settings, inputs, digest = now.wanted(toy.step(step))
    job = f"j{len(view.jobs) + 1}"
    view.add([Job(t=1.0, job=job, step=step, seed=seed, settings=settings, inputs=inputs, digest=digest)])
    view.add([End(t=2.0, job=job, outcome=outcome)])  # type: ignore[arg-type]


def steps(orders: list[plan.Order]) -> list[tuple[str, int]]:
    return [(order.step, order.seed) for order in orders]


def test_a_goal_brings_what_it_needs_and_a_finished_need_is_not_run_again(toy: Tutorial) -> None:
    view = RunView()
    assert steps(plan.orders(toy, "pocket", view, ["squares"])) == [("numbers", 0), ("squares", 0)]
    done(toy, view, "numbers")
    assert steps(plan.orders(toy, "pocket", view, ["squares"])) == [("squares", 0)]
    done(toy, view, "squares")
    assert steps(plan.orders(toy, "pocket", view, ["squares"], again=False)) == []
    assert steps(plan.orders(toy, "pocket", view, ["squares"])) == [("squares", 0)]


def test_a_stale_need_runs_first_and_so_does_what_lies_between(toy: Tutorial) -> None:
    view = RunView()
    done(toy, view, "numbers")
    done(toy, view, "squares")
    edits = {"numbers": {"count": 9}}
    assert steps(plan.orders(toy, "pocket", view, ["squares"], edits=edits, again=False)) == [
        ("numbers", 0),
        ("squares", 0),
    ]


def test_a_failed_need_runs_again(toy: Tutorial) -> None:
    view = RunView()
    done(toy, view, "numbers", outcome="failed")
    assert plan.Plan(toy, "pocket", view).states["numbers"].state == "failed"
    assert steps(plan.orders(toy, "pocket", view, ["squares"])) == [("numbers", 0), ("squares", 0)]


def test_a_need_that_ran_again_with_other_settings_makes_its_user_stale_and_back_again_makes_it_done(
    toy: Tutorial,
) -> None:
    view = RunView()
    done(toy, view, "numbers")
    done(toy, view, "squares")
    done(toy, view, "numbers", count=5)
    states = plan.Plan(toy, "pocket", view, {"numbers": {"count": 5}}).states
    assert states["numbers"].state == "done"
    assert states["squares"].reasons == ("numbers was run again since",)
    done(toy, view, "numbers")
    assert plan.Plan(toy, "pocket", view).states["squares"].state == "done", "the same digest is the same result"


def test_seeds_are_chains_of_their_own(toy: Tutorial) -> None:
    orders = plan.orders(toy, "pocket", RunView(), ["squares"], seeds=[0, 1])
    assert steps(orders) == [("numbers", 0), ("squares", 0), ("numbers", 1), ("squares", 1)]


def test_a_role_pointed_elsewhere_makes_stale_what_uses_it_and_nothing_else(toy: Tutorial) -> None:
    view = RunView()
    done(toy, view, "numbers")
    assert plan.Plan(toy, "pocket", view, roles={"articles": "/elsewhere"}).states["numbers"].state == "done"


@pytest.mark.parametrize(
    ("goals", "edits", "says"),
    [
        (["nonsense"], {}, "no step 'nonsense'"),
        (["numbers"], {"numbers": {"count": 0}}, "out of range"),
        (["numbers"], {"numbers": {"nonsense": 0}}, "no such setting"),
    ],
)
def test_a_wrong_goal_or_setting_is_refused(
    toy: Tutorial, goals: list[str], edits: dict[str, dict[str, object]], says: str
) -> None:
    with pytest.raises(Refusal, match=says):
        plan.orders(toy, "pocket", RunView(), goals, edits=edits)


def test_with_needs_is_closed_and_in_order(toy: Tutorial) -> None:
    assert [step.id for step in plan.with_needs(toy, ["squares"])] == ["numbers", "squares"]
