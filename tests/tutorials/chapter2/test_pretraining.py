"""The second half of chapter 2, trained for real at the pocket scale's settings: by heart, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deepdive.engine.lab import Lab, Refused, Stopped
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.results.claims import evaluate
from deepdive.engine.results.evidence import gather
from deepdive.engine.runs.events import AnyEvent, Point, Text

from tests.support.bench import Bench

STEPS = ["articles", "blocks", "pretrain", "recite", "unseen"]


@pytest.fixture(scope="module")
def trained(bench: Bench) -> Bench:
    for step in STEPS:
        bench.run(step)
    return bench


@pytest.mark.parametrize("step", STEPS)
def test_every_claim_holds(trained: Bench, chapter2: Tutorial, step: str) -> None:
    _assert_claims(trained, chapter2, step)


def _assert_claims(bench: Bench, chapter2: Tutorial, step: str) -> None:
    evidence = gather(chapter2, bench.view())
    for claim in chapter2.claims:
        if claim.step == step and claim.scale in ("", "pocket"):
            verdict = evaluate(claim, evidence)
            assert verdict.held, (claim.text, verdict.evidence)


def test_the_same_seed_draws_the_same_articles_and_none_twice(trained: Bench, tmp_path: Path) -> None:
    again = Bench(trained.tutorial, tmp_path)
    again.run("articles")
    first = (trained.folder / "articles" / "seen.jsonl").read_text()
    assert (tmp_path / "articles" / "seen.jsonl").read_text() == first
    ids = [row["id"] for sample in ("seen", "unseen") for row in trained.rows("articles", sample)]
    assert len(set(ids)) == len(ids) == 100
    assert len(trained.text("articles")) == 200


def test_in_order_means_in_order(trained: Bench, tmp_path: Path) -> None:
    bench = Bench(trained.tutorial, tmp_path)
    bench.run("articles", draw="in order", count=3)
    assert [row["id"] for row in bench.rows("articles", "seen")] == ["1", "2", "3"]


def test_blocks_are_full_and_in_order_and_nothing_is_lost_but_tails(trained: Bench) -> None:
    for sample in ("seen", "unseen"):
        blocks = _blocks(trained, sample)
        assert {len(block["input_ids"]) for block in blocks} == {64}
        assert [len(b["kinds"]) for b in blocks] == [64] * len(blocks)
        assert [b["article"] for b in blocks] == sorted(b["article"] for b in blocks)
        kept, dropped = (trained.figure("blocks", name, sample=sample) for name in ("tokens", "dropped"))
        assert kept == 64 * len(blocks) == 64 * trained.figure("blocks", "blocks", sample=sample)
        assert 0 < dropped < 64 * 50


def test_the_kinds_follow_the_marks_of_the_encyclopedia(trained: Bench) -> None:
    kinds = [kind for block in _blocks(trained, "seen") for kind in block["kinds"]]
    assert 0.25 < kinds.count("fact") / len(kinds) < 0.45
    assert 0.01 < kinds.count("echo") / len(kinds) < 0.15


def test_at_most_so_many_blocks(trained: Bench, tmp_path: Path) -> None:
    bench = Bench(trained.tutorial, tmp_path)
    bench.run("articles", count=4)
    bench.run("blocks", at_most=2)
    assert bench.figure("blocks", "blocks", sample="seen") == 2


def test_the_curves_cross_and_part(trained: Bench) -> None:
    crossing = trained.figure("pretrain", "curves cross at")
    turn = trained.figure("pretrain", "update of the lowest")
    assert 10 < crossing <= turn + 10
    assert trained.figure("pretrain", "curves cross at") < 100


def test_anchors_stand_where_they_should(trained: Bench) -> None:
    uniform, frequency = (trained.figure("pretrain", n) for n in ("uniform guess", "guess by frequency"))
    assert uniform == pytest.approx(7.6246, abs=1e-3)  # ln 2,048
    assert trained.figure("pretrain", "lowest") < frequency < uniform
    assert trained.figure("pretrain", "parameters per token") > 100


def test_it_is_asked_for_the_same_sentence_all_along(trained: Bench) -> None:
    samples = {e.x: "".join(p.text for p in e.pieces) for e in trained.heard["pretrain"] if isinstance(e, Text)}
    assert len(samples) > 20 and 0 in samples
    begin = trained.figure("recite", "prompt")
    assert all(text.startswith(begin) for text in samples.values())
    last = samples[max(samples, key=lambda x: x or 0)]
    truth = _blocks(trained, "seen")[0]["input_ids"]
    assert trained.lab is not None
    tokenizer = trained.lab.watched("model")[1]
    assert tokenizer.decode(truth).startswith(last)


def test_unseen_text_is_continued_with_what_was_learned_about_others(trained: Bench) -> None:
    seen = " ".join(row["text"] for row in _articles(trained, "seen"))
    rows = trained.rows("unseen", "recital")
    assert len(rows) == len(_blocks(trained, "unseen"))
    names = {w for row in rows for w in row["written"].split()[1:-1] if w.istitle() and w.isalpha()}
    assert len([name for name in names if name in seen]) >= 0.9 * len(names)


def test_with_dropout_on_it_is_less_sure(trained: Bench) -> None:
    sure = trained.figure("recite", "confidence")
    trained.run("recite", mode="training")
    assert trained.figure("recite", "confidence") < sure - 0.01
    trained.run("recite")


def test_a_recital_must_fit_into_a_block(trained: Bench) -> None:
    with pytest.raises(Refused, match="at most 64"):
        trained.run("recite", prompt=60, tokens=16)
    trained.run("recite")


# ---- short trainings ------------------------------------------------------------------------------------------------


@pytest.fixture
def short(chapter2: Tutorial, tmp_path: Path) -> Bench:
    bench = Bench(chapter2, tmp_path)
    bench.run("articles", count=10)
    bench.run("blocks")
    return bench


def test_the_position_table_follows_the_field_that_counts(short: Bench) -> None:
    short.run("pretrain", epochs=1)
    right = short.figure("pretrain", "parameters")
    short.run("pretrain", epochs=1, limit="n_ctx")
    trap = short.figure("pretrain", "parameters")
    assert trap - right == 64 * 128  # positions 64 to 127 stay, and are never trained


def test_a_stopped_training_goes_on_to_the_same_curve(short: Bench) -> None:
    short.run("pretrain", epochs=8, evaluate_every=3)
    whole = _curve(short.heard["pretrain"])

    def stop_at_nine(lab: Lab, phase: str) -> str:
        return "stop" if phase == "after update" and lab.x == 9 else ""

    short.between = stop_at_nine
    with pytest.raises(Stopped):
        short.run("pretrain", epochs=8, evaluate_every=3)
    short.between = lambda lab, phase: ""
    short.run("pretrain", epochs=8, evaluate_every=3)
    resumed = _curve(short.heard["pretrain"])
    assert min(resumed) == 12
    assert resumed == {x: loss for x, loss in whole.items() if x > 9}


def test_probes_in_mid_training_leave_the_curve_as_it_is(short: Bench) -> None:
    short.run("pretrain", epochs=6)
    alone = _curve(short.heard["pretrain"])

    def curious(lab: Lab, phase: str) -> str:
        if phase == "after update":
            short.ask("next_word")
            short.ask("complete", tokens=3)
        return ""

    short.between = curious
    short.run("pretrain", epochs=6)
    assert _curve(short.heard["pretrain"]) == alone


def test_a_block_must_fit_into_an_article(short: Bench) -> None:
    with pytest.raises(Refused, match="no seen article is so long"):
        short.run("blocks", length=1024)


def test_names_and_numbers_stand_for_facts_where_none_are_marked(bench: Bench) -> None:
    text = "Ada was born on 5 May 1850 and taught by Otto Wade."
    marked = bench.steps.corpus.marked({"id": "1", "title": "Ada", "text": text})
    assert [text[start:end] for start, end in marked["facts"]] == ["5", "May", "1850", "Otto", "Wade"]
    assert marked["echoes"] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_lesson_holds_with_other_seeds(chapter2: Tutorial, tmp_path: Path, seed: int) -> None:
    bench = Bench(chapter2, tmp_path, seed=seed)
    for step in STEPS:
        bench.run(step)
    for step in STEPS:
        _assert_claims(bench, chapter2, step)


def _curve(events: list[AnyEvent]) -> dict[float, float | int | None]:
    return {e.x: e.values["loss"] for e in events if isinstance(e, Point) and e.curve == "training"}


def _blocks(bench: Bench, sample: str) -> list[dict[str, list[int]]]:
    return _lines(bench.folder / "blocks" / f"{sample}_blocks.jsonl")


def _articles(bench: Bench, sample: str) -> list[dict[str, str]]:
    return _lines(bench.folder / "articles" / f"{sample}.jsonl")


def _lines(path: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in path.read_text().splitlines()]
