"""Grading by a rubric: a chat model answers each criterion with a reason and yes, partly or no (1, 0.5, 0).

Zheng et al. 2023, "Judging LLM-as-a-Judge": the reason is asked for before the mark. Every item ends graded or failed
with its cause; none is dropped.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import openai
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

Mark = Literal["yes", "partly", "no"]
WORTH: dict[str, float] = {"yes": 1.0, "partly": 0.5, "no": 0.0}
REPLY_TOKENS = 2000  # at most: a model that thinks first needs room
USUAL_TOKENS = 60  # of a reply, for each criterion
GARBAGE_TRIES = 2
OPTIONAL = ("temperature", "response_format")  # some servers refuse them; the form is asked for in words too
AWAY = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)  # after the client's own retries
RULE = "You grade by a rubric. For each criterion first give the reason in one sentence, then the mark."


@dataclass(frozen=True)
class Verdict:
    """One item's grading: a score of 0 to 1 and a reason for each criterion; or why there is none (`failed`).
    `judge` is the model that answered, by its own account, on `date`."""

    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""
    judge: str = ""
    date: str = ""

    def row(self) -> dict[str, str]:
        """As cells of a table: a mark and a reason for each criterion."""
        marks = {worth: mark for mark, worth in WORTH.items()}
        cells: dict[str, str] = {}
        for name, score in self.scores.items():
            cells |= {name: marks[score], f"{name}: why": self.reasons[name]}
        return cells | {"judge": self.judge, "not graded": self.failed}


@dataclass(frozen=True)
class Local:
    """A judge that is a program. `check` marks an item: for each criterion (mark, reason); `criteria` say in words
    how."""

    check: Callable[[str], Mapping[str, tuple[str, str]]]
    criteria: Mapping[str, str]

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        marks = self.check(messages[-1]["content"])
        return {name: {"reason": reason, "mark": mark} for name, (mark, reason) in marks.items()}


class Unfinished(openai.OpenAIError):
    """Grading ended before all was graded. Replies that came are kept by a client of the laboratory."""


def answer_type(rubric: Mapping[str, str]) -> type[BaseModel]:
    """The structured answer: for each criterion {reason, mark}, its question as the description."""
    return _answer_type(tuple(rubric.items()))


@lru_cache
def _answer_type(rubric: tuple[tuple[str, str], ...]) -> type[BaseModel]:
    strict = ConfigDict(extra="forbid")
    fields: dict[str, Any] = {}
    for name, question in rubric:
        title = name.title().replace(" ", "")
        answer = create_model(title, __config__=strict, __doc__=question, reason=(str, ...), mark=(Mark, ...))
        fields[name] = (answer, ...)
    return create_model("Grading", __config__=strict, **fields)


def request(model: str, rubric: Mapping[str, str], item: str) -> dict[str, Any]:
    """What `chat.completions.create` takes."""
    criteria = [f"- {name}: {question}" for name, question in rubric.items()]
    form = ", ".join(f'"{name}": {{"reason": "...", "mark": "yes, partly or no"}}' for name in rubric)
    system = "\n".join([RULE, *criteria, f"Answer with this JSON and nothing else: {{{form}}}"])
    schema = {"name": "grading", "strict": True, "schema": answer_type(rubric).model_json_schema()}
    return {
        "model": model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": item}],
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_completion_tokens": REPLY_TOKENS,
        "temperature": 0,
    }


def ask(client: openai.OpenAI, asked: Mapping[str, Any], rubric: Mapping[str, str]) -> Verdict:
    """Grade one item. Raises what the server's state is to blame for: then other items would fare no better.

    A kept answer that was no grading is not held against the judge: it is asked anew.
    """
    asked, tries, failed = dict(asked), 0, Verdict()
    while tries < GARBAGE_TRIES:
        try:
            raw = client.chat.completions.with_raw_response.create(**asked)
            verdict = read(raw.parse(), rubric)
        except openai.BadRequestError as error:
            refused = [name for name in OPTIONAL if name in asked and name in f"{error.param} {error.message}"]
            if not refused:
                return Verdict(failed=f"the judge's server answered: {error.message}")
            asked = {name: value for name, value in asked.items() if name not in refused}
            continue
        except (openai.APIResponseValidationError, ValueError):
            raw, verdict = None, Verdict(failed=f"{GARBAGE}, {GARBAGE_TRIES} times")
        if not verdict.failed:
            return verdict
        failed = verdict
        if raw is None or "x-deepdive-kept" not in raw.headers:
            tries += 1 if GARBAGE in verdict.failed else GARBAGE_TRIES
    return failed


GARBAGE = "the judge's answer was not in the form asked for"


def read(reply: Any, rubric: Mapping[str, str]) -> Verdict:
    """The verdict that a chat completion holds; of anything else one that failed."""
    judge, date = str(getattr(reply, "model", "")), _day(getattr(reply, "created", None))
    choice = next(iter(getattr(reply, "choices", None) or []), None)
    message = getattr(choice, "message", None)
    if refusal := getattr(message, "refusal", None):
        return Verdict(failed=f"the judge refused: {refusal}", judge=judge, date=date)
    if getattr(choice, "finish_reason", "") == "content_filter":
        return Verdict(failed="the judge's provider filtered the answer", judge=judge, date=date)
    text = getattr(message, "content", None) or ""
    inner = text[text.find("{") : text.rfind("}") + 1]  # some put the JSON between words or fences
    try:
        given = answer_type(rubric).model_validate_json(inner, extra="ignore").model_dump()
    except ValidationError:
        return Verdict(failed=f"{GARBAGE}, {GARBAGE_TRIES} times", judge=judge, date=date)
    scores = {name: WORTH[answer["mark"]] for name, answer in given.items()}
    return Verdict(scores, {name: answer["reason"] for name, answer in given.items()}, "", judge, date)


def _day(created: object) -> str:
    """Of the reply: a kept one has the day on which it was given."""
    seconds = created if isinstance(created, int) and created > 0 else time.time()
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def grade(
    client: openai.OpenAI,
    model: str,
    rubric: Mapping[str, str],
    items: Sequence[str],
    loop: Callable[[Any, str], Iterable[Any]] = lambda answers, what: answers,
    at_once: int = 4,
) -> list[Verdict]:
    """Grade all items, a few at once, in their order. `loop` is told each answer as it comes (`lab.loop`).

    Raises Unfinished where going on is hopeless: no right to ask, a retired model, a spend cap, a server that fails
    `at_once` times in a row. What the replies so far said is asked for no second time by a client that keeps them.
    """
    requests = [request(model, rubric, item) for item in items]
    if plan := getattr(client, "plan", None):
        plan(requests, USUAL_TOKENS * len(rubric))
    verdicts = [Verdict(failed="not asked")] * len(items)
    away = 0
    with ThreadPoolExecutor(at_once) as pool:
        places = {pool.submit(ask, client, asked, rubric): place for place, asked in enumerate(requests)}
        try:
            for answer in loop(_AsTheyCome(places), "grading"):
                try:
                    verdicts[places[answer]] = answer.result()
                    away = 0
                except openai.OpenAIError as error:
                    away += 1
                    if not isinstance(error, AWAY) or away >= min(at_once, len(items)) or _out_of_money(error):
                        done = sum(not verdict.failed for verdict in verdicts)
                        raise Unfinished(f"{done} of {len(items)} are graded") from error
                    verdicts[places[answer]] = Verdict(failed=f"the judge's server: {error}")
        finally:
            for waiting in places:
                waiting.cancel()
    return verdicts


def _out_of_money(error: openai.OpenAIError) -> bool:
    return isinstance(error, openai.RateLimitError) and error.code == "insufficient_quota"


@dataclass(frozen=True)
class _AsTheyCome:
    """Futures in the order of their answers, and how many they are."""

    futures: Mapping[Future[Verdict], int]

    def __len__(self) -> int:
        return len(self.futures)

    def __iter__(self) -> Iterator[Future[Verdict]]:
        return as_completed(self.futures)


def score(
    verdicts: Sequence[Verdict],
    criteria: str | Sequence[str] | None = None,
    out_of: float = 1.0,
    whole: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """What `lab.measure` takes: value, its interval, n, and a note that names judge, day and how many were graded.

    The value is the mean over the graded items of the mean over `criteria` (all, or those named), times `out_of`. With
    `whole` a half mark counts nothing. Raises ValueError if nothing was graded.
    """
    graded = [verdict for verdict in verdicts if not verdict.failed]
    if not graded:
        raise ValueError("nothing was graded")
    names = [criteria] if isinstance(criteria, str) else list(criteria or graded[0].scores)
    worth: Callable[[float], float] = (lambda score: float(score == 1.0)) if whole else float
    values = [out_of * sum(worth(verdict.scores[name]) for name in names) / len(names) for verdict in graded]
    mean, low, high = bootstrap(values, seed)
    judges, days = sorted({v.judge for v in graded}), sorted({v.date for v in graded})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    note = f"judge: {', '.join(judges)}, {when}; {len(graded)} of {len(verdicts)} graded; 95 % bootstrap interval"
    return {"value": mean, "low": low, "high": high, "n": len(graded), "note": note}


def bootstrap(
    values: Sequence[float], seed: int = 0, draws: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """The mean and its bootstrap interval (Efron 1979, percentile method): (mean, low, high)."""
    dice = random.Random(seed)
    n = len(values)
    means = sorted(sum(dice.choices(values, k=n)) / n for _ in range(draws))
    outside = (1 - level) / 2
    return sum(values) / n, means[int(outside * draws)], means[min(draws - 1, int((1 - outside) * draws))]
