"""X2: what a loss means."""

import math

from deepdive.engine.methods.answers import close, numbers


class Anchors:
    def question(self, random):
        vocabulary = random.choice([2048, 30522, 32000, 50257, 128256])
        loss = round(random.uniform(0.5, 9.9), 2)
        text = (
            f"A model guesses uniformly over {vocabulary:,} tokens. What is its loss in nats? Another has a loss of "
            f"{loss} nats. What is its perplexity? Two numbers, to 1 %."
        )
        return {"text": text, "vocabulary": vocabulary, "loss": loss}

    def answer(self, question):
        return math.log(question["vocabulary"]), math.exp(question["loss"])

    def check(self, question, answer):
        given, (uniform, perplexity) = numbers(answer, 2), self.answer(question)
        if not given:
            return False, "Two numbers: a loss, then a perplexity."
        if close(given[0], uniform) and close(given[1], perplexity):
            return True, ""
        if close(given[0], uniform / math.log(2)):
            return False, "That is in bits. Nats use the natural logarithm."
        if not close(given[0], uniform):
            return False, "Each token gets 1/V. The loss is -ln of that."
        return False, "The loss is right. Perplexity is e to the loss."

    def hints(self, question):
        return [
            "Loss and perplexity are the same thing on two scales: loss = ln(perplexity).",
            f"A uniform guess over {question['vocabulary']:,} tokens has the perplexity {question['vocabulary']:,}.",
        ]

    def solution(self, question):
        uniform, perplexity = self.answer(question)
        return f"ln {question['vocabulary']:,} = {uniform:.3f} nats; e^{question['loss']} = {perplexity:,.4g}"
