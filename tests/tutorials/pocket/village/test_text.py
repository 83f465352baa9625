"""The pocket world's text: the same every time, well formed, and with facts that cannot leak."""

import re
from collections import Counter
from itertools import pairwise

import pytest
from deepdive.tutorials.pocket.making.world import make_world
from deepdive.tutorials.pocket.village.articles import articles
from deepdive.tutorials.pocket.village.sentences import sentences, village_grammar

ARTICLES = list(articles())
SENTENCES = list(sentences(4_000))
TEXTS = [article["text"] for article in ARTICLES] + SENTENCES


def test_generators_give_the_same_text_for_the_same_seed():
    assert ARTICLES[:50] == list(articles(50))
    assert SENTENCES[:200] == list(sentences(200))
    assert SENTENCES[:200] != list(sentences(200, seed=1))
    assert make_world() == make_world()


def test_every_sentence_begins_with_a_capital_and_ends_with_a_stop():
    assert [line for line in SENTENCES if not re.fullmatch(r"[A-Z].*\w\.", line)] == []
    for article in ARTICLES:
        for paragraph in article["text"].split("\n\n"):
            assert re.search(r"(^|\n)[A-Z].*\.$", paragraph), paragraph


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ("doubled word", r"\b(\w+) \1\b"),
        ("a before a vowel", r"\b[Aa] (?!used)[aeiou]"),
        ("an before a consonant", r"\b[Aa]n [^aeiou]"),
        ("doubled space or space before a stop", r"  | [.,]"),
        ("unfilled slot", r"[\[\]{}<>]"),
    ],
)
def test_text_has_no(fault: str, pattern: str):
    assert [text for text in TEXTS if re.search(pattern, text)] == []


def test_what_the_newspaper_says_of_a_thing_is_always_the_same():
    for pattern in (r"(.+) lives in (.+)\.", r"(The .+ shop in .+) belongs to (.+)\.", r"(.+) is a \w+ by (.+)\."):
        said: dict[str, set[str]] = {}
        for line in sentences(20_000):
            if match := re.fullmatch(pattern, line):
                said.setdefault(match[1], set()).add(match[2])
        assert said
        assert all(len(values) == 1 for values in said.values())


def test_shops_films_and_teams_belong_to_people_of_the_valley():
    world = make_world()
    people = set(world.people)
    assert all(shop.owner in people and shop.owner.town == shop.town for shop in world.shops)
    assert all(film.director in people and film.star in people and film.director != film.star for film in world.films)
    assert all(team.captain in people and team.captain.town == team.town for team in world.teams)
    assert len({person.name for person in world.people}) == len(world.people)


def test_articles_have_wikipedia_columns_and_spans_that_fit_their_text():
    assert len(ARTICLES) >= 1_100
    for number, article in enumerate(ARTICLES, 1):
        assert article["id"] == str(number)
        assert article["url"].endswith(article["title"].replace(" ", "_"))
        assert article["text"].startswith(article["title"])
        spans = sorted(article["facts"] + article["echoes"])
        assert all(0 <= start < end <= len(article["text"]) for start, end in spans)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_echoes_can_be_known_from_what_stands_before_them():
    for article in ARTICLES:
        text = article["text"]
        born, died = map(int, re.findall(r"\d{4}", text)[:2])
        for start, end in article["echoes"][1:]:  # the first tells man from woman
            word = text[start:end]
            assert word in text[:start] or f"{word}s" in text[:start] or word.isdigit() or word == _singular(text, word)
            if word.isdigit():
                assert died - born - int(word) == 0


def _singular(text: str, word: str) -> str:
    """The word itself when its irregular plural stands in the text (story, stories; waltz, waltzes)."""
    plurals = {word + "es", word[:-1] + "ies"}
    return word if any(plural in text for plural in plurals) else ""


def test_one_article_tells_nothing_about_another():
    titles = [article["title"] for article in ARTICLES]
    assert len(set(titles)) == len(titles)
    subjects = set(titles)
    for article in ARTICLES:
        names = set(re.findall(r"(?=\b([A-Z][a-z]+ [A-Z][a-z]+)\b)", article["text"][len(article["title"]) :]))
        teachers_and_family = names & subjects
        assert len(teachers_and_family) <= 1  # a spouse may share a name by chance, a teacher never does
    openings = Counter(article["text"].split(" was ")[0] for article in ARTICLES)
    assert max(openings.values()) == 1


def test_free_facts_are_drawn_anew_for_each_article():
    seen, unseen = ARTICLES[:50], ARTICLES[50:100]

    def trades(half: list[dict]) -> set[tuple[str, ...]]:
        return {tuple(article["text"][start:end] for start, end in article["facts"][2:6]) for article in half}

    assert not trades(seen) & trades(unseen)


def test_newspaper_covers_all_topics():
    topics = {frame.topic for frame in village_grammar().frames}
    assert topics == {"life", "containers", "outings", "shops", "orders", "films", "teams", "town"}
