"""The accuracy of an answer that never changes."""

import re

from deepdive.engine.methods.answers import numbers


class WhichConstant:
    """X3: what did a head with that accuracy answer?"""

    def question(self, random):
        n = random.choice([872, 600, 1000])
        positive = 444 if n == 872 else n // 2 + random.randint(5, 40)
        text = (
            f"A test set has {n} sentences, {positive} of them positive. An untrained head gets exactly {positive} "
            "right, and it gives the same answer to all of them. Which answer, and what accuracy would the other "
            "one have had? A word and a number, to 0.001."
        )
        return {"text": text, "n": n, "positive": positive}

    def answer(self, question):
        return "positive", round(1 - question["positive"] / question["n"], 4)

    def check(self, question, answer):
        given, (word, other) = numbers(answer, 1), self.answer(question)
        if not given or not re.search("positive|negative", answer.lower()):
            return False, "A word, positive or negative, and one number."
        if word not in answer.lower():
            return False, "Who always says negative is right on the negative ones."
        if abs(given[0] - other) > 0.001:
            return False, "The word is right. The other constant is right on all the rest."
        return True, ""

    def hints(self, question):
        return ["A constant answer is right as often as its class occurs.", f"{question['n']} - {question['positive']}"]

    def solution(self, question):
        n, positive = question["n"], question["positive"]
        return f"positive; the other constant: {n - positive} of {n} = {1 - positive / n:.4f}"
