"""Questions to the model in memory."""

from datasets import load_dataset
from deepdive.engine.lab import Lab, probe
from deepdive.engine.methods.prompting import PromptModel, Verbalizer

from .reviews import labels_of, verdict
from .telling import plot_blank, tell_sentiment
from .ways import worded
from .wordings import IT_IS, TERRIBLE_GREAT, Wording, Words


@probe
def own_template(
    lab: Lab,
    template: Wording = IT_IS,
    label_words: Words = TERRIBLE_GREAT,
):
    """How good is my own wording, without any training?

    template: your words around the review and its blank
    label_words: the words at the blank that count for each class
    """
    test = load_dataset(**lab.data("sentiment_test"))
    test = list(test.select(range(min(200, len(test)))))
    asked = verdict(lab, "encoder", template, label_words)
    said = asked.predict(asked.encode(test)).argmax(-1).cpu()
    tell_sentiment(lab, said, labels_of(test))


@probe
def blank(
    lab: Lab,
    sentence: str = "The story was gripping.",
    template: Wording = IT_IS,
):
    """What would stand in the blank of this review?

    sentence: a review
    template: the words around the review and its blank
    """
    model, tokenizer = lab.watched("prompt")
    words = Verbalizer.of(tokenizer, TERRIBLE_GREAT)
    told = worded(lab, template)
    asked = PromptModel(model, tokenizer, told, words)
    logits = asked.logits(asked.encode([{"sentence": sentence}]))
    plot_blank(lab, asked, logits)
