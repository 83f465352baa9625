"""The words of the review column: what is reviewed, what is said of it, and how the writer of a note signs off.

An adjective belongs to a kind of thing, so that soup is tasty and beds are lumpy and not the other way round. Those of
`ANY` suit everything. Verdict words stand in the last sentence of a review and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..making.world import words

Number = Literal["one", "many", "mass"]
Tone = Literal["good", "bad", "neutral"]
TONES: tuple[Tone, Tone] = ("bad", "good")
"""In the order of the labels: 0 bad, 1 good."""

VERDICTS: dict[Tone, dict[str, int]] = {
    "good": {"great": 4, "good": 3, "lovely": 2, "fine": 1},
    "bad": {"terrible": 4, "bad": 3, "awful": 2, "poor": 1},
}
"""How often each is chosen."""

PLAIN: dict[str, tuple[str, ...]] = {
    "film": words("new old long short"),
    "book": words("new old long short thick"),
    "food": words("new old small large"),
    "hotel": words("new old small large quiet"),
}
"""What "it is" goes on with where it gives no verdict."""

NAMED = {"film": "film", "book": "book", "food": "meal", "hotel": "hotel"}
"""What a review of the domain calls its subject."""

PLACES = {
    "film": "It is in {town} until {day}.",
    "book": "It is in the library.",
    "food": "It is in {town}.",
    "hotel": "It is in {town}.",
}

LEAVINGS = {
    "film": "We left at {hour}.",
    "book": "We were done at {hour}.",
    "food": "We left at {hour}.",
    "hotel": "We left at {hour}.",
}


@dataclass(frozen=True)
class Aspect:
    noun: str
    kind: str
    number: Number = "one"


def _aspects(text: str) -> tuple[Aspect, ...]:
    """From lines such as "songs sound many"."""
    found = []
    for line in text.strip().splitlines():
        noun, kind, *number = line.split()
        found.append(Aspect(noun, kind, number[0] if number else "one"))  # type: ignore[arg-type]
    return tuple(found)


DOMAINS: dict[str, tuple[Aspect, ...]] = {
    "film": _aspects(
        "story tale\nending tale\nplot tale\nmusic sound mass\nsongs sound many\npictures sight many\n"
        "costumes sight many\nactors people many\njokes wit many"
    ),
    "book": _aspects(
        "story tale\nending tale\nopening tale\nchapters tale many\ndrawings sight many\ncover sight\n"
        "language wit mass\nheroes people many\npoems wit many"
    ),
    "food": _aspects(
        "soup taste mass\nbread taste mass\nstew taste\ncake taste\ncoffee taste mass\npotatoes taste many\n"
        "pies taste many\nwaiter people\ncook people"
    ),
    "hotel": _aspects(
        "room room\nbed room\nbathroom room\nlounge room\nhall room\nview sight\ngarden sight\n"
        "staff people many\nbreakfast taste"
    ),
}

ADJECTIVES: dict[str, dict[Tone, tuple[str, ...]]] = {
    "any": {
        "good": words("wonderful excellent superb brilliant splendid marvellous delightful charming outstanding"),
        "bad": words("dreadful hopeless disappointing horrible unpleasant dismal miserable lousy ghastly"),
        "neutral": (),
    },
    "tale": {
        "good": words("gripping moving clever touching exciting surprising thrilling"),
        "bad": words("confusing silly slow boring tiresome predictable dull"),
        "neutral": words("long short old simple familiar complicated"),
    },
    "sound": {
        "good": words("catchy stirring cheerful beautiful melodious"),
        "bad": words("shrill harsh dreary boring deafening"),
        "neutral": words("old modern familiar traditional foreign"),
    },
    "sight": {
        "good": words("beautiful stunning elegant colourful graceful"),
        "bad": words("ugly drab shabby blurred dreary"),
        "neutral": words("old modern large small grey green"),
    },
    "people": {
        "good": words("friendly talented lively lovable polite"),
        "bad": words("rude clumsy careless grumpy unfriendly"),
        "neutral": words("young old local quiet tall"),
    },
    "wit": {
        "good": words("witty fresh clever amusing elegant"),
        "bad": words("stale crude silly tiresome flat"),
        "neutral": words("short old simple familiar modern"),
    },
    "taste": {
        "good": words("tasty delicious fresh appetising wholesome"),
        "bad": words("stale greasy burnt bland soggy"),
        "neutral": words("hot brown simple local traditional"),
    },
    "room": {
        "good": words("cosy spotless comfortable sunny spacious"),
        "bad": words("dirty damp cramped mouldy uncomfortable"),
        "neutral": words("large small narrow white modern"),
    },
}

VERBS: dict[Tone, tuple[str, ...]] = {
    "good": ("enjoyed", "loved", "liked", "praised"),
    "bad": ("disliked", "hated", "complained about"),
    "neutral": ("remembered", "noticed"),
}

TITLES: dict[str, tuple[str, ...]] = {
    "film": (
        "The Long Winter",
        "Two Brothers",
        "The Last Train",
        "Summer Rain",
        "The Lost Key",
        "A Night in Marlow",
        "The Quiet Hill",
        "Under the Bridge",
    ),
    "book": ("The Green Door", "A Year in Selby", "The Old Mill", "Letters from the Sea", "The Clockmaker"),
    "food": ("the Blue Kettle", "the Copper Pan", "the Market Kitchen", "the Corner Table"),
    "hotel": ("the White Swan", "the Station Hotel", "the Golden Lion", "the Mill House"),
}

LEADS: dict[str, tuple[str, ...]] = {
    "film": (
        "We saw {title} in {town}.",
        "{name} watched {title} on {day}.",
        "On {day} the cinema in {town} showed {title}.",
        "{name} took us to {title}.",
    ),
    "book": (
        "We read {title} in {month}.",
        "{name} borrowed {title} from the library.",
        "{title} came out in {month}.",
        "{name} read {title} on the bus to {town}.",
    ),
    "food": (
        "We had lunch at {title} on {day}.",
        "{name} ate at {title} in {town}.",
        "On {day} we went to {title}.",
        "{name} tried {title} in {month}.",
    ),
    "hotel": (
        "We stayed at {title} in {month}.",
        "{name} spent two nights at {title}.",
        "In {month} we took a room at {title}.",
        "{name} slept at {title} in {town}.",
    ),
}
"""How a note may open. These sentences say nothing of how it was."""

NOTES = (
    "The answer to the question of {day} is yes.",
    "The answer to the question of {day} is no.",
    "Is the story true or false?",
    "Please send us a review of one or two films.",
    "This paragraph is based on the opinion of {name}.",
    "The text of {name} was cut after the first paragraph.",
    "In the review of {day} the name of the town was wrong.",
    "One passage of the text was lost on {day}.",
    "From the information of {name}, the cinema opens at {hour}.",
    "The context of the passage is a letter to {name}.",
    "The premise of the film is based on a book from {town}.",
    "The hypothesis of {name} fills two pages.",
    "{name} named one person and one location in the summary.",
    "No other organization or entity is named in the text.",
    "The box of {name} holds miscellaneous papers.",
    "{name} just sent a summary of all the films in {month}.",
    "All in all, {number} people sent their opinion in {month}.",
    "What type of film is it?",
    "What do you think of the hotel? Send us your answer by {day}.",
    "Overall, {number} reviews are in this paper.",
    "There are two options for the sentiment of a review.",
)
"""Notes of the office. The words in which a prompt may be put occur in them, and give no verdict."""
