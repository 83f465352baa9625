"""Both ways tuned to find names, on more and more sentences."""

from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

from datasets import Dataset
from deepdive.engine.lab import Lab, Range, step
from transformers import set_seed

from .finding import Asker, Tagger, tell_marked, tell_readings
from .news import news
from .tuning import Recipe, copied, fit, recipes
from .wordings import (
    IS_A,
    KINDS,
    AboutOne,
    Policy,
    Rate,
    Sentences,
    Sizes,
    Words,
)


@step
def entity_curves(
    lab: Lab,
    sizes: Sizes = [0, 8, 16, 32, 64, 128, 256, 512, 1024],
    test_sentences: Sentences = 500,
    template: AboutOne = IS_A,
    label_words: Words = KINDS,
    head_rate: Rate = 5e-5,
    prompt_rate: Rate = 2e-5,
    policy: Policy = "every piece",
    start: Literal["anew", "where it stood"] = "anew",
    heads: Annotated[int, Range(1, 20)] = 1,
):
    """Tune a head and a prompt on more and more sentences.

    sizes: sentences to tune on; each is a training of its own
    test_sentences: sentences to report on; more take longer
    template: the words around sentence, candidate and blank
    label_words: the words at the blank that count for each class
    head_rate: how far an update goes when the head is tuned
    prompt_rate: how far an update goes when the prompt is tuned
    policy: which pieces of a word are labelled with its tag
    start: anew for each size, or on with the sentences that are new
    heads: fresh heads, whose figures are averaged
    """
    train, test = news(lab, sizes, test_sentences)
    asker = Asker(lab, template, label_words)
    tagger = Tagger(lab, policy)
    plans, curve, said = recipes(head_rate, prompt_rate), [], {}
    drawn = drawn_heads(tagger.head, lab.seed, heads)
    begun = {
        "prompt": Begun(asker, plans["prompt"], [copied(asker.model)]),
        "head": Begun(tagger, plans["head"], drawn),
    }
    tested = {name: b.way.examples(test) for name, b in begun.items()}
    for before, size in pairwise([0, *sizes]):
        first = 0 if start == "anew" else before
        for name, one in begun.items():
            few, readings = one.way.examples(train[first:size]), []
            for draw in one.tuned(lab, few, f"{name} at {size}"):
                readings.append(one.way.read(test, *tested[name]))
                if start != "anew":
                    one.states[draw] = copied(one.way.model)
            case = {"method": name, "sentences": size}
            f1, said[name] = tell_readings(
                lab, one.way, test, readings, **case
            )
            n = one.recipe.updates(len(few[0]))
            lab.measure("updates", n, **case)
            row = {"F1": f1, "updates": n, "first": first}
            curve.append({**case, **row})
    for name, entities in said.items():
        tell_marked(lab, f"misread by the {name}", test, entities)
    Dataset.from_list(curve).to_json(lab.folder / "curve.jsonl")


class Begun(NamedTuple):
    """One of the two ways, and the weights that it begins with."""

    way: Any
    recipe: Recipe
    states: list[dict[str, Any]]  # one for each fresh head

    def tuned(self, lab, examples, what):
        """Tune from each of the states in turn; yields its number."""
        ids, labels = examples
        updates = self.recipe.updates(len(ids))
        for draw, state in enumerate(self.states):
            self.way.model.load_state_dict(state)
            set_seed(lab.seed + draw)
            fit(lab, self.way, ids, labels, self.recipe, updates, what)
            yield draw


def drawn_heads(head, seed, heads):
    """The weights with a fresh head, as often as asked for."""
    states = []
    for draw in range(heads):
        head.draw(seed + draw)
        states.append(copied(head.model))
    return states


@step
def equal_updates(
    lab: Lab,
    head_rate: Rate = 5e-5,
    test_sentences: Sentences = 500,
    policy: Policy = "every piece",
):
    """Give the head as many updates as the prompt had.

    head_rate: how far an update goes
    test_sentences: sentences to report on; more take longer
    policy: which pieces of a word are labelled with its tag
    """
    curve = lab.read("curve")
    sizes = sorted({row["sentences"] for row in curve})
    train, test = news(lab, sizes, test_sentences)
    head = Tagger(lab, policy)
    plan, fresh = recipes(head_rate, 0.0)["head"], copied(head.model)
    ids, labels = head.examples(test)
    for row in curve:
        case = {"sentences": row["sentences"]}
        lab.measure("F1", row["F1"], method=row["method"], **case)
        lab.measure(
            "updates", row["updates"], method=row["method"], **case
        )
        if row["method"] == "prompt":
            rows = train[row["first"] : row["sentences"]]
            if row["first"] == 0:
                head.model.load_state_dict(fresh)
            set_seed(lab.seed)
            what = f"head at {row['sentences']}"
            few, n = head.examples(rows), row["updates"]
            fit(lab, head, *few, plan, n, what)
            case["method"] = "head, equal updates"
            reading = head.read(test, ids, labels)
            tell_readings(lab, head, test, [reading], **case)
            lab.measure("updates", n, **case)
