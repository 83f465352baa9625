"""Numbers in little room: labels of ticks, measured values."""

from __future__ import annotations

import math

import pytest
from deepdive.tui.shown.readings import label, reading


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0, 2, "0"),
        (0.5, 0.1, "0.5"),
        (1, 0.1, "1.0"),
        (0, 0.1, "0.0"),
        (2000, 500, "2,000"),
        (20000, 5000, "20k"),
        (1.5e6, 5e5, "1.5M"),
        (1e-5, 1e-5, "1e-5"),
        (0.05, 0.05, "0.05"),
    ],
)
def test_labels(value: float, step: float, text: str) -> None:
    assert label(value, step) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.913, "2.91"),
        (0.61, "0.61"),
        (0.0018, "0.0018"),
        (1234.5, "1,234"),
        (None, "–"),
        (math.nan, "–"),
        (0, "0"),
        (3e-5, "3.00e-5"),
    ],
)
def test_readings(value: float | None, text: str) -> None:
    assert reading(value) == text
