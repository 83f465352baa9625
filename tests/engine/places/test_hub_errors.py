"""What the hub's client raises, in words."""

from __future__ import annotations

import pytest
from deepdive.engine.places.hub_errors import Wanted, explain, without_password


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(28, "No space left on device"), "disk is full"),
        (PermissionError(13, "Permission denied", "/cache/hub"), "/cache/hub may not be written"),
        (OSError("Consistency check failed: file should be of size 9"), "arrived incomplete"),
        (RuntimeError("Dataset scripts are no longer supported, but found x.py"), "loading script"),
        (ValueError("something new"), "could not be fetched"),
    ],
)
def test_an_error_below_others_is_found(error: Exception, cause: str) -> None:
    outer = FileNotFoundError("An error happened while trying to locate the file on the Hub")
    outer.__cause__ = error
    fault = explain(outer, Wanted("model", "a/b"))
    assert cause in fault.cause
    assert fault.action
    assert "FileNotFoundError" in fault.detail


def test_passwords_are_cut_from_addresses() -> None:
    assert without_password("at http://me:secret@proxy:3128/x") == "at http://proxy:3128/x"
