"""What fails in the background is told: nobody looks for it, and a screen that stands still would say nothing."""

from __future__ import annotations

import asyncio

from deepdive.engine.common.faults import Fault

from tests.support.driving import Seat, seated
from tests.support.fake import FakeRun


async def failing(error: Exception) -> None:
    await asyncio.sleep(0)
    raise error


def toasts(seat: Seat) -> list[str]:
    return [notice.message for notice in seat.app._notifications]


async def test_what_nobody_thought_of_is_told() -> None:
    async with seated() as seat:
        seat.app.screen.run_worker(failing(OverflowError("too\x1b[31m large")), group="request", exit_on_error=False)
        await seat.see("something in Deep Dive failed")
        assert "(OverflowError: too␛[31m large)" in toasts(seat)[0]
        seat.app.screen.run_worker(failing(Fault("no room", "Make some")), group="request", exit_on_error=False)
        await seat.see(r"no room\. Make some")


async def test_what_is_looked_at_again_and_again_is_told_once() -> None:
    async def looks(*errors: Exception | None) -> None:
        for error in errors:
            work = failing(error) if error is not None else asyncio.sleep(0)
            seat.app.screen.run_worker(work, group="look", exclusive=True, exit_on_error=False)
            await seat.pilot.pause(0.05)

    async with seated() as seat:
        await seat.pilot.pause(0.3)
        gone = Fault("the disk is gone")
        await looks(gone, gone, gone)
        assert toasts(seat) == ["the disk is gone"]
        await looks(None, gone)
        assert toasts(seat) == ["the disk is gone"] * 2


async def test_a_log_that_can_t_be_read_any_more_is_told_once() -> None:
    run = FakeRun()
    run.data()
    run.pretrain(20)
    run.served()
    async with seated("little") as seat:
        await seat.see("Two ways")
        await seat.pilot.pause(0.5)
        run.run.log.rename(run.run.folder / "elsewhere")
        run.run.log.mkdir()
        await seat.pilot.pause(1.5)
        assert len([told for told in toasts(seat) if "events.jsonl" in told]) == 1
