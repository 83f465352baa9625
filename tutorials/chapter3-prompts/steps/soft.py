"""A prompt that no human wrote."""

from math import ceil
from typing import Literal

from deepdive.engine.lab import Lab, step
from deepdive.engine.methods.prompting import PromptModel, trainable
from peft import PromptTuningConfig, get_peft_model
from torch.nn.functional import normalize
from transformers import set_seed

from .checks import named, standing_for
from .data import questions, t5
from .telling import tell
from .tuning import Part, fit
from .wordings import (
    BEFORE_SOFT,
    NO_YES,
    Batch,
    Count,
    Rounds,
    Schedule,
    SoftRate,
    Vectors,
    Wordings,
    Words,
)

WARM_UP = 500  # updates; the book's, however short the run


@step
def soft_prompt(
    lab: Lab,
    templates: Wordings = BEFORE_SOFT,
    label_words: Words = NO_YES,
    k: Count = 128,
    epochs: Rounds = [0, 1, 10, 20, 30, 40, 50, 60],
    batch: Batch = 8,
    vectors: Vectors = 20,
    soft_rate: SoftRate = 0.4,
    schedule: Schedule = "repaired",
    start: Literal["vocabulary", "text", "first rows"] = "vocabulary",
    start_text: str = "Read the passage and answer yes or no",
    language_model: Literal["frozen", "left out"] = "frozen",
):
    """Tune vectors in front of a text, and nothing else.

    templates: a name, a colon and a wording in each line
    label_words: the words at the blank that count for each answer
    k: questions of each class to tune on; more take longer
    epochs: rounds after which it is asked; the last ends the tuning
    batch: questions for one update; more make fewer updates
    vectors: length of the soft prompt; more are more to tune
    soft_rate: how far an update moves the vectors, at the most
    schedule: the source's warm-up takes 500 updates, however few
    start: what the vectors are before the first update
    start_text: the words that they begin as, if start is text
    language_model: frozen, or only left out of the optimizer
    """
    model, tokenizer = t5(lab)
    words = standing_for(lab, tokenizer, label_words)
    wordings = named(lab, templates)
    train, validation, _ = questions(lab, tokenizer, [k], "k")
    labels = [[row["label"]] for row in train]
    if sorted(set(epochs)) != epochs or not epochs or epochs[0] < 0:
        lab.refuse("epochs", "do not rise", "such as [0, 1, 10]")
    if start == "text" and not start_text.strip():
        lab.refuse("start_text", "is empty", "words to begin as")
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
        evaluate = evaluation(lab, name, asked, validation, epochs)
        evaluate(0)
        set_seed(lab.seed)
        parts = [Part([prompt], soft_rate, warm_up, 0.0)]
        many, ids = epochs[-1], asked.encode(train)
        fit(lab, asked, ids, labels, parts, many, batch, name, evaluate)
        tell_vectors(lab, name, model, tokenizer, origin, prompt)


def evaluation(lab, name, asked, validation, epochs):
    """A function that tells after some epochs how good it is."""
    prompt, held = prompt_of(asked.model), asked.encode(validation)

    def evaluate(epoch):
        if epoch in epochs:
            case = {"template": name, "epoch": epoch}
            tell(lab, asked.predict(held), validation, **case)
            norm = prompt.detach().norm(dim=-1).mean().item()
            lab.measure("norm", norm, **case)

    return evaluate


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
