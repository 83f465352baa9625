"""Fixtures that several tests of the engine share."""

from tests.loopback.fixtures import hub

__all__ = ["hub"]
