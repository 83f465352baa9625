"""Nothing that a stranger wrote reaches the terminal as it is, whatever the screen: the last look is at every line."""

from __future__ import annotations

from pathlib import Path

from deepdive.engine.common.faults import Fault
from deepdive.tui.screens.confirm import ConfirmScreen
from deepdive.tui.screens.tutorial import TutorialScreen
from rich.cells import cell_len

from tests.support import loud
from tests.support.driving import Seat, seated
from tests.support.loud import SHOUT, UNSAFE, LoudRun

# What is opened on which page of the lesson.
OPENED = {
    1: [["question_mark"], ["colon"]],
    2: [["v"], ["w"], ["e"], ["t"], ["tab", "z"]],
    5: [["a"], ["tab", "z"]],
}


def look(seat: Seat, where: str) -> None:
    """Every line of the screen in front is safe, and as wide as the terminal."""
    for strip in seat.app.screen._compositor.render_strips():
        line = "".join(segment.text for segment in strip)
        assert not UNSAFE.search(line), (where, line)
        assert "\n" not in line, (where, line)
        assert cell_len(line) == seat.app.size.width, (where, line)


async def test_no_screen_holds_an_unsafe_character(tmp_path: Path) -> None:
    LoudRun(loud.lesson(tmp_path))
    async with seated(lessons=tmp_path) as seat:
        await seat.see("Masked")
        look(seat, "home")
        await seat.press("u")
        await seat.see("Begun")
        await seat.pilot.pause(0.3)
        look(seat, "runs")
        seat.app.push_screen(ConfirmScreen(f"Delete {SHOUT}\n\n{SHOUT}?", SHOUT))
        await seat.pilot.pause()
        look(seat, "confirm")
        await seat.press("escape", "escape")
        seat.app.open_tutorial("loud")
        await seat.see("Two ways")
        for page in range(1, 8):
            await seat.pilot.pause(0.1)
            look(seat, f"page {page}")
            for keys in OPENED.get(page, []):
                await seat.press(*keys)
                look(seat, f"page {page}, {keys}")
                await seat.press("escape")
                assert isinstance(seat.app.screen, TutorialScreen), keys
            await seat.press("n")
        seat.app.notify(SHOUT, title=SHOUT, markup=False)
        seat.app.screen.notify(str(Fault(SHOUT, SHOUT)), markup=False)
        seat.app.title = SHOUT
        await seat.pilot.pause(0.2)
        look(seat, "toasts")
