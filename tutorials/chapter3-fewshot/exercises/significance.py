"""Whether two accuracies differ by more than chance."""

import re
from math import sqrt

from deepdive.engine.methods.answers import numbers


class Significance:
    """X6: is this a difference?"""

    def question(self, random):
        n = random.choice([872, 600, 500])
        low = random.uniform(0.84, 0.87)
        a, b = round(low + random.uniform(0.003, 0.009), 4), round(low, 4)
        text = (
            f"Two methods have the accuracies {a} and {b} on the same {n} sentences. What is the standard error of "
            "the first, and is this a difference? A number, to 10 %, and yes or no."
        )
        return {"text": text, "n": n, "a": a}

    def answer(self, question):
        return sqrt(question["a"] * (1 - question["a"]) / question["n"])

    def check(self, question, answer):
        given, right = numbers(answer, 1), self.answer(question)
        words = re.findall("yes|no", answer.lower())
        if not given or len(words) != 1:
            return False, "One number, and yes or no."
        if abs(given[0] - 100 * right) <= 10 * right:
            return False, "That is in points. As a share it is a hundredth of it."
        if abs(given[0] - right) > 0.1 * right:
            return False, "The standard error is the root of p(1 - p)/n."
        if words == ["yes"]:
            return False, "The number is right. Compare the difference with it."
        return True, ""

    def hints(self, question):
        return [
            "The standard error of a share p over n items is the root of p(1 - p)/n.",
            f"p = {question['a']}, n = {question['n']}",
        ]

    def solution(self, question):
        return f"{self.answer(question):.4f}, no: two such errors would be needed at least"
