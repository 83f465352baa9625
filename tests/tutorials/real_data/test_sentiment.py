"""Movie-review snippets (Pang and Lee) in the place of SST-2: two thousand to train on, 872 to test."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification

from tests.support.loopback.chapter3 import tiny_bert
from tests.tutorials.real_data.conftest import Pointed, bench, shared

Rows = list[tuple[str, int]]


def lines(name: str) -> Rows:
    """The file as it is written: no quoting, one tab a line."""
    rows = [line.rsplit("\t", 1) for line in shared(name).read_text().splitlines()[1:]]
    return [(sentence, int(label)) for sentence, label in rows]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Pointed:
    train, test = (shared(f"sentence_polarity/{name}.tsv") for name in ("train_2000", "dev_872"))
    folder: Path = tmp_path_factory.mktemp("film")
    encoder = tiny_bert(folder / "bert", train.read_text().splitlines())
    made = bench("chapter3-fewshot", folder, sentiment=train, sentiment_test=test, encoder=encoder)
    made.run("fill_the_blank")
    return made


def test_every_row_arrives_as_it_is_written(film: Pointed) -> None:
    train, test = film.steps.reviews.reviews(film.lab)
    for found, name in ((train, "train_2000"), (test, "dev_872")):
        written = lines(f"sentence_polarity/{name}.tsv")
        assert [(row["sentence"], row["label"]) for row in found] == written
    assert any('"' in row["sentence"] for row in test)


def test_a_thousand_are_drawn_and_smaller_sizes_are_parts_of_larger(film: Pointed) -> None:
    train, test = film.steps.reviews.reviews(film.lab)
    sides = film.steps.reviews.balanced(film.lab, train, [0, 16, 256])
    drawn = [row for side in sides for row in side]
    assert len(drawn) == 1000
    assert len({row["sentence"] for row in drawn}) > 990
    assert min(map(len, sides)) >= 256
    assert [{row["label"] for row in side} for side in sides] == [{0}, {1}]
    assert not {row["sentence"] for row in drawn} & {row["sentence"] for row in test}


def test_each_real_review_makes_a_prompt_with_one_blank(film: Pointed) -> None:
    _, test = film.steps.reviews.reviews(film.lab)
    words = {"negative": ["terrible"], "positive": ["great"]}
    asked = film.steps.reviews.verdict(film.lab, "encoder", "{sentence} it is {mask} .", words)
    encoded = asked.encode(test)
    mask, unknown = asked.tokenizer.mask_token_id, asked.tokenizer.unk_token_id
    assert all(ids.count(mask) == 1 for ids in encoded)
    tail = asked.tokenizer("it is [MASK] .", add_special_tokens=False).input_ids
    assert all(ids[-len(tail) - 1 : -1] == tail for ids in encoded)
    assert max(map(len, encoded)) <= 512
    assert sum(ids.count(unknown) for ids in encoded) < 10


def test_the_answers_are_counted_over_all_of_them(film: Pointed) -> None:
    (told,) = film.figures("fill_the_blank", "accuracy")
    assert told.n == 872
    cells = {row["cell"]: row["count"] for row in film.rows("fill_the_blank", "confusion")}
    assert cells["positive, positive"] + cells["positive, negative"] == 436
    right = cells["positive, positive"] + cells["negative, negative"]
    assert told.value == pytest.approx(right / 872)


def test_swapped_words_are_right_where_the_others_are_wrong(film: Pointed) -> None:
    film.run("templates", wordings="{sentence} it is {mask} .", words="terrible / great\ngreat / terrible")
    one, other = (
        film.figure("templates", "accuracy", words=words, scores="plain")
        for words in ("terrible / great", "great / terrible")
    )
    assert one + other == pytest.approx(1)


def test_both_ways_learn_their_own_examples(film: Pointed) -> None:
    """On real sentences the loss works: what was trained on is told apart, which a random model can't do before."""
    steps, lab = film.steps, film.lab
    train, _ = steps.reviews.reviews(lab)
    few = [row for side in steps.reviews.balanced(lab, train, [8]) for row in side[:8]]
    labels = [[row["label"]] for row in few]
    words = {"negative": ["terrible"], "positive": ["great"]}
    ways = {
        "prompt": steps.reviews.verdict(lab, "encoder", "{sentence} it is {mask} .", words),
        "head": steps.ways.fresh_head(lab, "encoder", AutoModelForSequenceClassification, 2),
    }
    for name, way in ways.items():
        plan = steps.tuning.recipes(3e-3, 3e-3)[name]
        ids = way.encode(few)
        steps.tuning.fit(lab, way, ids, labels, plan, 120, name)
        said = way.predict(ids).argmax(-1).tolist()
        assert sum(s == row["label"] for s, row in zip(said, few, strict=True)) >= 15, name


def test_the_curves_run(film: Pointed) -> None:
    film.run("learning_curves", sizes=[0, 4])
    assert film.figure("learning_curves", "updates", method="prompt", k=4) == 10
    assert {f.n for f in film.figures("learning_curves", "accuracy")} == {872}
