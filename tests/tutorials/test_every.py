"""What holds for the code of every lesson that ships: a screen holds a step's settings, and no file is long."""

from __future__ import annotations

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.tutorial import Tutorial

MOST_SETTINGS = 12  # with their help they fit 36 lines
MOST_LINES = 400
READY = [tutorial for tutorial in catalogue.load([catalogue.shipped()]).tutorials if tutorial.ready]
every = pytest.mark.parametrize("tutorial", READY, ids=lambda tutorial: tutorial.id)


def test_the_lessons_are_there() -> None:
    assert [tutorial.id for tutorial in READY] == ["chapter2", "chapter3-fewshot", "chapter3-prompts", "chapter4"]


@every
def test_every_setting_says_what_it_does(tutorial: Tutorial) -> None:
    for function in (*(step.function for step in tutorial.steps), *tutorial.probes):
        assert [setting.name for setting in function.settings if not setting.help] == [], function.name


@every
def test_a_step_has_no_more_settings_than_a_screen_holds(tutorial: Tutorial) -> None:
    many = {step.id: len(step.settings) for step in tutorial.steps if len(step.settings) > MOST_SETTINGS}
    assert many == {}


@every
def test_no_file_is_longer_than_one_subject_needs(tutorial: Tutorial) -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in tutorial.folder.rglob("*.py")}
    assert {str(path): count for path, count in lines.items() if count > MOST_LINES} == {}
