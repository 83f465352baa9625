"""Pointing a step's roles elsewhere from its card: the whole interface, a real worker, a server on loopback."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from deepdive.engine.lessons.catalogue import pocket
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.store import Run, Store
from textual import events

from tests.support.driving import SIZES, Seat, seated
from tests.support.fake import FakeRun
from tests.support.laboratory import PATIENCE, TOYS, use
from tests.support.loopback.openai_server import Judge, marks, serve

KEY = "sk-canary-1"  # what the laboratory's environment has


@asynccontextmanager
async def grading(size: str = "medium") -> AsyncIterator[Seat]:
    async with seated("judged", size, lessons=TOYS) as seat:
        await seat.see("grade +○ never run")
        yield seat


async def point(seat: Seat, where: str) -> None:
    """Type it into the judge's line, which is the last of the step's form."""
    await seat.press("e", "end", *({" ": "space"}.get(character, character) for character in where))


def kept() -> Run:
    run = Store().latest("judged")
    assert run is not None
    return run


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.03)


async def test_the_judge_is_pointed_at_a_server_which_is_asked(
    tmp_path: Path, own_runtime: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tmp_path)
    before = {run.id for run in Store().runs()}
    with serve(Judge(marks(customer="yes", agent="no"), key=KEY)) as server:
        async with grading() as seat:
            await seat.see("judge +local judge")
            await point(seat, f"{server.url} secret=openai prices=1,2")
            await seat.press("enter", "r")
            await seat.see(f"judge +judge-1 at {server.url}")
            await seat.see("grade +✓ done", PATIENCE)
            assert len(server.asked) == 24
            assert kept().id not in before, "the first change makes a run"
            assert kept().record.roles == {"judge": f"{server.url} secret=openai prices=1,2"}
            assert "local judge" not in kept().log.read_text()
            await seat.press("e", "end", "ctrl+d", "enter")
            await seat.see("≠ stale")
            await seat.see("its models or data come from another place now")
            await seat.press("r")
            await seat.see("grade +✓ done", PATIENCE)
            assert len(server.asked) == 24
            assert kept().record.roles == {}
            assert "judge: local judge" in kept().log.read_text()
            jobs = [event for event in replay(kept().log)[0] if type(event).__name__ == "Job"]
            assert len({job.inputs["roles"] for job in jobs}) == 2


@pytest.mark.parametrize("size", list(SIZES))
async def test_a_role_stands_in_the_form_with_its_default(size: str) -> None:
    async with grading(size) as seat:
        assert ("local judge" in seat.text) == (size != "narrow")
        await point(seat, "http://127.0.0.1:1/v1")
        await seat.see("› judge +http://127.0.0.1:1/v1")
        await seat.press("enter")
        await seat.see(r"judge +judge-1 at http://127.0.0.1:1/v1")
        await seat.see("default local judge")
        await until(lambda: kept().record.roles == {"judge": "http://127.0.0.1:1/v1"})


async def test_a_wrong_place_is_refused_where_it_is_typed() -> None:
    async with grading() as seat:
        await point(seat, "http://127.0.0.1:1/v1 secret=mine")
        await seat.press("enter")
        await seat.see("✗ there is no key named 'mine'")
        await seat.see("› judge +http://127.0.0.1:1/v1 secret=mine")  # stays, to be mended
        assert Store().latest("judged") is None
        await seat.press(*["backspace"] * 4, *"openai", "enter")
        await seat.see("judge +judge-1 at http://127.0.0.1:1/v1")


async def test_a_pasted_key_is_refused_unseen() -> None:
    async with grading() as seat:
        await seat.press("e", "end")
        seat.app.screen.focused.post_message(events.Paste("sk-abcdefgh\n"))
        assert "abcdefgh" not in await seat.see("✗ that looks like a key")
        await seat.press(*"sk-abcdefgh")
        assert "abcdefgh" not in await seat.see("› judge +•••••••••••")
        await seat.press("enter")
        assert "abcdefgh" not in await seat.see("✗ that looks like a key")
        await seat.see("› judge +local judge")  # nothing of it is left to be sent by mistake
        await seat.press("escape", "escape")
        await seat.see("judge +local judge")
        assert Store().latest("judged") is None


async def test_every_step_that_shares_the_role_sees_it_and_x_sets_it_back() -> None:
    async with grading("wide") as seat:
        await point(seat, "http://127.0.0.1:1/v1")
        await seat.press("enter", "n")
        await seat.see("leak +○ never run")  # it has no setting of its own
        await seat.see("judge +judge-1 at http://127.0.0.1:1/v1")
        await seat.press("x")
        await seat.see("judge +local judge")
        await until(lambda: kept().record.roles == {})
        await seat.press("p")
        await seat.see("grade +○ never run")
        await seat.see("judge +local judge")


async def test_what_was_pointed_elsewhere_is_there_again_and_makes_what_used_it_stale(tmp_path: Path) -> None:
    shutil.copytree(pocket() / "models" / "bert", tmp_path / "mine")
    fake = FakeRun()
    fake.fill_the_gap()
    fake.data()
    async with seated("little", "wide") as seat:
        await seat.press("n")
        await seat.see("✓ done in")
        await seat.press("e", "end", *str(tmp_path / "mine"), "enter")
        await seat.see(r"Stale\s+│.*\n +2 its models or data come from")
        await until(lambda: fake.run.reload().roles == {"masked_lm": str(tmp_path / "mine")})
        assert states_of(seat) == ["stale", "done", "done"]
    async with seated("little", "wide") as seat:
        await seat.see("masked lm +folder /")
        await seat.press("e", "end", "right", "ctrl+u", "enter")  # nothing left: the default
        await seat.see("masked lm +pocket models/bert")
        await seat.see("✓ done in")
        await until(lambda: fake.run.reload().roles == {})


def states_of(seat: Seat) -> list[str]:
    return [seat.app.screen.lesson.states[step].state for step in ("fill_the_gap", "articles", "blocks")]  # type: ignore[attr-defined]
