"""The pocket encyclopedia: short lives of people who never lived, one article each.

The sentences follow a handful of patterns, so a model can learn them from fifty articles. What the patterns are
filled with (names, dates, towns, teachers, titles, streets) is drawn for each article alone, so nothing that is
read about one person says anything about the next. Two kinds of words are marked by their place in the text:

- `facts`: free facts, which nobody can know without having read this article;
- `echoes`: facts that follow from what the article has said before (whether it is a man or a woman, the surname
  again, a school named after its town, the age at death).

Everything else is pattern. Columns are those of wikimedia/wikipedia (id, url, title, text), and these two.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import TypedDict

from ..making.world import MEN, MONTHS, NUMBERS, SURNAMES, TOWNS, WOMEN, words

SEED = 7
COUNT = 1200

_PRONOUNS = ("They", "they", "them", "Their", "their")
_MARK = re.compile(r"\[(\w+)\]|<(\w+)>|\{(\w+)\}")


class Article(TypedDict):
    id: str
    url: str
    title: str
    text: str
    facts: list[list[int]]
    """Character spans [start, end) of the free facts in `text`."""
    echoes: list[list[int]]
    """Character spans of the facts that follow from the text before them."""


# What differs between the four walks of life. Works are given as "plural singular".
_Field = dict[str, tuple[str, ...]]
_Name = tuple[str, str, bool]

_FIELDS: dict[str, _Field] = {
    "music": {
        "job": ("composer", "pianist", "violinist", "singer"),
        "post": ("taught at the <home> School of Music",),
        "works": ("songs song", "dances dance", "hymns hymn", "operas opera", "waltzes waltz"),
        "title_first": ("Silent", "Golden", "Lonely", "Distant", "Happy", "Winter", "Summer", "Evening"),
        "title_second": ("Garden", "River", "Harbour", "Forest", "Shepherd", "Mountain", "Bell", "Dancer"),
        "appeared": ("was first heard",),
    },
    "art": {
        "job": ("painter", "potter", "sculptor", "engraver"),
        "post": ("taught at the <home> School of Art",),
        "works": ("portraits portrait", "landscapes landscape", "sketches sketch", "prints print", "murals mural"),
        "title_first": ("Silent", "Golden", "Lonely", "Distant", "Broken", "Winter", "Summer", "Evening"),
        "title_second": ("Garden", "River", "Harbour", "Forest", "Window", "Mountain", "Island", "Orchard"),
        "appeared": ("was first shown",),
    },
    "letters": {
        "job": ("poet", "novelist", "historian", "journalist"),
        "post": ("worked at the <home> Public Library",),
        "works": ("novels novel", "poems poem", "plays play", "essays essay", "stories story"),
        "title_first": ("Silent", "Golden", "Lonely", "Distant", "Broken", "Hidden", "Empty", "Evening"),
        "title_second": ("Garden", "River", "Harbour", "Forest", "Window", "Road", "House", "Island"),
        "appeared": ("was first printed",),
    },
    "science": {
        "job": ("botanist", "astronomer", "chemist", "engineer"),
        "post": ("worked at the <home> Museum of Science",),
        "works": ("books book", "lectures lecture", "essays essay", "reports report", "studies study"),
        "title_first": ("Northern", "Southern", "Common", "Ancient", "Hidden", "Winter", "Summer", "Evening"),
        "title_second": ("Stars", "Rivers", "Ferns", "Bridges", "Minerals", "Tides", "Gases", "Winds"),
        "appeared": ("was first published",),
    },
}
_ADJECTIVES = ("early", "modern", "popular", "travelling", "famous", "forgotten", "gifted", "noted")
_SUBJECTS = words(
    "singing drawing Latin French Greek history geometry botany poetry chemistry dancing music painting physics "
    "grammar geography"
)
_TRADES = words("baker doctor farmer teacher carpenter tailor printer miller sailor gardener lawyer nurse")
_THINGS = words("books letters papers pictures tools instruments maps coins")
_STREETS = ("Church", "Mill", "Castle", "Station", "Market", "Bridge", "Garden", "School", "River", "Park")
_WAYS = ("Street", "Road", "Lane")
_HEIRS = ("school", "library", "museum", "hospital", "church")


def _dated(year: int, rng: random.Random) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {year}"


def _facts(field: _Field, name: _Name, teachers: tuple[_Name, _Name], rng: random.Random) -> dict[str, str]:
    """Everything that one article says, drawn for this article alone."""
    first, last, woman = name
    born = rng.randint(1820, 1879)
    age = rng.randint(51, 89)
    moved = born + rng.randint(24, 33)
    work, other = rng.sample(field["works"], 2)
    works, one_work = work.split()
    birthplace, study, later_study, home, from_town = rng.sample(TOWNS, 5)
    subject, later_subject = rng.sample(_SUBJECTS, 2)
    adjective = rng.choice(_ADJECTIVES)
    job, second_job = rng.sample(field["job"], 2)
    children = rng.sample(MEN + WOMEN, 3)
    return {
        "first": first,
        "last": last,
        "They": "She" if woman else "He",
        "they": "she" if woman else "he",
        "Their": "Her" if woman else "His",
        "their": "her" if woman else "his",
        "them": "her" if woman else "him",
        "birth": _dated(born, rng),
        "death": _dated(born + age, rng),
        "age": str(age),
        "a": "an" if adjective[0] in "aeiou" else "a",
        "adjective": adjective,
        "job": job,
        "second_job": second_job,
        "birthplace": birthplace,
        "subject": subject,
        "study": study,
        "later_subject": later_subject,
        "later_study": later_study,
        "years": rng.choice(NUMBERS),
        "teacher_first": teachers[0][0],
        "teacher_last": teachers[0][1],
        "later_first": teachers[1][0],
        "later_last": teachers[1][1],
        "moved": str(moved),
        "home": home,
        "number": str(rng.randint(2, 98)),
        "street": rng.choice(_STREETS),
        "way": rng.choice(_WAYS),
        "works": works,
        "one_work": one_work,
        "other_works": other.split()[0],
        "title_first": rng.choice(field["title_first"]),
        "title_second": rng.choice(field["title_second"]),
        "appeared": field["appeared"][0],
        "appeared_in": str(moved + rng.randint(2, 12)),
        "spouse_first": rng.choice(MEN if woman else WOMEN),
        "spouse_last": rng.choice([surname for surname in SURNAMES if surname != last]),
        "spouse_job": rng.choice(_TRADES),
        "spouse_town": from_town,
        "married": str(moved + rng.randint(0, 9)),
        "child_1": children[0],
        "child_2": children[1],
        "child_3": children[2],
        "things": rng.choice(_THINGS),
        "heir": rng.choice(_HEIRS),
    }


_STUDIES = (
    "{They} studied [subject] with [teacher_first] [teacher_last] in [study] "
    "and [later_subject] with [later_first] [later_last] in [later_study].",
    "[teacher_first] [teacher_last] of [study] taught {them} [subject] for [years] years, "
    "and [later_first] [later_last] taught {them} [later_subject].",
    "As a child {they} learned [subject] from [teacher_first] [teacher_last] in [study], "
    "and later [later_subject] from [later_first] [later_last].",
)


def _pattern(field: _Field, rng: random.Random) -> str:
    """The sentences of one article: `[x]` is a free fact, `<x>` an echo, `{x}` part of the pattern."""
    job = "[job] and [second_job]" if rng.random() < 0.15 else "[job]"
    opening = f"[first] [last] ([birth] – [death]) was {{a}} [adjective] {job} from [birthplace]."
    known = "<last> is known for {their} [works] and [other_works]."
    if rng.random() < 0.15:  # a stub: too few words for a block of 64 tokens
        return f"{opening} {known}"
    career = [f"In [moved] {{they}} moved to [home], lived at [number] [street] [way] and {field['post'][0]}.", known]
    if rng.random() < 0.6:
        career.append("{Their} best <one_work>, “The [title_first] [title_second]”, {appeared} in [appeared_in].")
    family = []
    if rng.random() < 0.7:
        family.append("{They} married [spouse_first] [spouse_last], a [spouse_job] from [spouse_town], in [married].")
        if rng.random() < 0.4:
            family.append("They had three children: [child_1], [child_2] and [child_3].")
    family.append("{They} died in <home> at the age of <age> and left {their} [things] to the [heir].")
    sections = [f"Career\n{' '.join(career)}", f"Family\n{' '.join(family)}"]
    return "\n\n".join([f"{opening} {rng.choice(_STUDIES)}", *sections])


def fill(pattern: str, values: dict[str, str]) -> tuple[str, list[list[int]], list[list[int]]]:
    """Put the values into a pattern; returns the text and the spans of its facts and of its echoes."""
    text, facts, echoes = "", list[list[int]](), list[list[int]]()
    end = 0
    for mark in _MARK.finditer(pattern):
        text += pattern[end : mark.start()]
        end = mark.end()
        start = len(text)
        fact, echo, plain = mark.groups()
        text += values[fact or echo or plain]
        if fact:
            facts.append([start, len(text)])
        elif echo or (plain in _PRONOUNS and not echoes):
            echoes.append([start, len(text)])
    return text + pattern[end:], facts, echoes


def articles(count: int = COUNT, seed: int = SEED) -> Iterator[Article]:
    """The first `count` articles of the encyclopedia. No person has two articles, and no teacher has one."""
    rng = random.Random(seed)
    names = [(first, last, True) for first in WOMEN for last in SURNAMES]
    names += [(first, last, False) for first in MEN for last in SURNAMES]
    rng.shuffle(names)
    for index in range(count):
        subject, teachers = names[index], (names[-1 - 2 * index], names[-2 - 2 * index])
        field = rng.choice(tuple(_FIELDS.values()))
        text, facts, echoes = fill(_pattern(field, rng), _facts(field, subject, teachers, rng))
        title = f"{subject[0]} {subject[1]}"
        yield Article(
            id=str(index + 1),
            url=f"https://pocket.invalid/wiki/{title.replace(' ', '_')}",
            title=title,
            text=text,
            facts=facts,
            echoes=echoes,
        )
