"""The few-shot lesson as a whole: every page, claim and prediction speaks of what the steps really report."""

from __future__ import annotations

import re

from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.pages import directives
from deepdive.engine.lessons.tutorial import Tutorial

from tests.tutorials.chapter3_fewshot.conftest import bodies

SCREEN = 36  # lines of a function's body: the height of a usual terminal


def test_pages_of_a_screen_each(fewshot: Tutorial) -> None:
    assert 10 <= len(fewshot.pages) <= 14
    for page in fewshot.pages[:-1]:
        words = len(re.sub(r"\{\{(step|predict)[^}]*\}\}", "", page.text).split())
        assert 80 <= words <= 190, (page.title, words)


def test_every_step_has_its_page_in_order(fewshot: Tutorial) -> None:
    assert [step for page in fewshot.pages for step in page.steps] == [step.id for step in fewshot.steps]


def test_every_exercise_and_prediction_stands_on_a_page(fewshot: Tutorial) -> None:
    assert {e for page in fewshot.pages for e in page.exercises} == {e.id for e in fewshot.exercises}
    assert {p for page in fewshot.pages for p in page.predictions} == {p.id for p in fewshot.predictions}
    assert [e.id for e in fewshot.exercises] == [f"X{n}" for n in range(1, 9)]


def test_a_prediction_stands_before_its_step(fewshot: Tutorial) -> None:
    for prediction in fewshot.predictions:
        page = next(page for page in fewshot.pages if prediction.id in page.predictions)
        assert page.steps == (prediction.step,)
        assert page.text.index("{{predict") < page.text.index("{{step")


def test_words_held_back_name_claims_that_exist(fewshot: Tutorial) -> None:
    for page in fewshot.pages:
        for kind, argument, _ in directives(page.text):
            if kind == "held":
                start = argument.partition(":")[0].strip()
                assert any(claim.text.startswith(start) for claim in fewshot.claims), start


def test_the_tone_of_a_lesson(fewshot: Tutorial) -> None:
    for page in fewshot.pages:
        assert not re.search(r"!|\b(simply|just|let's|powerful|delve|crucial)\b", page.text, re.I), page.title


def test_the_defaults_are_the_book_s(fewshot: Tutorial) -> None:
    curves = fewshot.defaults(fewshot.step("learning_curves"), "book")
    assert curves["sizes"] == [0, 16, 32, 64, 128, 256]
    assert (curves["head_rate"], curves["prompt_rate"]) == (5e-5, 2e-5)
    entities = fewshot.defaults(fewshot.step("entity_curves"), "book")
    assert entities["sizes"] == [0, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert entities["template"] == "{sentence}. {candidate} is a {mask} entity."
    assert fewshot.defaults(fewshot.step("fill_the_blank"), "book")["template"] == "{sentence} it is {mask} ."


def test_the_two_scales_have_the_same_roles(fewshot: Tutorial) -> None:
    assert set(fewshot.scales["pocket"].roles) == set(fewshot.scales["book"].roles)


def test_the_book_s_curves_have_all_their_points(fewshot: Tutorial) -> None:
    for step, key, count in (("learning_curves", "k", 6), ("entity_curves", "sentences", 9)):
        for method in ("head", "prompt"):
            found = [b for b in fewshot.book if b.step == step and b.case.get("method") == method]
            assert [b.case[key] for b in found] == sorted(b.case[key] for b in found)
            assert len(found) == count


def test_every_function_fits_a_screen(fewshot: Tutorial) -> None:
    for name, lines in bodies(fewshot.folder):
        assert lines <= SCREEN, (name, lines)
    for file in (fewshot.folder / "steps").glob("*.py"):
        assert max(map(len, file.read_text().split("\n"))) <= 72, file.name


def test_plain_python_without_our_own_modules() -> None:
    """But the laboratory and the methods."""
    files = list((catalogue.shipped() / "chapter3-fewshot").rglob("*.py"))
    assert len(files) >= 10
    for file in files:
        ours = set(re.findall(r"deepdive\.\w+(?:\.\w+)*", file.read_text()))
        assert all(re.fullmatch(r"deepdive\.engine\.(lab|methods\.\w+)", name) for name in ours), (file, ours)
