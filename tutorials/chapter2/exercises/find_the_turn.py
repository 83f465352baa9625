"""X6: where does the validation loss stop falling?"""

import math

from deepdive.engine.methods.answers import numbers


class FindTheTurn:
    def question(self, random):
        every, turn = random.choice([10, 20, 25]), random.randint(4, 9)
        low = random.uniform(1.9, 2.6)
        points = []
        for n in range(1, 15):
            fall = 3.0 * math.exp(-0.9 * n) - 3.0 * math.exp(-0.9 * turn)
            rise = 0.09 * max(0, n - turn)
            valley = 0.02 * abs(n - turn)
            validation = low + max(0.0, fall) + rise + valley
            training = 0.1 + 4.5 * math.exp(-0.35 * n)
            points.append([n * every, round(training, 2), round(validation, 2)])
        told = "\n".join("{:>5} {:>6.2f} {:>6.2f}".format(*p) for p in points)
        text = (
            f"update, training loss, validation loss:\n{told}\nAt which update would you stop if new text is what "
            "counts?"
        )
        return {"text": text, "every": every, "points": points}

    def answer(self, question):
        return min(question["points"], key=lambda point: point[2])[0]

    def check(self, question, answer):
        given, right = numbers(answer, 1), self.answer(question)
        if not given:
            return False, "One number: an update."
        if abs(given[0] - right) <= question["every"]:
            return True, ""
        if given[0] == question["points"][-1][0]:
            return False, "There the training loss is lowest. Is that asked?"
        return False, "Look at the third column alone."

    def hints(self, question):
        return ["New text is what the validation loss speaks of.", "Find the smallest number of the third column."]

    def solution(self, question):
        return f"update {self.answer(question)}"
