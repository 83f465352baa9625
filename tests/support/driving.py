"""Driving the interface in a test: the whole app on a screen of a given size, and what stands on it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deepdive.engine.lessons import catalogue
from deepdive.tui.app import DeepApp
from deepdive.tui.house import House
from textual import events
from textual.pilot import Pilot

from tests.support.fake import LESSONS

SIZES = {"narrow": (80, 24), "medium": (120, 36), "wide": (200, 50)}


class Seat:
    """A learner at a screen."""

    def __init__(self, app: DeepApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """Everything on the screen in front, as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        return self.text

    def burst(self, *keys: str) -> None:
        """Keys as a held key or a slow line brings them: none waits for what the one before it does."""
        for key in keys:
            event = events.Key(key, key if len(key) == 1 else None)
            event.set_sender(self.app)
            self.app.post_message(event)

    async def see(self, pattern: str, seconds: float = 5.0) -> str:
        """The screen once `pattern` is on it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.pilot.pause()
            if re.search(pattern, self.text):
                return self.text
            await asyncio.sleep(0.05)
        raise AssertionError(f"no {pattern!r} within {seconds:g} s on this screen:\n{self.text}")

    async def not_see(self, pattern: str, seconds: float = 5.0) -> None:
        """Wait until `pattern` is gone."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.pilot.pause()
            if not re.search(pattern, self.text):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"still {pattern!r} after {seconds:g} s on this screen:\n{self.text}")


@asynccontextmanager
async def seated(
    tutorial: str = "", size: str | tuple[int, int] = "medium", theme: str = "", lessons: Path = LESSONS
) -> AsyncIterator[Seat]:
    """The app with the little lesson in its catalogue; no worker is warmed up for it."""
    house = House()
    house.catalogue = catalogue.load([lessons, catalogue.shipped()])
    app = DeepApp(house, tutorial, theme)
    app.warm = False
    where = SIZES[size] if isinstance(size, str) else size
    async with app.run_test(size=where, notifications=True) as pilot:
        await pilot.pause()
        yield Seat(app, pilot)
