"""Questions to the model in memory."""

from deepdive.engine.lab import Lab, probe
from deepdive.engine.methods.prompting import PromptModel

from .checks import standing_for, worded
from .data import questions, some
from .telling import plot_blank, tell_more
from .wordings import NO_YES, SUITABLE, YOURS, Wording, Words


@probe
def own_template(
    lab: Lab,
    template: Wording = YOURS,
    label_words: Words = NO_YES,
):
    """How good is my own wording, with the model as it is now?

    template: your wording of passage, question and blank
    label_words: the words at the blank that count for each answer
    """
    model, tokenizer = lab.watched("t5")
    words = standing_for(lab, tokenizer, label_words)
    asked = PromptModel(model, tokenizer, worded(lab, template), words)
    _, rows, _ = questions(lab, tokenizer)
    rows = some(rows, 200)
    scores = asked.predict(asked.encode(rows))
    tell_more(lab, scores, rows, template="yours")


@probe
def answer(
    lab: Lab,
    passage: str = "The letter is in the kitchen",
    question: str = "is the letter in the kitchen",
    template: Wording = SUITABLE,
):
    """What would stand in the blank of this question?

    passage: what the model reads before it answers
    question: what it is asked, to be answered with yes or no
    template: the words around passage, question and blank
    """
    model, tokenizer = lab.watched("t5")
    words = standing_for(lab, tokenizer, NO_YES)
    asked = PromptModel(model, tokenizer, worded(lab, template), words)
    row = {"passage": passage, "question": question}
    logits = asked.logits(asked.encode([row])).cpu()
    plot_blank(lab, asked, logits, "fills the blank", 8)
