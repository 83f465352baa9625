"""Reads a passage by the rules of the language, without a model."""

import re


def answer(passage: str, asked: str) -> int:
    """By the rules of the language: the place that the passage names for the thing of the question."""
    where = dict(re.findall(r"(\w+)(?: is| lies)? in the (\w+)", passage))
    *_, thing, _, _, place = asked.split()
    return int(where[thing] == place)
