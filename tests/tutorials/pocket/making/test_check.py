"""How far two distributions are apart."""

import pytest
from deepdive.tutorials.pocket.making.check import total_variation


def test_total_variation():
    assert total_variation({"a": 1.0}, {"a": 1.0}) == 0
    assert total_variation({"a": 1.0}, {"b": 1.0}) == 1
    assert total_variation({"a": 0.5}, {"a": 0.5, "b": 0.5}) == pytest.approx(0.5)
