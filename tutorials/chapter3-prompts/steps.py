"""One question in many wordings, and a prompt that no human wrote.

Every function below is one experiment. Its parameters are the settings
on the page, its defaults the book's values.
"""

import re
from copy import deepcopy
from math import ceil, sqrt
from typing import Annotated, Literal, NamedTuple

import torch
from datasets import load_dataset
from deepdive.engine.lab import Kind, Lab, Range, Slots, probe, step
from deepdive.engine.methods.prompting import (
    MASK,
    SENTINEL,
    PromptModel,
    Template,
    Verbalizer,
    trainable,
)
from peft import PromptTuningConfig, get_peft_model
from torch.nn.functional import cross_entropy, normalize
from transformers import (
    AutoTokenizer,
    T5ForConditionalGeneration,
    get_linear_schedule_with_warmup,
    set_seed,
)

CLASSES = ["no", "yes"]  # in the order of the label ids
COLUMNS = ("passage", "question")
DRAW = 1989  # the book's seed for drawing questions
LONGEST = (
    399  # pieces of passage and question; longer ones are left out
)
WARM_UP = 500  # updates; the book's, however short the run


# ---- the model and the data ----------------------------------------


def t5(lab):
    """T5 and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("t5"))
    model = T5ForConditionalGeneration.from_pretrained(lab.model("t5"))
    lab.watch("t5", model.to(lab.device).eval(), tokenizer)
    return model, tokenizer


def questions(lab, tokenizer, sizes=[0], setting="sizes"):
    """Questions to train on, to choose by, and to report.

    Training: yes, no, yes, no ...; k of each class are the first 2k,
    so that a smaller set is a part of a larger one.
    """
    train = load_dataset(**lab.data("questions"))
    held = load_dataset(**lab.data("questions_test"))
    train = train.shuffle(seed=DRAW + lab.seed)
    held = held.shuffle(seed=DRAW)  # the same for every seed
    cut = round(len(held) * 1800 / 3270)
    drawn = range(min(5000, len(train)))
    train = sides(tokenizer, train.select(drawn))
    samples = [
        sides(tokenizer, held.select(part))
        for part in (range(cut), range(cut, len(held)))
    ]
    most = min(map(len, train))
    if sorted(set(sizes)) != sizes or not sizes or sizes[0] < 0:
        lab.refuse(setting, "do not rise", f"from 0 to {most}")
    if max(sizes) > most:
        why = f"{max(sizes)} of each class are more than there are"
        lab.refuse(setting, why, f"0 to {most}")
    train = [row for pair in zip(*train) for row in reversed(pair)]
    return train[: 2 * max(sizes)], *map(equal_halves, samples)


def sides(tokenizer, rows):
    """The rows with no, and those with yes; long ones left out."""
    texts = [f"{row['passage']} {row['question']}" for row in rows]
    ids = tokenizer(texts, add_special_tokens=False, verbose=False)
    short = [
        row
        for row, pieces in zip(rows, ids.input_ids)
        if len(pieces) <= LONGEST
    ]
    return [
        [row for row in short if row["label"] == label]
        for label in (0, 1)
    ]


def equal_halves(by_class, most=500):
    """As many with no as with yes: a constant answer gets one half."""
    count = min(most, *map(len, by_class))
    return [row for side in by_class for row in side[:count]]


def labels_of(rows):
    return torch.tensor([row["label"] for row in rows])


# ---- a question in words -------------------------------------------


def worded(lab, text, setting="template"):
    """A template, if it has one blank and no other slots than these."""
    allowed = f"one {MASK}, and of " + ", ".join(COLUMNS)
    try:
        template = Template(text, shorten="passage")
    except ValueError as error:
        return lab.refuse(setting, str(error), allowed)
    if unknown := set(template.slots) - set(COLUMNS):
        lab.refuse(setting, f"no column {unknown.pop()!r}", allowed)
    return template


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


def tell(lab, scores, rows, **case):
    """How often it is right, and how often it says no."""
    said, truth = scores.argmax(-1).cpu(), labels_of(rows)
    right = (said == truth).float().mean().item()
    error = sqrt(right * (1 - right) / len(truth))  # standard error
    low, high = max(0.0, right - 2 * error), min(1.0, right + 2 * error)
    lab.measure(
        "accuracy", right, low=low, high=high, n=len(truth), **case
    )
    share = (said == 0).float().mean().item()
    lab.measure("share of no", share, **case)
    return right, share


def tell_more(lab, scores, rows, **case):
    """What accuracy hides: one row of the table of templates."""
    right, share = tell(lab, scores, rows, **case)
    scores, truth = scores.cpu(), labels_of(rows)
    said = scores.argmax(-1)
    recalls = [
        (said[truth == label] == label).float().mean().item()
        for label in (0, 1)
    ]
    margin = scores[:, 1] - scores[:, 0]  # above 0: yes
    half = ((margin > margin.median()).long() == truth).float().mean()
    row = {"accuracy": right, "share of no": share}
    row |= {"recall no": recalls[0], "recall yes": recalls[1]}
    row["if half are yes"] = half.item()
    for name in list(row)[2:]:
        lab.measure(name, row[name], **case)
    row["margin"] = margin.abs().mean().item()
    return {**case, **row}


def tell_confusion(lab, name, scores, rows):
    """How often each answer was given to each."""
    said, truth = scores.argmax(-1).cpu(), labels_of(rows)
    count = torch.bincount(truth * 2 + said, minlength=4).tolist()
    cells = [(t, s) for t in CLASSES for s in CLASSES]
    lab.rows(
        f"confusion, {name}",
        [
            {"cell": f"{t}, {s}", "truth": t, "said": s, "count": n}
            for (t, s), n in zip(cells, count)
        ],
        key="cell",
        view="confusion",
    )


def asked_and_said(asked, rows):
    """Prompts with their blank, and how label words share it."""
    with torch.no_grad():
        logits = asked.logits(asked.encode(rows)).cpu()
    said = asked.verbalizer.scores(logits).argmax(-1).tolist()
    words = asked.verbalizer.words(asked.tokenizer, logits)
    return [
        {
            "passage": row["passage"],
            "question": row["question"],
            "truth": CLASSES[row["label"]],
            "said": CLASSES[answer],
            "prompt": {"spans": blanked(asked.template, row)},
            "label words": {"bars": bars},
        }
        for row, answer, bars in zip(rows, said, words)
    ]


def blanked(template, row):
    """A prompt as pieces of text, the blank marked."""
    return [
        [SENTINEL, "mask"] if piece == MASK else [piece, ""]
        for piece in template.pieces(row)
    ]


@step
def ask_t5(
    lab: Lab,
    template: Annotated[
        str, Slots(("passage", "question", "mask"), ("mask",))
    ] = (
        "hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} ."
    ),
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    number: Annotated[int, Range(1, 1000)] = 1,
):
    """Turn a question into a blank, and read what fills it."""
    model, tokenizer = t5(lab)
    wording = worded(lab, template)
    words = standing_for(lab, tokenizer, label_words)
    asked = PromptModel(model, tokenizer, wording, words)
    _, rows, _ = questions(lab, tokenizer)
    row = rows[min(number, len(rows)) - 1]

    [ids] = asked.encode([row])  # what the encoder reads
    pad, blank = model.config.decoder_start_token_id, asked.blank
    with torch.no_grad():
        logits = model(
            input_ids=torch.tensor([ids], device=model.device),
            decoder_input_ids=torch.tensor([[pad, blank]]).to(
                model.device
            ),
        ).logits  # (1, 2, vocabulary): behind pad, behind the sentinel
    at_blank = logits[:, 1].cpu()
    [bars] = words.words(tokenizer, at_blank)
    lab.plot("label words", "bars", bars)
    anything = at_blank[0].softmax(-1)
    best, tokens = anything.topk(5)
    names = tokenizer.convert_ids_to_tokens(tokens.tolist())
    lab.plot("any word", "bars", dict(zip(names, best.tolist())))
    spelt = [word[0] for side in words.ids for word in side]
    no, yes = words.scores(at_blank)[0].tolist()

    lab.text(tokenizer.decode(ids))
    lab.measure("tokens", len(ids))
    lab.measure("logits", str(list(logits.shape)))
    lab.measure("score", no, label="no")
    lab.measure("score", yes, label="yes")
    lab.measure("share of label words", anything[spelt].sum().item())
    lab.rows("questions", asked_and_said(asked, rows[:20] + rows[-20:]))


# ---- without any training ------------------------------------------


@step
def zero_shot(
    lab: Lab,
    templates: Annotated[str, Kind("lines")] = (
        "simplest: {passage} {question} {mask}\n"
        "punctuated: {passage} . {question} ? {mask}\n"
        "suitable: hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} ."
    ),
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
):
    """Ask in several wordings, and count the answers."""
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wordings = named(lab, templates)
    _, rows, _ = questions(lab, tokenizer)

    table, said = [], {}
    for name, wording in lab.loop(wordings.items(), "templates"):
        asked = PromptModel(model, tokenizer, wording, words)
        scores = asked.predict(asked.encode(rows))
        table.append(tell_more(lab, scores, rows, template=name))
        tell_confusion(lab, name, scores, rows)
        said[name] = scores.argmax(-1).tolist()
    lab.rows("templates", table)
    shares = {row["template"]: row["share of no"] for row in table}
    lab.plot("share of no", "bars", shares)

    disputed = [
        {
            "passage": row["passage"],
            "question": row["question"],
            "truth": CLASSES[row["label"]],
            **{name: CLASSES[all_[n]] for name, all_ in said.items()},
        }
        for n, row in enumerate(rows)
        if {all_[n] for all_ in said.values()} != {row["label"]}
    ]
    lab.rows("misread", disputed[:: max(1, len(disputed) // 60)])


@step
def workshop(
    lab: Lab,
    template: Annotated[
        str, Slots(("passage", "question", "mask"), ("mask",))
    ] = "{passage}. Now tell me: {question}? {mask}",
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    combine: Literal["mean of logs", "log of sum"] = "mean of logs",
    beside: Annotated[str, Kind("lines")] = (
        "simplest: {passage} {question} {mask}\n"
        "punctuated: {passage} . {question} ? {mask}\n"
        "suitable: hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} ."
    ),
    sample: Literal["validation", "test"] = "validation",
    count: Annotated[int, Range(10, 1000)] = 200,
):
    """Your own wording and words beside the book's."""
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words, combine)
    wordings = {"yours": worded(lab, template)}
    wordings |= named(lab, beside, "beside")
    _, validation, test = questions(lab, tokenizer)
    rows = validation if sample == "validation" else test
    by_class = [[r for r in rows if r["label"] == c] for c in (0, 1)]
    rows = equal_halves(by_class, count // 2)

    table = []
    for name, wording in wordings.items():
        asked = PromptModel(model, tokenizer, wording, words)
        scores = asked.predict(asked.encode(rows))
        table.append(tell_more(lab, scores, rows, template=name))
        if name == "yours":
            some = rows[:20] + rows[-20:]
            lab.rows("your questions", asked_and_said(asked, some))
    table.sort(key=lambda row: row["accuracy"], reverse=True)
    lab.rows("templates", table, view="ranking")
    lab.measure("best template", table[0]["template"])


# ---- tuning --------------------------------------------------------


class Part(NamedTuple):
    """Weights that are tuned together."""

    weights: list[torch.nn.Parameter]
    learning_rate: float
    warm_up: int  # updates until the rate is reached
    weight_decay: float


def model_part(weights, rate):
    """T5 has no biases, and the source decays its norms as well."""
    return Part(weights, rate, 0, 0.01)


def fit(lab, asked, ids, labels, parts, epochs, batch, what, then=None):
    """Tune some weights by the cross-entropy of the two scores.

    `then(epoch)` is called after each epoch.
    """
    per_epoch, model = ceil(len(ids) / batch), asked.model.train()
    optimizers, schedules = [], []
    for part in parts:
        optimizer = torch.optim.AdamW(
            part.weights,
            lr=part.learning_rate,
            eps=1e-6,
            weight_decay=part.weight_decay,
        )
        schedule = get_linear_schedule_with_warmup(
            optimizer, part.warm_up, epochs * per_epoch
        )
        optimizers.append(optimizer)
        schedules.append(schedule)
    lab.watch("t5", model, asked.tokenizer, optimizers[0])

    drawn = [
        rows.tolist()
        for _ in range(epochs if ids else 0)
        for rows in torch.randperm(len(ids)).split(batch)
    ]
    for update, rows in enumerate(lab.loop(drawn, what), start=1):
        scores = asked.scores([ids[row] for row in rows])
        truth = torch.tensor([labels[row] for row in rows])
        loss = cross_entropy(scores, truth.to(scores.device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()  # of its own weights
        if then and update % per_epoch == 0:
            then(update // per_epoch)
    model.eval()


@step
def template_curves(
    lab: Lab,
    templates: Annotated[str, Kind("lines")] = (
        "simplest: {passage} {question} {mask}\n"
        "punctuated: {passage} . {question} ? {mask}\n"
        "suitable: hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} ."
    ),
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    sizes: list[int] = [0, 16, 32, 64, 128, 256, 512],
    epochs: Annotated[int, Range(1, 50)] = 5,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 5e-4,
    batch: Annotated[int, Range(1, 64)] = 4,
):
    """Tune the whole model in each wording, on more and more."""
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wordings = named(lab, templates)
    train, validation, test = questions(lab, tokenizer, sizes)
    labels = [row["label"] for row in train]
    parts = [model_part(list(model.parameters()), learning_rate)]
    start = deepcopy(model.state_dict())

    for name, wording in wordings.items():
        asked = PromptModel(model, tokenizer, wording, words)
        ids, held = asked.encode(train), asked.encode(validation)
        for k in sizes:
            model.load_state_dict(start)
            set_seed(lab.seed)
            few, at = ids[: 2 * k], f"{name} at {k}"
            fit(lab, asked, few, labels, parts, epochs, batch, at)
            case = {"template": name, "k": k}
            tell(lab, asked.predict(held), validation, **case)
        tell_test(lab, asked, test, template=name)
        tell_confusion(lab, name, asked.predict(held), validation)


def tell_test(lab, asked, test, **case):
    """Accuracy on questions that nothing was chosen by."""
    said = asked.predict(asked.encode(test)).argmax(-1).cpu()
    right = (said == labels_of(test)).float().mean().item()
    lab.measure("test accuracy", right, n=len(test), **case)


# ---- what it has learned to read -----------------------------------


WHERE = {True: "in the passage", False: "not in it"}


def stands_in(row):
    """Whether the last word of the question is in the passage."""
    word = row["question"].split()[-1].strip("?.")
    return word in re.findall(r"\w+", row["passage"])


@step
def shortcut(
    lab: Lab,
    template: Annotated[
        str, Slots(("passage", "question", "mask"), ("mask",))
    ] = "{passage} . {question} ? {mask}",
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    k: Annotated[int, Range(1, 2500)] = 128,
    epochs: Annotated[int, Range(1, 50)] = 5,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 5e-4,
    batch: Annotated[int, Range(1, 64)] = 4,
):
    """Does it read, or look for the last word of the question?"""
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wording = worded(lab, template)
    asked = PromptModel(model, tokenizer, wording, words)
    train, rows, _ = questions(lab, tokenizer, [k], "k")
    labels = [row["label"] for row in train]
    truth, found = (
        labels_of(rows),
        torch.tensor(list(map(stands_in, rows))),
    )
    rule = (found.long() == truth).float().mean().item()
    lab.measure("accuracy of the rule", rule)

    parts = [model_part(list(model.parameters()), learning_rate)]
    for name in ("untuned", "tuned"):
        if name == "tuned":
            set_seed(lab.seed)
            ids = asked.encode(train)
            fit(lab, asked, ids, labels, parts, epochs, batch, name)
        scores = asked.predict(asked.encode(rows))
        tell(lab, scores, rows, model=name)
        right, shares = scores.argmax(-1).cpu() == truth, {}
        for answer, there in ((1, True), (0, False), (0, True)):
            group = right[(truth == answer) & (found == there)]
            if len(group):
                share, where = group.float().mean().item(), WHERE[there]
                case = {"truth": CLASSES[answer], "word": where}
                lab.measure("right", share, model=name, **case)
                shares[f"{CLASSES[answer]}, word {where}"] = share
        lab.plot(f"right, {name}", "bars", shares)


FAMILIES = ("prefix", "cloze", "retrieval")


@step
def ten_templates(
    lab: Lab,
    templates: Annotated[str, Kind("lines")] = (
        "prefix 1: hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} .\n"
        "prefix 2: {passage}. Question: {question} ? "
        "The answer was {mask}\n"
        "prefix 3: Information: {passage}. Question: {question}? "
        "The answer is {mask} .\n"
        "prefix 4: Context: {passage}. Based on the information in "
        "this paragraph, {question}? {mask} .\n"
        "cloze 5: Question: {question} ? Is the answer yes or no? "
        "{mask} . Context: {passage}.\n"
        "cloze 6: Context: {passage}. . Based on this, of the two "
        "options (yes or no), {mask} is the answer to this question: "
        "{question}?\n"
        "retrieval 7: premise: {question}? The answer was {mask} .\n"
        'retrieval 8: The answer to the question " {question}? " '
        "is {mask} .\n"
        "retrieval 9: {question} ? answer: {mask}\n"
        "retrieval 10: {question} ? {mask}"
    ),
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    sizes: list[int] = [0, 16, 32, 64, 128, 256, 512],
    epochs: Annotated[int, Range(1, 50)] = 5,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 5e-4,
    batch: Annotated[int, Range(1, 64)] = 4,
):
    """Ten wordings of three families, before and after tuning."""
    wordings = named(lab, templates)
    known = f"({'|'.join(FAMILIES)}) [0-9]+"
    if odd := [n for n in wordings if not re.fullmatch(known, n)]:
        allowed = "a family and a number, such as cloze 5"
        lab.refuse("templates", f"{odd[0]!r} has no family", allowed)
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    train, validation, test = questions(lab, tokenizer, sizes)
    labels = [row["label"] for row in train]
    parts = [model_part(list(model.parameters()), learning_rate)]
    start, table = deepcopy(model.state_dict()), []

    for name, wording in wordings.items():
        asked = PromptModel(model, tokenizer, wording, words)
        ids, held = asked.encode(train), asked.encode(validation)
        family, number = name.split()
        for k in sizes:
            model.load_state_dict(start)
            set_seed(lab.seed)
            few, at = ids[: 2 * k], f"{name} at {k}"
            fit(lab, asked, few, labels, parts, epochs, batch, at)
            case = {"template": int(number), "k": k}
            scores = asked.predict(held)
            right, no = tell(lab, scores, validation, **case)
            row = {"family": family, "accuracy": right}
            table.append({**row, **case, "share of no": no})
        tell_test(lab, asked, test, template=int(number))
    tell_families(lab, table)


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


# ---- a prompt that no human wrote ----------------------------------


def soften(lab, model, vectors, start, text):
    """T5 with trainable vectors before its input, itself frozen."""
    set_seed(lab.seed)  # rows of the vocabulary are drawn
    config = PromptTuningConfig(
        task_type="SEQ_2_SEQ_LM",
        num_virtual_tokens=vectors,
        num_transformer_submodules=1,  # the encoder's input alone
        prompt_tuning_init="TEXT"
        if start == "text"
        else "SAMPLE_VOCAB",
        prompt_tuning_init_text=text,
        tokenizer_name_or_path=lab.model("t5"),
    )
    soft = get_peft_model(model, config)
    table = model.get_input_embeddings().weight  # (vocabulary, width)
    if start == "first rows":
        prompt_of(soft).data.copy_(table[:vectors])
    return soft


def prompt_of(soft):
    """The trainable vectors: (vectors, width)."""
    return soft.prompt_encoder["default"].embedding.weight


def warm_up_of(schedule, updates):
    """Updates in which the prompt's rate rises from 0."""
    return ceil(0.06 * updates) if schedule == "repaired" else WARM_UP


def peak(rate, warm_up, updates):
    """The highest rate of a run: that at the end of its warm-up."""
    return rate * min(1.0, updates / max(1, warm_up))


def nearest(tokenizer, table, vectors, count=3):
    """To each vector the words whose embedding points its way."""
    unit = normalize(vectors, dim=-1), normalize(table, dim=-1)
    close = unit[0] @ unit[1].T  # cosines, (vectors, vocabulary)
    near, ids = close.topk(count)
    words = [" ".join(tokenizer.convert_ids_to_tokens(i)) for i in ids]
    return words, near[:, 0].tolist()


def tell_vectors(lab, name, model, tokenizer, before, prompt):
    """What the vectors were, and what they have become."""
    table = model.get_input_embeddings().weight.detach()
    after = prompt.detach()
    (words, _), (others, close) = (
        nearest(tokenizer, table, vectors)
        for vectors in (before, after)
    )
    moved = (after - before).norm(dim=-1)
    lab.rows(
        f"nearest words, {name}",
        [
            {
                "vector": n,
                "before": words[n],
                "after": others[n],
                "cosine": close[n],
                "moved": moved[n].item(),
                "norm": after[n].norm().item(),
            }
            for n in range(len(words))
        ],
    )
    lab.measure("moved", moved.mean().item(), template=name)
    kept = sum(a == b for a, b in zip(words, others)) / len(words)
    lab.measure("same nearest words", kept, template=name)


def tell_parameters(lab, model, **case):
    """How many numbers are tuned, and how many stay."""
    tuned, everything = trainable(model)
    lab.measure("tuned", tuned, **case)
    lab.measure("frozen", everything - tuned, **case)
    return tuned, everything - tuned


@step
def soft_prompt(
    lab: Lab,
    templates: Annotated[str, Kind("lines")] = (
        "featureless: {passage} {question} {mask}\n"
        "engineered: hypothesis: {passage} premise: {question} "
        "The answer was {mask} ."
    ),
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    k: Annotated[int, Range(1, 2500)] = 128,
    epochs: list[int] = [0, 1, 10, 20, 30, 40, 50, 60],
    batch: Annotated[int, Range(1, 64)] = 8,
    vectors: Annotated[int, Range(1, 200)] = 20,
    soft_rate: Annotated[float, Range(1e-5, 10.0)] = 0.4,
    schedule: Literal["repaired", "the source's"] = "repaired",
    start: Literal["vocabulary", "text", "first rows"] = "vocabulary",
    start_text: str = "Read the passage and answer yes or no",
    language_model: Literal["frozen", "left out"] = "frozen",
):
    """Tune vectors in front of a text, and nothing else."""
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wordings = named(lab, templates)
    train, validation, _ = questions(lab, tokenizer, [k], "k")
    labels = [row["label"] for row in train]
    if sorted(set(epochs)) != epochs or not epochs or epochs[0] < 0:
        lab.refuse("epochs", "do not rise", "such as [0, 1, 10]")
    updates = epochs[-1] * ceil(2 * k / batch)
    warm_up = warm_up_of(schedule, updates)
    soft = soften(lab, model, vectors, start, start_text)
    tuned, frozen = tell_parameters(lab, soft)
    lab.plot("numbers", "bars", {"tuned": tuned, "frozen": frozen})
    lab.measure("updates", updates)
    lab.measure("peak rate", peak(soft_rate, warm_up, updates))
    prompt, origin = prompt_of(soft), prompt_of(soft).detach().clone()
    if language_model == "left out":  # of the optimizer, no more
        model.requires_grad_(True)

    for name, wording in wordings.items():
        prompt.data.copy_(origin)
        asked = PromptModel(soft, tokenizer, wording, words)
        held = asked.encode(validation)

        def evaluate(epoch, name=name, asked=asked, held=held):
            if epoch in epochs:
                case = {"template": name, "epoch": epoch}
                tell(lab, asked.predict(held), validation, **case)
                norm = prompt.detach().norm(dim=-1).mean().item()
                lab.measure("norm", norm, **case)

        evaluate(0)
        set_seed(lab.seed)
        parts = [Part([prompt], soft_rate, warm_up, 0.0)]
        many, ids = epochs[-1], asked.encode(train)
        fit(lab, asked, ids, labels, parts, many, batch, name, evaluate)
        tell_vectors(lab, name, model, tokenizer, origin, prompt)


MODES = ("prompt", "model", "prompt, then model", "prompt and model")


@step
def four_regimes(
    lab: Lab,
    template: Annotated[
        str, Slots(("passage", "question", "mask"), ("mask",))
    ] = (
        "hypothesis: {passage} premise: {question} "
        "The answer was {mask} ."
    ),
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
    sizes: list[int] = [0, 16, 32, 64, 128, 256, 512],
    epochs: Annotated[int, Range(1, 100)] = 8,
    first: Annotated[int, Range(1, 200)] = 60,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 1e-4,
    vectors: Annotated[int, Range(1, 200)] = 20,
    soft_rate: Annotated[float, Range(1e-5, 10.0)] = 0.4,
    schedule: Literal["repaired", "the source's"] = "repaired",
    soft_start: Literal["anew", "carried over"] = "anew",
    embedding: Literal["tuned", "frozen"] = "tuned",
    batches: Literal["equal", "the source's"] = "equal",
):
    """Tune the prompt, the model, one after the other, or both."""
    wording, (model, tokenizer) = worded(lab, template), t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    train, validation, _ = questions(lab, tokenizer, sizes)
    labels = [row["label"] for row in train]
    plain = PromptModel(model, tokenizer, wording, words)
    soft = soften(lab, model, vectors, "vocabulary", "")
    both = PromptModel(soft, tokenizer, wording, words)
    ids, held = both.encode(train), both.encode(validation)
    plan = Plan(soft, learning_rate, soft_rate, schedule, embedding)
    begin = dict.fromkeys(MODES, deepcopy(soft.state_dict()))

    set_seed(lab.seed)  # the first of the two stages, once for all
    few, k = ids[:256], min(128, max(sizes))
    parts = plan.parts("prompt", first * ceil(2 * k / 8))
    what = "the prompt first"
    fit(lab, both, few, labels, parts, first, 8, what)
    begin[MODES[2]] = deepcopy(soft.state_dict())
    last = {}
    for k in sizes:
        for mode in MODES:
            asked = plain if mode == "model" else both
            by = 4 if batches == "equal" or mode == "model" else 8
            soft.load_state_dict(begin[mode])
            if soft_start == "carried over" and mode in last:
                prompt_of(soft).data.copy_(last[mode])
            parts = plan.parts(mode, epochs * ceil(2 * k / by))
            set_seed(lab.seed)
            few, at = ids[: 2 * k], f"{mode} at {k}"
            fit(lab, asked, few, labels, parts, epochs, by, at)
            last[mode] = prompt_of(soft).detach().clone()
            case = {"mode": mode, "k": k}
            tell(lab, asked.predict(held), validation, **case)
            if k == sizes[-1]:
                tell_parameters(lab, asked.model, mode=mode)


class Plan(NamedTuple):
    """Which weights a regime tunes, and how."""

    soft: torch.nn.Module
    learning_rate: float
    soft_rate: float
    schedule: str
    embedding: str

    def parts(self, mode, updates):
        """What the optimizers hold; all other weights are frozen."""
        prompt = prompt_of(self.soft)
        weights = list(self.soft.get_base_model().parameters())
        table = self.soft.get_input_embeddings().weight
        if mode != "model" and self.embedding == "frozen":
            weights = [w for w in weights if w is not table]
        parts = []
        if mode in ("prompt", "prompt and model"):
            warm_up = warm_up_of(self.schedule, updates)
            parts.append(Part([prompt], self.soft_rate, warm_up, 0.0))
        if mode != "prompt":
            parts.append(model_part(weights, self.learning_rate))
        self.soft.requires_grad_(False)
        for part in parts:
            for weight in part.weights:
                weight.requires_grad_(True)
        return parts


# ---- the prompt it was trained with --------------------------------


@step
def native_prompt(
    lab: Lab,
    templates: Annotated[str, Kind("lines")] = (
        "native: boolq passage: {passage} question: {question} {mask}\n"
        "suitable: hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} ."
    ),
    native_words: dict[str, list[str]] = {
        "no": ["False"],
        "yes": ["True"],
    },
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
):
    """Ask T5 as it was asked when it learned these questions."""
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


# ---- questions to the model in memory ------------------------------


@probe
def own_template(
    lab: Lab,
    template: Annotated[
        str, Slots(("passage", "question", "mask"), ("mask",))
    ] = "{passage}. Now tell me: {question}? {mask}",
    label_words: dict[str, list[str]] = {
        "no": ["no", "No"],
        "yes": ["yes", "Yes"],
    },
):
    """How good is my own wording, with the model as it is now?"""
    model, tokenizer = lab.watched("t5")
    words = standing_for(lab, tokenizer, label_words)
    asked = PromptModel(model, tokenizer, worded(lab, template), words)
    _, rows, _ = questions(lab, tokenizer)
    by_class = [[r for r in rows if r["label"] == c] for c in (0, 1)]
    rows = equal_halves(by_class, 100)
    scores = asked.predict(asked.encode(rows))
    tell_more(lab, scores, rows, template="yours")


@probe
def answer(
    lab: Lab,
    passage: str = "The letter is in the kitchen",
    question: str = "is the letter in the kitchen",
    template: Annotated[
        str, Slots(("passage", "question", "mask"), ("mask",))
    ] = (
        "hypothesis: {passage}. premise: {question}? "
        "The answer was {mask} ."
    ),
):
    """What would stand in the blank of this question?"""
    model, tokenizer = lab.watched("t5")
    label_words = {"no": ["no", "No"], "yes": ["yes", "Yes"]}
    words = standing_for(lab, tokenizer, label_words)
    asked = PromptModel(model, tokenizer, worded(lab, template), words)
    row = {"passage": passage, "question": question}
    logits = asked.logits(asked.encode([row])).cpu()
    [bars] = words.words(tokenizer, logits)
    lab.plot("label words", "bars", bars)
    share, top = logits[0].softmax(-1).topk(8)
    names = tokenizer.convert_ids_to_tokens(top.tolist())
    lab.plot(
        "fills the blank", "bars", dict(zip(names, share.tolist()))
    )
