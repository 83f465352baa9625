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


# A worker takes over no tutorial of the learner's own, so each row starts one: what else servers do is in
# tests/engine/places/test_odd_servers.py.
SITUATIONS = (
    Situation("a judge without a count under a cap", "run mine grade --spend-cap 0.02", r"\d+ of 24 are graded; the spend cap of \$0.02 is reached.*Raise --spend-cap", 1, judge(usage={"completion_tokens": None}), worker=True, seconds=45),
    Situation("a judge that is a web page", "run mine grade", r"the judge grades nothing, so the rest of 24 is not asked; mostly the reply is a web page \(Sign in\).*--set ROLE=MODEL", 1, judge("page"), worker=True, seconds=45),
)  # fmt: skip
