"""Fixtures that several tests of the engine share."""

from tests.support.loopback.fixtures import hub

__all__ = ["hub"]
