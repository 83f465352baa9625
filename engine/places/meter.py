"""What calls to paid endpoints cost: an estimate before, the count during, and a cap that holds."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai
from deepdive.engine.common.words import dollars
from deepdive.engine.places.places import Report

MILLION = 1_000_000
DEFAULT_CAP = 5.0  # US dollars, of a run whose learner has set none
TRUSTED_CALLS = 5  # so many calls must be paid before their mean says more than the estimate

Tokens = tuple[int, int]  # of the prompt, of the reply


def counted(usage: Any, most: Tokens) -> Tokens:
    """A server's count of tokens. What it can't be (none, below 1, above what was sent and asked for, no whole number)
    counts as the most that it can have been."""
    told = usage if isinstance(usage, Mapping) else {}
    prompt, reply = (told.get(name) for name in ("prompt_tokens", "completion_tokens"))
    return _within(prompt, most[0]), _within(reply, most[1])


def _within(told: Any, most: int) -> int:
    return told if type(told) is int and 0 < told <= most else most


class CapReached(openai.OpenAIError):
    """The next call could cost more than what is left. The client raises it as it is, without another try."""


@dataclass
class Budget:
    """US dollars of one run, for all of its roles. The cap holds with several calls at once, because a call reserves
    the most that it can cost before it is sent. `chosen`: the cap is the learner's own wish."""

    cap: float | None = None
    chosen: bool = True
    spent: float = 0.0
    reserved: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fits(self, amount: float) -> bool:
        """Whether so much more stays under the cap: what is free always does."""
        return not amount or self.cap is None or self.spent + self.reserved + amount <= self.cap


@dataclass
class Meter:
    """What the calls of one role have cost, in US dollars."""

    role: str
    model: str
    prices: tuple[float, ...]  # dollars for a million tokens: of the prompt, of the reply; empty: not known
    budget: Budget
    report: Report
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    planned: int = 0  # calls that are still to come
    expected: float = 0.0  # what one of them is expected to cost

    def price(self, tokens: Tokens) -> float:
        return (tokens[0] * self.prices[0] + tokens[1] * self.prices[1]) / MILLION if self.prices else 0.0

    @property
    def estimate(self) -> float | None:
        """What it will have cost in the end; None where nothing was planned or the prices are not known."""
        if not self.prices or not (self.planned or self.calls) or not self.expected:
            return None
        each = self.cost / self.calls if self.calls >= TRUSTED_CALLS else self.expected
        return self.cost + each * self.planned

    def plan(self, calls: Sequence[Tokens]) -> None:
        """Tell what these calls are expected to cost. Raises CapReached, before anything is sent."""
        with self.budget.lock:
            self.planned = len(calls)
            self.expected = sum(map(self.price, calls)) / len(calls) if calls else 0.0
            self.tell()
            if not self.budget.fits(wanted := self.expected * self.planned):
                raise CapReached(
                    f"{self.planned} calls to {self.model} cost about {dollars(wanted)}, "
                    f"{dollars(self.budget.spent)} are spent, and the spend cap is {dollars(self.budget.cap or 0.0)}"
                )

    def reserve(self, most: Tokens) -> float:
        """Set the most that a call can cost aside. Raises CapReached, before it is sent."""
        amount = self.price(most)
        with self.budget.lock:
            if not self.budget.fits(amount):
                raise CapReached(
                    f"the spend cap of {dollars(self.budget.cap or 0.0)} is reached: {dollars(self.budget.spent)} are "
                    f"spent, and one more call to {self.model} can cost {dollars(amount)}"
                )
            self.budget.reserved += amount
        return amount

    def settle(self, reserved: float, usage: Any, most: Tokens) -> None:
        """A call came back: its tokens as the server counts them, where it can have been so many."""
        tokens = counted(usage, most)
        with self.budget.lock:
            cost = self.price(tokens)
            self.budget.reserved -= reserved
            self.budget.spent += cost
            self.calls += 1
            self.tokens += sum(tokens)
            self.cost += cost
            self.planned = max(0, self.planned - 1)
            self.tell()

    def release(self, reserved: float) -> None:
        """A call that the server did not answer costs nothing."""
        with self.budget.lock:
            self.budget.reserved -= reserved

    def tell(self) -> None:
        fields = {"role": self.role, "model": self.model, "calls": self.calls, "tokens": self.tokens}
        cost = {"cost": self.cost, "estimate": self.estimate, "cap": self.budget.cap if self.prices else None}
        self.report("spend", fields | cost)
