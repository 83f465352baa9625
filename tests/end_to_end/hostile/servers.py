"""A judge's server that counts wrongly, answers in its own way, or is none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from tests.end_to_end.hostile.situation import Situation, World
from tests.support.loopback.openai_server import Judge, marks, serve

SERVERS = contextlib.ExitStack()  # they serve until the tests end


def judge(trouble: int | str | None = None, **options: Any) -> Callable[[World], object]:
    """The toy `judged` as the learner's own, with a judge of this mood on loopback."""

    def arrange(world: World) -> None:
        server = SERVERS.enter_context(
            serve(Judge(marks(customer="yes", agent="no"), always=trouble, key="none", **options))
        )
        file = world.copied("judged", "mine") / "tutorial.toml"
        told = file.read_text().replace("https://api.openai.com/v1", server.url).replace(", local = true", "")
        file.write_text(told.replace('secret = "openai", ', ""))

    return arrange


def row(name: str, says: str, arrange: Callable[[World], object], code: int = 1, more: str = "") -> Situation:
    return Situation(f"a judge: {name}", f"run mine grade {more}".strip(), says, code, arrange, worker=True)


USELESS = r"the judge grades nothing, so the rest of 24 is not asked; mostly the "
SITUATIONS = (
    row("no count under a cap", r"\d+ of 24 are graded; the spend cap of \$0.02 is reached.*Raise --spend-cap", judge(usage={"completion_tokens": None}), more="--spend-cap 0.02"),
    row("a billion tokens", r"24 calls to judge-1 +[\d,]+ tokens +\$0.1", judge(usage=(100, 10**9)), 0),
    row("a list as its count", r"24 of 24 graded", judge(usage=[]), 0),
    row("thoughts before the answer", r"24 of 24 graded", judge("thoughts"), 0),
    row("the answer in a tool call", r"24 of 24 graded", judge("tool"), 0),
    row("a date in thousandths", r"judge: judge-1, 2026-11-18; 24 of 24 graded", judge("in thousandths"), 0),
    row("thoughts only", USELESS + r"judge only thought.*--set ROLE=MODEL", judge("thoughts only")),
    row("a web page", USELESS + r"reply is a web page \(Sign in\).*address of a chat API", judge("page")),
    row("a stream", USELESS + r"server sends a stream", judge("stream")),
    row("no choices", USELESS + r"reply has no choices", judge("no choices")),
    row("an error with 200", USELESS + r"server answered with an error: the model crashed", judge("error")),
    row("an empty reply", USELESS + r"reply is empty", judge("nothing")),
    row("words for an answer", USELESS + r"judge's answer was not in the form asked for: I would say yes", judge("garbage")),
    row("refuses all", r"0 of 24 graded \(0%\): no score under 90%; mostly the judge refused: I can't grade", judge("refusal"), 0),
    row("refuses some", r"21 of 24 graded \(88%\): no score under 90%", judge(troubles=["refusal"] * 3), 0),
    row("sends on to another host", r"sends on to http://judge.invalid.*--set ROLE=URL", judge("redirect")),
    row("no money left", r"the account has no money left: .*Top it up", judge(402)),
    row("another model", r"has no model judge-1.*It has qwen", judge(models={"qwen": None})),
)  # fmt: skip
