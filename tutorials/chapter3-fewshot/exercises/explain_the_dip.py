"""Why an F1 falls while the accuracy rises."""

import re

from deepdive.engine.methods.answers import numbers


class ExplainTheDip:
    """X8: why does F1 fall to nothing?"""

    REASONS = (
        "the updates have destroyed what pre-training had learned",
        "it answers O everywhere, because most labels are O",
        "the learning rate is so high that the loss has grown",
    )

    def question(self, random):
        share = round(random.uniform(0.78, 0.84), 2)
        o = round(random.uniform(0.96, 0.995), 3)
        order = random.sample(range(3), 3)
        told = "\n".join(f"{letter}: {self.REASONS[n]}" for letter, n in zip("abc", order, strict=True))
        text = (
            f"A tagger's F1 fell from 0.07 to 0.003. In the same stage its share of O rose from 0.30 to {o}, its "
            f"accuracy from 0.29 to {share}; {share:.0%} of the true labels are O.\n{told}\nWhich is it? And what is "
            "the accuracy of answering O always? A letter and a number."
        )
        return {"text": text, "share": share, "letter": "abc"[order.index(1)]}

    def check(self, question, answer):
        letters, given = re.findall(r"\b[abc]\b", answer.lower()), numbers(answer, 1)
        if len(letters) != 1 or not given:
            return False, "A letter and a number."
        if letters[0] != question["letter"]:
            return False, "If that were so, would the accuracy have risen?"
        if min(abs(given[0] - question["share"]), abs(given[0] / 100 - question["share"])) > 0.005:
            return False, "The letter is right. A constant answer is right as often as its class occurs."
        return True, ""

    def hints(self, question):
        return ["Compare the accuracy before and after.", "F1 counts names alone, accuracy counts every label."]

    def solution(self, question):
        return f"{question['letter']}, {question['share']}"
