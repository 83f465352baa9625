"""Learning curves: both ways tuned on more and more reviews."""

from typing import Any, Literal, NamedTuple

from deepdive.engine.lab import Lab, step
from transformers import AutoModelForSequenceClassification, set_seed

from .reviews import SENTIMENTS, balanced, labels_of, reviews, verdict
from .telling import tell_confusion, tell_sentiment
from .tuning import Recipe, copied, fit, recipes
from .ways import fresh_head
from .wordings import IT_IS, TERRIBLE_GREAT, Rate, Sizes, Wording, Words


@step
def learning_curves(
    lab: Lab,
    sizes: Sizes = [0, 16, 32, 64, 128, 256],
    template: Wording = IT_IS,
    label_words: Words = TERRIBLE_GREAT,
    head_rate: Rate = 5e-5,
    prompt_rate: Rate = 2e-5,
    new_head: Literal["for each size", "once"] = "for each size",
    updates: Literal["each its own", "equal"] = "each its own",
    encoder: Literal["encoder", "young_encoder"] = "encoder",
):
    """Tune a fresh head and a prompt on more and more reviews.

    sizes: reviews of each class; each is a training of its own
    template: the words around the review and its blank
    label_words: the words at the blank that count for each class
    head_rate: how far an update goes when the head is tuned
    prompt_rate: how far an update goes when the prompt is tuned
    new_head: whether each size draws a head of its own
    updates: the head's own number, or as many as the prompt has
    encoder: the usual one, or one that was trained for less long
    """
    train, test = reviews(lab)
    sides, truth = balanced(lab, train, sizes), labels_of(test)
    auto = AutoModelForSequenceClassification
    asked = verdict(lab, encoder, template, label_words)
    head = fresh_head(lab, encoder, auto, 2)
    plans, said = recipes(head_rate, prompt_rate), {}
    most = [side[: max(sizes)] for side in sides]
    runners = {
        "prompt": prepared(asked, plans["prompt"], most, test),
        "head": prepared(head, plans["head"], most, test),
    }

    for k in sizes:
        for name, runner in runners.items():
            draw = name == "head" and new_head == "for each size"
            runner.begin(lab.seed, 1000 * k if draw else None)
            equal = updates == "equal"
            n = plans["prompt" if equal else name].updates(2 * k)
            runner.tune(lab, k, n, f"{name} at {k}")
            said[name] = runner.answers()
            tell_sentiment(lab, said[name], truth, method=name, k=k)
            lab.measure("updates", n, method=name, k=k)
            of = f"confusion of the {name}"
            tell_confusion(lab, of, said[name], truth, SENTIMENTS)
    tell_misread(lab, test, said)


class Runner(NamedTuple):
    """One of the two ways, and all that it takes to begin anew."""

    way: Any
    recipe: Recipe
    start: dict[str, Any]  # its weights before any tuning
    sides: list[list[list[int]]]  # token ids of each class's reviews
    test: list[list[int]]

    def begin(self, seed, draw):
        """From the start; with a head of its own for each `draw`."""
        self.way.model.load_state_dict(self.start)
        set_seed(seed)
        if draw is not None:
            self.way.draw(seed + draw)

    def tune(self, lab, k, updates, what):
        """Tune on the first k of each class."""
        ids = [row for side in self.sides for row in side[:k]]
        labels = [[label] for label in (0, 1) for _ in range(k)]
        fit(lab, self.way, ids, labels, self.recipe, updates, what)

    def answers(self):
        """A class for each review of the test."""
        return self.way.predict(self.test).argmax(-1).cpu()


def prepared(way, recipe, sides, test):
    """A runner whose texts are encoded once for all sizes."""
    ids = [way.encode(side) for side in sides]
    return Runner(way, recipe, copied(way.model), ids, way.encode(test))


def tell_misread(lab, test, said):
    """Reviews that one of the two gets wrong at the largest size."""
    told = []
    for n, row in enumerate(test):
        answers = {name: SENTIMENTS[s[n]] for name, s in said.items()}
        truth = SENTIMENTS[row["label"]]
        if set(answers.values()) != {truth}:
            told.append(
                {"sentence": row["sentence"], "truth": truth, **answers}
            )
    lab.rows("misread", told[:60])
