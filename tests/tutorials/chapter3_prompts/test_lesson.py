"""The lesson on prompts as a whole: every page, claim and prediction speaks of what the steps really report."""

from __future__ import annotations

import re

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.pages import directives
from deepdive.engine.lessons.tutorial import Tutorial

from tests.tutorials.chapter3_fewshot.conftest import bodies

SCREEN = 36  # lines of a function's body: the height of a usual terminal
SIZES = [0, 16, 32, 64, 128, 256, 512]


def test_pages_of_a_screen_each(prompts: Tutorial) -> None:
    assert 10 <= len(prompts.pages) <= 16
    for page in prompts.pages[:-1]:
        words = len(re.sub(r"\{\{(step|predict)[^}]*\}\}", "", page.text).split())
        assert 80 <= words <= 190, (page.title, words)


def test_every_step_has_its_page_in_order(prompts: Tutorial) -> None:
    assert [step for page in prompts.pages for step in page.steps] == [step.id for step in prompts.steps]


def test_every_exercise_and_prediction_stands_on_a_page(prompts: Tutorial) -> None:
    assert {e for page in prompts.pages for e in page.exercises} == {e.id for e in prompts.exercises}
    assert {p for page in prompts.pages for p in page.predictions} == {p.id for p in prompts.predictions}


def test_a_prediction_stands_before_its_step(prompts: Tutorial) -> None:
    for prediction in prompts.predictions:
        page = next(page for page in prompts.pages if prediction.id in page.predictions)
        assert prediction.step in page.steps
        assert page.text.index("{{predict") < page.text.index("{{step")


def test_words_held_back_name_claims_that_exist(prompts: Tutorial) -> None:
    for page in prompts.pages:
        for kind, argument, _ in directives(page.text):
            if kind == "held":
                start = argument.partition(":")[0].strip()
                assert any(claim.text.startswith(start) for claim in prompts.claims), start


def test_the_tone_of_a_lesson(prompts: Tutorial) -> None:
    for page in prompts.pages:
        assert not re.search(r"!|\b(simply|just|let's|powerful|delve|crucial)\b", page.text, re.I), page.title


def test_the_two_scales_have_the_same_roles(prompts: Tutorial) -> None:
    assert set(prompts.scales["pocket"].roles) == set(prompts.scales["book"].roles)


def test_the_defaults_are_the_book_s(prompts: Tutorial) -> None:
    def book(step: str) -> dict[str, object]:
        return prompts.defaults(prompts.step(step), "book")

    tuned = {"sizes": SIZES, "epochs": 5, "learning_rate": 5e-4, "batch": 4}
    assert tuned.items() <= book("template_curves").items()
    assert tuned.items() <= book("ten_templates").items()
    soft = {"k": 128, "batch": 8, "vectors": 20, "soft_rate": 0.4, "epochs": [0, 1, 10, 20, 30, 40, 50, 60]}
    assert soft.items() <= book("soft_prompt").items()
    regimes = {"sizes": SIZES, "epochs": 8, "first": 60, "learning_rate": 1e-4, "vectors": 20, "soft_rate": 0.4}
    assert regimes.items() <= book("four_regimes").items()
    assert book("four_regimes")["template"] == "hypothesis: {passage} premise: {question} The answer was {mask} ."
    words = {"no": ["no", "No"], "yes": ["yes", "Yes"]}
    assert all(book(step.id)["label_words"] == words for step in prompts.steps)


def test_a_defect_of_the_source_is_a_choice_and_the_sound_one_comes_first(prompts: Tutorial) -> None:
    choices = {
        "soft_prompt": {"schedule": "the source's", "language_model": "left out"},
        "four_regimes": {
            "schedule": "the source's",
            "soft_start": "carried over",
            "embedding": "frozen",
            "batches": "the source's",
        },
    }
    for id, sources in choices.items():
        settings = {setting.name: setting for setting in prompts.step(id).function.settings}
        for name, source in sources.items():
            setting = settings[name]
            assert source in setting.choices
            assert setting.default == setting.choices[0] != source
    schedules = {s.id: s.fixed["schedule"] for s in prompts.steps if "schedule" in s.fixed}
    assert schedules == {"source_schedule": "the source's"}


def wordings(prompts: Tutorial, step: str, scale: str = "book") -> dict[str, str]:
    lines = prompts.defaults(prompts.step(step), scale)["templates"].strip().split("\n")
    return {name: text for name, _, text in (line.partition(": ") for line in lines)}


def test_the_three_wordings(prompts: Tutorial) -> None:
    wanted = {
        "simplest": "{passage} {question} {mask}",
        "punctuated": "{passage} . {question} ? {mask}",
        "suitable": "hypothesis: {passage}. premise: {question}? The answer was {mask} .",
    }
    for step in ("zero_shot", "template_curves"):
        for scale in prompts.scales:
            assert wordings(prompts, step, scale) == wanted
    assert wordings(prompts, "soft_prompt") == {
        "featureless": wanted["simplest"],
        "engineered": "hypothesis: {passage} premise: {question} The answer was {mask} .",
    }


PRINTED = {
    "prefix 1": "hypothesis: {passage} premise: {question} The answer was {mask} .",
    "prefix 2": "{passage} Question: {question} ? The answer was {mask}",
    "prefix 3": "Information: {passage} . Question: {question} ? The answer is {mask}",
    "prefix 4": "Context: {passage} Based on the information in this paragraph, {question} ? {mask}",
    "cloze 5": "Question: {question} ? Is the answer yes or no? {mask} . Context: {passage}",
    "cloze 6": "Context: {passage} . Based on this, of the two options (yes or no), {mask} is the answer to this "
    "question: {question} ?",
    "retrieval 7": "premise: {question} ? The answer was {mask} .",
    "retrieval 8": 'The answer to the question "{question}" is {mask}',
    "retrieval 9": "{question} ? answer: {mask}",
    "retrieval 10": "{question} ? {mask}",
}
"""The narrative's list, whose numbers the tables and the figure use."""


def bare(text: str) -> str:
    """The words of a template without what the notebook's list adds to or leaves out of its punctuation."""
    return " ".join(re.sub(r'[.?"]', " ", text).split())


def test_the_ten_wordings_as_printed_and_as_run(prompts: Tutorial) -> None:
    assert wordings(prompts, "as_printed") == PRINTED
    run = wordings(prompts, "ten_templates")
    assert list(run) == list(PRINTED)
    assert {name: bare(text) for name, text in run.items()} == {name: bare(text) for name, text in PRINTED.items()}
    assert run["prefix 1"] == wordings(prompts, "zero_shot")["suitable"]  # the same row of figures in both tables


def test_a_wording_is_of_the_family_that_its_name_says(prompts: Tutorial) -> None:
    for step in ("ten_templates", "as_printed"):
        for name, text in wordings(prompts, step).items():
            before, _, after = text.partition("{mask}")
            kind = "retrieval" if "{passage}" not in text else "cloze" if "{" in after else "prefix"
            assert name.startswith(f"{kind} "), text
            assert "{question}" in before + after


# ---- book.csv -------------------------------------------------------------------------------------------------------


def book(prompts: Tutorial, step: str, name: str) -> dict[tuple[object, ...], float]:
    """By the values of a figure's case, in order."""
    found = [b for b in prompts.book if (b.step, b.name) == (step, name)]
    table = {tuple(b.case.values()): float(b.value) for b in found}
    assert len(table) == len(found), "a figure stands there twice"
    return table


def test_the_book_s_wordings(prompts: Tutorial) -> None:
    curves = book(prompts, "template_curves", "accuracy")
    names = ["simplest", "punctuated", "suitable"]
    assert list(curves) == [(name, k) for name in names for k in SIZES]
    assert [curves["simplest", k] for k in SIZES] == [0.501, 0.511, 0.513, 0.518, 0.526, 0.578, 0.546]
    assert [curves["suitable", k] for k in SIZES] == [0.564, 0.489, 0.503, 0.535, 0.638, 0.686, 0.640]
    assert sum(curves[name, k] for name in names for k in SIZES) == pytest.approx(11.644)
    assert list(book(prompts, "template_curves", "test accuracy").values()) == [0.526, 0.609, 0.649]
    assert book(prompts, "zero_shot", "accuracy") == {(name,): curves[name, 0] for name in names}
    assert book(prompts, "zero_shot", "share of no") == {("simplest",): 0.991, ("punctuated",): 0.344}


def test_the_book_s_ten_templates(prompts: Tutorial) -> None:
    table = book(prompts, "ten_templates", "accuracy")
    assert list(table) == [(n, k) for n in range(1, 11) for k in SIZES]
    assert [table[n, 0] for n in range(1, 11)] == [
        *(0.564, 0.541, 0.573, 0.524, 0.531),
        *(0.516, 0.495, 0.498, 0.531, 0.494),
    ]
    assert [table[n, 512] for n in range(1, 11)] == [
        *(0.640, 0.611, 0.671, 0.610, 0.676),
        *(0.551, 0.557, 0.566, 0.516, 0.564),
    ]
    assert [table[6, k] for k in SIZES] == [0.516, 0.485, 0.491, 0.525, 0.539, 0.686, 0.551]
    tests = book(prompts, "ten_templates", "test accuracy")
    assert list(tests.values()) == [0.649, 0.611, 0.670, 0.583, 0.667, 0.571, 0.539, 0.533, 0.497, 0.534]


def test_the_book_s_families_are_the_extremes_of_their_templates(prompts: Tutorial) -> None:
    table = book(prompts, "ten_templates", "accuracy")
    members = {"prefix": range(1, 5), "cloze": range(5, 7), "retrieval": range(7, 11)}
    for name, extreme in (("best", max), ("worst", min)):
        assert book(prompts, "ten_templates", name) == {
            (family, k): extreme(table[n, k] for n in numbers) for family, numbers in members.items() for k in SIZES
        }


def test_the_book_s_soft_prompt_and_regimes(prompts: Tutorial) -> None:
    soft = book(prompts, "soft_prompt", "accuracy")
    epochs = [0, 1, 10, 20, 30, 40, 50, 60]
    assert [soft["featureless", e] for e in epochs] == [0.501, 0.501, *[0.511] * 6]
    assert [soft["engineered", e] for e in epochs] == [0.558, 0.565, 0.579, 0.584, 0.593, 0.593, 0.585, 0.603]
    table = book(prompts, "four_regimes", "accuracy")
    modes = ["prompt", "model", "prompt, then model", "prompt and model"]
    assert list(table) == [(mode, k) for mode in modes for k in SIZES]
    assert [table[mode, 0] for mode in modes] == [0.558, 0.551, 0.600, 0.558]
    assert [table[mode, 64] for mode in modes] == [0.585, 0.664, 0.570, 0.683]
    assert [table[mode, 512] for mode in modes] == [0.645, 0.755, 0.729, 0.761]


# ---- steps ----------------------------------------------------------------------------------------------------------


def test_every_function_fits_a_screen(prompts: Tutorial) -> None:
    for name, lines in bodies(prompts.folder):
        assert lines <= SCREEN, (name, lines)
    for file in (prompts.folder / "steps").glob("*.py"):
        assert max(map(len, file.read_text().split("\n"))) <= 72, file.name


def test_plain_python_without_our_own_modules() -> None:
    """But the laboratory and the methods."""
    files = list((catalogue.shipped() / "chapter3-prompts").rglob("*.py"))
    assert len(files) >= 10
    for file in files:
        ours = set(re.findall(r"deepdive\.\w+(?:\.\w+)*", file.read_text()))
        assert all(re.fullmatch(r"deepdive\.engine\.(lab|methods\.\w+)", name) for name in ours), (file, ours)
