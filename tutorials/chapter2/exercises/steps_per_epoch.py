"""X4: from the updates back to the data."""

import math

from deepdive.engine.methods.answers import numbers


class StepsPerEpoch:
    def question(self, random):
        epochs, batch = (random.choice([20, 50, 100]), random.choice([4, 8, 16]))
        low = random.randint(20, 60) * epochs
        high = low + random.randint(2, 5) * epochs
        text = (
            f"{epochs} epochs at batch {batch} took at least {low:,} and fewer than {high:,} updates. An incomplete "
            "last batch counts as an update. What is the smallest and the largest number of training blocks? Two "
            "numbers."
        )
        return {"text": text, "epochs": epochs, "batch": batch, "low": low, "high": high}

    def answer(self, question):
        epochs, batch = question["epochs"], question["batch"]
        fewest = math.ceil(question["low"] / epochs)
        most = (question["high"] - 1) // epochs
        return batch * (fewest - 1) + 1, batch * most

    def check(self, question, answer):
        given, right = numbers(answer, 2), self.answer(question)
        if not given:
            return False, "Two numbers: the fewest and the most blocks."
        if sorted(given) == list(right):
            return True, ""
        if given[1] == right[1]:
            return False, "The last batch of an epoch may hold one block."
        if given[0] == right[0]:
            return False, "The fewest is right. How many batches at most?"
        return False, "First the batches in one epoch, then the blocks."

    def hints(self, question):
        return [
            "Updates divided by epochs gives the batches in one epoch.",
            f"n batches of {question['batch']} hold at most {question['batch']} × n blocks, and at least one more "
            f"than {question['batch']} × (n - 1).",
        ]

    def solution(self, question):
        epochs, batch = question["epochs"], question["batch"]
        fewest = math.ceil(question["low"] / epochs)
        most = (question["high"] - 1) // epochs
        low, high = self.answer(question)
        return (
            f"{fewest} to {most} batches in an epoch: from {batch} × {fewest - 1} + 1 = {low} to {batch} × {most} = "
            f"{high} blocks"
        )
