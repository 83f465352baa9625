"""Names in sentences: words and pieces, and each name as a blank."""

from typing import Annotated

from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods.entities import spans
from transformers import AutoTokenizer

from .news import (
    CLASSES,
    TAGS,
    UNCOUNTED,
    aligned,
    each_candidate,
    news,
)
from .ways import worded
from .wordings import FEYENOORD, IS_A, ITS_TAGS, AboutOne, Policy


@step
def align(
    lab: Lab,
    sentence: str = FEYENOORD,
    tags: str = ITS_TAGS,
    policy: Policy = "every piece",
):
    """Carry the tags of words over to their pieces.

    sentence: words with blanks between them
    tags: one for each word: O, or B- or I- and the class of a name
    policy: which pieces of a word are labelled with its tag
    """
    place = lab.model("entity_encoder")
    tokenizer = AutoTokenizer.from_pretrained(place)
    words, names = sentence.split(), tags.split()
    if not words:
        lab.refuse("sentence", "is empty", "words, blanks between them")
    if len(names) != len(words):
        why = f"{len(names)} tags for {len(words)} words"
        lab.refuse("tags", why, "one for each word")
    if unknown := set(names) - set(TAGS):
        why = f"{unknown.pop()!r} is no tag"
        lab.refuse("tags", why, ", ".join(TAGS))

    row = {"tokens": words, "ner_tags": [TAGS.index(n) for n in names]}
    [ids], [labels] = aligned(tokenizer, [row], policy)
    places = tokenizer(words, is_split_into_words=True).word_ids()
    pieces = tokenizer.convert_ids_to_tokens(ids)
    of_word = [
        ("", "") if place is None else (words[place], names[place])
        for place in places
    ]
    lab.rows(
        "pieces",
        [
            (piece, id, word, tag, label)
            for piece, id, (word, tag), label in zip(
                pieces, ids, of_word, labels
            )
        ],
        columns=("piece", "id", "word", "tag", "label"),
    )
    lab.measure("words", len(words))
    lab.measure("pieces", len(ids))
    lab.measure("labelled", sum(n != UNCOUNTED for n in labels))
    lab.measure("starts", sum(n % 2 for n in labels if n > 0))
    lab.measure("entities", len(spans(row["ner_tags"])))


@step
def candidates(
    lab: Lab,
    template: AboutOne = IS_A,
    number: Annotated[int, Range(1, 128)] = 1,
):
    """Ask about each entity and each other word in turn.

    template: the words around sentence, candidate and blank
    number: which training sentence is taken apart
    """
    place = lab.model("entity_encoder")
    blank = AutoTokenizer.from_pretrained(place).mask_token
    train, _ = news(lab, [128], 1)
    asked = worded(lab, template, ("sentence", "candidate"))
    every = [c for row in train for c in each_candidate(row)]
    chosen = each_candidate(train[number - 1])
    lab.rows(
        "prompts",
        [
            {
                "candidate": c["candidate"],
                "class": CLASSES[c["label"]],
                "prompt": {"spans": asked.marked(c, blank)},
            }
            for c in chosen
        ],
    )
    long = [c for c in every if " " in c["candidate"]]
    outside = sum(c["label"] == 0 for c in every) / len(every)
    lab.measure("prompts", len(chosen))
    lab.measure("prompts a sentence", len(every) / len(train))
    lab.measure("share of O", outside)
    lab.measure("of several words", len(long))
    named = sum(c["label"] > 0 for c in long) / max(1, len(long))
    lab.measure("names among them", named)
