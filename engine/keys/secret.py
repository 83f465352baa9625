"""A secret in memory."""

from __future__ import annotations

from typing import Self

from deepdive.engine.common import masking


class Secret(str):
    """A token on its way into a library's argument: it does not show itself in a printed dictionary, nor, once it was
    made, in anything else that its process tells."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        masking.remember(value)
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return "'***'"
