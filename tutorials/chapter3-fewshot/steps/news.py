"""Sentences with names in them: words, tags, pieces, candidates."""

from datasets import load_dataset
from deepdive.engine.methods.entities import spans

CLASSES = ["O", "PER", "ORG", "LOC", "MISC"]
TAGS = ["O"] + [f"{b}-{kind}" for kind in CLASSES[1:] for b in "BI"]
UNCOUNTED = -100  # the label of a token that no loss and score counts
CUT = 128  # pieces of a sentence; what is longer is cut off


def news(lab, sizes, test_sentences):
    """Sentences to train on and to test on: words and their tags."""
    seed = 13 + lab.seed  # 13 is the book's
    train = load_dataset(**lab.data("entities")).shuffle(seed=seed)
    test = load_dataset(**lab.data("entities_test")).shuffle(seed=seed)
    most = len(train)
    if max(sizes) > most or sorted(set(sizes)) != sizes or sizes[0] < 0:
        why = "do not rise, or there are not so many sentences"
        lab.refuse("sizes", why, f"rising numbers from 0 to {most}")
    train = list(train.select(range(max(sizes))))
    return train, list(
        test.select(range(min(test_sentences, len(test))))
    )


def aligned(tokenizer, rows, policy):
    """Ids and labels of whole sentences, cut into pieces."""
    if not rows:
        return [], []
    inputs = tokenizer(
        [row["tokens"] for row in rows],
        is_split_into_words=True,
        truncation=True,
        max_length=CUT,
    )
    labels = []
    for number, row in enumerate(rows):
        words, of_row = inputs.word_ids(number), []
        for word, before in zip(words, [None, *words]):
            again = word == before and policy == "first piece"
            unlabelled = word is None or again  # None: [CLS], [SEP]
            tag = UNCOUNTED if unlabelled else row["ner_tags"][word]
            of_row.append(tag)
        labels.append(of_row)
    return inputs.input_ids, labels


def each_candidate(row):
    """Each entity, and each word outside of entities, as a blank.

    The boundaries come from the true tags: the model need not find
    them.
    """
    entities = {
        start: (end, c) for start, end, c in spans(row["ner_tags"])
    }
    place, found = 0, []
    while place < len(row["tokens"]):
        end, label = entities.get(place, (place + 1, 0))
        found.append(candidate(row, place, end, label))
        place = end
    return found


def candidate(row, start, end, label):
    return {
        "sentence": " ".join(row["tokens"]),
        "candidate": " ".join(row["tokens"][start:end]),
        "label": label,
        "span": (start, end),
    }
