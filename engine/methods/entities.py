"""Named entities as rows of tags: which words they span, and how well they were found.

A tag is a number, in the order of CoNLL-2003: 0 is O; of class c, which counts from 1, B- is 2c - 1 and I- is 2c.
"""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int, int]  # first word, word after the last, class


def spans(tags: Sequence[int]) -> set[Span]:
    """Where entities begin and end, by the tags of a sentence's words.

    An I- tag that continues nothing of its class counts for nothing (strict IOB2, as in seqeval's strict mode).
    """
    found: set[Span] = set()
    start = None
    for place, tag in enumerate([*tags, 0]):
        inside = tag > 0 and tag % 2 == 0
        if start is not None and not (inside and tag == tags[start] + 1):
            found.add((start, place, (tags[start] + 1) // 2))
            start = None
        if tag % 2:
            start = place
    return found


def f1(right: int, said: int, true: int) -> float:
    """Of precision (right of what was said) and recall (right of what is true); 0 where nothing is right."""
    return 2 * right / (said + true) if right else 0.0
