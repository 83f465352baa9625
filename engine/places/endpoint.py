"""OpenAI-compatible endpoints behind an ordinary `openai.OpenAI`: what a call costs is metered and capped, and every
reply is kept on arrival, so that grading which stopped half-way goes on without paying twice.

All of it happens in one place, the client's HTTP transport. Retries with back-off, `Retry-After` and timeouts are the
`openai` package's own.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from deepdive.engine.common import network
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.words import dollars
from deepdive.engine.places.meter import Budget, CapReached, Meter
from deepdive.engine.places.places import Endpoint, Report

RETRIES, TIMEOUT_SECONDS = 6, 120.0  # a local server on a CPU takes its time
LOOK_SECONDS = 5.0  # for the one question before the work: is the model there, and until when
USUAL_BYTES = 4  # of a token of English
MODELS_TOLD = 5
REPLY_TOKENS = 4096  # counted where a request sets no limit to its reply
NO_MODEL = re.compile(r"\bmodel\b.*(not found|not exist|no longer|deprecated)", re.IGNORECASE | re.DOTALL)
LOCAL = "local judge"
KEPT = "x-deepdive-kept"

Local = Callable[[list[dict[str, Any]]], Mapping[str, Any]]


class LocalJudgeFailed(openai.OpenAIError):
    """The local judge, a program, raised; the cause is its own exception."""


@dataclass
class Kept:
    """Replies by what was asked and for the how-manieth time, one JSON file each. The key is in none of them."""

    folder: Path
    key: str = ""
    asked: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def place(self, url: str, body: Mapping[str, Any], again: bool) -> Path:
        """`again`: the client repeats a request that failed, so it is no second question of the same words."""
        question = _question(url, body)
        with self.lock:
            self.asked[question] = self.asked.get(question, 0) + (0 if again else 1)
            return self.folder / f"{question}-{self.asked[question]}.json"

    def missing(self, url: str, bodies: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Of requests that are about to be sent those whose replies are not here."""
        times = dict(self.asked)
        away = []
        for body in bodies:
            question = _question(url, body)
            times[question] = times.get(question, 0) + 1
            if not (self.folder / f"{question}-{times[question]}.json").is_file():
                away.append(body)
        return away

    def keep(self, place: Path, reply: Mapping[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = place.with_suffix(".part")
        text = json.dumps(reply)
        beside.write_text(text.replace(self.key, "***") if self.key else text)
        os.replace(beside, place)


def _question(url: str, body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([url, body], sort_keys=True).encode()).hexdigest()[:24]


@dataclass
class Transport(httpx2.BaseTransport):
    """Asks the server, or in its place the local judge, unless the answer is here already."""

    inner: httpx2.Client | None  # none where a program answers
    meter: Meter
    kept: Kept
    local: Local | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "POST" or not request.url.path.endswith("/chat/completions"):
            assert self.inner is not None  # a local judge is only asked for chats
            return self.inner.send(request)
        raw = request.read()
        body = json.loads(raw)
        if self.local is not None:
            return httpx2.Response(200, json=_by_program(self.local, body), request=request)
        again = request.headers.get("x-stainless-retry-count", "0") != "0"
        place = self.kept.place(str(request.url), body, again)
        if place.is_file():
            return httpx2.Response(200, json=json.loads(place.read_text()), headers={KEPT: "yes"}, request=request)
        return self._ask(request, len(raw), body, place)

    def _ask(self, request: httpx2.Request, size: int, body: Mapping[str, Any], place: Path) -> httpx2.Response:
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        if limit is None and self.meter.prices and self.meter.budget.cap is not None:
            raise CapReached("under a spend cap a request must limit its reply: max_completion_tokens")
        most = size, int(limit or REPLY_TOKENS)  # no tokenizer makes more tokens than bytes
        reserved = self.meter.reserve(most)
        try:
            assert self.inner is not None
            response = self.inner.send(request)
        except httpx2.ReadTimeout:  # the server may have answered, and charged for it
            self.meter.settle(reserved, None, most)
            raise
        except BaseException:
            self.meter.release(reserved)
            raise
        reply = _reply(response)
        if response.status_code != 200:
            self.meter.release(reserved)
            if reply and _code(reply) == "insufficient_quota":  # waiting does not help
                response.headers["x-should-retry"] = "false"
        else:
            self.meter.settle(reserved, reply.get("usage") if reply else None, most)
            if reply and reply.get("choices"):
                self.kept.keep(place, reply)
        return response

    def close(self) -> None:
        if self.inner is not None:
            self.inner.close()


def _reply(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        reply = response.json()
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None


def _code(reply: Mapping[str, Any]) -> str:
    error = reply.get("error")
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _by_program(local: Local, body: Mapping[str, Any]) -> dict[str, Any]:
    """The local judge's answer in the form of a server's."""
    try:
        content = json.dumps(local(body["messages"]))
    except Exception as error:
        raise LocalJudgeFailed(f"the local judge failed: {type(error).__name__}: {error}") from error
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}
    head = {"id": "local", "object": "chat.completion", "created": int(time.time()), "model": LOCAL}
    return {**head, "choices": [choice]}


class Client(openai.OpenAI):
    """An ordinary client that can also be told what is about to be asked."""

    transport: Transport | None = None

    def plan(self, requests: Sequence[Mapping[str, Any]], reply_tokens: int) -> None:
        """Estimate the cost of these chat requests, with about `reply_tokens` each; kept ones cost nothing.

        Raises CapReached if that is more than what is left."""
        if self.transport is None or self.transport.local is not None:
            return
        away = self.transport.kept.missing(f"{str(self.base_url).rstrip('/')}/chat/completions", requests)
        self.transport.meter.plan([(len(json.dumps(body)) // USUAL_BYTES + 1, reply_tokens) for body in away])


def client(
    place: Endpoint,
    role: str,
    key: str | None,
    folder: Path,
    report: Report,
    budget: Budget | None = None,
    local: Local | None = None,
) -> Client:
    """A client for the endpoint; `folder` keeps the replies.

    `local` answers where the place says so, and where an endpoint wants a key and there is none: a function from the
    messages to the JSON of the reply. Raises Fault where nobody can answer, Refusal for a cap that can't be kept.
    """
    budget = budget or Budget()
    answering = local if place.local or (place.secret and key is None) else None
    if answering is None:
        _check(place, role, key, budget)
    else:
        report("note", {"text": _introduced(place, answering)})
    meter = Meter(role, LOCAL if answering else place.model, place.prices, budget, report)
    transport = Transport(
        _line(place.endpoint) if answering is None else None, meter, Kept(folder, key or ""), answering
    )
    made = Client(
        api_key=key or "none",
        base_url=place.endpoint,
        max_retries=RETRIES,
        timeout=TIMEOUT_SECONDS,
        http_client=httpx2.Client(transport=transport, timeout=TIMEOUT_SECONDS),
    )
    made.transport = transport
    if answering is None and (date := _until(made, place, role)):
        action = f"`--set {role}=MODEL` names another; all that is compared must be graded by the same"
        report("note", {"text": f"{place.model} is to be shut down on {date}.", "action": action})
    return made


def _line(url: str) -> httpx2.Client:
    """What carries requests to the server: this machine's own directly. Raises Fault for a variable that is wrong."""
    if _is_here(url):
        return httpx2.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
    network.check()
    return httpx2.Client(timeout=TIMEOUT_SECONDS)


def _check(place: Endpoint, role: str, key: str | None, budget: Budget) -> None:
    if place.local or (place.secret and key is None):
        raise Fault(
            f"{role} needs a key for {place.model} at {place.endpoint}, and there is none",
            f"`deepdive keys set {place.secret}` stores one; `--set {role}=http://...` names a server of your own",
        )
    if key is not None and place.endpoint.startswith("http://") and not _is_here(place.endpoint):
        raise Refusal(role, "a key is not sent over http, where others can read it", "https://...")
    if budget.cap is not None and budget.chosen and not place.prices:
        raise Refusal(
            "--spend-cap",
            f"the prices of {place.model} are not known, so a cap of {dollars(budget.cap)} could not be kept",
            f'`--set "{role}={place.model} prices=PROMPT,REPLY"`, in dollars for a million tokens; 0,0 for your own',
        )


def _is_here(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _introduced(place: Endpoint, local: Local) -> str:
    why = "" if place.local else f" There is no key for {place.model}, so a program stands in."
    criteria: Mapping[str, str] = getattr(local, "criteria", {})
    told = "; ".join(f"{name}: {words}" for name, words in criteria.items())
    return f"The {LOCAL} answers, which is a program and no model.{why}" + (f" Its criteria: {told}." if told else "")


def _until(client: openai.OpenAI, place: Endpoint, role: str) -> str | None:
    try:
        return retirement(client, place.model)
    except openai.NotFoundError as error:
        there = ", ".join(_models(client)[:MODELS_TOLD])
        raise Fault(
            f"{place.endpoint} has no model {place.model}; it may have been shut down",
            f"`--set {role}=MODEL` names another" + (f". It has {there}" if there else ""),
            error.message,
        ) from error


def _models(client: openai.OpenAI) -> list[str]:
    """The models that the server tells of."""
    try:
        listed = client.with_options(max_retries=0, timeout=LOOK_SECONDS).models.with_raw_response.list()
        return sorted(str(model["id"]) for model in json.loads(listed.text)["data"])
    except (openai.OpenAIError, ValueError, RecursionError, KeyError, TypeError):
        return []


def retirement(client: openai.OpenAI, model: str) -> str | None:
    """The date on which the server will shut the model down, where it tells one.

    Raises openai.NotFoundError for a model that is gone already; None where the server has no list of models.
    """
    try:
        told = client.with_options(max_retries=0, timeout=LOOK_SECONDS).models.with_raw_response.retrieve(model)
        date = json.loads(told.text).get("shutdown_date")
        return date if isinstance(date, str) else None
    except openai.NotFoundError as error:
        if error.code == "model_not_found" or NO_MODEL.search(error.message or ""):
            raise
        return None
    except (openai.OpenAIError, ValueError, RecursionError, AttributeError):  # no list of models, or none in this form
        return None


def explain(error: openai.OpenAIError) -> Fault:
    """What went wrong with an endpoint, and what to do."""
    again = "Run the step again: replies that came are kept, only the rest is asked"
    if isinstance(error.__cause__, openai.OpenAIError):  # grading that ended half-way, and what ended it
        inner = explain(error.__cause__)
        return Fault(f"{error}; {inner.cause}", inner.action, inner.detail)
    match error:
        case CapReached():
            return Fault(str(error), f"Raise --spend-cap, or grade less. {again}")
        case LocalJudgeFailed():
            return Fault(str(error), "Its last lines are below", "".join(traceback.format_exception(error.__cause__)))
        case openai.AuthenticationError():
            return Fault(f"the endpoint does not accept the key: {error.message}", "`deepdive keys check` asks it")
        case openai.PermissionDeniedError():
            return Fault(f"the key may not do this: {error.message}", "`deepdive keys check` tells what it may")
        case openai.NotFoundError():
            return Fault(f"the endpoint does not have it: {error.message}", "`--set ROLE=MODEL` names another model")
        case openai.APIStatusError() if error.status_code == 402 or error.code == "insufficient_quota":
            return Fault(f"the account has no money left: {error.message}", f"Top it up at the provider's. {again}")
        case openai.RateLimitError():
            return Fault(f"the rate limit was not lifted in time: {error.message}", f"Wait a while. {again}")
        case openai.APITimeoutError():
            return Fault(f"no answer in {TIMEOUT_SECONDS:g} s, several times", again)
        case openai.APIConnectionError():
            return Fault(f"the endpoint was not reached: {error.__cause__ or error.message}", f"Is it up? {again}")
        case openai.APIStatusError() if 300 <= error.status_code < 400:  # never followed: a key is for one address
            there = error.response.headers.get("location", "another address")
            return Fault(
                f"the endpoint sends on to {there}", "Where you trust it, point the role there: --set ROLE=URL"
            )
        case openai.APIError():
            return Fault(f"the endpoint answered: {error.message}", again)
    return Fault(str(error), getattr(error, "action", "") or again)
