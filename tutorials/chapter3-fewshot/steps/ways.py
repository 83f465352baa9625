"""The two ways: a head on top of an encoder, or a blank to fill."""

from itertools import chain

from deepdive.engine.methods.heads import Head
from deepdive.engine.methods.prompting import (
    MASK,
    PromptModel,
    Template,
    Verbalizer,
)
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    set_seed,
)


def fresh_head(lab, role, auto, classes):
    """An encoder whose vocabulary layer is gone: a fresh linear layer
    scores the classes, of the sentence or of each token."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
    set_seed(lab.seed)  # before the head is drawn
    model = auto.from_pretrained(lab.model(role), num_labels=classes)
    lab.watch("head", model.to(lab.device).eval(), tokenizer)
    return Head(model, tokenizer, "sentence")


def masked_lm(lab, role):
    """The same encoder with its vocabulary layer, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
    model = AutoModelForMaskedLM.from_pretrained(lab.model(role))
    lab.watch("prompt", model.to(lab.device).eval(), tokenizer)
    return model, tokenizer


def prompt(lab, model, tokenizer, template, label_words, classes):
    """It fills a blank, and label words stand for the classes."""
    verbalizer = standing_for(lab, tokenizer, label_words, classes)
    for word in chain(*label_words.values()):
        pieces = tokenizer.tokenize(" " + word)
        if len(pieces) > 1:
            told = f"{word!r} is {' '.join(pieces)} to the model"
            lab.note(f"{told}: only {pieces[0]!r} is scored")
    return PromptModel(model, tokenizer, template, verbalizer)


def standing_for(lab, tokenizer, words, classes, setting="label_words"):
    """Label words, if they tell the classes apart."""
    if len(words) != len(classes):
        allowed = "words for each of " + ", ".join(classes)
        lab.refuse(setting, f"{len(words)} classes", allowed)
    try:
        return Verbalizer.of(tokenizer, words)
    except ValueError as error:
        allowed = "words of the vocabulary, different in each class"
        return lab.refuse(setting, str(error), allowed)


def worded(lab, text, columns=("sentence",), setting="template"):
    """A template, if it has one blank and no other slots than these."""
    try:
        return Template.of(text, columns, shorten="sentence")
    except ValueError as error:
        allowed = f"one {MASK}, and of " + ", ".join(columns)
        return lab.refuse(setting, str(error), allowed)
