"""Guards the one cleaning of keys: what is pasted around one goes, what can't be one is refused by name."""

from __future__ import annotations

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.keys import finding

KEY = "sk-canary-abcdefgh"


@pytest.mark.parametrize(
    "pasted",
    [f'"{KEY}"', f"OPENAI_API_KEY={KEY}", f"export OPENAI_API_KEY='{KEY}'\n", f"\ufeff{KEY}\r\n", f"Bearer {KEY}"],
)
def test_what_is_pasted_around_a_key_goes(pasted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", pasted)
    assert finding.find(["openai"]) == {"openai": KEY}


@pytest.mark.parametrize("inside", ["\n", "\x1b", "\u200b", "é"])
def test_what_can_not_be_a_header_is_refused_by_its_variable(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"sk-canary{inside}abcdefgh")
    with pytest.raises(Refusal, match="OPENAI_API_KEY") as refusal:
        finding.find(["openai"])
    assert "canary" not in str(refusal.value)
    assert "OPENAI_API_KEY" in finding.survey().found["openai"].next
