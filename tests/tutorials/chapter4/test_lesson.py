"""The lesson on tuning as a whole: every page, claim and prediction speaks of what the steps really report."""

from __future__ import annotations

import ast
import re
from types import ModuleType

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.pages import directives
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.machine.fit import resolved

SCREEN = 36  # lines of a step's body: the height of a usual terminal
SMALL = ["small_base", "small_full", "small_lora", "small_qlora"]
LARGE = ["large_base", "large_lora", "large_qlora"]


def test_pages_of_a_screen_each(chapter4: Tutorial) -> None:
    assert 10 <= len(chapter4.pages) <= 17
    for page in chapter4.pages[:-1]:
        words = len(re.sub(r"\{\{(step|predict)[^}]*\}\}", "", page.text).split())
        assert 80 <= words <= 190, (page.title, words)


def test_steps_stand_on_their_pages_in_order(chapter4: Tutorial) -> None:
    """The page on how thin is too thin shows the grading of five runs that it needs."""
    shown = [step for page in chapter4.pages for step in page.steps]
    beside = ("large_full", "rank_one", "short_run", "low_rate", "one_percent")
    assert shown == [step.id for step in chapter4.steps if step.id not in beside]


def test_every_exercise_and_prediction_stands_on_a_page(chapter4: Tutorial) -> None:
    assert {e for page in chapter4.pages for e in page.exercises} == {e.id for e in chapter4.exercises}
    assert {p for page in chapter4.pages for p in page.predictions} == {p.id for p in chapter4.predictions}


def test_a_prediction_stands_before_its_step(chapter4: Tutorial) -> None:
    for prediction in chapter4.predictions:
        page = next(page for page in chapter4.pages if prediction.id in page.predictions)
        assert prediction.step in page.steps
        assert page.text.index(f"{{{{predict {prediction.id}}}}}") < page.text.index("{{step")


def test_words_held_back_name_claims_that_exist(chapter4: Tutorial) -> None:
    for page in chapter4.pages:
        for kind, argument, _ in directives(page.text):
            if kind == "held":
                start = argument.partition(":")[0].strip()
                assert any(claim.text.startswith(start) for claim in chapter4.claims), start


def test_the_tone_of_a_lesson(chapter4: Tutorial) -> None:
    for page in chapter4.pages:
        assert not re.search(r"!|\b(simply|just|let's|powerful|delve|crucial)\b", page.text, re.I), page.title


def test_the_two_scales_have_the_same_roles_but_for_the_tweets(chapter4: Tutorial) -> None:
    assert set(chapter4.scales["book"].roles) - set(chapter4.scales["pocket"].roles) == {"tweets"}


def test_the_settings_are_the_book_s(chapter4: Tutorial) -> None:
    def book(step: str) -> dict[str, object]:
        return chapter4.defaults(chapter4.step(step), "book")

    tuned = {"role": "small", "epochs": 5, "batch": 1, "accumulation": 1, "learning_rate": 2e-4, "length": 1024}
    full = tuned | {"loss_on": "whole text", "checkpointing": False}
    assert full.items() <= book("small_full").items()
    adapted = tuned | {"accumulation": 2, "rank": 16, "targets": "", "recipe": "usual"}
    assert (adapted | {"method": "LoRA", "checkpointing": False}).items() <= book("small_lora").items()
    qlora = adapted | {"compute": "bfloat16", "double_quantisation": False, "checkpointing": True}
    assert qlora.items() <= book("small_qlora").items()
    large = {"role": "large", "epochs": 1, "batch": 2, "accumulation": 1, "learning_rate": 2e-4, "rank": 8}
    large |= {"recipe": "paged", "checkpointing": True, "length": 1024}
    assert (large | {"method": "LoRA on 8 bits"}).items() <= book("large_lora").items()
    assert (large | {"compute": "float16"}).items() <= book("large_qlora").items()
    crash = {"role": "large", "epochs": 5, "batch": 2, "learning_rate": 2e-4, "budget": 16934.0}
    assert crash.items() <= book("too_large").items()
    assert all(book(step)["new_tokens"] == 100 for step in SMALL)
    assert book("conversations")["graded"] == 50


def test_each_step_is_tuned_by_its_own_method(chapter4: Tutorial) -> None:
    methods = {"full": ("small_full", "too_large", "large_full"), "qlora": ("small_qlora", "large_qlora")}
    methods |= {"lora": ("small_lora", "large_lora", "rank_one", "short_run", "low_rate", "one_percent")}
    for method, steps in methods.items():
        assert {chapter4.step(step).function.name for step in steps} == {f"tune_{method}"}
    for scale in chapter4.scales:
        fits = {fit.name: resolved(fit, chapter4, scale, {})[1] for fit in chapter4.fits}
        named = {"all weights": "full", "LoRA on 8 bits": "8bit", "QLoRA": "4bit"}
        assert {name: fit.method for name, fit in fits.items()} == {
            name: named.get(name.partition(", ")[2], "lora") for name in fits
        }


def test_the_usual_recipe_is_the_book_s_for_its_small_model(steps: ModuleType) -> None:
    usual = steps.training.RECIPES["usual"]
    wanted = {"lr_scheduler_type": "linear", "optim": "adamw_torch", "weight_decay": 0.01, "max_grad_norm": 1.0}
    assert usual == wanted | {"train_sampling_strategy": "random"}


def test_a_defect_of_the_source_is_a_choice_and_the_sound_one_comes_first(chapter4: Tutorial) -> None:
    settings = {setting.name: setting for setting in chapter4.step("small_full").function.settings}
    assert settings["marker"].default == ""  # a real end, not one of ordinary letters
    assert not settings["checkpointing"].default
    settings = {setting.name: setting for setting in chapter4.step("small_qlora").function.settings}
    assert settings["adapters"].default == settings["adapters"].choices[0] == "float32"


# ---- book.csv -------------------------------------------------------------------------------------------------------


def book(chapter4: Tutorial, step: str, name: str) -> dict[tuple[object, ...], float]:
    """By the values of a figure's case, in order."""
    found = [b for b in chapter4.book if (b.step, b.name) == (step, name)]
    table = {tuple(b.case.values()): float(b.value) for b in found}
    assert len(table) == len(found), "a figure stands there twice"
    return table


def test_the_book_s_marks(chapter4: Tutorial) -> None:
    totals = book(chapter4, "grade_all", "total")
    assert {system: value for (system,), value in totals.items()} == {
        "small_base": 2,
        "small_full": 67,
        "small_lora": 58,
        "small_qlora": 52,
        "large_base": 25.5,
        "large_lora": 131,
        "large_qlora": 125,
    }
    scores = book(chapter4, "grade_all", "score")
    for (system,), total in totals.items():
        assert sum(value for (who, _), value in scores.items() if who == system) == pytest.approx(total)
    small = {key: value for key, value in totals.items() if key[0] in SMALL}
    assert book(chapter4, "grade_small", "total") == small | {("small_lora", 20): 65}


def test_the_book_s_costs(chapter4: Tutorial) -> None:
    steps = ("small_full", "small_lora", "small_qlora", "large_lora", "large_qlora")
    trained = [book(chapter4, step, "trained")[()] for step in steps]
    assert trained == [81_912_576, 294_912, 294_912, 4_194_304, 4_194_304]
    minutes = [book(chapter4, step, "tuning")[()] / 60 for step in steps]
    assert minutes == pytest.approx([9.7, 6.9, 14.3, 75.1, 21.3])


def test_the_book_s_figures_are_measured_under_the_same_names_and_cases(chapter4: Tutorial) -> None:
    """A figure that no step could report would stand alone for ever."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (chapter4.folder / "steps").glob("*.py"))
    for figure in chapter4.book:
        assert re.search(rf'measure\(\s*"{figure.name}"', source), figure.name
        assert set(figure.case) <= {"system", "criterion", "epochs"}
        if figure.step.startswith("grade"):
            listed = str(chapter4.defaults(chapter4.step(figure.step), "book")["systems"]).split()
            assert figure.case["system"] in listed


# ---- the code -------------------------------------------------------------------------------------------------------


def test_a_step_fits_a_screen(chapter4: Tutorial) -> None:
    for step in chapter4.steps:
        lines = step.function.source.split("\n")
        told = ast.parse(step.function.source).body[0].body[0]  # type: ignore[attr-defined]  # the docstring
        assert len(lines) - told.end_lineno <= SCREEN, step.id
        assert max(map(len, lines)) <= 72, step.id


def test_plain_python_without_our_own_modules() -> None:
    for path in (catalogue.shipped() / "chapter4").rglob("*.py"):
        ours = set(re.findall(r"deepdive\.\w+(?:\.\w+)*", path.read_text(encoding="utf-8")))
        known = {"lab", "methods", "methods.generation"} if path.parent.name == "steps" else {"methods.answers"}
        assert ours <= {f"deepdive.engine.{name}" for name in known}, path
