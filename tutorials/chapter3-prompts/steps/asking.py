"""Questions asked without any training."""

from typing import Annotated, Literal

import torch
from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.prompting import PromptModel

from .checks import named, standing_for, worded
from .data import CLASSES, questions, some, t5
from .telling import (
    asked_and_said,
    plot_blank,
    tell_confusion,
    tell_more,
)
from .wordings import (
    NO_YES,
    SUITABLE,
    THREE,
    YOURS,
    Wording,
    Wordings,
    Words,
)


@step
def ask_t5(
    lab: Lab,
    template: Wording = SUITABLE,
    label_words: Words = NO_YES,
    number: Annotated[int, Range(1, 1000)] = 1,
):
    """Turn a question into a blank, and read what fills it.

    template: the words around passage, question and blank
    label_words: the words at the blank that count for each answer
    number: which question is asked, of those to choose by
    """
    model, tokenizer = t5(lab)
    wording = worded(lab, template)
    words = standing_for(lab, tokenizer, label_words)
    asked = PromptModel(model, tokenizer, wording, words)
    _, rows, _ = questions(lab, tokenizer)
    row = rows[min(number, len(rows)) - 1]

    [ids] = asked.encode([row])  # what the encoder reads
    logits = logits_of(asked, ids)
    at_blank = logits[:, 1].cpu()
    plot_blank(lab, asked, at_blank, "any word", 5)
    spelt = [word[0] for side in words.ids for word in side]
    share = at_blank[0].softmax(-1)[spelt].sum().item()
    no, yes = words.scores(at_blank)[0].tolist()

    lab.text(tokenizer.decode(ids))
    lab.measure("tokens", len(ids))
    lab.measure("logits", str(list(logits.shape)))
    lab.measure("score", no, label="no")
    lab.measure("score", yes, label="yes")
    lab.measure("share of label words", share)
    lab.rows("questions", asked_and_said(asked, rows[:20] + rows[-20:]))


def logits_of(asked, ids):
    """(1, 2, vocabulary): behind pad, and behind the sentinel."""
    model = asked.model
    answer = [model.config.decoder_start_token_id, asked.blank]
    with torch.no_grad():
        return model(
            input_ids=torch.tensor([ids]).to(model.device),
            decoder_input_ids=torch.tensor([answer]).to(model.device),
        ).logits


@step
def zero_shot(
    lab: Lab,
    templates: Wordings = THREE,
    label_words: Words = NO_YES,
):
    """Ask in several wordings, and count the answers.

    templates: a name, a colon and a wording in each line
    label_words: the words at the blank that count for each answer
    """
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wordings = named(lab, templates)
    _, rows, _ = questions(lab, tokenizer)

    table, said = [], {}
    for name, wording in lab.loop(wordings.items(), "templates"):
        asked = PromptModel(model, tokenizer, wording, words)
        scores = asked.predict(asked.encode(rows))
        table.append(tell_more(lab, scores, rows, template=name))
        tell_confusion(lab, name, scores, rows)
        said[name] = scores.argmax(-1).tolist()
    lab.rows("templates", table)
    shares = {row["template"]: row["share of no"] for row in table}
    lab.plot("share of no", "bars", shares)
    disputed = misread(rows, said)
    lab.rows("misread", disputed[:: max(1, len(disputed) // 60)])


def misread(rows, said):
    """Questions that not every wording has right."""
    return [
        {
            "passage": row["passage"],
            "question": row["question"],
            "truth": CLASSES[row["label"]],
            **{name: CLASSES[all_[n]] for name, all_ in said.items()},
        }
        for n, row in enumerate(rows)
        if {all_[n] for all_ in said.values()} != {row["label"]}
    ]


@step
def workshop(
    lab: Lab,
    template: Wording = YOURS,
    label_words: Words = NO_YES,
    combine: Literal["mean of logs", "log of sum"] = "mean of logs",
    beside: Wordings = THREE,
    sample: Literal["validation", "test"] = "validation",
    count: Annotated[int, Range(10, 1000)] = 200,
):
    """Your own wording and words beside the book's.

    template: your wording of passage, question and blank
    label_words: the words at the blank that count for each answer
    combine: how the words of one answer are joined to its score
    beside: the wordings that yours is ranked with, one in each line
    sample: the questions to choose by, or those to report on, once
    count: questions asked; more give a smaller standard error
    """
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words, combine)
    wordings = {"yours": worded(lab, template)}
    wordings |= named(lab, beside, "beside")
    _, validation, test = questions(lab, tokenizer)
    rows = some(validation if sample == "validation" else test, count)

    table = []
    for name, wording in wordings.items():
        asked = PromptModel(model, tokenizer, wording, words)
        scores = asked.predict(asked.encode(rows))
        table.append(tell_more(lab, scores, rows, template=name))
        if name == "yours":
            shown = rows[:20] + rows[-20:]
            lab.rows("your questions", asked_and_said(asked, shown))
    table.sort(key=lambda row: row["accuracy"], reverse=True)
    lab.rows("templates", table, view="ranking")
    lab.measure("best template", table[0]["template"])
