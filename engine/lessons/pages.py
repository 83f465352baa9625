"""The directives in a page of a lesson: where a step, an exercise or a prediction stands, and what the reader measured.

{{step ID}}  {{exercise ID}}  {{predict ID}}     alone on a line
{{figure NAME}}                                  the reader's own value, a dash before the run; NAME may be an
                                                 expression as in a claim: accuracy(method='prompt', k=16)
{{held CLAIM: words if it held | words if not}}  CLAIM is the beginning of the claim's text
"""

from __future__ import annotations

import re
from collections.abc import Mapping

DIRECTIVE = re.compile(r"\{\{\s*(step|exercise|predict|figure|held)\s+([^{}]+?)\s*\}\}")
PLAIN_NAME = re.compile(r"[\w ]+")  # of a figure; anything else is an expression
NOT_MEASURED = "–"


def directives(text: str) -> list[tuple[str, str, int]]:
    """Every directive as (kind, argument, line), in order."""
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        found += [(match.group(1), match.group(2), number) for match in DIRECTIVE.finditer(line)]
    return found


def substitute(text: str, figures: Mapping[str, str], held: Mapping[str, bool | None]) -> str:
    """The page with its inline directives replaced; those of steps, exercises and predictions stay."""

    def put(match: re.Match[str]) -> str:
        kind, argument = match.group(1), match.group(2)
        if kind == "figure":
            return figures.get(argument, NOT_MEASURED)
        if kind == "held":
            claim, _, words = argument.partition(":")
            yes, _, no = words.partition("|")
            outcome = next((value for text, value in held.items() if text.startswith(claim.strip())), None)
            return {True: yes.strip(), False: no.strip(), None: ""}[outcome]
        return match.group(0)

    return DIRECTIVE.sub(put, text)
