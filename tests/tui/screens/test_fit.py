"""Guards the view "will it fit?": reached by a key, what can be tried in it, and that nothing heavy is imported."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from deepdive.engine.common.faults import Fault
from deepdive.engine.machine import fit
from deepdive.engine.runs.events import Memory
from deepdive.tui.screens.fit import FitScreen
from deepdive.tui.screens.tutorial import TutorialScreen

from tests.support.driving import Seat, seated
from tests.support.fake import FakeRun
from tests.support.planned import TOYS, Counted, tutorial_in


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    stand_in = Counted()
    monkeypatch.setattr(fit, "shapes", stand_in)
    return stand_in


@asynccontextmanager
async def at_the_book(folder: Path, size: str = "medium") -> AsyncIterator[Seat]:
    """The tutorial of three configurations is open at the scale book."""
    if not (folder / "planned").exists():
        tutorial_in(folder)
    async with seated("planned", size, lessons=folder) as seat:
        await seat.see("One page")
        screen = seat.app.screen
        assert isinstance(screen, TutorialScreen)
        for _ in range(100):
            await seat.pilot.pause(0.02)
            if screen.session.ready:
                break
        screen.lesson.scale = "book"
        yield seat


@pytest.mark.parametrize("size", ["narrow", "medium", "wide"])
async def test_a_key_opens_bars_with_verdicts_and_ways_out(tmp_path: Path, counted: Counted, size: str) -> None:
    async with at_the_book(tmp_path, size) as seat:
        await seat.press("w")
        text = await seat.see("Llama, QLoRA")
        assert "does not fit 80 GB: Adam's moments alone need 53.9" in text
        assert "fits 16 GB with" in text
        assert "▸ Llama, full" in text  # the first that does not fit
        assert "What would make Llama, full fit 80 GB" in text
        assert "batch 4, 1,024 tokens, adamw_torch" in text
        assert "esc back" in text
        await seat.press("escape")
        assert isinstance(seat.app.screen, TutorialScreen)


async def test_batch_length_optimizer_and_checkpointing_are_tried_at_once(tmp_path: Path, counted: Counted) -> None:
    async with at_the_book(tmp_path) as seat:
        await seat.press("w")
        await seat.see("▸ Llama, full")
        screen = seat.app.screen
        assert isinstance(screen, FitScreen)

        def total() -> int:
            found = screen.rows[screen.chosen].estimate
            assert found is not None
            return found.total

        before = total()
        assert "batch 2," in await seat.press("minus")
        smaller = total()
        assert smaller < before
        assert "batch 4," in await seat.press("plus")
        assert total() == before
        assert "2,048 tokens" in await seat.press("l")
        assert total() > before
        assert "adamw_8bit" in await seat.press("o")
        assert "gradient checkpointing" in await seat.press("g")
        assert "as planned" in seat.text
        assert total() < smaller
        assert "1,024 tokens, adamw_torch\n" in await seat.press("x")
        assert total() == before
        assert len(counted.asked) == 3  # all by arithmetic: nothing was counted again


async def test_up_and_down_choose_and_the_chosen_one_is_in_sight_on_a_small_screen(
    tmp_path: Path, counted: Counted
) -> None:
    async with at_the_book(tmp_path, "narrow") as seat:
        await seat.press("w")
        await seat.see("▸ Llama, full")
        for name in ("Llama, QLoRA", "Distil", "Llama, full", "Llama, QLoRA"):
            assert f"▸ {name}" in await seat.press("down")
        assert "▸ Llama, full" in await seat.press("up")


async def test_enter_gives_what_was_tried_to_the_step(tmp_path: Path, counted: Counted) -> None:
    async with at_the_book(tmp_path) as seat:
        await seat.press("w")
        await seat.see("▸ Llama, full")
        assert "use these settings" not in seat.text
        await seat.press("minus", "g")
        assert "use these settings" in seat.text
        await seat.press("enter")
        screen = seat.app.screen
        assert isinstance(screen, TutorialScreen)
        assert screen.lesson.edits["full"] == {"batch": 2, "checkpointing": True}
        await seat.see("batch, checkpointing set")
        await seat.press("w")
        await seat.see("batch 2, 1,024 tokens, adamw_torch, gradient checkpointing")


async def test_a_value_that_the_step_does_not_take_is_refused(tmp_path: Path, counted: Counted) -> None:
    async with at_the_book(tmp_path) as seat:
        await seat.press("w")
        await seat.see("▸ Llama, full")
        await seat.press("o", "enter")
        await seat.see("adamw_8bit.*not|paged_adamw_32bit")
        screen = seat.app.screen
        assert isinstance(screen, TutorialScreen)
        assert "full" not in screen.lesson.edits


async def test_a_fault_and_a_lesson_without_models_are_told(tmp_path: Path, counted: Counted) -> None:
    counted.fault = Fault("the models could not be counted", "`deepdive doctor` says what works here")
    async with at_the_book(tmp_path) as seat:
        await seat.press("w")
        await seat.see("the models could not be counted. `deepdive doctor`")
        await seat.press("down", "g", "enter", "x", "minus")  # keys without rows do nothing
        await seat.press("escape")
        assert isinstance(seat.app.screen, TutorialScreen)
    async with seated("toy", lessons=TOYS) as seat:
        await seat.see("One page")
        await seat.press("w")
        await seat.see("there is nothing to fit")


async def test_what_was_measured_stands_under_the_plan(tmp_path: Path, counted: Counted) -> None:
    tutorial = tutorial_in(tmp_path)
    fake = FakeRun(tutorial)
    fake.end(fake.begin("numbers"))
    job = fake.begin("full", role="large", batch=4, length=1024)
    held: dict[str, Any] = {"weights": 27_000_000_000, "gradients": 27_000_000_000, "optimizer": 54_000_000_000}
    fake.put(
        Memory(
            t=fake.now,
            job=job,
            device="cuda",
            used=1,
            total=2,
            peak=1,
            held={**held, "activations": 9_000_000_000},
            x=1,
        )
    )
    fake.end(job)
    async with at_the_book(tmp_path) as seat:
        await seat.press("w")
        await seat.see("▸ Llama, full")
        assert "measured" in seat.text
        assert "117 GB" in seat.text
        assert re.search(r"estimated [+-]0 %, activations \+4\d\d %", seat.text)


def test_the_view_imports_no_library_that_computes() -> None:
    code = (
        "import sys; import deepdive.tui.screens.fit;"
        "print([m for m in ('torch', 'transformers', 'numpy', 'huggingface_hub') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
