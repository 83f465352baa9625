"""A judge's server that counts wrongly, answers in its own way, or is none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from tests.end_to_end.hostile.situation import Situation, World
from tests.support.laboratory import TOYS
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


def served(trouble: int | str, **options: Any) -> Callable[[World], object]:
    def arrange(world: World) -> None:
        answers = Judge(marks(customer="yes", agent="no"), always=trouble, key="none", **options)
        world.server = SERVERS.enter_context(serve(answers)).url

    return arrange


def asked(name: str, trouble: int | str, says: str, code: int = 1) -> Situation:
    """One worker serves them all, because their tutorials are the same."""
    words = "run judged grade --set 'judge={server} model=judge-1 prices=0,25'"
    return Situation(
        f"judge: {name}", words, says, code, served(trouble), {"DEEPDIVE_TUTORIALS": str(TOYS)}, worker=True
    )


SITUATIONS: tuple[Situation, ...] = (
    Situation("a judge without a count under a cap", "run mine grade --spend-cap 0.02", r"\d+ of 24 are graded; the spend cap of \$0.02 is reached.*Raise --spend-cap", 1, judge(usage={"completion_tokens": None}), worker=True, seconds=45),
    Situation("a judge that is a web page", "run mine grade", r"the judge grades nothing, so the rest of 24 is not asked; mostly the reply is a web page \(Sign in\).*--set ROLE=MODEL", 1, judge("page"), worker=True, seconds=45),
    asked("an error with status 200", "error", r"the judge grades nothing.*the model crashed"),
    asked("choices that are null", "no choices", r"the judge grades nothing"),
    asked("a stream unasked for", "stream", r"the judge grades nothing"),
    asked("an empty body", "nothing", r"the judge grades nothing"),
    asked("JSON of another kind", "other json", r"the judge grades nothing"),
    asked("brackets without end", "deep", r"the judge grades nothing"),
    asked("thoughts alone", "thoughts only", r"the judge grades nothing"),
    asked("words instead of marks", "not", r"the judge grades nothing"),
    asked("thoughts before the marks", "thoughts", r"✓ .*grade +done", 0),
    asked("marks in parts", "parts", r"✓ .*grade +done", 0),
    asked("the key is wrong", 401, r"key"),
    asked("no money", "quota", r"money|quota"),
    Situation("judge: nothing listens", "run judged grade --set 'judge=http://127.0.0.1:9/v1 model=m prices=0,0'", r"was not reached|can't be reached|Is it up", environment={"DEEPDIVE_TUTORIALS": str(TOYS)}, worker=True),
)  # fmt: skip
