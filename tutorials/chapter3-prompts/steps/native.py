"""The prompt that T5 was trained with."""

from deepdive.engine.lab import Lab, step
from deepdive.engine.methods.prompting import PromptModel

from .checks import named, standing_for
from .data import CLASSES, questions, t5
from .telling import tell_more
from .wordings import NATIVE, NO_YES, Wordings, Words

FALSE_TRUE = {"no": ["False"], "yes": ["True"]}


@step
def native_prompt(
    lab: Lab,
    templates: Wordings = NATIVE,
    native_words: Words = FALSE_TRUE,
    label_words: Words = NO_YES,
):
    """Ask T5 as it was asked when it learned these questions.

    templates: a name, a colon and a wording in each line
    native_words: the words that it answered with when it learned them
    label_words: the words that the book reads at the blank
    """
    model, tokenizer = t5(lab)
    _, rows, _ = questions(lab, tokenizer)
    table = []
    for name, wording in named(lab, templates).items():
        for setting, said in (
            ("native_words", native_words),
            ("label_words", label_words),
        ):
            words = standing_for(lab, tokenizer, said, setting=setting)
            asked = PromptModel(model, tokenizer, wording, words)
            scores = asked.predict(asked.encode(rows))
            case = {"template": name, "words": " / ".join(first(said))}
            table.append(tell_more(lab, scores, rows, **case))
    lab.rows("templates", table)


def first(words):
    """One label word of each class."""
    return [words[name][0] for name in CLASSES]
