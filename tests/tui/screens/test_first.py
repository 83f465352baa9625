"""The first paint: a key that comes too early is not lost."""

from __future__ import annotations

import asyncio

import deepdive.tui.app as wiring
import pytest
from deepdive.tui.app import DeepApp
from deepdive.tui.house import House
from deepdive.tui.screens.first import FirstScreen
from deepdive.tui.screens.help import HelpScreen
from deepdive.tui.screens.home import HomeScreen


async def test_early_keys_reach_the_home_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    def build() -> House:
        asyncio.run_coroutine_threadsafe(ready.wait(), loop).result(10)
        return House()

    monkeypatch.setattr(wiring, "_build_house", build)
    app = DeepApp()
    app.warm = False
    async with app.run_test(size=(120, 36)) as pilot:
        assert isinstance(app.screen, FirstScreen)
        await pilot.press("question_mark")
        assert isinstance(app.screen, FirstScreen)
        ready.set()
        for _ in range(100):
            await pilot.pause(0.05)
            if isinstance(app.screen, HelpScreen):
                break
        assert isinstance(app.screen, HelpScreen)
        assert isinstance(app.screen_stack[-2], HomeScreen)
