"""What is told of answers to questions."""

import torch
from deepdive.engine.methods.prompting import SENTINEL
from deepdive.engine.methods.scoring import confusion, interval

from .data import CLASSES, labels_of


def tell(lab, scores, rows, **case):
    """How often it is right, and how often it says no."""
    said, truth = scores.argmax(-1).cpu(), labels_of(rows)
    right = (said == truth).float().mean().item()
    low, high = interval(right, len(truth), errors=2)
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
    said = scores.argmax(-1).cpu()
    lab.rows(
        f"confusion, {name}",
        confusion(labels_of(rows), said, CLASSES),
        key="cell",
        view="confusion",
    )


def tell_test(lab, asked, test, **case):
    """Accuracy on questions that nothing was chosen by."""
    said = asked.predict(asked.encode(test)).argmax(-1).cpu()
    right = (said == labels_of(test)).float().mean().item()
    lab.measure("test accuracy", right, n=len(test), **case)


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
            "prompt": {"spans": asked.template.marked(row, SENTINEL)},
            "label words": {"bars": bars},
        }
        for row, answer, bars in zip(rows, said, words)
    ]


def plot_blank(lab, asked, logits, name, count):
    """How label words share one blank, and what fits it best."""
    [bars] = asked.verbalizer.words(asked.tokenizer, logits)
    lab.plot("label words", "bars", bars)
    share, top = logits[0].softmax(-1).topk(count)
    names = asked.tokenizer.convert_ids_to_tokens(top.tolist())
    lab.plot(name, "bars", dict(zip(names, share.tolist())))
