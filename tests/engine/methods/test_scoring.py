"""Uncertainties and confusions worked out by hand."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from deepdive.engine.methods.scoring import confusion, interval, standard_error


def test_the_standard_error_is_that_of_the_mean_of_zeros_and_ones() -> None:
    right = torch.tensor([1.0] * 65 + [0.0] * 35)
    assert standard_error(0.65, 100) == pytest.approx((right.std(correction=0) / sqrt(100)).item())
    assert standard_error(1.0, 50) == 0


def test_an_interval_is_so_many_errors_wide_and_ends_at_0_and_1() -> None:
    assert interval(0.5, 100, 2) == pytest.approx((0.4, 0.6))
    assert interval(0.5, 100, 1.96) == pytest.approx((0.402, 0.598))
    assert interval(0.99, 100, 2) == (pytest.approx(0.97010, abs=1e-5), 1.0)
    assert interval(0.01, 100, 2) == (0.0, pytest.approx(0.02990, abs=1e-5))


def test_a_confusion_by_hand() -> None:
    truth, said = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 1, 1, 1, 0])
    cells = confusion(truth, said, ["no", "yes"])
    assert [(cell["truth"], cell["said"], cell["count"]) for cell in cells] == [
        *(("no", "no", 1), ("no", "yes", 1)),
        *(("yes", "no", 1), ("yes", "yes", 2)),
    ]
    assert [cell["cell"] for cell in cells] == ["no, no", "no, yes", "yes, no", "yes, yes"]
    assert sum(cell["count"] for cell in confusion(truth, said, list("abc"))) == 5
