"""Guards that no text of a process shows a secret, in whatever form a library prints it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from deepdive.engine.common import masking
from deepdive.engine.common.files import last_lines

SECRET = "first-line/of+it\nand-a-second=line"


@pytest.mark.parametrize(
    "told",
    [
        SECRET,
        repr(SECRET),
        repr(SECRET.encode()),
        json.dumps({"detail": f"Illegal header value {SECRET.encode()!r}"}),
        quote(SECRET, safe=""),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        "only and-a-second=line",
    ],
)
def test_a_known_secret_shows_in_no_form(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_known", {SECRET: None})
    shown = masking.masked(told)
    assert "***" in shown
    assert "second" not in shown
    assert "line" not in shown


def test_an_unknown_key_is_known_by_its_shape_and_names_of_functions_stay(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "log").write_text("hf_" + "a1" * 17 + " in hf_hub_download_of_something via http://me:pass@proxy:1")
    assert last_lines(tmp_path / "log") == "*** in hf_hub_download_of_something via http://***@proxy:1"
