"""`make pictures`: the README's pictures, drawn from real runs in a home of their own (about five minutes).

Each is a screenshot of the app on a screen of that size, taken while or after the page's step ran in a real worker.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from deepdive.tui.app import DeepApp
from deepdive.tui.house import House
from textual.pilot import Pilot

HERE = Path(__file__).parent
CELL = 12.2  # the width of a character in Rich's pictures
PATIENCE = 900.0  # seconds for a step on a busy machine


def text(app: DeepApp) -> str:
    """Everything on the screen in front."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(app: DeepApp, pilot: Pilot[None], pattern: str) -> None:
    """Wait until the screen shows `pattern`."""
    end = time.monotonic() + PATIENCE
    while not re.search(pattern, text(app)):
        if time.monotonic() > end:
            raise SystemExit(f"no {pattern!r} on this screen:\n{text(app)}")
        await pilot.pause(0.1)


async def draw(name: str, size: tuple[int, int], tutorial: str, page: int, moment: str) -> None:
    """Open a tutorial's page, answer its prediction, run its step, wait for the moment and take the picture."""
    app = DeepApp(House(), tutorial)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(app, pilot, "page 1 of")
        for _ in range(page - 1):
            await pilot.press("n")
        await until(app, pilot, f"page {page} of")
        await pilot.press("a", "enter", "r")
        await until(app, pilot, moment)
        await pilot.pause(1.0)
        (HERE / f"{name}.svg").write_text(portable(app.export_screenshot(title="Deep Dive")), encoding="utf-8")
        sys.stdout.write(f"{name}.svg\n")


def portable(svg: str) -> str:
    """Without fonts of another host, which no page loads inside a picture, and with blanks that every program keeps.

    Marks and dots stand in elements of their own: taken from another font they have another width."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: Fira Code,[^;]*;", "font-family: Fira Code, DejaVu Sans Mono, monospace;", svg)
    svg = re.sub(r'<text ([^>]*)x="([\d.]+)"([^>]*) textLength="[\d.]+"([^>]*)>([^<]*)</text>', _placed, svg)
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)


def _placed(text: re.Match[str]) -> str:
    before, x, between, after, content = text.groups()
    drawn, at = "", float(x)
    for piece in filter(None, re.split(r"([^\x00-\xff█])", html.unescape(content))):
        if piece.strip():
            length = f'x="{at:.1f}"{between} textLength="{CELL * len(piece):.1f}"'
            drawn += f"<text {before}{length}{after}>{html.escape(piece)}</text>"
        at += CELL * len(piece)
    return drawn


async def main() -> None:
    await draw("tutorial-120x36", (120, 36), "chapter2", 10, r"update (1[5-9]\d|2\d\d) of")
    await draw("tutorial-200x50", (200, 50), "chapter3-fewshot", 4, r"✓ done")


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="dd-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    os.environ |= {"DEEPDIVE_HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder), "HF_HUB_OFFLINE": "1"}
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        os.environ[variable] = str(folder / variable.lower())
    try:
        asyncio.run(main())
    finally:
        shutil.rmtree(folder)  # a worker without its socket ends by itself
