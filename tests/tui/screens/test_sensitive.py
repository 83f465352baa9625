"""A step that shows what may hurt says so first: above the page's text, and in the list of pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.driving import seated
from tests.support.fake import LESSONS

SAID = "! This step shows stereotypes."


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """The little lesson, whose training shows stereotypes."""
    folder = tmp_path / "lessons"
    shutil.copytree(LESSONS / "little", folder / "little")
    toml = folder / "little" / "tutorial.toml"
    plain = toml.read_text()
    toml.write_text(plain.replace('id = "pretrain"\n', 'id = "pretrain"\nsensitive = "stereotypes"\n', 1))
    return folder


@pytest.mark.parametrize("size", ["narrow", "medium", "wide"])
async def test_it_stands_above_the_first_paragraph_and_on_that_page_only(lessons: Path, size: str) -> None:
    async with seated("little", size, lessons=lessons) as seat:
        await seat.press("n", "n", "n")
        assert SAID not in await seat.see("Blocks of 128 .*page 4 of 7")
        await seat.press("n")
        text = await seat.see("A network that has read nothing")
        head, said, paragraph = map(text.index, ("page 5 of 7", SAID, "A network that has read nothing"))
        assert head < said < paragraph
        await seat.press("n")
        await seat.see("Five lines to keep")
        assert SAID not in seat.text


async def test_the_page_is_marked_where_one_jumps_to_it(lessons: Path) -> None:
    async with seated("little", lessons=lessons) as seat:
        await seat.press("o")
        assert "! Fifty articles by heart" in await seat.see("jump to a page")
    async with seated("little", "wide", lessons=lessons) as seat:
        await seat.see("5 ! Fifty")


async def test_a_copied_page_begins_with_it(lessons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with seated("little", lessons=lessons) as seat:
        copied: list[str] = []
        monkeypatch.setattr(seat.app, "copy", copied.append)
        await seat.press("n", "n", "n", "n")
        await seat.see("A network that has read nothing")
        await seat.press("y")
        assert copied[0].startswith("This step shows stereotypes.")
