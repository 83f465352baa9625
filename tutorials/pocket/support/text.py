"""What the summarisers of the support desk are pre-trained on. All facts of a summary are in it, its form is not.

Lists that repeat themselves make a model copy, for nothing else can be learnt from them. Conversations and reports
tell an event twice, half of the time with a sentence between the two, so that the second cannot be found by counting
words. No line has a summary's heading.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from .rows import CONVERSATION, asides, conversation, event, maybe
from .words import KINDS, PEOPLE, ROOMS, names

HEADED = 0.1
"""How many conversations have their heading."""


def lines(seed: int) -> Iterator[str]:
    """For ever; the same seed gives the same lines. No name is one that is held out."""
    rng, (pool, _) = random.Random(seed), names()
    kinds, shares = list(_SHARES), list(_SHARES.values())
    while True:
        yield rng.choices(kinds, shares)[0](rng, pool)


def _list(rng: random.Random, pool: Sequence[str]) -> str:
    """Names and a few words, said two or three times."""
    besides = asides(rng, rng.choice(KINDS), PEOPLE, rng.choice(ROOMS))
    words = (
        rng.choice(pool) if rng.random() < 0.7 else rng.choice((*PEOPLE, *ROOMS)) for _ in range(rng.randint(2, 4))
    )
    said = " ".join(words) + "."
    again = [part for _ in range(rng.randint(1, 2)) for part in (*maybe(rng, besides.pop()), said)]
    return " ".join(("List:", said, *again))


def _conversation(rng: random.Random, pool: Sequence[str]) -> str:
    heading = CONVERSATION if rng.random() < HEADED else ""
    return heading + conversation(rng, event(rng, pool))


def _report(rng: random.Random, pool: Sequence[str]) -> str:
    """An event in the third person: what is wrong and what is to be done, and both again."""
    call, (person, helper, other, *people) = event(rng, pool), rng.sample(PEOPLE, len(PEOPLE))
    besides = asides(rng, call.kind, people, rng.choice(ROOMS))
    wrong = [f"The {call.problem}."]
    if call.friend:
        wrong.insert(rng.randrange(2), f"{other} has a {call.friend} {call.kind}.")
    tried = [f"{person} could not {call.tried}."] if call.rejected else []
    advice = [*tried, f"{helper} said: please {call.advice}."]
    wrong_again = [*maybe(rng, besides.pop()), f"It is true that the {call.problem}."]
    advice_again = [*maybe(rng, besides.pop()), f"{person} wants to {call.advice}."]
    if rng.random() < 0.5:
        told = [*wrong, *wrong_again, *advice, *advice_again]
    else:
        told = [*wrong, *advice, *wrong_again, *advice_again]
    return " ".join(("Report:", *told))


_SHARES: dict[Callable[[random.Random, Sequence[str]], str], float] = {
    _list: 25,
    _conversation: 37,
    _report: 38,
}
