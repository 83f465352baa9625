"""The keys screen: set, checked, deleted, put back; what is typed is never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from deepdive.engine.common.services import SERVICES
from deepdive.engine.keys import finding
from deepdive.tui.screens.keys import SecretInput

from tests.support import secret_service
from tests.support.driving import Seat, seated
from tests.support.loopback.openai_server import Judge, marks, serve

KEY = "sk-canary-0123456789"
PASSPHRASE = "a few canary words"


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for entry in SERVICES.values():
        for variable in entry.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(finding, "_session", {})
    monkeypatch.setattr(finding, "_vaults", {})


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    with serve(Judge(marks(a="yes"), key=KEY)) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


async def opened(seat: Seat) -> None:
    """The keys screen, with the bar on OpenAI."""
    await seat.press("y")
    await seat.see("make one at platform.openai.com|…6789|locked|not checked")
    await seat.press("down")


async def typed(seat: Seat, text: str) -> None:
    """Type into the entry and look at the screen after each sign."""
    for sign in text:
        await seat.pilot.press({" ": "space", "-": "minus"}.get(sign, sign))
    await seat.pilot.pause()
    assert "canary" not in seat.text
    assert seat.app.screen.query_one(SecretInput).value == text
    await seat.press("enter")


@pytest.mark.parametrize("size", ["narrow", "medium", "wide"])
async def test_the_screen_says_what_each_key_is_for_and_where_a_new_one_goes(size: str) -> None:
    async with seated(size=size) as seat:
        await seat.press("y")
        text = await seat.see("This machine has no system keyring")
        for title in ("Hugging Face", "OpenAI", "Kaggle"):
            assert title in text
        assert text.count("○ not set") == 3
        assert "No key is needed at pocket scale. They are for the book's models and judges." in text
        assert "checked before stored" in text
        assert "this session only" in " ".join(text.split())


@pytest.mark.usefixtures("openai")
@pytest.mark.parametrize("size", ["narrow", "medium"])
async def test_a_key_is_checked_kept_for_the_session_deleted_and_put_back(size: str) -> None:
    async with seated(size=size) as seat:
        await opened(seat)
        await seat.press("enter")
        await typed(seat, KEY)
        text = await seat.see("✓ works", 20)
        assert "…6789" in text and "1 models" in text
        assert finding.find(["openai"]) == {"openai": KEY}
        await seat.press("x")
        await seat.see("Delete the key …6789 of OpenAI")
        await seat.press("enter")
        await seat.see("z puts it back")
        assert finding.find(["openai"]) == {}
        await seat.press("z")
        await seat.see("…6789")
        assert finding.find(["openai"]) == {"openai": KEY}
        assert "canary" not in seat.text


@pytest.mark.usefixtures("openai")
async def test_a_key_that_is_refused_is_not_stored() -> None:
    async with seated() as seat:
        await opened(seat)
        await seat.press("enter")
        await typed(seat, "sk-canary-wrong")
        await seat.see("nothing was stored", 20)
        assert finding.find(["openai"]) == {}
        assert "canary" not in seat.text


async def test_what_looks_like_another_services_key_is_said_at_once() -> None:
    async with seated() as seat:
        await opened(seat)
        await seat.press("enter")
        await typed(seat, "hf_canary")
        await seat.see("looks like a key of Hugging Face")


async def test_what_is_typed_can_be_put_away_and_not_copied() -> None:
    async with seated() as seat:
        await opened(seat)
        await seat.press("enter")
        for sign in "canary":
            await seat.pilot.press(sign)
        entry = seat.app.screen.query_one(SecretInput)
        entry.action_select_all()
        await seat.press("ctrl+c")
        await seat.press("ctrl+x")
        assert entry.value == "canary"
        assert seat.app.clipboard == ""
        await seat.press("escape")
        assert entry.value == ""
        assert type(seat.app.screen).__name__ == "KeysScreen"


@pytest.mark.usefixtures("openai")
async def test_an_encrypted_file_asks_its_passphrase_first() -> None:
    async with seated() as seat:
        await opened(seat)
        await seat.press("w")
        await seat.see("an encrypted file")
        await seat.press("enter")
        await typed(seat, KEY)
        await seat.see("Passphrase")
        await typed(seat, PASSPHRASE)
        await seat.see("Once more")
        await typed(seat, "a few others")
        await seat.see("the two are not the same")
        for question in ("Passphrase", "Once more"):
            await seat.see(question)
            await typed(seat, PASSPHRASE)
        await seat.see("New value")
        await seat.press("enter")
        await typed(seat, KEY)
        await seat.see("stored in an encrypted file", 20)
    finding._vaults.clear()  # the next session
    async with seated() as seat:
        await opened(seat)
        await seat.see("locked: give its passphrase")
        await seat.press("p")
        await typed(seat, "not the words")
        await seat.see("that is not the passphrase")
        await seat.press("escape", "p")
        await typed(seat, PASSPHRASE)
        await seat.see("…6789", 20)
    assert finding.find(["openai"]) == {"openai": KEY}


@pytest.mark.usefixtures("openai")
async def test_with_a_system_keyring_a_key_goes_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_service.require()
    with secret_service.running(tmp_path / "keyring") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        async with seated() as seat:
            await opened(seat)
            await seat.see(r"system keyring \(SecretService\)")
            await seat.press("enter")
            await typed(seat, KEY)
            await seat.see("stored in the system keyring", 20)
            await seat.see("✓ works")
        assert finding.survey().found["openai"].where == "keyring"
