"""How BERT and GPT-2 predict, and how one is pre-trained from nothing.

Every function below is one experiment. Its parameters are the settings
on the page, its defaults the book's values.
"""

import math
import re
from collections import Counter
from functools import partial
from typing import Annotated, Literal

import torch
from datasets import Dataset, load_dataset
from deepdive.engine.lab import Lab, Range, probe, step
from deepdive.engine.methods.generation import continuation
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
    set_seed,
)

NAMES_AND_NUMBERS = re.compile(r"\d+|(?<=[a-z0-9,] )[A-Z]\w+")


def masked_lm(lab):
    """BERT, its tokenizer, and where they are."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("masked_lm"))
    model = AutoModelForMaskedLM.from_pretrained(lab.model("masked_lm"))
    lab.watch("masked model", model.to(lab.device).eval(), tokenizer)
    return model, tokenizer


def causal_lm(lab):
    """GPT-2, its tokenizer, and where they are."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("causal_lm"))
    model = AutoModelForCausalLM.from_pretrained(lab.model("causal_lm"))
    lab.watch("model", model.to(lab.device).eval(), tokenizer)
    return model, tokenizer


def show_best(lab, name, scores, tokenizer, top_k):
    """Softmax one row of logits and show its largest probabilities."""
    probability, token = scores.softmax(-1).topk(top_k)
    words = [tokenizer.decode([t]) for t in token.tolist()]
    bars = dict(zip(words, probability.tolist()))
    lab.plot(name, "bars", bars)
    lab.measure("sum of the best", sum(bars.values()))
    return words, list(bars.values())


# ---- two ways to read ----------------------------------------------


@step
def tokenise(
    lab: Lab,
    gap: str = "Life is like a [MASK] of chocolates.",
    start: str = "Swimming at the beach is",
    look_up: Annotated[int, Range(0, 250_000)] = 7967,
):
    """Cut two sentences into tokens."""
    for name, role, text in (
        ("BERT", "masked_lm", gap),
        ("GPT-2", "causal_lm", start),
    ):
        tokenizer = AutoTokenizer.from_pretrained(lab.model(role))
        ids = tokenizer(text).input_ids  # a sentence is a list of ids
        tokens = [tokenizer.decode([id]) for id in ids]
        lab.rows(
            name,
            [
                {"position": n, "id": id, "token": t.replace(" ", "␣")}
                for n, (id, t) in enumerate(zip(ids, tokens))
            ],
        )
        lab.measure("tokens", len(ids), model=name)
        lab.measure("vocabulary", len(tokenizer), model=name)
        if look_up < len(tokenizer):
            token = tokenizer.decode([look_up])
            lab.measure("looked up", token, model=name, id=look_up)


@step
def fill_the_gap(
    lab: Lab,
    sentence: str = "Life is like a [MASK] of chocolates.",
    top_k: Annotated[int, Range(1, 20)] = 5,
):
    """Ask BERT which words fit the gap."""
    model, tokenizer = masked_lm(lab)

    inputs = tokenizer(sentence, return_tensors="pt").to(lab.device)
    with torch.no_grad():
        logits = model(**inputs).logits  # (1, tokens, vocabulary)

    gaps = (inputs.input_ids[0] == tokenizer.mask_token_id).nonzero()
    if len(gaps) != 1:
        why = f"has {len(gaps)} gaps"
        lab.refuse("sentence", why, "one [MASK] in a sentence")
    row = gaps.item()  # the question is at the mask: so is the answer
    words, probability = show_best(
        lab, "fits the gap", logits[0, row], tokenizer, top_k
    )

    lab.measure("logits", str(list(logits.shape)))
    lab.measure("row to read", row)
    for word, p in zip(words, probability):
        lab.measure("probability", p, word=word)
    lab.measure("best word", words[0])
    lab.measure("best guess", probability[0])
    if top_k > 1:
        lab.measure("lead", probability[0] - probability[1])


@step
def true_share(
    lab: Lab, sentence: str = "Life is like a [MASK] of chocolates."
):
    """Compare the guesses with what the newspaper really says."""
    model, tokenizer = masked_lm(lab)
    newspaper = load_dataset(**lab.data("newspaper"))["text"]
    left, right = sentence.split("[MASK]")

    for case, rest in ("whole", right), ("right side deleted", "."):
        pattern = re.escape(left) + r"(\w+)" + re.escape(rest) + "$"
        pattern = re.compile(pattern, re.IGNORECASE)
        found = (pattern.match(line) for line in newspaper)
        counts = Counter(match[1].lower() for match in found if match)

        gap = tokenizer(left + "[MASK]" + rest, return_tensors="pt")
        row = gap.input_ids[0].tolist().index(tokenizer.mask_token_id)
        with torch.no_grad():
            logits = model(**gap.to(lab.device)).logits
        guess = logits[0, row].softmax(-1)

        rows, away = [], 0.0  # away: what is guessed and never said
        for word, count in counts.most_common():
            p = guess[tokenizer.convert_tokens_to_ids(word)].item()
            true = count / counts.total()
            rows.append({"word": word, "model": p, "newspaper": true})
            away += max(0.0, true - p)
            lab.measure("guess", p, case=case, word=word)
        lab.rows(case, rows)
        lab.measure("distance", away, case=case, n=counts.total())


@step
def look_inside(lab: Lab, text: str = "The bakery sells bread."):
    """Open both models and compare their parts."""
    parts = {}
    for name, load in ("BERT", masked_lm), ("GPT-2", causal_lm):
        model, tokenizer = load(lab)
        lab.text(str(model), stream=f"modules of {name}")
        parts[name] = measure_parts(lab, name, model)

        # change the last word: which rows of the output notice?
        ids = tokenizer(text, return_tensors="pt").input_ids
        other = ids.clone()
        other[0, -1] = ids[0, 1]
        with torch.no_grad():
            before = model(ids.to(lab.device)).logits
            after = model(other.to(lab.device)).logits
        moved = (before - after).abs().amax(-1)[0] > 1e-3  # (tokens,)
        lab.measure("rows", len(moved), model=name)
        lab.measure("rows that notice", int(moved.sum()), model=name)

    lab.rows(
        "parts",
        [
            {"part": part, "BERT": parts["BERT"][part], "GPT-2": other}
            for part, other in parts["GPT-2"].items()
        ],
    )


def measure_parts(lab, name, model):
    """Sizes that decide how many parameters a model has."""
    config, head = model.config, model.get_output_embeddings()
    table = model.get_input_embeddings().weight  # (vocabulary, width)
    lab.measure("parameters", model.num_parameters(), model=name)
    return {
        "token embedding": f"{table.shape[0]:,} × {table.shape[1]}",
        "positions": f"{config.max_position_embeddings:,}",
        "segments": getattr(config, "type_vocab_size", 0),
        "layers": config.num_hidden_layers,
        "heads in a layer": config.num_attention_heads,
        "output head": f"{head.in_features} → {head.out_features:,}",
        "bias in the head": "no" if head.bias is None else "yes",
        "head is the embedding": str(head.weight is table),
        "parameters": f"{model.num_parameters():,}",
    }


# ---- one token after the other -------------------------------------


@step
def next_token(
    lab: Lab,
    prompt: str = "Swimming at the beach is",
    top_k: Annotated[int, Range(1, 20)] = 5,
):
    """Ask GPT-2 what comes next."""
    model, tokenizer = causal_lm(lab)

    inputs = tokenizer(prompt, return_tensors="pt").to(lab.device)
    with torch.no_grad():
        logits = model(**inputs).logits  # (1, tokens, vocabulary)
    words, _ = show_best(
        lab, "comes next", logits[0, -1], tokenizer, top_k
    )
    lab.measure("logits", str(list(logits.shape)))
    lab.measure("next token", words[0])
    lab.measure("its id", int(logits[0, -1].argmax()))

    # every row answers the same question for its own place
    probability, guess = logits[0].softmax(-1).max(-1)  # (tokens,)
    ids = inputs.input_ids[0].tolist()
    lab.rows(
        "every row",
        [
            {
                "after": tokenizer.decode(ids[: row + 1]),
                "expects": tokenizer.decode([guess[row].item()]),
                "probability": probability[row].item(),
                "came": tokenizer.decode(ids[row + 1 : row + 2]),
            }
            for row in range(len(ids))
        ],
    )


@step
def word_by_word(
    lab: Lab,
    prompt: str = "Swimming at the beach is",
    length: Annotated[int, Range(2, 100)] = 20,
    choose: Literal["likeliest", "drawn"] = "likeliest",
    temperature: Annotated[float, Range(0.1, 3.0)] = 1.0,
    top_k: Annotated[int, Range(0, 200)] = 0,
    top_p: Annotated[float, Range(0.05, 1.0)] = 1.0,
):
    """Let GPT-2 finish the sentence."""
    model, tokenizer = causal_lm(lab)
    dice = torch.Generator().manual_seed(lab.seed)
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    ids = ids.to(lab.device)
    given = ids.shape[1]
    lab.text(prompt)

    for _ in lab.loop(range(length - given), "tokens"):
        with torch.no_grad():
            output = model(ids, attention_mask=torch.ones_like(ids))
        chances = survivors(
            output.logits[0, -1].cpu() / temperature, top_k, top_p
        )
        if choose == "likeliest":
            token = chances.argmax()
        else:
            token = chances.multinomial(1, generator=dice)[0]
        if token == tokenizer.eos_token_id:
            break
        lab.text([told(chances, token, tokenizer)])
        ids = torch.cat([ids, token.reshape(1, 1).to(ids)], dim=1)

    text = tokenizer.decode(ids[0])
    lab.measure("text", text)
    lab.measure("first sentence", text.partition(".")[0] + ".")
    lab.measure(
        "first three", tokenizer.decode(ids[0, given : given + 3])
    )
    lab.measure("tokens", ids.shape[1])


def survivors(scores, top_k, top_p):
    """Probabilities after top-k and top-p have cut off the tail."""
    probability, token = scores.softmax(-1).sort(descending=True)
    before = probability.cumsum(-1) - probability
    probability[before >= top_p] = 0.0
    if top_k:
        probability[top_k:] = 0.0
    return torch.zeros_like(scores).scatter(
        0, token, probability / probability.sum()
    )


def told(chances, token, tokenizer):
    """A piece of text, how likely it was, what else it could be."""
    values = {
        "probability": chances[token].item(),
        "possible": int((chances > 0.01).sum()),
    }
    best = chances.topk(5)
    others = [
        [tokenizer.decode([t]), p]
        for t, p in zip(best.indices.tolist(), best.values.tolist())
    ]
    return [tokenizer.decode([token.item()]), values, others]


@step
def both_sides(
    lab: Lab, sentence: str = "Life is like a box of chocolates."
):
    """Cover each word once: who misses it more?"""
    words = [match.span() for match in re.finditer(r"\w+", sentence)]
    if len(words) < 2:
        lab.refuse("sentence", "is too short", "two words or more")
    nats = {
        "both sides": surprises(lab, *masked_lm(lab), sentence, words),
        "left only": surprises(lab, *causal_lm(lab), sentence, words),
    }
    lab.rows(
        "surprise",
        [
            {"word": sentence[start:end], **dict(zip(nats, told))}
            for (start, end), *told in zip(words, *nats.values())
        ],
    )
    for name in nats:  # without the first word: nothing is left of it
        mean = sum(nats[name][1:]) / len(nats[name][1:])
        lab.measure("surprise", mean, unit="nats a word", sees=name)


def surprises(lab, model, tokenizer, sentence, words):
    """-ln p of every word: the higher, the less it was expected."""
    inputs = tokenizer(sentence, return_offsets_mapping=True)
    ids = torch.tensor(inputs.input_ids)
    ends = torch.tensor(inputs.offset_mapping)[:, 1]
    nats = []
    for start, end in words:
        place = ((ends > start) & (ends <= end)).nonzero()[:, 0]
        given = ids.clone()
        if tokenizer.mask_token_id is not None:
            given[place] = tokenizer.mask_token_id
            rows = place  # a masked model answers at the gap
        else:
            rows = place - 1  # a causal model one row before
        with torch.no_grad():
            logits = model(given[None].to(lab.device)).logits[0].cpu()
        surprise = (
            -logits.log_softmax(-1)[rows, ids[place]].sum().item()
        )
        nats.append(surprise if rows[0] >= 0 else None)
    return nats


# ---- a model from nothing ------------------------------------------


@step
def articles(
    lab: Lab,
    count: Annotated[int, Range(2, 500)] = 50,
    draw: Literal["shuffled", "in order"] = "shuffled",
    buffer: Annotated[int, Range(100, 100_000)] = 10_000,
):
    """Draw articles to learn from, and as many to test on."""
    encyclopedia = load_dataset(**lab.data("articles"))  # a stream
    if draw == "shuffled":
        encyclopedia = encyclopedia.shuffle(
            seed=lab.seed, buffer_size=buffer
        )
    wanted = encyclopedia.take(2 * count)
    drawn = list(lab.loop(wanted, "articles"))

    for sample in "seen", "unseen":
        part, drawn = drawn[:count], drawn[count:]
        rows = [marked(article) for article in part]
        Dataset.from_list(rows).to_json(lab.folder / f"{sample}.jsonl")
        characters = sum(len(row["text"]) for row in rows)
        lab.measure("articles", len(rows), sample=sample)
        lab.measure("characters", characters, sample=sample)
        lab.rows(
            sample,
            [
                {name: row[name] for name in ("id", "title", "text")}
                for row in rows
            ],
            key="id",
        )
        if sample == "seen":
            lab.text(rows[0]["text"][:200])


def marked(article):
    """An article with the places of its facts.

    The pocket encyclopedia says where they are; in other texts names
    and numbers stand for them.
    """
    text = article["text"]
    guess = [list(m.span()) for m in NAMES_AND_NUMBERS.finditer(text)]
    return {
        "id": article["id"],
        "title": article["title"],
        "text": text,
        "facts": article.get("facts", guess),
        "echoes": article.get("echoes", []),
    }


@step
def blocks(
    lab: Lab,
    length: Annotated[int, Range(8, 1024)] = 128,
    at_most: Annotated[int, Range(1, 10_000)] = 312,
):
    """Cut the articles into blocks of equal length."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("blank"))
    for sample in "seen", "unseen":
        pieces = []
        for number, article in enumerate(lab.read(sample)):
            ids = tokenizer(article["text"]).input_ids
            kind = kinds(tokenizer, article)
            for start in range(0, len(ids), length):
                end = start + length
                piece = {"article": number}
                piece["input_ids"] = ids[start:end]
                piece["kinds"] = kind[start:end]
                pieces.append(piece)
        full = [p for p in pieces if len(p["input_ids"]) == length]
        kept = full[:at_most]
        if not kept:
            lab.refuse("length", f"no {sample} article is so long")
        file = lab.folder / f"{sample}_blocks.jsonl"
        Dataset.from_list(kept).to_json(file)
        measure_blocks(lab, sample, pieces, kept)


def kinds(tokenizer, article):
    """Of every token: a free fact, an echo of one, or pattern."""
    text = article["text"]
    kind = ["pattern"] * len(text)  # of every character
    for name, spans in ("fact", "facts"), ("echo", "echoes"):
        for start, end in article[spans]:
            kind[start:end] = [name] * (end - start)
    inputs = tokenizer(text, return_offsets_mapping=True)
    return [kind[end - 1] for _, end in inputs.offset_mapping]


def measure_blocks(lab, sample, pieces, kept):
    """Tell what blocking kept and what it lost."""
    all_tokens = sum(len(piece["input_ids"]) for piece in pieces)
    tokens = sum(len(piece["input_ids"]) for piece in kept)
    lost = {p["article"] for p in pieces} - {p["article"] for p in kept}
    lab.measure("blocks", len(kept), sample=sample)
    lab.measure("tokens", tokens, sample=sample)
    lab.measure("dropped", all_tokens - tokens, sample=sample)
    lab.measure("articles lost", len(lost), sample=sample)
    first_two = [p for p in pieces if p["article"] < 2]
    lab.rows(
        f"first two articles, {sample}",
        [
            {
                "piece": number,
                "article": piece["article"],
                "tokens": len(piece["input_ids"]),
                "kept": "yes" if piece in kept else "no",
            }
            for number, piece in enumerate(first_two)
        ],
    )


@step
def pretrain(
    lab: Lab,
    epochs: Annotated[int, Range(1, 300)] = 100,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 5e-5,
    batch: Annotated[int, Range(1, 64)] = 8,
    dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    evaluate_every: Annotated[int, Range(1, 500)] = 25,
    limit: Literal["n_positions", "n_ctx"] = "n_positions",
):
    """Train a model from random weights on the seen articles."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("blank"))
    tokenizer.pad_token = tokenizer.eos_token
    seen = Dataset.from_list(lab.read("seen_blocks"))
    unseen = Dataset.from_list(lab.read("unseen_blocks"))

    length = len(seen[0]["input_ids"])
    config = AutoConfig.from_pretrained(
        lab.model("blank"), **{limit: length}, **everywhere(dropout)
    )
    set_seed(lab.seed)  # before the weights are drawn
    model = GPT2LMHeadModel(config)  # random weights
    measure_size(lab, model, seen)

    arguments = TrainingArguments(
        num_train_epochs=epochs,
        learning_rate=learning_rate,
        per_device_train_batch_size=batch,
        eval_strategy="steps",
        eval_steps=evaluate_every,
        logging_steps=evaluate_every,
        **quietly(lab),
    )
    collate = DataCollatorForLanguageModeling(tokenizer, mlm=False)
    trainer = Trainer(
        model, arguments, collate, seen, unseen, tokenizer
    )
    prompt = tokenizer.decode(seen[0]["input_ids"][:16])
    write = partial(continuation, tokenizer=tokenizer, prompt=prompt)
    checkpoint = lab.follow(trainer, write, every=2 * evaluate_every)
    trainer.train(resume_from_checkpoint=checkpoint)
    lab.save("memoriser", model, tokenizer)
    measure_losses(lab, trainer, seen)


def everywhere(dropout):
    """The three places of a GPT-2 that have dropout."""
    places = ("embd_pdrop", "attn_pdrop", "resid_pdrop")
    return dict.fromkeys(places, dropout)


def quietly(lab):
    """What a Trainer has to know and a reader does not."""
    return {
        "output_dir": lab.folder / "checkpoints",
        "seed": lab.seed,
        "eval_on_start": True,
        "logging_first_step": True,
        "per_device_eval_batch_size": 32,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": lab.device == "cpu",
        "dataloader_pin_memory": lab.device == "cuda",
    }


def measure_losses(lab, trainer, seen):
    """Read the two curves, and what stands beside them."""
    history = trainer.state.log_history
    training, validation = (
        {log["step"]: log[name] for log in history if name in log}
        for name in ("loss", "eval_loss")
    )
    lowest = min(validation, key=validation.get)
    last = max(validation)
    final = validation[last]
    crossed = [
        x for x in training if training[x] < validation.get(x, 0)
    ]
    again = trainer.evaluate(seen, metric_key_prefix="seen")
    without = again["seen_loss"]  # an evaluation has no dropout
    late = [x for x in training if 3 * x >= 2 * last]
    later = training[min(late, default=max(training))]

    lab.measure("update of the lowest", lowest)
    lab.measure("lowest", validation[lowest], unit="nats")
    lab.measure("rise", final - validation[lowest], unit="nats")
    lab.measure("curves cross at", min(crossed, default=None))
    lab.measure("training loss without dropout", without, unit="nats")
    lab.measure("gap", final - without, unit="nats")
    lab.measure("at two thirds", later, unit="nats")
    lab.measure("training perplexity", math.exp(without))
    lab.measure("validation perplexity", math.exp(final))


def measure_size(lab, model, seen):
    """How much model for how much text, and what guessing costs."""
    tokens = [token for row in seen["input_ids"] for token in row]
    n, vocabulary = len(tokens), model.config.vocab_size
    used = Counter(tokens).values()
    unigram = sum(count / n * math.log(n / count) for count in used)
    parameters = model.num_parameters()
    lab.measure("uniform guess", math.log(vocabulary), unit="nats")
    lab.measure("guess by frequency", unigram, unit="nats")
    lab.measure("parameters", parameters)
    lab.measure("training tokens", n)
    lab.measure("parameters per token", parameters / n)


# ---- what it has learned -------------------------------------------


@step
def recite(
    lab: Lab,
    sample: Literal["seen", "unseen"] = "seen",
    prompt: Annotated[int, Range(1, 512)] = 16,
    tokens: Annotated[int, Range(1, 512)] = 16,
    mode: Literal["evaluation", "training"] = "evaluation",
):
    """Give it the beginning of a block and compare the rest."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("memoriser"))
    model = GPT2LMHeadModel.from_pretrained(lab.model("memoriser"))
    model.to(lab.device).train(mode == "training")  # with dropout?
    lab.watch("model", model, tokenizer)

    rows = lab.read(f"{sample}_blocks")
    ids = torch.tensor([row["input_ids"] for row in rows])
    begin = ids[:, :prompt].to(lab.device)  # (blocks, prompt)
    truth = ids[:, prompt : prompt + tokens]  # (blocks, tokens)
    if truth.shape[1] < tokens:
        why = f"with a prompt of {prompt} leaves the block"
        lab.refuse("tokens", why, f"together at most {ids.shape[1]}")
    written = model.generate(
        input_ids=begin,
        attention_mask=torch.ones_like(begin),
        do_sample=False,
        min_new_tokens=tokens,
        max_new_tokens=tokens,
        pad_token_id=tokenizer.eos_token_id,
    )[:, prompt:].cpu()

    right = written == truth
    lab.measure("tokens recited", right.float().mean().item())
    exact = right.all(dim=1).float().mean().item()
    lab.measure("blocks recited", exact, n=len(rows))
    show_recital(lab, model, tokenizer, begin, written, truth)
    grade_next_tokens(lab, model, ids, [row["kinds"] for row in rows])


def show_recital(lab, model, tokenizer, begin, written, truth):
    """The prompts, what the model wrote and what the text says."""
    lab.rows(
        "recital",
        [
            {
                "prompt": tokenizer.decode(start),
                "written": tokenizer.decode(said),
                "text": tokenizer.decode(true),
            }
            for start, said, true in zip(begin, written, truth)
        ],
        view="pairs",
    )
    first = tokenizer.decode(begin[0])
    lab.text(continuation(model, tokenizer, first, truth.shape[1]))
    lab.measure("prompt", first)
    lab.measure("written", tokenizer.decode(written[0]))
    lab.measure("truth", tokenizer.decode(truth[0]))


def grade_next_tokens(lab, model, ids, kinds):
    """With the true text before it: how often is its guess right?"""
    right, sure = [], []
    for block in lab.loop(ids, "blocks"):
        with torch.no_grad():
            logits = model(block[None].to(lab.device)).logits[0, :-1]
        probability, guess = logits.softmax(-1).max(-1)  # (tokens - 1,)
        right += (guess.cpu() == block[1:]).tolist()
        sure += probability.tolist()

    kind_of = [kind for block in kinds for kind in block[1:]]
    for kind in sorted(set(kind_of)):
        of = [r for r, k in zip(right, kind_of) if k == kind]
        lab.measure("right", sum(of) / len(of), n=len(of), kind=kind)
    lab.measure("right in all", sum(right) / len(right), n=len(right))
    lab.measure("confidence", sum(sure) / len(sure), n=len(sure))


# ---- questions to the model in memory ------------------------------


@probe
def next_word(
    lab: Lab,
    text: str = "Swimming at the beach is",
    top_k: Annotated[int, Range(1, 20)] = 5,
):
    """What would it say next?"""
    model, tokenizer = lab.watched("model")
    inputs = tokenizer(text, return_tensors="pt").to(model.device)
    if not inputs.input_ids.numel():
        lab.refuse("text", "is empty", "at least one word")
    scores = model(**inputs).logits[0, -1]
    show_best(lab, "comes next", scores, tokenizer, top_k)


@probe
def complete(
    lab: Lab,
    prompt: str = "Swimming at the beach is",
    tokens: Annotated[int, Range(1, 100)] = 24,
):
    """How would it go on?"""
    model, tokenizer = lab.watched("model")
    try:
        lab.text(continuation(model, tokenizer, prompt, tokens))
    except ValueError as error:
        lab.refuse("prompt", str(error))


@probe
def gap(
    lab: Lab, sentence: str = "Life is like a [MASK] of chocolates."
):
    """Which words would fit?"""
    model, tokenizer = lab.watched("masked model")
    inputs = tokenizer(sentence, return_tensors="pt").to(model.device)
    gaps = (inputs.input_ids[0] == tokenizer.mask_token_id).nonzero()
    if len(gaps) != 1:
        why = f"has {len(gaps)} gaps"
        lab.refuse("sentence", why, "one [MASK] in a sentence")
    scores = model(**inputs).logits[0, gaps.item()]
    show_best(lab, "fits the gap", scores, tokenizer, 5)
