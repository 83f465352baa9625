"""Results have the document's shape, count the jobs that count, and never make a number up."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from deepdive.engine.lessons.tutorial import BookFigure, Claim, Prediction
from deepdive.engine.results.measured import Result, Results, results
from deepdive.engine.results.predictions import grade
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import curve, evidence, figure, job, tutorial, view

VALIDATION = curve("validation", "eval_loss", {100: 3.2, 200: 3.1, 300: 3.38})
BOOK = [
    BookFigure("pretrain", "validation_loss", {}, 100.0, 5.2),
    BookFigure("pretrain", "validation_loss", {}, 300.0, 9.61),
    BookFigure("recite", "first word", {}, None, "Arthur"),
]


def of(*jobs: Any, scale: str = "pocket", **rest: Any) -> Results:
    return results(tutorial(*rest.pop("claims", ()), **rest), scale, view(*jobs), "chapter2-1")


def only(found: Results) -> Result:
    assert len(found.results) == 1
    return found.results[0]


def test_the_document_is_the_designs() -> None:
    claim = Claim("recite", "It recites", "share == 1")
    found = of(job("pretrain", VALIDATION), job("recite", figure("share", 1.0, n=3)), claims=[claim], book=BOOK[:2])
    assert msgspec.to_builtins(found) == {
        "run": "chapter2-1",
        "tutorial": "chapter2",
        "scale": "pocket",
        "results": [
            {
                "step": "pretrain",
                "name": "validation_loss",
                "case": {},
                "measured": 3.38,
                "low": None,
                "high": None,
                "n": None,
                "over": None,
                "seeds": [0],
                "values": [3.38],
                "unit": "nats",
                "book": 9.61,
                "note": "",
            },
            {
                "step": "recite",
                "name": "share",
                "case": {},
                "measured": 1.0,
                "low": None,
                "high": None,
                "n": 3,
                "over": None,
                "seeds": [0],
                "values": [1.0],
                "unit": "",
                "book": None,
                "note": "",
            },
        ],
        "claims": [{"step": "recite", "text": "It recites", "held": True, "evidence": "share = 1, equal to 1"}],
    }


def test_several_seeds_are_a_mean_and_a_range() -> None:
    jobs = [job("pretrain", figure("accuracy", v, low=0.0, high=1.0, n=9), seed=s) for s, v in ((2, 0.5), (0, 0.7))]
    row = only(of(*jobs))
    assert (row.measured, row.low, row.high, row.over) == (pytest.approx(0.6), 0.5, 0.7, "seeds")
    assert (row.seeds, row.values, row.n) == ([0, 2], [0.7, 0.5], 9)


def test_one_seed_has_its_sampling_interval() -> None:
    row = only(of(job("pretrain", figure("accuracy", 0.8, low=0.7, high=0.9, n=100, unit="share", note="held out"))))
    assert (row.low, row.high, row.n, row.over) == (0.7, 0.9, 100, "items")
    assert (row.unit, row.note) == ("share", "held out")


def test_the_latest_finished_job_of_a_seed_counts() -> None:
    found = of(
        job("pretrain", figure("loss", 5.0)),
        job("pretrain", figure("loss", 3.0)),
        job("pretrain", figure("loss", 1.0), outcome="cut"),
        job("pretrain", figure("loss", 0.5), outcome=None),
    )
    assert only(found).measured == 3.0


def test_cases_are_rows_of_their_own_in_the_order_of_measuring() -> None:
    book = [BookFigure("pretrain", "accuracy", {"k": 16, "method": "head"}, None, 0.68)]
    told = [figure("accuracy", k / 100, method="head", k=k) for k in (8, 16)]
    found = of(job("pretrain", told), book=book)
    assert [row.case["k"] for row in found.results] == [8, 16]
    assert [row.book for row in found.results] == [None, 0.68]


def test_a_short_text_is_kept() -> None:
    jobs = [job("recite", figure("first word", word), seed=s) for s, word in enumerate(["Arthur", "Artur", "Arthur"])]
    row = only(of(*jobs, book=BOOK[2:]))
    assert (row.measured, row.values, row.book) == ("Arthur", ["Arthur", "Artur", "Arthur"], "Arthur")
    assert (row.low, row.over) == (None, None)


def test_figures_only_in_the_book_have_nothing_measured() -> None:
    found = of(book=BOOK)
    assert [(row.name, row.measured, row.book) for row in found.results] == [
        ("validation_loss", None, 9.61),
        ("first word", None, "Arthur"),
    ]
    assert all(row.seeds == [] and row.values == [] for row in found.results)


def test_a_curve_is_a_result_only_if_the_book_has_it() -> None:
    assert of(job("pretrain", VALIDATION)).results == []
    lowest = [
        BookFigure("pretrain", f"{f}(validation_loss)", {}, None, v) for f, v in (("lowest", 5.0), ("at_lowest", 9))
    ]
    found = of(job("pretrain", VALIDATION), book=lowest)
    assert [(row.measured, row.unit) for row in found.results] == [(3.1, "nats"), (200.0, "")]


def test_a_measured_figure_goes_before_the_curve_of_its_name() -> None:
    row = only(of(job("pretrain", VALIDATION, figure("validation_loss", 3.0, unit="nats")), book=BOOK[:2]))
    assert (row.measured, row.book) == (3.0, 9.61)


def test_a_curve_over_seeds_has_its_ends_mean() -> None:
    jobs = [
        job("pretrain", curve("validation", "eval_loss", {1: 9.0, 2: end}), seed=s) for s, end in ((0, 2.0), (1, 4.0))
    ]
    row = only(of(*jobs, book=BOOK[:2]))
    assert (row.measured, row.low, row.high, row.over, row.values) == (3.0, 2.0, 4.0, "seeds", [2.0, 4.0])


def test_a_figure_that_is_no_number_says_so() -> None:
    assert only(of(job("pretrain", figure("loss", None)))).measured is None
    row = only(of(*[job("pretrain", figure("loss", v), seed=s) for s, v in ((0, 3.0), (1, None))]))
    assert (row.measured, row.values) == (3.0, [3.0, None])
    assert "seed 1" in row.note


def test_claims_of_another_scale_are_left_out() -> None:
    claims = [Claim("recite", scale or "both", "share == 1", scale=scale) for scale in ("", "pocket", "book")]
    assert [claim.text for claim in of(claims=claims).claims] == ["both", "pocket"]
    assert all(claim.held is None and claim.evidence == "recite has not run" for claim in of(claims=claims).claims)


def test_a_page_finds_a_figure_by_its_name() -> None:
    found = of(job("pretrain", figure("share recited", 0.1)), job("recite", figure("share recited", 0.9)))
    assert (row := found.figure("share_recited", "recite")) is not None
    assert row.measured == 0.9
    assert found.figure("nothing") is None


def test_a_page_names_a_figure_with_its_case_and_gets_the_mean_over_the_seeds() -> None:
    jobs = [
        job(
            "recite", figure("accuracy", a, method="prompt", k=16), figure("accuracy", 0.5, method="head", k=16), seed=s
        )
        for s, a in enumerate((0.8, 0.9))
    ]
    found, known = of(*jobs), evidence(*jobs)
    lead = "accuracy(method='prompt', k=16) - accuracy(method='head', k=16)"
    assert found.on_page(lead, known, "recite") == pytest.approx(0.35)
    assert found.on_page("accuracy(method='prompt', k=32)", known, "recite") is None
    assert found.on_page("__import__('os')", known, "recite") is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7))
def test_the_mean_lies_in_the_range(values: list[float]) -> None:
    row = only(of(*[job("pretrain", figure("loss", value), seed=seed) for seed, value in enumerate(values)]))
    assert isinstance(row.measured, float)
    if len(values) > 1:
        assert row.low is not None
        assert row.high is not None
        assert row.low - 1e-6 <= row.measured <= row.high + 1e-6
    assert row.values == values


# ---- predictions ------------------------------------------------------------------------------------------------

RUN = evidence(
    job(
        "pretrain",
        VALIDATION,
        [figure("accuracy", v, method=m) for m, v in (("prompt", 0.8), ("head", 0.6), ("soft", 0.7))],
        figure("winner", "Prompt"),
    )
)


@pytest.mark.parametrize(
    ("answer", "verdict", "difference"),
    [
        (3.38, "right", ""),
        (3.5, "right", "0.12 too high"),
        (2.0, "near", "1.4 too low"),
        (9.0, "wrong", "5.6 too high"),
    ],
)
def test_a_number_is_near_by_the_range_it_was_chosen_from(answer: float, verdict: str, difference: str) -> None:
    prediction = Prediction("P1", "pretrain", "?", "number", figure="last(validation_loss)", low=0, high=12)
    graded = grade(prediction, answer, RUN)
    assert (graded.verdict, graded.outcome, graded.difference) == (verdict, "3.38", difference)


@pytest.mark.parametrize(
    ("figure_text", "choices", "right"),
    [
        ("accuracy(method='head'), accuracy(method='prompt')", ("the head", "the prompt"), "the prompt"),
        ("validation_loss > lowest(validation_loss)", ("rises again", "falls on"), "rises again"),
        ("winner", ("head", "prompt"), "prompt"),
        ("at_lowest(validation_loss)", ("100", "200", "300"), "200"),
        ("", ("accuracy(method='head')", "accuracy(method='soft')"), "accuracy(method='soft')"),
    ],
)
def test_a_choice_is_right_or_wrong(figure_text: str, choices: tuple[str, ...], right: str) -> None:
    prediction = Prediction("P2", "pretrain", "?", "choice", choices, figure_text)
    for choice in choices:
        assert grade(prediction, choice, RUN).verdict == ("right" if choice == right else "wrong")
        assert grade(prediction, choice, RUN).outcome == right


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("prompt soft head", "right"), ("soft prompt head", "near"), ("head soft prompt", "wrong")],
)
def test_an_order_is_near_if_one_pair_is_swapped(answer: str, verdict: str) -> None:
    figures = "accuracy(method='head'), accuracy(method='prompt'), accuracy(method='soft')"
    prediction = Prediction("P3", "pretrain", "?", "order", ("head", "prompt", "soft"), figures)
    graded = grade(prediction, answer.split(), RUN)
    assert (graded.verdict, graded.outcome) == (verdict, "prompt > soft > head")


def test_what_has_not_run_is_not_graded() -> None:
    prediction = Prediction("P1", "recite", "?", "number", figure="share")
    graded = grade(prediction, 1.0, RUN)
    assert (graded.verdict, graded.difference) == (None, "recite has not run")
