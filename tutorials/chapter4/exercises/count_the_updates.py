"""X6: rows, batches, accumulation, epochs."""

from math import ceil

from deepdive.engine.methods.answers import numbers


class CountTheUpdates:
    BOOK = (2629, 1, 2, 5)

    def question(self, random):
        drawn = (
            random.choice([400, 879, 2629, random.randint(300, 5000)]),
            random.choice([1, 2, 4, 8]),
            random.choice([2, 3, 4, 8]),
            random.choice([2, 3, 5, 10]),
        )
        rows, batch, accumulation, epochs = random.choice([drawn, drawn, drawn, self.BOOK])
        text = (
            f"{rows:,} rows, {batch} to a batch, gradients of {accumulation} batches added up before an update, "
            f"{epochs} epochs: how many updates?"
        )
        return {"text": text, "rows": rows, "batch": batch, "accumulation": accumulation, "epochs": epochs}

    def answer(self, question):
        """As the library counts today, and as it did for the book."""
        batches = ceil(question["rows"] / question["batch"])
        up = ceil(batches / question["accumulation"])
        down = max(1, batches // question["accumulation"])
        return up * question["epochs"], down * question["epochs"]

    def check(self, question, answer):
        given, (up, down) = numbers(answer, 1), self.answer(question)
        if not given:
            return False, "One whole number."
        if given[0] == up:
            return True, ""
        if given[0] == down:
            return (
                True,
                "So the book's library counts, which drops what is left of an epoch. Today's makes an update of it: "
                f"{up:,}.",
            )
        epochs = question["epochs"]
        batches = ceil(question["rows"] / question["batch"])
        if given[0] in (up / epochs, down / epochs):
            return False, f"That is one of {epochs} epochs."
        if given[0] == batches * epochs:
            return False, f"Those are batches. An update comes after each {question['accumulation']} of them."
        if given[0] == question["rows"] * epochs:
            return False, "Those are rows read."
        if abs(given[0] - up) < epochs + 1:
            return False, "Nearly: batches are counted in whole ones, updates as well, epoch by epoch."
        return False, "Batches of an epoch, divided by those of an update, times epochs."

    def hints(self, question):
        batches = ceil(question["rows"] / question["batch"])
        return [
            "How many batches has an epoch, the last one included that is not full?",
            f"{batches:,} batches to an epoch, {question['accumulation']} to an update. The rest of an epoch is one "
            "more.",
        ]

    def solution(self, question):
        return f"{self.answer(question)[0]:,}"
