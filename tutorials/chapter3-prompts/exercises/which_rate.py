"""How far a learning rate rises in a short run."""

from math import ceil

from deepdive.engine.methods.answers import close, numbers


class WhichRate:
    """X3: how far does the warm-up come in a short run?"""

    def question(self, random):
        k = random.choice([16, 32, 64, 128, 256, 512])
        batch, epochs = random.choice([4, 8]), random.choice([5, 8])
        warm_up = random.choice([300, 500, 1000])
        peak = random.choice([0.05, 0.3, 0.4])
        text = (
            f"A soft prompt is tuned on {k} questions of each of two classes, in batches of {batch}, for {epochs} "
            f"epochs. Its learning rate rises in a straight line from 0 to {peak} in {warm_up} updates, then falls to "
            "0 at the end of the run. How many updates has the run, and what is the highest rate that it reaches? Two "
            "numbers, the rate to 1 %."
        )
        return {"text": text, "examples": 2 * k, "batch": batch, "epochs": epochs, "warm_up": warm_up, "peak": peak}

    def answer(self, question):
        batches = ceil(question["examples"] / question["batch"])
        updates = question["epochs"] * batches
        reached = min(1.0, updates / question["warm_up"])
        return updates, question["peak"] * reached

    def check(self, question, answer):
        given, (updates, rate) = numbers(answer, 2), self.answer(question)
        if not given:
            return False, "Two numbers: updates, then a rate."
        if given[0] == updates / 2:
            return False, "There are two classes."
        if given[0] == updates / question["epochs"]:
            return False, "Those are the updates of one epoch."
        if given[0] != updates:
            return False, "Updates are batches in an epoch, times epochs."
        last = question["peak"] * (updates - 1) / question["warm_up"]
        short = updates < question["warm_up"]
        if close(given[1], rate) or (short and close(given[1], last)):
            return True, ""
        if close(given[1], question["peak"]):
            return (
                False,
                f"The updates are right. Does the warm-up of {question['warm_up']} updates end within the run?",
            )
        if not short:
            return False, "The updates are right, and they are more than the warm-up takes."
        return False, "The updates are right. After u updates of a warm-up of w the rate is peak × u / w."

    def hints(self, question):
        return [
            "Batches in an epoch, times epochs: compare that with the length of the warm-up.",
            f"{question['examples']} examples in batches of {question['batch']}, {question['epochs']} times.",
            f"{self.answer(question)[0]} updates of a warm-up of {question['warm_up']}.",
        ]

    def solution(self, question):
        updates, rate = self.answer(question)
        return f"{updates} updates; {rate:.4g}"
