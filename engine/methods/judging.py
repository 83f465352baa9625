"""Grading by a rubric: a chat model answers each criterion with a reason and yes, partly or no (1, 0.5, 0).

Zheng et al. 2023, "Judging LLM-as-a-Judge": the reason is asked for before the mark. Every item ends graded or failed
with its cause; none is dropped.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import openai
from deepdive.engine.methods import replies
from pydantic import BaseModel, ConfigDict, create_model

Mark = Literal["yes", "partly", "no"]
WORTH: dict[str, float] = {"yes": 1.0, "partly": 0.5, "no": 0.0}
REPLY_TOKENS = 2000  # at most: a model that thinks first needs room
USUAL_TOKENS = 60  # of a reply, for each criterion
GARBAGE_TRIES = 2
FIRST = 5  # so many unusable answers and no other: then the judge is
FOREIGN = 3  # so many replies in a row that are no API's: then the address is wrong
ENOUGH = 0.9  # of the items: with fewer graded there is no score
FIRST_SECOND, LAST_SECOND = 1e9, 4e9  # of a reply's date: 2001 to 2096
OPTIONAL = ("temperature", "response_format")  # some servers refuse them; the form is asked for in words too
AWAY = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)  # after the client's own retries
RULE = "You grade by a rubric. For each criterion first give the reason in one sentence, then the mark."


@dataclass(frozen=True)
class Verdict:
    """One item's grading: a score of 0 to 1 and a reason for each criterion; or why there is none (`failed`).
    `judge` is the model that answered, by its own account, on `date`. `unusable`: the judge is no use, not this item;
    `foreign`: what answers is no chat API."""

    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""
    judge: str = ""
    date: str = ""
    unusable: bool = False
    foreign: bool = False

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
    """Grading ended before all was graded; `action` is what to do, where that is known. Replies that came are kept by a
    client of the laboratory."""

    action = ""


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
    asked, tries, verdict = dict(asked), 0, Verdict()
    while tries < GARBAGE_TRIES:
        try:
            raw = client.chat.completions.with_raw_response.create(**asked)
            verdict = read(raw.text, rubric)
        except openai.BadRequestError as error:
            refused = [name for name in OPTIONAL if name in asked and name in f"{error.param} {error.message}"]
            if not refused:
                return Verdict(failed=f"the judge's server answered: {error.message}", unusable=True)
            asked = {name: value for name, value in asked.items() if name not in refused}
            continue
        if not verdict.failed:
            return verdict
        if "x-deepdive-kept" not in raw.headers:
            tries += 1 if verdict.unusable else GARBAGE_TRIES
    return verdict


GARBAGE = "the judge's answer was not in the form asked for"


def read(body: str, rubric: Mapping[str, str]) -> Verdict:
    """The verdict that the body of a reply holds; of anything else one that failed."""
    reply = replies.opened(body)
    judge, date = reply.model, _day(reply.created)
    if reply.trouble:
        return Verdict({}, {}, reply.trouble, judge, date, not reply.declined, reply.foreign)
    for text in reply.texts:
        if given := replies.grading(text, rubric):
            scores = {name: WORTH[answer["mark"]] for name, answer in given.items()}
            return Verdict(scores, {name: answer["reason"] for name, answer in given.items()}, "", judge, date)
    said = replies.sample(reply.texts[-1])
    return Verdict({}, {}, f"{GARBAGE}: {said}" if said else GARBAGE, judge, date, unusable=True)


def _day(created: object) -> str:
    """Of the reply, a kept one has the day on which it was given. Some servers count thousandths of a second."""
    seconds = float(created) if isinstance(created, (int, float)) and FIRST_SECOND < created < 1e20 else time.time()
    while seconds > LAST_SECOND:
        seconds /= 1000
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def grade(
    client: openai.OpenAI,
    model: str,
    rubric: Mapping[str, str],
    items: Sequence[str],
    loop: Callable[[Any, str], Iterable[Any]] = lambda answers, what: answers,
    at_once: int = 4,
) -> list[Verdict]:
    """Grade all items, a few at once, in their order; of equal ones the first. `loop` is told each answer as it comes
    (`lab.loop`).

    Raises Unfinished where going on is hopeless: no right to ask, a retired model, a spend cap, a server that fails
    `at_once` times in a row, a judge that can't grade. What the replies so far said is asked for no second time by a
    client that keeps them.
    """
    different = list(dict.fromkeys(items))
    requests = [request(model, rubric, item) for item in different]
    if plan := getattr(client, "plan", None):
        plan(requests, USUAL_TOKENS * len(rubric))
    verdicts = dict.fromkeys(different, Verdict(failed="not asked"))
    away, came = 0, list[Verdict]()
    with ThreadPoolExecutor(at_once) as pool:
        places = {
            pool.submit(ask, client, asked, rubric): item for item, asked in zip(different, requests, strict=True)
        }
        try:
            for answer in loop(_AsTheyCome(places), "grading"):
                try:
                    verdicts[places[answer]] = verdict = answer.result()
                    away = 0
                    came.append(verdict)
                    if why := _useless(came):
                        raise _useless_judge(why, len(different))
                except Unfinished:
                    raise
                except openai.OpenAIError as error:
                    away += 1
                    if not isinstance(error, AWAY) or away >= min(at_once, len(different)) or _out_of_money(error):
                        done = sum(not verdict.failed for verdict in verdicts.values())
                        raise Unfinished(f"{done} of {len(different)} are graded") from error
                    verdicts[places[answer]] = Verdict(failed=f"the judge's server: {error}")
        finally:
            for waiting in places:
                waiting.cancel()
    return [verdicts[item] for item in items]


def _useless(came: Sequence[Verdict]) -> str:
    """Why there is no use in asking this judge more, by its answers so far."""
    last = came[-FOREIGN:]
    foreign = len(last) == FOREIGN and all(verdict.foreign for verdict in last)
    hopeless = len(came) >= FIRST and all(verdict.unusable for verdict in came)
    return commonest(came) if foreign or hopeless else ""


def commonest(verdicts: Iterable[Verdict]) -> str:
    """Why most of them failed, by the one that says it first."""
    kinds = [(verdict.failed.partition(":")[0], verdict.failed) for verdict in verdicts if verdict.failed]
    count = Counter(kind for kind, _ in kinds)
    return next((failed for kind, failed in kinds if kind == max(count, key=count.__getitem__)), "")


def _useless_judge(why: str, count: int) -> Unfinished:
    error = Unfinished(f"the judge grades nothing, so the rest of {count} is not asked; mostly {why}")
    error.action = "Is this the address of a chat API (it ends in /v1)? `--set ROLE=MODEL` names another judge"
    return error


def _out_of_money(error: openai.OpenAIError) -> bool:
    return isinstance(error, openai.RateLimitError) and error.code == "insufficient_quota"


@dataclass(frozen=True)
class _AsTheyCome:
    """Futures in the order of their answers, and how many they are."""

    futures: Mapping[Future[Verdict], str]

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

    The value is the mean over the items of the mean over `criteria` (all, or those named), times `out_of`. With `whole`
    a half mark counts nothing. What was not graded adds nothing to the value, and to the interval nothing or all; where
    that is more than a tenth there is no value, and the note says why.
    """
    graded = [verdict for verdict in verdicts if not verdict.failed]
    share = len(graded) / len(verdicts) if verdicts else 0.0
    judges, days = sorted({v.judge for v in graded}), sorted({v.date for v in graded})
    when = " to ".join(dict.fromkeys(days[:1] + days[-1:]))
    who = f"judge: {', '.join(judges)}, {when}; " if graded else ""
    told = f"{who}{len(graded)} of {len(verdicts)} graded"
    if share < ENOUGH:
        why = f"; mostly {commonest(verdicts)}" if verdicts else ""
        note = f"{told} ({share:.0%}): no score under {ENOUGH:.0%}{why}"
        return {"value": None, "low": None, "high": None, "n": len(graded), "note": note}
    names = [criteria] if isinstance(criteria, str) else list(criteria or graded[0].scores)
    worth: Callable[[float], float] = (lambda score: float(score == 1.0)) if whole else float
    values = [out_of * sum(worth(verdict.scores[name]) for name in names) / len(names) for verdict in graded]
    missing = len(verdicts) - len(graded)
    mean, low, high = bootstrap([*values, *[0.0] * missing], seed)
    note = f"{told}; 95 % bootstrap interval"
    if missing:
        high = bootstrap([*values, *[out_of] * missing], seed)[2]
        note += f", with the other {missing} as nothing and as all"
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
