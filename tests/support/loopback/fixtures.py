"""pytest fixtures for what listens on loopback; `pytest_plugins` or an import in a conftest makes them known."""

from collections.abc import Iterator

import pytest

from tests.support.loopback.hub import Hub
from tests.support.loopback.world import built


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    """A hub with tiny models and data under the real ids.

    Clients read HF_ENDPOINT at import: give `hub.environment(home)` to a subprocess."""
    with Hub(built()) as running:
        yield running
