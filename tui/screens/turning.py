"""Turning the pages of an open tutorial: keys come faster than pages are built, and logs are read meanwhile."""

from __future__ import annotations

import asyncio

from .asking import AskingScreen
from .outline import Outline, OutlineScreen

PAINT_SECONDS = 0.02  # until a change is on the screen


class TurningScreen(AskingScreen):
    """The part of the tutorial screen that turns pages."""

    def __init__(self) -> None:
        super().__init__()
        self.page_there = asyncio.Event()
        self.page_there.set()
        self._missed = False  # something changed while a page was being built

    async def show_all(self) -> None:
        """Bring everything that depends on the run up to date."""
        raise NotImplementedError

    async def refresh_all(self) -> None:
        """Bring everything up to date; while a page is being built, after that."""
        if self.page_there.is_set():
            await self.show_all()
        else:
            self._missed = True

    def action_next_page(self) -> None:
        self.turn_to(self.lesson.page + 1)

    def action_previous_page(self) -> None:
        self.turn_to(self.lesson.page - 1)

    def turn_to(self, page: int) -> None:
        lesson = self.lesson
        if 1 <= page <= len(lesson.tutorial.pages) and page != lesson.page:
            lesson.page, lesson.x, lesson.job = page, None, None
            self.board.put_away()
            self.build_page()

    def action_outline(self) -> None:
        def chosen(page: int | None) -> None:
            if page is not None:
                self.turn_to(page)

        self.app.push_screen(OutlineScreen(self.lesson), chosen)

    def on_outline_page_chosen(self, event: Outline.PageChosen) -> None:
        self.turn_to(event.page)

    def build_page(self) -> None:
        """The only way to a page, the first as well: one is built at a time, the one wanted last comes last."""
        self.reader.announce(self.lesson)
        if self.page_there.is_set():
            self.page_there.clear()
            self.run_worker(self._building(), group="page")

    async def _building(self) -> None:
        """The page's head is on the screen at once; the page itself follows, but none that was leafed past."""
        try:
            built = 0
            while built != self.lesson.page:
                built = self.lesson.page
                await asyncio.sleep(PAINT_SECONDS)
                if built == self.lesson.page:
                    await self._show_page(built)
        finally:
            self.page_there.set()
        if self._missed:
            self._missed = False
            await self.refresh_all()

    async def _show_page(self, page: int) -> None:
        """Another page: its text, its step, its panels."""
        self._told(self.deep.house.turn(self.lesson, self._run_id))
        self.set_focus(self.reader)  # before what has the keys goes, which would pass them on to a neighbour
        await self.reader.open(self.lesson)
        await asyncio.sleep(PAINT_SECONDS)  # the page is read while the panels beside it change
        if page == self.lesson.page:
            with self.app.batch_update():
                await self.show_all()
