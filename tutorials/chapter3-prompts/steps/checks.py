"""Templates and label words, if they can be used."""

from deepdive.engine.methods.prompting import (
    MASK,
    Template,
    Verbalizer,
)

from .data import CLASSES, COLUMNS


def worded(lab, text, setting="template"):
    """A template, if it has one blank and no other slots than these."""
    try:
        return Template.of(text, COLUMNS, shorten="passage")
    except ValueError as error:
        allowed = f"one {MASK}, and of " + ", ".join(COLUMNS)
        return lab.refuse(setting, str(error), allowed)


def named(lab, text, setting="templates"):
    """Lines "name: template", by name."""
    found = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, colon, wording = line.partition(": ")
        if not colon or not name or name in found:
            allowed = "a new name, a colon and a template in each line"
            lab.refuse(setting, f"can't read {line!r}", allowed)
        found[name] = worded(lab, wording.strip(), setting)
    if not found:
        lab.refuse(setting, "is empty", "at least one template")
    return found


def standing_for(
    lab, tokenizer, words, combine="mean of logs", setting="label_words"
):
    """Label words, if they tell the two classes apart."""
    if set(words) != set(CLASSES):
        told = ", ".join(words) or "none"
        lab.refuse(setting, f"classes: {told}", "no and yes")
    words = {name: words[name] for name in CLASSES}
    try:
        return Verbalizer.of(tokenizer, words, combine=combine)
    except ValueError as error:
        allowed = "words of the vocabulary, different in each class"
        return lab.refuse(setting, str(error), allowed)
