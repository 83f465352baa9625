"""Grading by a rubric: a chat model answers each criterion with a reason and yes, partly or no (1, 0.5, 0).

Zheng et al. 2023, "Judging LLM-as-a-Judge": the reason is asked for before the mark. Every item ends graded or failed
with its cause; none is dropped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, Literal

import openai
from pydantic import BaseModel, Field, ValidationError, create_model

Mark = Literal["yes", "partly", "no"]
WORTH: dict[str, float] = {"yes": 1.0, "partly": 0.5, "no": 0.0}
REPLY_TOKENS = 600
GARBAGE_TRIES = 2
HOPELESS = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)  # for every item alike
RULE = "You grade by a rubric. For each criterion first give the reason in one sentence, then the mark."


@dataclass(frozen=True)
class Verdict:
    """One item's grading: a score of 0 to 1 and a reason for each criterion; or why there is none (`failed`)."""

    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""


def answer_type(rubric: Mapping[str, str]) -> type[BaseModel]:
    """The structured answer: for each criterion {reason, mark}, its question as the description."""
    fields: dict[str, Any] = {}
    for name, question in rubric.items():
        criterion = create_model(name.title().replace(" ", ""), reason=(str, ...), mark=(Mark, ...))
        fields[name] = (criterion, Field(description=question))
    return create_model("Grading", **fields)


def ask(client: openai.OpenAI, model: str, rubric: Mapping[str, str], item: str) -> Verdict:
    """Grade one item. Raises what makes every further call hopeless: no right to ask, a retired model, a spend cap."""
    system = "\n".join([RULE, *(f"- {name}: {question}" for name, question in rubric.items())])
    messages = [{"role": "system", "content": system}, {"role": "user", "content": item}]
    cause = ""
    for _ in range(GARBAGE_TRIES):
        try:
            reply = client.chat.completions.parse(
                model=model,
                messages=messages,  # type: ignore[arg-type]
                response_format=answer_type(rubric),
                max_completion_tokens=REPLY_TOKENS,
                temperature=0,
            )
        except HOPELESS:
            raise
        except openai.APIError as error:  # after the client's own retries
            return Verdict(failed=_told(error))
        except (openai.LengthFinishReasonError, ValidationError, ValueError):
            cause = "the judge's answer was not in the form asked for"
            continue
        except openai.ContentFilterFinishReasonError:
            return Verdict(failed="the judge's provider filtered the answer")
        message = reply.choices[0].message
        if message.refusal:
            return Verdict(failed=f"the judge refused: {message.refusal}")
        if message.parsed is not None:
            given = message.parsed.model_dump()
            scores = {name: WORTH[answer["mark"]] for name, answer in given.items()}
            return Verdict(scores, {name: answer["reason"] for name, answer in given.items()})
        cause = "the judge's answer was empty"
    return Verdict(failed=f"{cause}, {GARBAGE_TRIES} times")


def _told(error: openai.APIError) -> str:
    if isinstance(error, openai.APITimeoutError):
        return "the judge did not answer in time"
    if isinstance(error, openai.RateLimitError):
        return "the judge's rate limit was not lifted in time"
    if isinstance(error, openai.APIConnectionError):
        return "the judge could not be reached"
    return f"the judge's server answered: {error.message}"


def grade(
    client: openai.OpenAI,
    model: str,
    rubric: Mapping[str, str],
    items: Sequence[str],
    loop: Callable[[Iterable[Future[Verdict]]], Iterable[Future[Verdict]]] = lambda answers: answers,
    at_once: int = 4,
) -> list[Verdict]:
    """Grade all items, a few at once, in their order. `loop` is told each answer as it comes (`lab.loop`).

    What makes every call hopeless ends the asking: the items not yet graded fail with that cause.
    """
    verdicts = [Verdict(failed="not asked")] * len(items)
    hopeless = ""
    with ThreadPoolExecutor(at_once) as pool:
        places = {pool.submit(ask, client, model, rubric, item): place for place, item in enumerate(items)}
        try:
            for answer in loop(as_completed(places)):
                if answer.cancelled():
                    continue
                try:
                    verdicts[places[answer]] = answer.result()
                except openai.OpenAIError as error:
                    hopeless = hopeless or str(error)
                    for waiting in places:
                        waiting.cancel()
        finally:
            for waiting in places:
                waiting.cancel()
    if hopeless:
        verdicts = [v if v.failed != "not asked" else Verdict(failed=hopeless) for v in verdicts]
    return verdicts


def score(values: Sequence[float], seed: int = 0, draws: int = 2000, level: float = 0.95) -> tuple[float, float, float]:
    """The mean of the graded items and its bootstrap interval (Efron 1979, percentile method): (mean, low, high)."""
    if not values:
        raise ValueError("nothing was graded")
    dice = random.Random(seed)
    n = len(values)
    means = sorted(sum(dice.choices(values, k=n)) / n for _ in range(draws))
    outside = (1 - level) / 2
    return sum(values) / n, means[int(outside * draws)], means[min(draws - 1, int((1 - outside) * draws))]
