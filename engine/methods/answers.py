"""Reading what a learner answers to an exercise."""

from __future__ import annotations

import re
from collections.abc import Iterable

NUMBER = re.compile(r"(?:(?<!\d)-)?\d*\.?\d+(?:e[+-]?\d+)?", re.IGNORECASE)
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


def numbers(text: str, wanted: int) -> list[float]:
    """The numbers in an answer, [] if they are not as many as wanted.

    "273,312" is two numbers where two are wanted, else one.
    """
    for way in (text, THOUSANDS.sub("", text)):
        found = NUMBER.findall(way)
        if len(found) == wanted:
            return [float(number) for number in found]
    return []


def close(value: float, right: float, share: float = 0.01) -> bool:
    """Whether a value is right to within a share of what is right."""
    return abs(value - right) <= share * abs(right)


def listed(lines: Iterable[str]) -> str:
    """Lines numbered from 1."""
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
