"""A run that an earlier version made can be read on every page; a step that borrows runs in the interface too."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepdive.engine.lessons import catalogue
from deepdive.engine.runs.store import Store

from tests.support.driving import seated
from tests.support.laboratory import PATIENCE, TOYS, use
from tests.support.recorded import recorded


@pytest.mark.parametrize("tutorial", ["chapter2", "chapter4"])
async def test_every_page_of_a_recorded_run_shows_what_it_measured(tutorial: str) -> None:
    recorded(tutorial, Store())
    lesson = catalogue.find(tutorial)
    ran = {job.step for job in Store().open("last").view().jobs.values()}
    async with seated(tutorial, "wide") as seat:
        await seat.not_see("reading the run", 30)
        for page in lesson.pages:
            await seat.see(rf"page {page.number} of {len(lesson.pages)}")
            if page.steps and page.steps[0] in ran:
                await seat.see("✓ done in|stale")
                await seat.not_see("never run|✗ failed after")  # the outline is painted twice a second
            await seat.press("n")


async def test_a_need_of_another_tutorial_is_run_first_and_the_page_shows_the_result(
    tmp_path: Path, own_runtime: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tmp_path)  # a home in which nobody has run it
    async with seated("borrower", lessons=TOYS) as seat:
        await seat.press("r")
        await seat.see("✓ done in", PATIENCE)
    run = Store().latest("borrower")
    assert run is not None
    assert [job.step for job in run.view().jobs.values()] == ["toy/numbers", "count"]
    assert run.record.machine, "the record says on what machine, from the interface too"
