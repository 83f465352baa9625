"""One encoder, two ways to give it a task: a fresh head on top, or a
blank to fill in its own words.

Every function below is one experiment. Its parameters are the settings
on the page, its defaults the book's values.
"""

from copy import deepcopy
from itertools import chain, islice, pairwise
from math import ceil, sqrt
from typing import Annotated, Literal, NamedTuple

import torch
from datasets import Dataset, load_dataset
from deepdive.engine.lab import Kind, Lab, Range, Slots, probe, step
from deepdive.engine.methods.prompting import (
    MASK,
    PromptModel,
    Template,
    Verbalizer,
)
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
    set_seed,
)

SENTIMENTS = ["negative", "positive"]  # in the order of the label ids
CLASSES = ["O", "PER", "ORG", "LOC", "MISC"]
TAGS = ["O"] + [f"{b}-{kind}" for kind in CLASSES[1:] for b in "BI"]
STARTS = torch.tensor([1, 3, 5, 7])  # the B- tags
UNCOUNTED = -100  # the label of a token that no loss and score counts
CUT = 128  # pieces of a sentence; what is longer is cut off
Span = tuple[int, int, int]  # first word, word after the last, class


# ---- the two ways --------------------------------------------------


class Head:
    """An encoder whose vocabulary layer is gone: a fresh linear layer
    scores the classes, of the sentence or of each token."""

    def __init__(self, lab, role, auto, classes):
        self.tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
        set_seed(lab.seed)  # before the head is drawn
        self.model = auto.from_pretrained(
            lab.model(role), num_labels=classes
        ).to(lab.device)
        lab.watch("head", self.model.eval(), self.tokenizer)

    def draw(self, seed):
        """Other random weights for the linear layer."""
        set_seed(seed)
        torch.nn.init.normal_(self.model.classifier.weight, std=0.02)
        torch.nn.init.zeros_(self.model.classifier.bias)

    def encode(self, rows):
        """Token ids of each row's sentence."""
        texts = [row["sentence"] for row in rows]
        limit = min(512, self.model.config.max_position_embeddings)
        if not texts:
            return []
        return self.tokenizer(
            texts, truncation=True, max_length=limit
        ).input_ids

    def scores(self, ids):
        """(labels, classes): one row a sentence, or one a token."""
        width, pad = max(map(len, ids)), self.tokenizer.pad_token_id
        padded = [row + [pad] * (width - len(row)) for row in ids]
        lengths = torch.tensor([len(row) for row in ids])
        real = torch.arange(width) < lengths[:, None]  # (batch, width)
        real = real.to(self.model.device)
        logits = self.model(
            input_ids=torch.tensor(padded, device=self.model.device),
            attention_mask=real.long(),
        ).logits
        return logits if logits.dim() == 2 else logits[real]

    def predict(self, ids, batch=64):
        """The scores of all rows, in their order."""
        self.model.eval()
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        answers = {}
        for at in range(0, len(order), batch):
            rows = order[at : at + batch]
            with torch.no_grad():
                scores = self.scores([ids[row] for row in rows])
            of_tokens = len(scores) > len(rows)
            sizes = [len(ids[r]) for r in rows] if of_tokens else 1
            answers |= zip(rows, scores.cpu().split(sizes))
        return torch.cat([answers[row] for row in range(len(ids))])


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
    allowed = f"one {MASK}, and of " + ", ".join(columns)
    try:
        template = Template(text, shorten="sentence")
    except ValueError as error:
        return lab.refuse(setting, str(error), allowed)
    if unknown := set(template.slots) - set(columns):
        lab.refuse(setting, f"no column {unknown.pop()!r}", allowed)
    return template


class Recipe(NamedTuple):
    """How all weights are tuned."""

    learning_rate: float
    epochs: int
    batch: int
    falls: bool  # the rate falls to 0, and gradients are clipped
    dropout: bool
    weight_decay: float
    epsilon: float

    def updates(self, examples):
        return self.epochs * ceil(examples / self.batch)


def recipes(head_rate, prompt_rate):
    """The book's two: the Trainer's defaults, and its own loop."""
    head = Recipe(head_rate, 3, 8, True, True, 0.0, 1e-8)
    prompt = Recipe(prompt_rate, 5, 4, False, False, 0.01, 1e-6)
    return {"head": head, "prompt": prompt}


def fit(lab, way, ids, labels, recipe, updates, what):
    """Tune all weights of a head or of a prompt model.

    Each example has its token ids and a list of labels: one, or one
    for every token.
    """
    model = way.model.train(recipe.dropout)
    undecayed = ("bias", "LayerNorm.weight")
    groups = {0.0: [], recipe.weight_decay: []}
    for name, weight in model.named_parameters():
        free = name.endswith(undecayed)
        groups[0.0 if free else recipe.weight_decay].append(weight)
    optimizer = torch.optim.AdamW(
        [{"params": w, "weight_decay": d} for d, w in groups.items()],
        lr=recipe.learning_rate,
        eps=recipe.epsilon,
    )
    schedule = get_linear_schedule_with_warmup(optimizer, 0, updates)
    lab.watch(what.split()[0], model, way.tokenizer, optimizer)

    drawn = islice(batches(len(ids), recipe.batch), updates)
    for rows in lab.loop(list(drawn), what):
        truth = [label for row in rows for label in labels[row]]
        scores = way.scores([ids[row] for row in rows])
        loss = cross_entropy(
            scores, torch.tensor(truth, device=scores.device)
        )
        loss.backward()
        if recipe.falls:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if recipe.falls:
            schedule.step()
        optimizer.zero_grad()
    model.eval()


def batches(count, size):
    """Row numbers, reshuffled in every epoch, without end."""
    while count:
        for rows in torch.randperm(count).split(size):
            yield rows.tolist()


def copied(model):
    """The weights as they are now, to begin again from."""
    return deepcopy(model.state_dict())


# ---- sentiment -----------------------------------------------------


def reviews(lab):
    """Training and test rows: a sentence, and 0 or 1."""
    train = load_dataset(**lab.data("sentiment"))
    test = load_dataset(**lab.data("sentiment_test"))
    return train, list(test)


def balanced(lab, train, sizes):
    """Of a thousand drawn, the positives and the negatives in order.

    The first k of each are the training set of size k, so that a
    smaller set is a part of a larger one.
    """
    drawn = train.shuffle(seed=lab.seed)
    drawn = list(drawn.select(range(min(1000, len(drawn)))))
    by_class = [
        [row for row in drawn if row["label"] == label]
        for label in (0, 1)
    ]
    most = min(map(len, by_class))
    if max(sizes) > most or min(sizes) < 0:
        why = f"{max(sizes)} of each class are more than there are"
        lab.refuse("sizes", why, f"0 to {most}")
    return by_class


def labels_of(rows):
    return torch.tensor([row["label"] for row in rows])


def verdict(lab, role, template, label_words):
    """An encoder that fills in what to think of a review."""
    wording = worded(lab, template)
    bert = masked_lm(lab, role)
    return prompt(lab, *bert, wording, label_words, SENTIMENTS)


def tell_sentiment(lab, said, truth, **case):
    """Accuracy, and how often the answer is positive."""
    right = (said == truth).float().mean().item()
    error = sqrt(right * (1 - right) / len(truth))  # standard error
    lab.measure(
        "accuracy",
        right,
        low=max(0.0, right - 1.96 * error),
        high=min(1.0, right + 1.96 * error),
        n=len(truth),
        **case,
    )
    positive = said.float().mean().item()
    lab.measure("share positive", positive, **case)


def tell_confusion(lab, name, said, truth, classes):
    """How often each class was taken for each."""
    count = torch.bincount(
        truth * len(classes) + said, minlength=len(classes) ** 2
    )
    cells = [(t, s) for t in classes for s in classes]
    lab.rows(
        name,
        [
            {"cell": f"{t}, {s}", "truth": t, "said": s, "count": n}
            for (t, s), n in zip(cells, count.tolist())
        ],
        key="cell",
        view="confusion",
    )


def filled(asked, rows, scores):
    """Prompts as they are asked, and what the model puts there."""
    blank = asked.tokenizer.mask_token
    with torch.no_grad():
        logits = asked.logits(asked.encode(rows)).cpu()
    words = asked.verbalizer.words(asked.tokenizer, logits)
    likely = logits.softmax(-1).topk(5).indices.tolist()
    return [
        {
            "said": asked.verbalizer.labels[score.argmax()],
            "prompt": {"spans": blanked(asked.template, row, blank)},
            "label words": {"bars": bars},
            "likeliest": asked.tokenizer.decode(top),
        }
        for row, bars, top, score in zip(rows, words, likely, scores)
    ]


def blanked(template, row, blank):
    """A prompt as pieces of text, the blank marked."""
    return [
        [blank, "mask"] if piece == MASK else [piece, ""]
        for piece in template.pieces(row)
    ]


@step
def random_head(
    lab: Lab,
    heads: Annotated[int, Range(1, 50)] = 8,
):
    """Ask an encoder with a head that has learned nothing."""
    _, test = reviews(lab)
    head = Head(lab, "encoder", AutoModelForSequenceClassification, 2)
    ids, truth = head.encode(test), labels_of(test)

    rows = []
    for number in lab.loop(range(heads), "heads"):
        head.draw(lab.seed + number)
        said = head.predict(ids).argmax(-1)
        right = (said == truth).float().mean().item()
        positive = said.float().mean().item()
        name = f"head {number + 1}"
        rows.append([name, right, positive])
        if number == 0:
            tell_sentiment(lab, said, truth)
            tell_confusion(lab, "confusion", said, truth, SENTIMENTS)

    always = truth.float().mean().item()
    rows.append(["always positive", always, 1.0])
    rows.append(["always negative", 1 - always, 0.0])
    names = ("answers", "accuracy", "share positive")
    lab.rows("heads", [dict(zip(names, row)) for row in rows])
    lab.plot("accuracy", "bars", {name: a for name, a, _ in rows})
    lab.measure("worst head", min(a for _, a, _ in rows[:heads]))
    lab.measure("best head", max(a for _, a, _ in rows[:heads]))
    lab.measure("constant", always, answer="positive")
    lab.measure("constant", 1 - always, answer="negative")


@step
def fill_the_blank(
    lab: Lab,
    template: Annotated[
        str, Slots(("sentence", "mask"), ("mask",))
    ] = "{sentence} it is {mask} .",
    label_words: dict[str, list[str]] = {
        "negative": ["terrible"],
        "positive": ["great"],
    },
    shown: Annotated[int, Range(1, 200)] = 40,
):
    """Ask the same encoder for a word instead."""
    _, test = reviews(lab)
    asked = verdict(lab, "encoder", template, label_words)
    truth = labels_of(test)

    scores = asked.predict(asked.encode(test)).cpu()  # (reviews, 2)
    said = scores.argmax(-1)
    tell_sentiment(lab, said, truth)
    tell_confusion(lab, "confusion", said, truth, SENTIMENTS)

    some = misread_first(said, truth)[:shown]
    answers = filled(asked, [test[n] for n in some], scores[some])
    lab.rows(
        "reviews",
        [
            {
                "sentence": test[n]["sentence"],
                "truth": SENTIMENTS[test[n]["label"]],
                **answer,
            }
            for n, answer in zip(some, answers)
        ],
    )


def misread_first(said, truth):
    """Row numbers: every second one misread while there are any."""
    wrong = (said != truth).nonzero()[:, 0].tolist()
    right = (said == truth).nonzero()[:, 0].tolist()
    pairs = chain(*zip(wrong, right))
    both = min(len(wrong), len(right))
    return [*pairs, *wrong[both:], *right[both:]]


@step
def templates(
    lab: Lab,
    wordings: Annotated[str, Kind("lines")] = (
        "{sentence} it is {mask} .\n"
        "it is {mask} . {sentence}\n"
        "{sentence} {mask}\n"
        "{sentence} we left {mask} ."
    ),
    words: Annotated[str, Kind("lines")] = (
        "terrible / great\nbad / good\ngreat / terrible"
    ),
):
    """Compare wordings and label words, without any training."""
    _, test = reviews(lab)
    bert = masked_lm(lab, "encoder")
    truth, rows = labels_of(test), []
    cases = [
        (wording, pair)
        for wording in lines(wordings)
        for pair in lines(words)
    ]
    for wording, pair in lab.loop(cases, "wordings"):
        words_of = [side.split(",") for side in pair.split("/")]
        label_words = dict(enumerate(words_of))
        told = worded(lab, wording, setting="wordings")
        read = standing_for(
            lab, bert[1], label_words, SENTIMENTS, "words"
        )
        asked = PromptModel(*bert, told, read)
        scores = asked.predict(asked.encode(test)).cpu()
        empty = asked.predict(asked.encode([{"sentence": ""}])).cpu()
        row = {"template": wording, "words": pair}
        for name, s in (
            ("plain", scores),
            ("calibrated", scores - empty),
        ):
            right = (s.argmax(-1) == truth).float().mean().item()
            case = {"template": wording, "words": pair, "scores": name}
            lab.measure("accuracy", right, n=len(truth), **case)
            row[name] = right
        row["positive"] = scores.argmax(-1).float().mean().item()
        rows.append(row)
    lab.rows("wordings", rows)
    best, worst = (f(row["plain"] for row in rows) for f in (max, min))
    lab.measure("best wording", best)
    lab.measure("worst wording", worst)


def lines(text):
    return [line.strip() for line in text.split("\n") if line.strip()]


@step
def learning_curves(
    lab: Lab,
    sizes: list[int] = [0, 16, 32, 64, 128, 256],
    template: Annotated[
        str, Slots(("sentence", "mask"), ("mask",))
    ] = "{sentence} it is {mask} .",
    label_words: dict[str, list[str]] = {
        "negative": ["terrible"],
        "positive": ["great"],
    },
    head_rate: Annotated[float, Range(1e-6, 1e-2)] = 5e-5,
    prompt_rate: Annotated[float, Range(1e-6, 1e-2)] = 2e-5,
    new_head: Literal["for each size", "once"] = "for each size",
    updates: Literal["each its own", "equal"] = "each its own",
    encoder: Literal["encoder", "young_encoder"] = "encoder",
):
    """Tune a fresh head and a prompt on more and more reviews."""
    train, test = reviews(lab)
    sides, truth = balanced(lab, train, sizes), labels_of(test)
    auto = AutoModelForSequenceClassification
    ways = {
        "prompt": verdict(lab, encoder, template, label_words),
        "head": Head(lab, encoder, auto, 2),
    }
    plans, said = recipes(head_rate, prompt_rate), {}
    start = {name: copied(way.model) for name, way in ways.items()}
    asked = {name: way.encode(test) for name, way in ways.items()}
    most = [side[: max(sizes)] for side in sides]
    ids = {
        name: [way.encode(side) for side in most]
        for name, way in ways.items()
    }

    for k in sizes:
        labels = [[label] for label in (0, 1) for _ in range(k)]
        for name, way in ways.items():
            way.model.load_state_dict(start[name])
            set_seed(lab.seed)
            if name == "head" and new_head == "for each size":
                way.draw(lab.seed + 1000 * k)
            equal = updates == "equal"
            n = plans["prompt" if equal else name].updates(len(labels))
            few = [row for side in ids[name] for row in side[:k]]
            at = f"{name} at {k}"
            fit(lab, way, few, labels, plans[name], n, at)
            said[name] = way.predict(asked[name]).argmax(-1).cpu()
            tell_sentiment(lab, said[name], truth, method=name, k=k)
            lab.measure("updates", n, method=name, k=k)
            of = f"confusion of the {name}"
            tell_confusion(lab, of, said[name], truth, SENTIMENTS)
    tell_misread(lab, test, said)


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


# ---- entities ------------------------------------------------------


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


def spans(tags):
    """Where entities begin and end: {(first, after the last, class)}.

    An I- tag that continues nothing of its class counts for nothing.
    """
    found, start = set(), None
    for place, tag in enumerate([*tags, 0]):
        inside = tag > 0 and tag % 2 == 0
        if start is not None and not (
            inside and tag == tags[start] + 1
        ):
            found.add((start, place, (tags[start] + 1) // 2))
            start = None
        if tag % 2:
            start = place
    return found


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


@step
def align(
    lab: Lab,
    sentence: str = (
        "Feyenoord midfielder Jean-Paul van Gastel was also named to "
        "make his debut in the 18-man squad ."
    ),
    tags: str = "B-ORG O B-PER I-PER I-PER O O O O O O O O O O O O",
    policy: Literal["every piece", "first piece"] = "every piece",
):
    """Carry the tags of words over to their pieces."""
    tokenizer = AutoTokenizer.from_pretrained(
        lab.model("entity_encoder")
    )
    words, names = sentence.split(), tags.split()
    if len(names) != len(words):
        why = f"{len(names)} tags for {len(words)} words"
        lab.refuse("tags", why, "one for each word")
    if unknown := set(names) - set(TAGS):
        why = f"{unknown.pop()!r} is no tag"
        lab.refuse("tags", why, ", ".join(TAGS))

    row = {"tokens": words, "ner_tags": [TAGS.index(n) for n in names]}
    [ids], [labels] = aligned(tokenizer, [row], policy)
    places = tokenizer(words, is_split_into_words=True).word_ids()
    lab.rows(
        "pieces",
        [
            {
                "piece": tokenizer.convert_ids_to_tokens(id),
                "id": id,
                "word": "" if place is None else words[place],
                "tag": "" if place is None else names[place],
                "label": label,
            }
            for id, place, label in zip(ids, places, labels)
        ],
    )
    lab.measure("words", len(words))
    lab.measure("pieces", len(ids))
    lab.measure("labelled", sum(n != UNCOUNTED for n in labels))
    lab.measure("starts", sum(n % 2 for n in labels if n > 0))
    lab.measure("entities", len(spans(row["ner_tags"])))


@step
def candidates(
    lab: Lab,
    template: Annotated[
        str,
        Slots(("sentence", "candidate", "mask"), ("candidate", "mask")),
    ] = "{sentence}. {candidate} is a {mask} entity.",
    number: Annotated[int, Range(1, 128)] = 1,
):
    """Ask about each entity and each other word in turn."""
    tokenizer = AutoTokenizer.from_pretrained(
        lab.model("entity_encoder")
    )
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
                "prompt": {
                    "spans": blanked(asked, c, tokenizer.mask_token)
                },
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


# ---- entity curves -------------------------------------------------


class Tagger:
    """A fresh head on every token; its tags are joined to entities."""

    def __init__(self, lab, policy):
        auto = AutoModelForTokenClassification
        self.head = Head(lab, "entity_encoder", auto, len(TAGS))
        self.model, self.tokenizer = (
            self.head.model,
            self.head.tokenizer,
        )
        self.scores, self.policy = self.head.scores, policy

    def examples(self, rows):
        """Ids and labels of sentences."""
        return aligned(self.tokenizer, rows, self.policy)

    def read(self, rows, ids, labels):
        """What it says, and what is true, per piece; and entities."""
        scores = self.head.predict(ids)
        truth = torch.tensor(list(chain(*labels)))
        said = scores.argmax(-1)
        of_rows = said.split([len(row) for row in ids])
        entities = []
        for row, tags in zip(rows, of_rows):
            words = self.tokenizer(
                row["tokens"],
                is_split_into_words=True,
                truncation=True,
                max_length=CUT,
            ).word_ids()
            of_word = {}
            for word, tag in zip(words, tags.tolist()):
                of_word.setdefault(word, tag)  # its first piece's tag
            here = range(len(row["tokens"]))
            entities.append(spans([of_word.get(w, 0) for w in here]))
        counted = truth != UNCOUNTED
        return said[counted], truth[counted], entities


class Asker:
    """A prompt for each candidate of a sentence."""

    def __init__(self, lab, template, label_words):
        bert = masked_lm(lab, "entity_encoder")
        asked = worded(lab, template, ("sentence", "candidate"))
        self.prompt = prompt(lab, *bert, asked, label_words, CLASSES)
        self.model, self.scores = self.prompt.model, self.prompt.scores
        self.tokenizer = self.prompt.tokenizer

    def examples(self, rows):
        """Ids and labels of the candidates of sentences."""
        asked = [c for row in rows for c in each_candidate(row)]
        return self.prompt.encode(asked), [[c["label"]] for c in asked]

    def read(self, rows, ids, labels):
        """What it says, and what is true, per candidate."""
        said = self.prompt.predict(ids).argmax(-1).cpu()
        answers, entities = iter(said.tolist()), []
        for row in rows:
            pairs = [
                (c["span"], next(answers)) for c in each_candidate(row)
            ]
            entities.append({(*span, n) for span, n in pairs if n})
        return said, torch.tensor(labels)[:, 0], entities


def f1(right, said, true):
    """Of precision (right of what was said) and recall (right of what
    is true); 0 where nothing is right."""
    return 2 * right / (said + true) if right else 0.0


def entity_figures(test, said, truth, entities, positive):
    """The book's F1, the strict one, and what stands behind them."""
    told, true = torch.isin(said, positive), torch.isin(truth, positive)
    right = ((said == truth) & true).sum().item()
    real = [spans(row["ner_tags"]) for row in test]
    both = sum(len(a & b) for a, b in zip(entities, real))
    counts = sum(map(len, entities)), sum(map(len, real))
    return {
        "F1": f1(right, told.sum().item(), true.sum().item()),
        "share of O": (said == 0).float().mean().item(),
        "accuracy": (said == truth).float().mean().item(),
        "recall of starts": right / max(1, true.sum().item()),
        "strict F1": f1(both, *counts),
    }


def tell_marked(lab, name, test, entities):
    """Sentences in which something was misread, verdicts marked."""
    rows = []
    for row, said in zip(test, entities):
        true = spans(row["ner_tags"])
        if said != true:
            marks = marked(row["tokens"], said, true)
            rows.append({"sentence": {"spans": marks}})
    lab.rows(name, rows[:40])


def marked(words, said, true):
    """Pieces of a sentence: right, wrong, missed, or plain."""
    verdict = [""] * len(words)
    for start, end, _ in true - said:
        verdict[start:end] = ["missed"] * (end - start)
    for start, end, _ in said - true:
        verdict[start:end] = ["wrong"] * (end - start)
    for start, end, _ in said & true:
        verdict[start:end] = ["right"] * (end - start)
    pieces = []
    for word, label in zip(words, verdict):
        if pieces and pieces[-1][1] == label:
            pieces[-1][0] += " " + word
        else:
            pieces.append([word, label])
    return [[text + " ", label] for text, label in pieces]


@step
def entity_curves(
    lab: Lab,
    sizes: list[int] = [0, 8, 16, 32, 64, 128, 256, 512, 1024],
    test_sentences: Annotated[int, Range(1, 3250)] = 500,
    template: Annotated[
        str,
        Slots(("sentence", "candidate", "mask"), ("candidate", "mask")),
    ] = "{sentence}. {candidate} is a {mask} entity.",
    label_words: dict[str, list[str]] = {
        "O": ["non"],
        "PER": ["person"],
        "ORG": ["organization"],
        "LOC": ["location"],
        "MISC": ["other"],
    },
    head_rate: Annotated[float, Range(1e-6, 1e-2)] = 5e-5,
    prompt_rate: Annotated[float, Range(1e-6, 1e-2)] = 2e-5,
    policy: Literal["every piece", "first piece"] = "every piece",
    start: Literal["anew", "where it stood"] = "anew",
    heads: Annotated[int, Range(1, 20)] = 1,
):
    """Tune a head and a prompt on more and more sentences."""
    train, test = news(lab, sizes, test_sentences)
    ways = {
        "prompt": Asker(lab, template, label_words),
        "head": Tagger(lab, policy),
    }
    plans, curve, said = recipes(head_rate, prompt_rate), [], {}
    tested = {name: way.examples(test) for name, way in ways.items()}
    states = {"prompt": [copied(ways["prompt"].model)]}
    states["head"] = drawn_heads(ways["head"].head, lab.seed, heads)
    for before, size in pairwise([0, *sizes]):
        anew = start == "anew"
        rows = train[0 if anew else before : size]
        for name, way in ways.items():
            ids, labels = way.examples(rows)
            n, what = plans[name].updates(len(ids)), f"{name} at {size}"
            readings = []
            for draw, state in enumerate(states[name]):
                way.model.load_state_dict(state)
                set_seed(lab.seed + draw)
                fit(lab, way, ids, labels, plans[name], n, what)
                readings.append(way.read(test, *tested[name]))
                if not anew:
                    states[name][draw] = copied(way.model)
            case = {"method": name, "sentences": size}
            score, said[name] = tell_readings(
                lab, way, test, readings, **case
            )
            lab.measure("updates", n, **case)
            first = size - len(rows)
            curve.append(
                {**case, "F1": score, "updates": n, "first": first}
            )
    for name, entities in said.items():
        tell_marked(lab, f"misread by the {name}", test, entities)
    Dataset.from_list(curve).to_json(lab.folder / "curve.jsonl")


def drawn_heads(head, seed, heads):
    """The weights with a fresh head, as often as asked for."""
    states = []
    for draw in range(heads):
        head.draw(seed + draw)
        states.append(copied(head.model))
    return states


def tell_readings(lab, way, test, readings, **case):
    """The means over the heads; the confusion is the first one's."""
    tags = isinstance(way, Tagger)
    positive = STARTS if tags else torch.arange(1, len(CLASSES))
    figures = [entity_figures(test, *r, positive) for r in readings]
    for name in figures[0]:
        values = [each[name] for each in figures]
        lab.measure(name, sum(values) / len(values), **case)
    said, truth, entities = readings[0]
    if tags:  # B- and I- of a class are one row of the confusion
        said, truth = (said + 1) // 2, (truth + 1) // 2
    name = f"confusion of the {case['method']}"
    tell_confusion(lab, name, said, truth, CLASSES)
    return sum(each["F1"] for each in figures) / len(figures), entities


@step
def equal_updates(
    lab: Lab,
    head_rate: Annotated[float, Range(1e-6, 1e-2)] = 5e-5,
    test_sentences: Annotated[int, Range(1, 3250)] = 500,
    policy: Literal["every piece", "first piece"] = "every piece",
):
    """Give the head as many updates as the prompt had."""
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


# ---- questions to the model in memory ------------------------------


@probe
def own_template(
    lab: Lab,
    template: Annotated[
        str, Slots(("sentence", "mask"), ("mask",))
    ] = "{sentence} it is {mask} .",
    label_words: dict[str, list[str]] = {
        "negative": ["terrible"],
        "positive": ["great"],
    },
):
    """How good is my own wording, without any training?"""
    test = load_dataset(**lab.data("sentiment_test"))
    test = list(test.select(range(min(200, len(test)))))
    asked = verdict(lab, "encoder", template, label_words)
    said = asked.predict(asked.encode(test)).argmax(-1).cpu()
    tell_sentiment(lab, said, labels_of(test))


@probe
def blank(
    lab: Lab,
    sentence: str = "The story was gripping.",
    template: Annotated[
        str, Slots(("sentence", "mask"), ("mask",))
    ] = "{sentence} it is {mask} .",
):
    """What would stand in the blank of this review?"""
    model, tokenizer = lab.watched("prompt")
    words = {"negative": ["terrible"], "positive": ["great"]}
    asked = PromptModel(
        model,
        tokenizer,
        worded(lab, template),
        Verbalizer.of(tokenizer, words),
    )
    logits = asked.logits(asked.encode([{"sentence": sentence}]))
    [words] = asked.verbalizer.words(tokenizer, logits)
    lab.plot("label words", "bars", words)
    share, top = logits[0].softmax(-1).topk(8)
    names = [tokenizer.decode([t]) for t in top.tolist()]
    lab.plot(
        "fills the blank", "bars", dict(zip(names, share.tolist()))
    )
