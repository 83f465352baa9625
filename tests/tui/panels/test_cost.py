"""The cost panel on the screen: it moves while a judge is paid."""

from __future__ import annotations

import pytest
from deepdive.engine.runs.events import Progress, Spend

from tests.support.driving import seated
from tests.support.fake import FakeRun


@pytest.mark.parametrize("size", ["narrow", "medium", "wide"])
async def test_what_is_spent_is_shown_live(size: str) -> None:
    fake = FakeRun()
    job = fake.begin("fill_the_gap")
    fake.served()

    def spent(calls: int) -> None:
        fake.put(
            Progress(t=fake.now, job=job, what="grading", done=calls, total=350),
            Spend(
                t=fake.now,
                job=job,
                role="judge",
                model="gpt-5",
                calls=calls,
                tokens=calls * 120,
                cost=calls / 1000,
                estimate=0.35,
                cap=1.0,
            ),
        )

    spent(40)
    async with seated("little", size) as seat:
        await seat.press("n")
        text = await seat.see("judge: 40 calls to gpt-5, 4,800 tokens")
        assert "Cost  US dollars" in text
        spent(170)
        text = await seat.see("judge: 170 calls to gpt-5, 20,400 tokens")
        if size != "narrow":
            assert "judge, spent" in text
            assert "cap" in text
