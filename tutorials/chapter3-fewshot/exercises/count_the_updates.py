"""How many updates a number of examples makes."""

from math import ceil

from deepdive.engine.methods.answers import numbers


class CountTheUpdates:
    """X4: the same examples, two numbers of updates."""

    def question(self, random):
        k = random.choice([16, 20, 32, 50, 64, 100, 128])
        text = (
            f"{k} reviews of each of two classes. The head is tuned with batches of 8 for 3 epochs, the prompt with "
            "batches of 4 for 5 epochs. How many updates has each? Two numbers."
        )
        return {"text": text, "k": k}

    def answer(self, question):
        examples = 2 * question["k"]
        return 3 * ceil(examples / 8), 5 * ceil(examples / 4)

    def check(self, question, answer):
        given, right = numbers(answer, 2), self.answer(question)
        if not given:
            return False, "Two numbers: the head's updates, then the prompt's."
        if tuple(given) == right:
            return True, ""
        half = 3 * ceil(question["k"] / 8), 5 * ceil(question["k"] / 4)
        if tuple(given) == half:
            return False, "There are two classes."
        return False, "The head's is not right yet." if given[0] != right[
            0
        ] else "The head's is right, the prompt's is not."

    def hints(self, question):
        return [
            "Batches in an epoch, then epochs.",
            f"{2 * question['k']} examples in batches of 8, the last may be short.",
        ]

    def solution(self, question):
        head, prompt = self.answer(question)
        return f"head {head}, prompt {prompt}"
