"""A secret in memory."""

from __future__ import annotations


class Secret(str):
    """A token on its way into a library's argument: it does not show itself in a printed dictionary."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
