"""The tables hold distributions."""

import pytest
from deepdive.tutorials.pocket.making import tables


@pytest.mark.parametrize(
    "shares", [*tables.CONTAINERS.values(), tables.LIFE, tables.LIFE_ALONE, tables.PRAISE, tables.OPINIONS]
)
def test_tables_are_distributions(shares: dict[str, float]):
    assert sum(shares.values()) == pytest.approx(1)
