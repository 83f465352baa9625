"""The whole model tuned on more and more questions."""

import re
from copy import deepcopy

import torch
from deepdive.engine.lab import Lab, step
from deepdive.engine.methods.prompting import PromptModel

from .checks import named, standing_for, worded
from .data import CLASSES, labels_of, questions, t5
from .telling import tell, tell_confusion, tell_test
from .tuning import Recipe
from .wordings import (
    NO_YES,
    PUNCTUATED,
    SIZES,
    TEN,
    THREE,
    Batch,
    Count,
    Epochs,
    Rate,
    Sizes,
    Wording,
    Wordings,
    Words,
)

WHERE = {True: "in the passage", False: "not in it"}
FAMILIES = ("prefix", "cloze", "retrieval")


@step
def template_curves(
    lab: Lab,
    templates: Wordings = THREE,
    label_words: Words = NO_YES,
    sizes: Sizes = SIZES,
    epochs: Epochs = 5,
    learning_rate: Rate = 5e-4,
    batch: Batch = 4,
):
    """Tune the whole model in each wording, on more and more.

    templates: a name, a colon and a wording in each line
    label_words: the words at the blank that count for each answer
    sizes: questions of each class; each is a training of its own
    epochs: rounds over the questions; more are more updates
    learning_rate: how far an update goes; too high, and it forgets
    batch: questions for one update; more make fewer updates
    """
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wordings = named(lab, templates)
    train, validation, test = questions(lab, tokenizer, sizes)
    labels = [[row["label"]] for row in train]
    start = deepcopy(model.state_dict())
    recipe = Recipe(start, epochs, learning_rate, batch)

    for name, wording in wordings.items():
        asked = PromptModel(model, tokenizer, wording, words)
        ids, held = asked.encode(train), asked.encode(validation)
        for k in sizes:
            few, at = ids[: 2 * k], f"{name} at {k}"
            recipe.tune(lab, asked, few, labels, at)
            case = {"template": name, "k": k}
            tell(lab, asked.predict(held), validation, **case)
        tell_test(lab, asked, test, template=name)
        tell_confusion(lab, name, asked.predict(held), validation)


@step
def shortcut(
    lab: Lab,
    template: Wording = PUNCTUATED,
    label_words: Words = NO_YES,
    k: Count = 128,
    epochs: Epochs = 5,
    learning_rate: Rate = 5e-4,
    batch: Batch = 4,
):
    """Does it read, or look for the last word of the question?

    template: the words around passage, question and blank
    label_words: the words at the blank that count for each answer
    k: questions of each class to tune on; more take longer
    epochs: rounds over the questions; more are more updates
    learning_rate: how far an update goes; too high, and it forgets
    batch: questions for one update; more make fewer updates
    """
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    asked = PromptModel(model, tokenizer, worded(lab, template), words)
    train, rows, _ = questions(lab, tokenizer, [k], "k")
    truth = labels_of(rows)
    found = torch.tensor(list(map(stands_in, rows)))
    rule = (found.long() == truth).float().mean().item()
    lab.measure("accuracy of the rule", rule)

    start = deepcopy(model.state_dict())
    recipe = Recipe(start, epochs, learning_rate, batch)
    for name in ("untuned", "tuned"):
        if name == "tuned":
            labels = [[row["label"]] for row in train]
            recipe.tune(lab, asked, asked.encode(train), labels, name)
        scores = asked.predict(asked.encode(rows))
        tell(lab, scores, rows, model=name)
        right = scores.argmax(-1).cpu() == truth
        tell_groups(lab, name, right, truth, found)


def stands_in(row):
    """Whether the last word of the question is in the passage."""
    word = row["question"].split()[-1].strip("?.")
    return word in re.findall(r"\w+", row["passage"])


def tell_groups(lab, name, right, truth, found):
    """How often it is right where the word is, and where it isn't."""
    shares = {}
    for answer, there in ((1, True), (0, False), (0, True)):
        group = right[(truth == answer) & (found == there)]
        if len(group):
            share, where = group.float().mean().item(), WHERE[there]
            case = {"truth": CLASSES[answer], "word": where}
            lab.measure("right", share, model=name, **case)
            shares[f"{CLASSES[answer]}, word {where}"] = share
    lab.plot(f"right, {name}", "bars", shares)


@step
def ten_templates(
    lab: Lab,
    templates: Wordings = TEN,
    label_words: Words = NO_YES,
    sizes: Sizes = SIZES,
    epochs: Epochs = 5,
    learning_rate: Rate = 5e-4,
    batch: Batch = 4,
):
    """Ten wordings of three families, before and after tuning.

    templates: family and number, a colon and a wording in each line
    label_words: the words at the blank that count for each answer
    sizes: questions of each class; each is a training of its own
    epochs: rounds over the questions; more are more updates
    learning_rate: how far an update goes; too high, and it forgets
    batch: questions for one update; more make fewer updates
    """
    wordings = of_families(lab, named(lab, templates))
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    train, validation, test = questions(lab, tokenizer, sizes)
    labels = [[row["label"]] for row in train]
    start, table = deepcopy(model.state_dict()), []
    recipe = Recipe(start, epochs, learning_rate, batch)

    for name, wording in wordings.items():
        asked = PromptModel(model, tokenizer, wording, words)
        ids, held = asked.encode(train), asked.encode(validation)
        family, number = name.split()
        for k in sizes:
            few, at = ids[: 2 * k], f"{name} at {k}"
            recipe.tune(lab, asked, few, labels, at)
            case = {"template": int(number), "k": k}
            scores = asked.predict(held)
            right, no = tell(lab, scores, validation, **case)
            row = {"family": family, "accuracy": right}
            table.append({**row, **case, "share of no": no})
        tell_test(lab, asked, test, template=int(number))
    tell_families(lab, table)


def of_families(lab, wordings):
    """Wordings, if each is named by its family and a number."""
    known = f"({'|'.join(FAMILIES)}) [0-9]+"
    if odd := [n for n in wordings if not re.fullmatch(known, n)]:
        allowed = "a family and a number, such as cloze 5"
        lab.refuse("templates", f"{odd[0]!r} has no family", allowed)
    return wordings


def tell_families(lab, table):
    """The best and the worst of each family, and how often no."""
    lab.rows("ten templates", table)
    for k in sorted({row["k"] for row in table}):
        of_size = [row for row in table if row["k"] == k]
        shares = {
            f"{row['template']} {row['family']}": row["share of no"]
            for row in of_size
        }
        lab.plot(f"share of no, k = {k}", "bars", shares)
        for family in FAMILIES:
            right = [
                row["accuracy"]
                for row in of_size
                if row["family"] == family
            ]
            if right:
                case = {"family": family, "k": k}
                lab.measure("best", max(right), **case)
                lab.measure("worst", min(right), **case)
