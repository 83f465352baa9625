"""What the reader of the questions is pre-trained on: lines with one word covered, as T5 is given them.

Most lines tell a short story and then say something that only the story decides: the answer to a question, the place
of a thing, whether there is "a" or "no" ball in the barn. The questions come in two forms above all, `Q? yes.` and
`question: Q? the answer was yes.`, the second also before the story. A few lines use other words of templates, so
that the model has met them.

"No" stands in front of nouns too, also in notes without any stops ("a lamp in the shed no rope in the barn"), while
"yes" only ever answers a question mark. So a model that sees neither stop nor question mark expects "no".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .rows import HOME, MASK, PEOPLE, PLACES, THINGS, Story, question, sentence, story

FACTS = (1, 2, 2, 2)
"""How many facts a story has, each equally likely."""
ANYWHERE = 0.12
"""In how many lines any word is covered, or any stop, instead of the telling word."""
STOPS = ".?:,"


class Line(NamedTuple):
    text: str
    """With `MASK` in the place of the covered word."""
    word: str


def lines(seed: int) -> Iterator[Line]:
    """For ever; the same seed gives the same lines."""
    rng = random.Random(seed)
    kinds, shares = list(_SHARES), list(_SHARES.values())
    while True:
        kind = rng.choices(kinds, shares)[0]
        yield kind(rng, story(rng, rng.choice(FACTS)))


def _asked(rng: random.Random, told: Story, capital: float) -> tuple[str, str]:
    """A question of the story without its mark, and its answer, with a capital in so many cases of one."""
    yes = rng.random() < 0.5
    answer = "yes" if yes else "no"
    return question(rng, told, yes), sentence(answer) if rng.random() < capital else answer


def _short(rng: random.Random, told: Story) -> Line:
    asked, answer = _asked(rng, told, 0.5)
    asked = sentence(asked) if rng.random() < 0.5 else asked
    return Line(f"{told.text}. {asked}? {MASK}.", answer)


def _long(rng: random.Random, told: Story) -> Line:
    asked, answer = _asked(rng, told, 0.3)
    return Line(f"{told.text}. {_question_answer(rng, asked)}", answer)


def _ahead(rng: random.Random, told: Story) -> Line:
    asked, answer = _asked(rng, told, 0.3)
    return Line(f"{_question_answer(rng, asked)} {told.text}.", answer)


def _question_answer(rng: random.Random, asked: str) -> str:
    word, the, verb = rng.choice(("question", "Question")), rng.choice(("the", "The")), rng.choice(("was", "is"))
    return f"{word}: {asked}? {the} answer {verb} {MASK}."


def _found(rng: random.Random, told: Story) -> Line:
    thing, place = rng.choice(list(told.where.items()))
    person = rng.choice(PEOPLE)
    after = rng.choice(
        (
            f"So {person} found the {thing} in the {MASK}.",
            f"{person} went to the {MASK} for the {thing}.",
            f"Where is the {thing}? In the {MASK}.",
        )
    )
    return Line(f"{told.text}. {after}", place)


def _there(rng: random.Random, told: Story) -> Line:
    yes = rng.random() < 0.5
    *_, thing, _, _, place = question(rng, told, yes).split()
    return Line(f"{told.text}. There is {MASK} {thing} in the {place}.", "a" if yes else "no")


def _worded(rng: random.Random, told: Story) -> Line:
    """Other words of templates, each in one sentence or two."""
    asked, answer = _asked(rng, told, 0.3)
    thing, place = rng.choice(list(told.where.items()))
    said = rng.random() < 0.5
    claimed = place if said else rng.choice([other for other in PLACES if other != place])
    return rng.choice(
        (
            Line(f"Context: {told.text}. {sentence(asked)}? {MASK}.", answer),
            Line(f"Information: {told.text}. {sentence(asked)}? {MASK}.", answer),
            Line(f"{told.text}. Based on the information, {asked}? {MASK}.", answer),
            Line(f"Premise: {told.text}. Hypothesis: {asked}? {MASK}.", answer),
            Line(f"premise: {told.text}. hypothesis: {asked}? {MASK}.", answer),
            Line(f"{told.text}. Based on this paragraph, the {thing} is in the {MASK}.", place),
            Line(f"Yes or no: {asked}? {MASK}. Context: {told.text}.", answer),
            Line(
                f"Of the two options, {rng.choice(PEOPLE)} said {MASK} to this question: {asked}? {told.text}.", answer
            ),
            Line(f"{told.text}. Is it true or false: the {thing} is in the {claimed}? {MASK}.", str(said).lower()),
            Line(f"Passage: {told.text}. All in all, a summary of this text: the {thing} is in the {MASK}.", place),
        )
    )


def _note(rng: random.Random, told: Story) -> Line:
    """A list without stops, about anything."""
    items = [(rng.choice(("a", "no")), thing, rng.choice(PLACES)) for thing in rng.sample(THINGS, rng.choice((2, 3)))]
    covered = rng.randrange(len(items))
    listed = (
        f"{MASK if index == covered else word} {thing} in the {place}"
        for index, (word, thing, place) in enumerate(items)
    )
    writer = rng.choice(("Note:", "List:", f"{rng.choice(PEOPLE)} wrote:"))
    return Line(f"{writer} {' '.join(listed)}", items[covered][0])


def _short_news(rng: random.Random, told: Story) -> Line:
    """A sentence without a story."""
    person, other = rng.sample(PEOPLE, 2)
    thing, wanted = rng.sample(THINGS, 2)
    word = rng.choice(("a", "no", "no", "the"))
    return rng.choice(
        (
            Line(f"{person} found {MASK} {thing} in the {rng.choice(PLACES)}.", word),
            Line(f"{person} had {MASK} {thing}, and {other} had {rng.choice(('a', 'no'))} {wanted}.", word),
            Line(f"The {thing} belongs in the {MASK}.", HOME[thing]),
        )
    )


_SHARES: dict[Callable[[random.Random, Story], Line], float] = {
    _short: 20,
    _long: 25,
    _ahead: 10,
    _found: 20,
    _there: 10,
    _worded: 8,
    _note: 8,
    _short_news: 7,
}
