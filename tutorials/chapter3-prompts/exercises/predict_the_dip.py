"""Where a learning curve lies above its start."""

import re

from .shared import of_book


class PredictTheDip:
    """X8: above or below zero-shot, size by size; the book's run."""

    SIZES = (16, 32, 64, 128, 256, 512)

    def question(self, random):
        """A template with a passage: without one nothing dips."""
        number = random.randint(1, 6)
        curve = {case["k"]: value for case, value in of_book("ten_templates", "accuracy") if case["template"] == number}
        text = (
            f"The book's template {number} is right on {curve[0]} of 1,000 questions before any tuning. Then the whole "
            "model is tuned in it, each time from the start, on 16, 32, 64, 128, 256 and 512 examples of each class: 5 "
            "epochs in batches of 4, at a learning rate of 5e-4. For each size: is the accuracy above (a) or below (b) "
            f"the {curve[0]}? Six letters, in this order. The first and the last must be right, and two of the four "
            "between."
        )
        return {"text": text, "number": number, "curve": [curve[k] for k in (0, *self.SIZES)]}

    def answer(self, question):
        zero, *tuned = question["curve"]
        return ["a" if value > zero else "b" for value in tuned]

    def check(self, question, answer):
        right = self.answer(question)
        marks = re.sub(r"above|below", lambda m: m[0][0], answer.lower())
        given = [c for c in marks if c in "ab"]
        if len(given) != 6 or re.search(r"[^ab\s,;./-]", marks):
            return False, "Six letters: a for above, b for below."
        if given[0] != right[0]:
            return (
                False,
                "At 16 of each class there are 40 updates, at a rate at which each moves all of the weights. What is "
                "lost first, what is learned last?",
            )
        if given[-1] != right[-1]:
            return False, "With 512 of each class it has had 1,280 updates, and a passage to read in each example."
        wrong = sum(a != b for a, b in zip(given, right, strict=True))
        if wrong > 2:
            return (
                False,
                f"The ends are right, {wrong} of the four between are not: when has it learned more than it has lost?",
            )
        return True, ""

    def hints(self, question):
        return [
            "The first updates move the model away from what it could do. Reading the passage is learned later.",
            "Draw a curve that falls, and comes back at about 64 to 128 examples of each class.",
        ]

    def solution(self, question):
        return " ".join(self.answer(question))
