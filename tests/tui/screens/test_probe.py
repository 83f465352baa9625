"""The dialog in which a probe is asked."""

from __future__ import annotations

from deepdive.tui.screens.probe import ProbeScreen, Question

from tests.support.driving import seated
from tests.support.fake import little


async def test_a_line_break_is_shown_in_its_field_and_asked() -> None:
    asked: list[Question | None] = []
    async with seated() as seat:
        seat.app.push_screen(ProbeScreen(little().probes, {"complete": {"prompt": "one\ntwo"}}), asked.append)
        await seat.see("one↵two")
        await seat.press("enter")
        assert asked == [Question("complete", {"prompt": "one\ntwo", "tokens": 16})]
