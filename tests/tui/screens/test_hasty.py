"""Keys that come faster than pages are built: nothing crashes, nothing is stuck, head and body name one page."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import Awaitable, Callable

import pytest
from deepdive.engine.work import exercises
from deepdive.tui import bridge
from deepdive.tui.panels.base import Panel
from deepdive.tui.panels.questions import ExerciseCard, PredictionCard
from deepdive.tui.screens.tutorial import TutorialScreen

from tests.support.driving import SIZES, Seat, seated
from tests.support.fake import FakeRun

# How each page's text begins.
BODIES = (
    "A sentence can be read",
    "BERT was trained on one",
    "Fifty articles are what",
    "Ragged text becomes",
    "A network that has read nothing",
    "Five lines to keep",
    "Two questions with fresh",
)


def slowly(monkeypatch: pytest.MonkeyPatch, questions: float, panels: float = 0.1) -> None:
    """Questions and panels take so many seconds to come and to go, as they do while a long log is read."""

    def wait(seconds: float) -> Callable[[object], Awaitable[None]]:
        return lambda _: asyncio.sleep(seconds)

    for widget, seconds in ((PredictionCard, questions), (ExerciseCard, questions), (Panel, panels)):
        monkeypatch.setattr(widget, "on_compose", wait(seconds), raising=False)
        monkeypatch.setattr(widget, "on_unmount", wait(seconds), raising=False)


def trained() -> None:
    """A run of the lesson that has something to show on the pages from the fifth on."""
    fake = FakeRun()
    fake.data()
    fake.end(fake.pretrain(60, total=60))


async def to_the_exercises(seat: Seat) -> None:
    await seat.press("o")
    await seat.see("jump to a page")
    await seat.press("end", "enter")
    await seat.see("page 7 of 7")
    await settled(seat)


async def settled(seat: Seat) -> TutorialScreen:
    """The open lesson once its page is there."""
    screen = seat.app.screen
    assert isinstance(screen, TutorialScreen), screen
    for _ in range(200):
        await seat.pilot.pause(0.02)
        if screen.page_there.is_set():
            break
    assert screen.page_there.is_set()
    await seat.pilot.pause()
    return screen


async def head_and_body_agree(seat: Seat) -> int:
    """The page that both name."""
    page = (await settled(seat)).lesson.page
    text = " ".join((await seat.see(f"page {page} of 7")).split())
    shown = [number for number, words in enumerate(BODIES, 1) if words in text]
    assert shown == [page], seat.text
    return page


async def test_the_end_of_reading_a_run_does_not_meet_a_page_that_is_being_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained()
    reading = threading.Event()
    fold = bridge._fold_slice
    async with seated("little", "narrow") as seat:
        await to_the_exercises(seat)
        await seat.press("escape")
        await seat.see("Go on where you were")
        slowly(monkeypatch, 0.5)
        monkeypatch.setattr(bridge, "_fold_slice", lambda *log: reading.wait(5) and fold(*log))
        seat.burst("enter")
        await seat.see("page 7 of 7")
        await settled(seat)
        # The app is busy, two keys wait for it; meanwhile the log has been read.
        seat.burst("p", "p")
        seat.app.call_later(asyncio.sleep, 0.2)
        await asyncio.sleep(0.1)
        reading.set()
        for _ in range(12):
            await asyncio.sleep(0.12)
            seat.burst("p")
        assert await head_and_body_agree(seat) == 1
        await seat.press("n", "n")
        assert await head_and_body_agree(seat) == 3


async def test_keys_pressed_while_a_page_with_a_question_is_built_do_not_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    trained()
    async with seated("little", "narrow") as seat:
        await to_the_exercises(seat)
        await seat.press("p", "tab")  # a panel has the keys: the reader does not hold them up while it mounts
        await settled(seat)
        slowly(monkeypatch, 0.15)
        for _ in range(8):
            seat.burst("p")
            await asyncio.sleep(0.06)
        assert await head_and_body_agree(seat) == 1


async def test_leafing_to_and_fro_ends_on_the_page_wanted_last(monkeypatch: pytest.MonkeyPatch) -> None:
    slowly(monkeypatch, 0.1)
    async with seated("little") as seat:
        for keys in ("nnnn", "n", "p", "n", "pp", "n", "nn", "p", "p"):
            seat.burst(*keys)
            await asyncio.sleep(0.05)
        assert await head_and_body_agree(seat) == 5
        await seat.see("Predict")


@pytest.mark.parametrize(
    ("keys", "then"),
    [
        (("v", "j", "down", "pagedown"), "Fill the gap"),
        (("t", "f2", "f2", "enter"), "Let the model go on"),
        (("colon", "down", "up"), "what to do"),
        (("question_mark", "down", "question_mark"), "Fill the gap"),
        (("o", "down", "enter", "enter", "enter"), "page . of 7"),
        (("w", "down", "plus", "escape"), "Fill the gap"),
        (("u", "down", "r", "escape"), "Fill the gap"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
async def test_keys_that_a_dialog_has_not_waited_for_do_no_harm(keys: tuple[str, ...], then: str) -> None:
    """They come before the dialog is mounted, or after it was left."""
    FakeRun().fill_the_gap()
    async with seated("little") as seat:
        await seat.press("n")
        await seat.see("2 Fill the gap")
        await seat.see("✓ done in")
        seat.burst(*keys)
        await seat.see(then)
        await seat.pilot.pause(0.3)
        assert len(seat.app.screen_stack) >= 3, "home and the lesson are still there"
        while len(seat.app.screen_stack) > 3:
            await seat.press("escape")
        assert await head_and_body_agree(seat) in range(1, 8)


async def test_an_answer_counts_though_the_page_was_turned_while_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checking, check = threading.Event(), exercises.check
    monkeypatch.setattr(exercises, "check", lambda *asked: checking.wait(5) and check(*asked))
    async with seated("little") as seat:
        await to_the_exercises(seat)
        found = re.search(r"have ([\d, \n]+) tokens", " ".join((await seat.see("Four articles have")).split()))
        assert found is not None
        right = sum(int(n) // 128 for n in re.findall(r"\d+", found.group(1)))
        await seat.press("a", *str(right), "enter", "escape", "p")
        assert await head_and_body_agree(seat) == 6
        checking.set()
        await seat.press("n")
        await seat.see("X1 +Block arithmetic +✓ passed")


LEAFING = ("n", "n", "n", "p", "p", "tab", "a", "e", "z", "left", "escape")
ALL = ("n", "p", "o", "e", "t", "a", "z", "tab", "shift+tab", "escape", "enter", "left", "right", "c", "x", "v", "j",
       "up", "down", "end", "colon", "question_mark", "T", "w", "u", "f2", "f4", "3", "1", "y")  # fmt: skip


@pytest.mark.parametrize("keys", [LEAFING, ALL], ids=["leafing", "all"])
@pytest.mark.parametrize("seed", range(4))
async def test_hasty_keys_leave_the_lesson_alive(
    seed: int, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained()
    chance = random.Random(seed)
    slowly(monkeypatch, chance.choice([0.02, 0.1]), 0.02)
    async with seated("little", chance.choice(list(SIZES))) as seat:
        for _ in range(25):
            if type(seat.app.screen).__name__ == "HomeScreen":
                seat.app.open_tutorial("little")
            seat.burst(*chance.choices(keys, k=chance.randint(1, 6)))
            await asyncio.sleep(chance.choice([0.0, 0.01, 0.03, 0.08]))
        await home(seat)
        seat.app.open_tutorial("little")
        page = await head_and_body_agree(seat)
        await seat.press("p" if page > 1 else "n")
        assert await head_and_body_agree(seat) == (page - 1 if page > 1 else 2)


async def home(seat: Seat) -> None:
    """Out of whatever the keys opened."""
    for _ in range(40):
        await seat.pilot.pause(0.05)
        if type(seat.app.screen).__name__ == "HomeScreen":
            return
        await seat.press("escape")
    raise AssertionError(f"escape does not lead home:\n{seat.text}")
