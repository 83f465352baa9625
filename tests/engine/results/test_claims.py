"""A claim is read, never run; it is judged over seeds and combinations, and its evidence has the numbers."""

from __future__ import annotations

from typing import Any

import pytest
from deepdive.engine.lessons.language import Wrong, check_claim, check_expression
from deepdive.engine.lessons.tutorial import BookFigure, Claim
from deepdive.engine.results.claims import Verdict, evaluate, expression, names
from deepdive.engine.results.evidence import Missing
from deepdive.engine.results.scope import number
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import curve, evidence, figure, job

LOSSES = {30.0: 4.8, 60.0: 3.9, 110.0: 3.5, 150.0: 3.7, 300.0: 4.4}
PRETRAIN = job("pretrain", curve("training", "loss", {1: 7.6, 300: 0.1}), curve("validation", "eval_loss", LOSSES))


def judge(holds: str, *jobs: Any, step: str = "pretrain", **rest: Any) -> Verdict:
    own = {key: rest.pop(key) for key in ("each", "least", "on") if key in rest}
    return evaluate(Claim(step, "", holds, **own), evidence(*jobs, **rest))


# ---- reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "holds",
    [
        "50 <= at_lowest(validation_loss) <= 150",
        "accuracy(method='prompt', k=8) >= accuracy(method='head', k=8) + 0.05",
        "abs(last(training_loss) - book(training_loss)) < 0.5",
        "answer == 'positive'",
        "low(accuracy) > 0.5",
        "last(book(validation_loss)) > -1",
        "peak_memory(step='small_lora') < 0.5 * peak_memory(step='small_full')",
        "shift(x=-1) != 0",
    ],
)
def test_what_the_design_allows_is_a_claim(holds: str) -> None:
    assert check_claim(Claim("pretrain", "", holds)) is None


@pytest.mark.parametrize(
    ("holds", "problem"),
    [
        ("last(validation_loss)", "comparison"),
        ("1 <", "can't be read"),
        ("", "can't be read"),
        ("sqrt(accuracy) > 1", "no function sqrt"),
        ("accuracy.real > 1", "none of"),
        ("__import__('os').system('id') == 0", "not a name"),
        ("open(file='x') > 1 and True", "comparison"),
        ("[1][0] == 1", "none of"),
        ("(lambda: 1)() == 1", "not a name"),
        ("accuracy ** 9 ** 9 > 1", "none of"),
        ("accuracy in 'abc'", "compares with"),
        ("(a < b) < c", "can't be compared"),
        ("last(1) > 0", "takes a curve"),
        ("low(abs(a)) > 0", "takes a figure"),
        ("last(a, b) > 0", "takes one figure"),
        ("last > 0", "is a function"),
        ("accuracy(k=k) > 0", "conditions"),
        ("accuracy(**k) > 0", "conditions"),
        ("accuracy > f'{a}'", "none of"),
        ("-" * 200 + "1 > 0", "nested too deeply"),
        ("(" * 5000, "can't be read"),
        (f"accuracy > {10**500}", "too large"),
        ("accuracy > 1j", "none of"),
    ],
)
def test_anything_else_is_refused_and_never_run(holds: str, problem: str) -> None:
    assert problem in (check_claim(Claim("pretrain", "", holds)) or "")
    assert evaluate(Claim("pretrain", "", holds), evidence(PRETRAIN)).held is None


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ({"each": {"k": []}}, "list of values"),
        ({"each": {"k": 8}}, "list of values"),
        ({"each": {"k": [[8]]}}, "numbers or texts"),
        ({"each": {"k": [8], "m": [1]}}, "does not use m"),
        ({"each": {"k": [8]}, "least": 0}, "least"),
        ({"each": {"k": [8]}, "on": "median"}, "on must be"),
        ({"each": {"k": [8]}, "on": 0}, "on must be"),
    ],
)
def test_each_and_seeds_are_checked(rest: dict[str, Any], problem: str) -> None:
    assert problem in (check_claim(Claim("pretrain", "", "accuracy(k=k) > 0", **rest)) or "")


@given(st.text(max_size=60))
def test_no_text_makes_the_check_fall_over(text: str) -> None:
    claim = Claim("pretrain", "", text)
    problem = check_claim(claim)
    verdict = evaluate(claim, evidence(PRETRAIN))
    assert problem is None or verdict == Verdict(None, problem)


def test_the_names_of_a_claim_are_its_figures() -> None:
    claim = Claim("s", "", "accuracy(method='prompt', k=k) > book(f1) + abs(last(validation_loss))", {"k": [8]})
    assert names(claim) == {"accuracy", "f1", "validation_loss"}


# ---- figures and curves -----------------------------------------------------------------------------------------


def test_the_evidence_has_the_numbers_put_in() -> None:
    assert judge("50 <= at_lowest(validation_loss) <= 200", PRETRAIN) == Verdict(
        True, "at_lowest(validation_loss) = 110, between 50 and 200"
    )
    assert judge("50 <= at_lowest(validation_loss) <= 100", PRETRAIN) == Verdict(
        False, "at_lowest(validation_loss) = 110, not between 50 and 100"
    )


@pytest.mark.parametrize(
    ("holds", "held", "text"),
    [
        ("last(validation_loss) > lowest(validation_loss) + 0.5", True, "above lowest(validation_loss) + 0.5 = 4"),
        ("first(training_loss) == 7.6", True, "first(training_loss) = 7.6, equal to 7.6"),
        ("highest(validation_loss) < 4.8", False, "not below 4.8"),
        ("at_highest(validation_loss) <= 30", True, "at_highest(validation_loss) = 30, at most 30"),
        ("0.2 >= last(training_loss)", True, "last(training_loss) = 0.1, at most 0.2"),
        ("training_loss < validation_loss", True, "training_loss = 0.1, below validation_loss = 4.4"),
        ("validation_eval_loss / 2 == 2.2", True, "equal to 2.2"),
        ("-training_loss * 10 == -1", True, "= -1, equal to -1"),
        ("0 < training_loss < validation_loss - 1 < 4", True, "below 4"),
    ],
)
def test_curves_become_numbers(holds: str, held: bool, text: str) -> None:
    verdict = judge(holds, PRETRAIN)
    assert verdict.held is held
    assert text in verdict.evidence


def test_a_gap_in_a_curve_is_passed_over() -> None:
    diverged = job("pretrain", curve("validation", "eval_loss", {1: 5.0, 2: None, 3: 4.0, 4: None}))
    assert judge("last(validation_loss) == 4", diverged).held is True


def test_a_name_alone_is_the_figure_without_a_case_or_the_only_one() -> None:
    both = job("pretrain", figure("accuracy", 0.7), figure("accuracy", 0.9, k=8))
    assert judge("accuracy == 0.7", both).held is True
    only = job("pretrain", figure("accuracy", 0.9, method="prompt", k=8))
    assert judge("accuracy == 0.9", only).held is True
    assert judge("accuracy(k=8) == 0.9", only).held is True
    two = job("pretrain", figure("accuracy", 0.9, k=8), figure("accuracy", 0.8, k=16))
    verdict = judge("accuracy == 0.9", two)
    assert verdict.held is None
    assert "fits 2 figures" in verdict.evidence


def test_names_with_spaces_are_written_with_underscores() -> None:
    assert judge("share_recited == 1", job("pretrain", figure("share recited", 1.0))).held is True


def test_text_figures_are_compared_as_they_stand() -> None:
    told = job("pretrain", figure("answer", "positive"))
    assert judge("answer == 'positive'", told) == Verdict(True, 'answer = "positive", equal to "positive"')
    assert judge("answer != 'positive'", told).held is False
    assert judge("answer < 'z'", told).held is None
    assert judge("answer + 1 > 2", told).held is None


def test_the_text_of_a_model_can_do_nothing_to_the_screen() -> None:
    verdict = judge("answer == 'no'", job("pretrain", figure("answer", "\x1b[2J" + "a" * 200)))
    assert "\x1b" not in verdict.evidence
    assert len(verdict.evidence) < 120


def test_yes_and_no_count_as_one_and_nought() -> None:
    assert judge("recited == 1", job("pretrain", figure("recited", True))).held is True


def test_bounds_are_of_the_interval() -> None:
    told = job("pretrain", figure("accuracy", 0.8, low=0.7, high=0.9, n=100), figure("bare", 1.0))
    assert judge("low(accuracy) > 0.65", told).held is True
    assert judge("high(accuracy) == 0.9", told).held is True
    assert judge("low(bare) > 0", told).held is None


def test_the_book_stands_beside() -> None:
    book = [
        BookFigure("pretrain", "validation_loss", {}, 100.0, 5.0),
        BookFigure("pretrain", "validation_loss", {}, 300.0, 9.61),
        BookFigure("pretrain", "accuracy", {"k": 8}, None, 0.5),
    ]
    told = job("pretrain", figure("accuracy", 0.6, k=8), curve("validation", "eval_loss", LOSSES))
    assert judge("accuracy(k=8) > book(accuracy(k=8))", told, book=book).held is True
    assert judge("validation_loss < book(validation_loss)", told, book=book).held is True
    assert judge("first(book(validation_loss)) == 5", told, book=book).held is True
    verdict = judge("accuracy(k=8) > book(f1)", told, book=book)
    assert verdict == Verdict(None, "the book does not report f1")


def test_close_numbers_are_told_with_the_digits_that_tell_them_apart() -> None:
    verdict = judge("accuracy > 0.8125", job("pretrain", figure("accuracy", 0.81250001)))
    assert verdict == Verdict(True, "accuracy = 0.81250001, above 0.8125")


def test_rounding_does_not_turn_a_claim_over() -> None:
    told = job("pretrain", figure("a", 0.1 + 0.2), figure("b", 0.3))
    assert judge("a == b", told).held is True
    assert judge("a > b", told).held is False
    assert judge("a <= b", told).held is True


# ---- other steps ------------------------------------------------------------------------------------------------


def test_a_claim_may_speak_of_another_step() -> None:
    jobs = job("pretrain", figure("loss", 3.0)), job("recite", figure("share", 1.0), figure("loss", 2.0))
    assert judge("share == 1", *jobs).held is True
    assert judge("loss == 3", *jobs).held is True
    assert judge("loss(step='recite') < loss", *jobs).held is True


def test_another_steps_figure_never_stands_in_for_a_step_that_has_not_run() -> None:
    verdict = judge("loss == 2", job("recite", figure("loss", 2.0)))
    assert verdict == Verdict(None, "pretrain has not run")


def test_a_figure_of_two_other_steps_must_be_named() -> None:
    jobs = [job("pretrain"), job("recite", figure("loss", 2.0)), job("judge", figure("loss", 1.0))]
    verdict = judge("loss == 2", *jobs, steps={"pretrain": 1, "recite": 1, "judge": 1})
    assert verdict.held is None
    assert "step=" in verdict.evidence


# ---- not yet measured -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        ("cut", "finished early"),
        ("stopped", "stopped"),
        ("failed", "failed"),
        ("refused", "refused"),
        (None, "still running"),
    ],
)
def test_only_a_finished_job_counts(outcome: Any, why: str) -> None:
    verdict = judge("loss < 5", job("pretrain", figure("loss", 3.0), outcome=outcome))
    assert verdict.held is None
    assert why in verdict.evidence


def test_what_was_measured_before_counts_until_something_newer_is_finished() -> None:
    verdict = judge("loss < 5", job("pretrain", figure("loss", 3.0)), job("pretrain", outcome="cut"))
    assert verdict.held is True
    verdict = judge("loss < 5", job("pretrain", figure("loss", 3.0)), job("pretrain", figure("loss", 6.0)))
    assert verdict.held is False


@pytest.mark.parametrize("holds", ["f1 > 0", "last(validation_loss) > 0", "nothing > 0", "f1 / zero > 1"])
def test_what_is_missing_is_not_yet_measured(holds: str) -> None:
    verdict = judge(holds, job("pretrain", figure("f1", None), figure("zero", 0.0)))
    assert verdict.held is None
    assert verdict.evidence


# ---- seeds ------------------------------------------------------------------------------------------------------


def seeds(*values: float, step: str = "pretrain", name: str = "accuracy") -> list[Any]:
    return [job(step, figure(name, value), seed=seed) for seed, value in enumerate(values)]


def test_the_mean_over_seeds_is_judged() -> None:
    assert judge("accuracy > 0.5", *seeds(0.4, 0.9, 0.5), least=3) == Verdict(
        True, "accuracy = 0.6, above 0.5 (mean of 3 seeds)"
    )


def test_too_few_seeds_are_not_yet_measured() -> None:
    assert judge("accuracy > 0.5", *seeds(0.9, 0.9), least=3) == Verdict(None, "2 of 3 seeds measured")
    assert judge("accuracy > 0.5", *seeds(0.9, 0.9), on=3).held is None


def test_on_each_names_the_first_seed_that_fails() -> None:
    verdict = judge("accuracy > 0.5", *seeds(0.9, 0.4, 0.3), on="each")
    assert verdict == Verdict(False, "in 1 of 3 seeds; seed 1: accuracy = 0.4, not above 0.5")
    assert judge("accuracy > 0.2", *seeds(0.9, 0.4, 0.3), on="each").held is True


def test_in_that_many_seeds() -> None:
    assert judge("accuracy > 0.5", *seeds(0.9, 0.8, 0.3), on=2) == Verdict(
        True, "in 2 of 3 seeds, 2 wanted; seed 2: accuracy = 0.3, not above 0.5"
    )
    assert judge("accuracy > 0.5", *seeds(0.9, 0.4, 0.3), on=2).held is False


def test_only_seeds_that_all_figures_have_are_compared() -> None:
    jobs = seeds(0.9, 0.1, 0.1) + seeds(0.5, step="recite", name="other")
    verdict = judge("accuracy > other", *jobs, steps={"pretrain": 3, "recite": 3})
    assert verdict == Verdict(True, "accuracy = 0.9, above other = 0.5")


def test_a_step_of_one_seed_stands_for_all() -> None:
    jobs = seeds(0.9, 0.8, 0.7) + seeds(0.5, step="recite", name="baseline")
    verdict = judge("accuracy > baseline", *jobs, least=3, on="each", steps={"pretrain": 3, "recite": 1})
    assert verdict.held is True


def test_bounds_over_seeds_are_their_range() -> None:
    assert judge("low(accuracy) == 0.3", *seeds(0.9, 0.4, 0.3)).held is True
    assert judge("high(accuracy) == 0.9", *seeds(0.9, 0.4, 0.3)).held is True


def test_seeds_run_with_other_settings_are_left_out() -> None:
    old = job("pretrain", figure("accuracy", 0.1), seed=0, settings={"updates": 10})
    new = job("pretrain", figure("accuracy", 0.9), seed=1, settings={"updates": 300})
    assert judge("accuracy == 0.9", old, new).held is True


# ---- each -------------------------------------------------------------------------------------------------------

SHOTS = job(
    "pretrain",
    *[figure("accuracy", value, method="prompt", k=k) for k, value in ((8, 0.80), (16, 0.82), (32, 0.84))],
    *[figure("accuracy", value, method="head", k=k) for k, value in ((8, 0.60), (16, 0.75), (32, 0.83))],
)
LEADS = "accuracy(method='prompt', k=k) >= accuracy(method='head', k=k) + 0.05"


def test_all_combinations_must_hold_and_the_closest_is_shown() -> None:
    verdict = judge(LEADS, SHOTS, each={"k": [8, 16]})
    assert verdict.held is True
    assert verdict.evidence == (
        "accuracy(method='prompt', k=16) = 0.82, at least accuracy(method='head', k=16) + 0.05 = 0.8; "
        "the closest of 2 cases"
    )


def test_the_first_combination_that_fails_is_named() -> None:
    verdict = judge(LEADS, SHOTS, each={"k": [8, 32, 16]})
    assert verdict.held is False
    assert verdict.evidence.startswith("accuracy(method='prompt', k=32) = 0.84, not at least")


def test_a_missing_combination_is_not_yet_measured_unless_another_fails() -> None:
    assert judge(LEADS, SHOTS, each={"k": [8, 64]}).held is None
    assert judge(LEADS, SHOTS, each={"k": [64, 32]}).held is False


def test_several_names_make_every_combination() -> None:
    holds = "accuracy(method=m, k=k) >= 0.01 * k"
    assert judge(holds, SHOTS, each={"m": ["prompt", "head"], "k": [8, 16, 32]}).held is True


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0, 1))
def test_each_seed_holding_means_that_the_count_and_the_mean_hold(values: list[float], bound: float) -> None:
    jobs = seeds(*values)
    each = judge(f"accuracy >= {bound!r}", *jobs, on="each").held
    assert each is judge(f"accuracy >= {bound!r}", *jobs, on=len(values)).held
    if each:
        assert judge(f"accuracy >= {bound!r}", *jobs).held is True


# ---- expressions ------------------------------------------------------------------------------------------------


def test_an_expression_is_a_number_a_text_or_a_truth() -> None:
    there = evidence(PRETRAIN, job("recite", figure("answer", "yes")))
    assert expression("last(validation_loss)", there, "pretrain") == [4.4]
    assert expression("answer", there, "recite") == ["yes"]
    assert expression("training_loss < 1", there, "pretrain") == [True]
    assert expression("training_loss, validation_loss", there, "pretrain") == [0.1, 4.4]


def test_an_expression_says_what_is_wrong_or_missing() -> None:
    assert check_expression("last(validation_loss), 2 + 2") is None
    assert check_expression("len(x)") is not None
    with pytest.raises(Wrong):
        expression("len(x)", evidence(PRETRAIN), "pretrain")
    with pytest.raises(Missing, match="recite has not run"):
        expression("answer", evidence(PRETRAIN), "recite")


@pytest.mark.parametrize(
    ("value", "text"),
    [(110.0, "110"), (0.00003, "3e-5"), (0.81254321, "0.8125"), (1234.5, "1,234"), (123456789.0, "123,456,789")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_with_all_its_digits_reads_back(value: float) -> None:
    assert float(number(value, 17).replace(",", "")) == pytest.approx(value, rel=1e-12, abs=1e-300)
