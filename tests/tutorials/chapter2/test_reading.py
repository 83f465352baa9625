"""The first half of chapter 2, run for real on the shipped pocket models: what a prediction is and where it stands."""

from __future__ import annotations

import pytest
from deepdive.engine.lab import Refused
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.results.claims import evaluate
from deepdive.engine.results.evidence import gather
from deepdive.tutorials.pocket.village.sentences import village_grammar
from transformers import AutoTokenizer

from tests.support.bench import Bench

STEPS = ["tokenise", "fill_the_gap", "true_share", "look_inside", "next_token", "word_by_word", "both_sides"]


@pytest.fixture(scope="module", autouse=True)
def _run(bench: Bench) -> None:
    for step in STEPS:
        bench.run(step)


@pytest.mark.parametrize("step", STEPS)
def test_every_claim_holds(bench: Bench, chapter2: Tutorial, step: str) -> None:
    evidence = gather(chapter2, bench.view())
    for claim in chapter2.claims:
        if claim.step == step and claim.scale in ("", "pocket"):
            verdict = evaluate(claim, evidence)
            assert verdict.held, (claim.text, verdict.evidence)


def test_tokens_are_numbers_that_lead_back_to_the_text(bench: Bench) -> None:
    bert = [row["token"] for row in bench.rows("tokenise", "BERT")]
    assert bert[0] == "[CLS]" and bert[-1] == "[SEP]" and "[MASK]" in bert
    gpt2 = "".join(row["token"] for row in bench.rows("tokenise", "GPT-2"))
    assert gpt2.replace("␣", " ") == "Swimming at the beach is"
    assert bench.figure("tokenise", "looked up", model="BERT").strip()


def test_the_answer_is_read_at_the_gap(bench: Bench) -> None:
    rows = bench.rows("tokenise", "BERT")
    gap = next(row["position"] for row in rows if row["token"] == "[MASK]")
    assert bench.figure("fill_the_gap", "row to read") == gap
    vocabulary = bench.figure("tokenise", "vocabulary", model="BERT")
    assert bench.figure("fill_the_gap", "logits") == f"[1, {len(rows)}, {vocabulary}]"


def test_the_bars_are_probabilities_in_order(bench: Bench) -> None:
    bars = list(bench.bars("fill_the_gap", "fits the gap").values())
    assert bars == sorted(bars, reverse=True)
    assert sum(bars) == pytest.approx(bench.figure("fill_the_gap", "sum of the best"))
    assert sum(bars) < 1


def test_without_its_right_side_the_gap_holds_something_else(bench: Bench) -> None:
    best = bench.figure("fill_the_gap", "best guess")
    bench.run("fill_the_gap", sentence="Life is like a [MASK].")
    assert bench.figure("fill_the_gap", "best word") != "box"
    assert bench.figure("fill_the_gap", "best guess") < best
    bench.run("fill_the_gap")


def test_the_counted_shares_are_the_grammar_s(bench: Bench) -> None:
    truth = village_grammar().gap("Life is like a", "of chocolates.")
    for row in bench.rows("true_share", "whole"):
        assert row["newspaper"] == pytest.approx(truth[row["word"]], abs=0.06)


def test_both_models_go_back_through_their_embedding(bench: Bench) -> None:
    parts = {row["part"]: row for row in bench.rows("look_inside", "parts")}
    assert parts["head is the embedding"]["BERT"] == parts["head is the embedding"]["GPT-2"] == "True"
    assert parts["bias in the head"] == {"part": "bias in the head", "BERT": "yes", "GPT-2": "no"}
    assert "GPT2Block" in bench.text("look_inside", "modules of GPT-2")


def test_every_row_of_a_causal_model_answers(bench: Bench) -> None:
    rows = bench.rows("next_token", "every row")
    assert rows[-1]["came"] == ""
    assert rows[-1]["expects"] == bench.figure("next_token", "next token") == " a"
    assert len(rows) == len(bench.rows("tokenise", "GPT-2"))


def test_greedy_search_writes_the_same_twice_and_what_the_library_writes(bench: Bench) -> None:
    first = bench.figure("word_by_word", "text")
    bench.run("word_by_word")
    assert bench.figure("word_by_word", "text") == first == bench.text("word_by_word")
    assert bench.lab is not None
    model, tokenizer = bench.lab.watched("model")
    inputs = tokenizer("Swimming at the beach is", return_tensors="pt")
    ids = model.generate(**inputs, max_length=20, do_sample=False, pad_token_id=tokenizer.eos_token_id)
    assert tokenizer.decode(ids[0], skip_special_tokens=True) == first


def test_drawing_obeys_its_dials(bench: Bench) -> None:
    greedy = bench.figure("word_by_word", "text")
    bench.run("word_by_word", choose="drawn", top_k=1)
    assert bench.figure("word_by_word", "text") == greedy
    bench.run("word_by_word", choose="drawn", top_p=0.05)
    assert bench.figure("word_by_word", "text") == greedy
    bench.run("word_by_word", choose="drawn", temperature=3.0)
    wild = bench.figure("word_by_word", "text")
    assert wild != greedy
    bench.run("word_by_word", choose="drawn", temperature=3.0)
    assert bench.figure("word_by_word", "text") == wild  # the same seed, the same dice
    bench.run("word_by_word")


def test_the_surprise_of_a_word_is_its_own(bench: Bench) -> None:
    rows = {row["word"]: row for row in bench.rows("both_sides", "surprise")}
    assert list(rows) == ["Life", "is", "like", "a", "box", "of", "chocolates"]
    assert rows["Life"]["left only"] is None
    assert all(row["both sides"] >= 0 for row in rows.values())
    assert rows["of"]["both sides"] < rows["box"]["both sides"]


def test_probes_answer_from_the_models_in_memory(bench: Bench) -> None:
    bench.run("look_inside")
    answer = bench.ask("next_word", text="Swimming at the beach is")
    assert any(getattr(event, "kind", "") == "bars" for event in answer)
    assert bench.ask("gap", sentence="Life is like a [MASK] of chocolates.")
    assert bench.ask("complete", prompt="Life is like a", tokens=4)
    for probe, name in (("next_word", "text"), ("complete", "prompt"), ("gap", "sentence")):
        with pytest.raises(Refused):
            bench.ask(probe, **{name: ""})


def test_the_containers_are_single_tokens(bench: Bench) -> None:
    """So that the probability of a word is that of one token."""
    assert bench.lab is not None
    tokenizer = AutoTokenizer.from_pretrained(bench.lab.model("masked_lm"))
    for case in ("whole", "right side deleted"):
        for row in bench.rows("true_share", case):
            assert len(tokenizer(row["word"]).input_ids) == 3, row["word"]
