"""BoolQ itself: a thousand real questions to train on and a thousand to ask, with titles before the passages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from deepdive.engine.methods.prompting import PromptModel
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer

from tests.support.loopback.chapter3 import tiny_t5
from tests.tutorials.real_data.conftest import Pointed, bench, shared, written

Row = dict[str, Any]
SUITABLE = "hypothesis: {passage}. premise: {question}? The answer was {mask} ."
YES, NO = 635, 365  # of the thousand to train on, by BoolQ's own README


def boolq(name: str) -> list[Row]:
    """Rows as SuperGLUE has them: the title in front, 1 for yes."""
    rows = [json.loads(line) for line in shared(f"boolq/boolq_{name}_from_dev_1000.jsonl").read_text().splitlines()]
    return [
        {
            "question": row["question"],
            "passage": f"{row['title']} -- {row['passage']}",
            "idx": number,
            "label": int(row["answer"]),
        }
        for number, row in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Pointed:
    folder: Path = tmp_path_factory.mktemp("boolq")
    train, held = boolq("train"), boolq("eval")
    t5 = tiny_t5(folder / "t5", (f"{row['passage']} {row['question']}" for row in train))
    train_file, held_file = written(folder / "train.jsonl", train), written(folder / "eval.jsonl", held)
    made = bench("chapter3-prompts", folder, questions=train_file, questions_test=held_file, t5=t5)
    made.run("ask_t5")
    return made


@pytest.fixture(scope="module")
def tokenizer(real: Pointed) -> Any:
    return AutoTokenizer.from_pretrained(real.roles["t5"])


def pieces(tokenizer: Any, row: Row) -> int:
    return len(tokenizer.tokenize(f"{row['passage']} {row['question']}"))


def test_the_classes_are_boolq_s() -> None:
    labels = [row["label"] for row in boolq("train")]
    assert (labels.count(1), labels.count(0)) == (YES, NO)


def test_the_length_filter_on_real_passages(real: Pointed, tokenizer: Any) -> None:
    rows = boolq("train")
    kept = [row for side in real.steps.data.sides(tokenizer, rows) for row in side]
    assert {row["idx"] for row in kept} == {row["idx"] for row in rows if pieces(tokenizer, row) <= 399}
    assert 900 < len(kept) < 1000  # a few are too long


def test_training_rows_take_turns_and_smaller_sets_are_parts(real: Pointed, tokenizer: Any) -> None:
    train, validation, test = real.steps.data.questions(real.lab, tokenizer, [0, 16, 128])
    fewer, *_ = real.steps.data.questions(real.lab, tokenizer, [0, 16])
    assert [row["label"] for row in train] == [1, 0] * 128
    assert train[:32] == fewer
    assert {row["idx"] for row in train} <= {row["idx"] for row in boolq("train") if pieces(tokenizer, row) <= 399}
    assert len({row["idx"] for row in train}) == 256
    for rows in (validation, test):
        assert [row["label"] for row in rows] == [0] * (len(rows) // 2) + [1] * (len(rows) // 2)
    chosen, reported = ({row["idx"] for row in rows} for rows in (validation, test))
    assert not chosen & reported
    assert len(chosen) > len(reported) > 200  # 1,800 and 1,470 of 3,270, each halved by its rarer answer


def test_a_sample_that_is_too_large_is_refused_with_what_there_is(real: Pointed, tokenizer: Any) -> None:
    most = min(map(len, real.steps.data.sides(tokenizer, boolq("train"))))
    with pytest.raises(Exception, match=f"0 to {most}"):
        real.steps.data.questions(real.lab, tokenizer, [0, most + 1])


def test_every_real_question_becomes_a_prompt_with_one_blank(real: Pointed, tokenizer: Any) -> None:
    """Also the longest: of the passage something goes, never of the question or the template."""
    wording = real.steps.checks.worded(real.lab, SUITABLE)
    blank = tokenizer.convert_tokens_to_ids("<extra_id_0>")
    rows = boolq("eval")
    rows.append({**rows[0], "passage": rows[0]["passage"] * 8})
    encoded = wording.encode_all(tokenizer, rows)
    for row, ids in zip(rows, encoded, strict=True):
        assert ids.count(blank) == 1
        assert ids[-1] == tokenizer.eos_token_id
        tail = tokenizer(f"premise: {row['question']}? The answer was", add_special_tokens=False).input_ids
        at = ids.index(blank)
        assert ids[at - len(tail) : at] == tail
    assert max(map(len, encoded)) == 512


def test_all_wordings_ask_the_same_questions(real: Pointed) -> None:
    real.run("zero_shot")
    told = real.figures("zero_shot", "accuracy")
    assert len({figure.n for figure in told}) == 1
    assert all(figure.n > 350 for figure in told)
    for figure in told:
        recalls = [real.figure("zero_shot", f"recall {side}", **figure.case) for side in ("no", "yes")]
        assert figure.value == pytest.approx(sum(recalls) / 2)  # balanced: half the questions each


def test_tuning_on_real_questions_lowers_their_loss(real: Pointed, tokenizer: Any) -> None:
    steps, lab = real.steps, real.lab
    model, _ = steps.data.t5(lab)
    words = steps.checks.standing_for(lab, tokenizer, {"no": ["no", "No"], "yes": ["yes", "Yes"]})
    asked = PromptModel(model, tokenizer, steps.checks.worded(lab, SUITABLE), words)
    train, *_ = steps.data.questions(lab, tokenizer, [8])
    ids, labels = asked.encode(train), [[row["label"]] for row in train]

    def loss() -> float:
        return float(cross_entropy(asked.predict(ids), torch.tensor(labels)[:, 0]))

    before = loss()
    parts = [steps.tuning.model_part(list(model.parameters()), 3e-3)]
    steps.tuning.fit(lab, asked, ids, labels, parts, 12, 4, "real questions")
    assert loss() < before - 0.05
