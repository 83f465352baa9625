"""Whether two accuracies differ by more than chance."""

import re
from math import sqrt

from deepdive.engine.methods.answers import close, numbers

from .shared import of_book


class Significance:
    """X6: is this a difference?"""

    def question(self, random):
        """The book's two tests, or two runs whose answers were kept."""
        while True:
            n = random.choice([500, 800, 1000])
            if kept := random.random() < 0.6:
                only = [random.randint(n // 50, n // 8) for _ in "AB"]
                both = round(random.uniform(0.5, 0.65) * n)
                a, b = ((both + one) / n for one in only)
                told = (
                    f"Of {n} questions A and B are both right on {both}, A alone on {only[0]}, B alone on {only[1]}, "
                    f"neither on {n - both - sum(only)}. What is the standard error of A's accuracy? What is the "
                    "standard error of the difference A - B, question by question?"
                )
            else:
                n, only = 1000, None
                pool = [v for _, v in of_book("ten_templates", "test accuracy")]
                a, b = sorted(random.sample(pool, 2), reverse=True)
                told = (
                    f"The book reports the test accuracies {a} and {b} of two templates, on {n} questions; which "
                    "questions each was right on was not kept. What is the standard error of the first? What is the "
                    "standard error of the difference, as of two separate samples?"
                )
            text = f"{told} Is the difference more than two of those? Two numbers, to 5 %, and yes or no."
            question = {"text": text, "n": n, "a": a, "b": b}
            question["only"] = only if kept else None
            _, error, _ = self.answer(question)
            if abs(abs(a - b) / error - 2) > 0.1:
                return question

    def answer(self, question):
        n, a, b = (question[name] for name in "nab")
        single = sqrt(a * (1 - a) / n)
        if question["only"]:
            one, other = question["only"]
            error = sqrt(one + other - (one - other) ** 2 / n) / n
        else:
            error = self.separate(question)
        return single, error, abs(a - b) > 2 * error

    def separate(self, question):
        n, a, b = (question[name] for name in "nab")
        return sqrt((a * (1 - a) + b * (1 - b)) / n)

    def check(self, question, answer):
        given, (single, error, differs) = numbers(answer, 2), self.answer(question)
        words = re.findall(r"\b(yes|no)\b", answer.lower())
        if not given or len(words) != 1:
            return False, "Two numbers, and yes or no."
        if close(given[0], 100 * single, 0.05):
            return False, "That is in points. As a share it is a hundredth of it."
        if not close(given[0], single, 0.05):
            return False, "The standard error of a share p over n questions is the root of p(1 - p) / n."
        if not close(given[1], error, 0.05):
            if question["only"] and close(given[1], self.separate(question), 0.05):
                return (
                    False,
                    "That is for two separate samples. These are the same questions: those on which A and B agree say "
                    "nothing about their difference.",
                )
            if question["only"]:
                return (
                    False,
                    "The first is right. A question counts +1 where A alone is right, -1 where B alone is, else 0: how "
                    "far does the mean of these scatter?",
                )
            return False, "The first is right. Errors of separate samples add up as squares."
        if words != ["yes" if differs else "no"]:
            return False, "Both numbers are right. Compare the difference with twice the second."
        return True, ""

    def hints(self, question):
        n, a, b = (question[name] for name in "nab")
        if not question["only"]:
            return [
                "The root of p(1 - p) / n for each; the root of the sum of both squares for the difference.",
                f"p = {a}, then p = {b}; n = {n}.",
            ]
        one, other = question["only"]
        return [
            f"A is right on {round(a * n)} of {n}. For the difference only the {one + other} questions count on which "
            "they disagree.",
            "With x questions for A alone and y for B alone: the root of x + y - (x - y)² / n, divided by n.",
        ]

    def solution(self, question):
        single, error, differs = self.answer(question)
        return f"{single:.4f} {error:.4f} {'yes' if differs else 'no'}"
