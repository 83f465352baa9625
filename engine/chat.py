"""OpenAI-compatible endpoints behind an ordinary `openai.OpenAI`: what a call costs is metered and capped, and every
reply is kept on arrival, so that grading which stopped half-way goes on without paying twice.

All of it happens in one place, the client's HTTP transport, which `chat.completions.parse` goes through too. Retries
with back-off, `Retry-After` and timeouts are the `openai` package's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import openai

from .resources import Endpoint

RETRIES, TIMEOUT_SECONDS = 5, 60.0
BYTES_PER_TOKEN = 3  # fewer than English needs: what a call may cost is never estimated too low
REPLY_TOKENS = 4096  # counted where a request sets no limit to its reply
MILLION = 1_000_000

Report = Callable[[str, dict[str, Any]], None]
Offline = Callable[[list[dict[str, Any]]], Mapping[str, Any]]


class CapReached(openai.OpenAIError):
    """The next call could cost more than what is left. The client raises it as it is, without another try."""


@dataclass
class Meter:
    """What the calls of one role have cost, in US dollars. The cap holds with several calls at once, because a call
    reserves the most that it can cost before it is sent."""

    role: str
    model: str
    prices: tuple[float, ...]  # dollars for a million tokens: of the prompt, of the reply; empty: not known
    cap: float | None
    report: Report
    planned: int = 0  # calls that are expected in all
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    estimate: float | None = None
    reserved: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def price(self, prompt: int, reply: int) -> float:
        return (prompt * self.prices[0] + reply * self.prices[1]) / MILLION if self.prices else 0.0

    def reserve(self, prompt: int, reply: int) -> float:
        """Set the most that a call can cost aside. Raises CapReached, before anything is sent."""
        most = self.price(prompt, reply)
        with self.lock:
            if self.estimate is None and self.planned and self.prices:
                self.estimate = most * self.planned
                self.tell()
            if self.cap is not None and (self.estimate or 0.0) > self.cap:
                raise CapReached(
                    f"{self.planned} calls to {self.model} cost at most ${self.estimate:.2f}; "
                    f"the spend cap is ${self.cap:.2f}"
                )
            if self.cap is not None and self.cost + self.reserved + most > self.cap:
                raise CapReached(
                    f"the spend cap of ${self.cap:.2f} is reached: ${self.cost:.4f} spent in {self.calls} calls"
                )
            self.reserved += most
        return most

    def settle(self, reserved: float, usage: Mapping[str, Any] | None, most: tuple[int, int]) -> None:
        """A call came back: its tokens as the server counts them, else the most that they can have been."""
        prompt, reply = most
        if usage is not None:
            prompt, reply = (int(usage.get(key) or 0) for key in ("prompt_tokens", "completion_tokens"))
        with self.lock:
            self.reserved -= reserved
            self.calls += 1
            self.tokens += prompt + reply
            self.cost += self.price(prompt, reply)
            self.tell()

    def release(self, reserved: float) -> None:
        """A call that the server did not answer costs nothing."""
        with self.lock:
            self.reserved -= reserved

    def tell(self) -> None:
        fields = {"role": self.role, "model": self.model, "calls": self.calls, "tokens": self.tokens}
        self.report("spend", {**fields, "cost": self.cost, "estimate": self.estimate, "cap": self.cap})


@dataclass
class Kept:
    """Replies by what was asked and for the how-manieth time, one JSON file each."""

    folder: Path
    asked: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def place(self, url: str, body: bytes, again: bool) -> Path:
        """`again`: the client repeats a request that failed, so it is no second question of the same words."""
        words = json.dumps([url, json.loads(body)], sort_keys=True)
        question = hashlib.sha256(words.encode()).hexdigest()[:24]
        with self.lock:
            self.asked[question] = self.asked.get(question, 0) + (0 if again else 1)
            return self.folder / f"{question}-{self.asked[question]}.json"

    def keep(self, place: Path, reply: Mapping[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = place.with_suffix(".part")
        beside.write_text(json.dumps(reply))
        os.replace(beside, place)


@dataclass
class Transport(httpx2.BaseTransport):
    """Asks the server, or offline the local judge, unless the answer is here already."""

    inner: httpx2.BaseTransport
    meter: Meter
    kept: Kept
    offline: Offline | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "POST" or not request.url.path.endswith("/chat/completions"):
            return self.inner.handle_request(request)
        body = request.read()
        again = request.headers.get("x-stainless-retry-count", "0") != "0"
        place = self.kept.place(str(request.url), body, again)
        if place.is_file():
            return httpx2.Response(200, json=json.loads(place.read_text()), request=request)
        if self.offline is not None:
            reply = completion(self.meter.model, self.offline(json.loads(body)["messages"]))
            self.kept.keep(place, reply)
            return httpx2.Response(200, json=reply, request=request)
        return self._ask(request, body, place)

    def _ask(self, request: httpx2.Request, body: bytes, place: Path) -> httpx2.Response:
        asked = json.loads(body)
        limit = asked.get("max_completion_tokens") or asked.get("max_tokens")
        if limit is None and self.meter.cap is not None:
            raise CapReached("under a spend cap a request must limit its reply: max_completion_tokens")
        most = len(body) // BYTES_PER_TOKEN + 1, int(limit or REPLY_TOKENS)
        reserved = self.meter.reserve(*most)
        try:
            response = self.inner.handle_request(request)
            response.read()
        except httpx2.ReadTimeout:  # the server may have answered, and charged for it
            self.meter.settle(reserved, None, most)
            raise
        except BaseException:
            self.meter.release(reserved)
            raise
        reply = _reply(response)
        if response.status_code != 200:
            self.meter.release(reserved)
        else:
            self.meter.settle(reserved, reply.get("usage") if reply else None, most)
            if reply and reply.get("choices"):
                self.kept.keep(place, reply)
        return response

    def close(self) -> None:
        self.inner.close()


def _reply(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        reply = response.json()
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None


def completion(model: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A reply in the form of a server's, with `content` as its JSON."""
    message = {"role": "assistant", "content": json.dumps(content), "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}
    return {"id": "local", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}


def client(
    place: Endpoint,
    role: str,
    key: str | None,
    folder: Path,
    report: Report,
    *,
    cap: float | None = None,
    planned: int = 0,
    offline: Offline | None = None,
) -> openai.OpenAI:
    """A client for the endpoint; `folder` keeps the replies.

    With `offline` and no key for an endpoint that wants one, the local judge answers: a function from the messages to
    the JSON of the reply. A cap without known prices is refused, because it could not be kept: raises ValueError.
    """
    local = offline if place.secret and key is None else None
    if cap is not None and not place.prices and local is None:
        raise ValueError(f"the prices of {place.model} are not known, so a cap of ${cap:.2f} could not be kept")
    meter = Meter(role, "local judge" if local else place.model, place.prices, cap, report, planned)
    transport = Transport(httpx2.HTTPTransport(), meter, Kept(folder), local)
    return openai.OpenAI(
        api_key=key or "none",
        base_url=place.endpoint,
        max_retries=RETRIES,
        timeout=TIMEOUT_SECONDS,
        http_client=httpx2.Client(transport=transport, timeout=TIMEOUT_SECONDS),
    )


def retirement(client: openai.OpenAI, model: str) -> str | None:
    """The date on which the server will shut the model down, where it tells one.

    Raises openai.NotFoundError for a model that is gone already; None where the server has no list of models.
    """
    try:
        return client.models.retrieve(model).shutdown_date
    except openai.NotFoundError as error:
        if "model" in (error.message or "").lower():
            raise
        return None
    except openai.OpenAIError:
        return None
