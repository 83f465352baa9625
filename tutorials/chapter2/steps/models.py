"""BERT, GPT-2, and the words that they find likely."""

from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoTokenizer,
)


def masked_lm(lab):
    """BERT and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(lab.model("masked_lm"))
    model = AutoModelForMaskedLM.from_pretrained(lab.model("masked_lm"))
    lab.watch("masked model", model.to(lab.device).eval(), tokenizer)
    return model, tokenizer


def causal_lm(lab):
    """GPT-2 and its tokenizer."""
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
