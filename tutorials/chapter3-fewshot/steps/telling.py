"""What is told of answers."""

import torch
from deepdive.engine.methods.scoring import confusion, interval


def tell_sentiment(lab, said, truth, **case):
    """Accuracy, and how often the answer is positive."""
    right = (said == truth).float().mean().item()
    low, high = interval(right, len(truth), errors=1.96)
    lab.measure(
        "accuracy", right, low=low, high=high, n=len(truth), **case
    )
    positive = said.float().mean().item()
    lab.measure("share positive", positive, **case)


def tell_confusion(lab, name, said, truth, classes):
    """How often each class was taken for each."""
    cells = confusion(truth, said, classes)
    lab.rows(name, cells, key="cell", view="confusion")


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
            "prompt": {"spans": asked.template.marked(row, blank)},
            "label words": {"bars": bars},
            "likeliest": asked.tokenizer.decode(top),
        }
        for row, bars, top, score in zip(rows, words, likely, scores)
    ]


def plot_blank(lab, asked, logits):
    """How label words share one blank, and what fits it best."""
    [words] = asked.verbalizer.words(asked.tokenizer, logits)
    lab.plot("label words", "bars", words)
    share, top = logits[0].softmax(-1).topk(8)
    names = [asked.tokenizer.decode([t]) for t in top.tolist()]
    lab.plot(
        "fills the blank", "bars", dict(zip(names, share.tolist()))
    )
