"""Chapter 2 as a whole: every page, claim and prediction speaks of what the steps really report."""

from __future__ import annotations

import ast
import re

from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.pages import directives
from deepdive.engine.lessons.tutorial import Tutorial

SCREEN = 36  # lines of a step's body: the height of a usual terminal


def test_it_is_read_without_problem_and_stands_first() -> None:
    found = catalogue.load([catalogue.shipped()])
    assert found.problems == ()
    assert found.tutorials[0].id == "chapter2"
    assert [t.chapter for t in found.tutorials] == [2, 3, 3, 4, 5, 6, 7, 8, 9]
    assert all(t.title and t.teaches and t.minutes for t in found.tutorials)


def test_eight_to_fourteen_pages_of_a_screen_each(chapter2: Tutorial) -> None:
    assert 8 <= len(chapter2.pages) <= 14
    for page in chapter2.pages[:-1]:
        words = len(re.sub(r"\{\{(step|predict)[^}]*\}\}", "", page.text).split())
        assert 80 <= words <= 190, (page.title, words)


def test_every_step_has_its_page_in_order(chapter2: Tutorial) -> None:
    assert [step for page in chapter2.pages for step in page.steps] == [step.id for step in chapter2.steps]


def test_every_exercise_and_prediction_stands_on_a_page(chapter2: Tutorial) -> None:
    assert {e for page in chapter2.pages for e in page.exercises} == {e.id for e in chapter2.exercises}
    assert {p for page in chapter2.pages for p in page.predictions} == {p.id for p in chapter2.predictions}


def test_a_prediction_stands_before_its_step(chapter2: Tutorial) -> None:
    for prediction in chapter2.predictions:
        page = next(page for page in chapter2.pages if prediction.id in page.predictions)
        assert page.steps == (prediction.step,)
        assert page.text.index("{{predict") < page.text.index("{{step")


def test_words_held_back_name_claims_that_exist(chapter2: Tutorial) -> None:
    for page in chapter2.pages:
        for kind, argument, _ in directives(page.text):
            if kind == "held":
                start = argument.partition(":")[0].strip()
                assert any(claim.text.startswith(start) for claim in chapter2.claims), start


def test_the_tone_of_a_lesson(chapter2: Tutorial) -> None:
    for page in chapter2.pages:
        assert not re.search(r"!|\b(simply|just|let's|powerful|delve|crucial)\b", page.text, re.I), page.title


def test_the_defaults_are_the_book_s(chapter2: Tutorial) -> None:
    settings = chapter2.defaults(chapter2.step("pretrain"), "book")
    assert (settings["epochs"], settings["learning_rate"], settings["batch"], settings["dropout"]) == (
        100,
        5e-5,
        8,
        0.1,
    )
    assert chapter2.defaults(chapter2.step("blocks"), "book")["length"] == 128
    assert chapter2.defaults(chapter2.step("articles"), "book")["count"] == 50
    assert chapter2.defaults(chapter2.step("word_by_word"), "book")["length"] == 20


def test_the_two_scales_have_the_same_roles_but_for_what_only_the_pocket_can_count(chapter2: Tutorial) -> None:
    pocket, book = chapter2.scales["pocket"].roles, chapter2.scales["book"].roles
    assert set(pocket) - set(book) == {"newspaper"}
    assert set(book) <= set(pocket)


def test_the_book_s_curve_has_its_seven_points(chapter2: Tutorial) -> None:
    curve = {b.x: b.value for b in chapter2.book if b.name == "validation_loss"}
    assert curve == {500: 8.35, 1000: 8.79, 1500: 9.07, 2000: 9.22, 2500: 9.43, 3000: 9.54, 3500: 9.61}


def test_a_step_fits_a_screen(chapter2: Tutorial) -> None:
    for step in chapter2.steps:
        lines = step.function.source.split("\n")
        told = ast.parse(step.function.source).body[0].body[0]  # type: ignore[attr-defined]  # the docstring
        assert len(lines) - told.end_lineno <= SCREEN, step.id
        assert max(map(len, lines)) <= 72, step.id


def test_plain_python_without_our_own_modules() -> None:
    for path in (catalogue.shipped() / "chapter2").rglob("*.py"):
        ours = set(re.findall(r"deepdive\.\w+(?:\.\w+)*", path.read_text(encoding="utf-8")))
        known = {"lab", "methods.generation", "methods.reading"} if path.parent.name == "steps" else {"methods.answers"}
        assert ours <= {f"deepdive.engine.{name}" for name in known}, path
