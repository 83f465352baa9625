"""Four counts from two shares."""

from deepdive.engine.methods.answers import numbers


class RebuildTheTable:
    """X1: accuracy and the share of no tell all four counts."""

    BOOK = ((500, 185, 341), (500, 496, 5))

    def question(self, random):
        half = random.choice([100, 250, 500])
        drawn = half, random.randint(half // 5, half - 1), random.randint(half // 5, half - 1)
        half, no, yes = random.choice([drawn, drawn, *self.BOOK])
        accuracy = (no + yes) / (2 * half)
        share = (no + half - yes) / (2 * half)
        text = (
            f"{half} questions have the answer yes, {half} the answer no. A model is right on {accuracy:.3f} of them "
            f"all, and {share:.1%} of its answers are no. How often did it say no to a no, no to a yes, yes to a yes, "
            "and yes to a no? Four whole numbers, in this order."
        )
        return {"text": text, "half": half, "no": no, "yes": yes}

    def answer(self, question):
        half, no, yes = (question[n] for n in ("half", "no", "yes"))
        return no, half - yes, yes, half - no

    def check(self, question, answer):
        given, right = numbers(answer, 4), self.answer(question)
        half = question["half"]
        if not given:
            return False, "Four numbers: no to a no, no to a yes, yes to a yes, yes to a no."
        if tuple(given) == right:
            return True, ""
        if sorted(given) == sorted(right):
            return False, "The numbers are right, their order is not."
        if given[0] + given[3] != half or given[1] + given[2] != half:
            return (
                False,
                f"Its answers to the questions with no add up to {half}, those to the questions with yes as well.",
            )
        if given[0] + given[2] != right[0] + right[2]:
            return False, f"No to a no and yes to a yes are its right answers: {right[0] + right[2]}."
        return False, f"No to a no and no to a yes are all the times it said no: {right[0] + right[1]}."

    def hints(self, question):
        no, missed, yes, _ = self.answer(question)
        return [
            "Write down what the accuracy says about two of the counts, and the share of no about two others.",
            f"Right answers: {no + yes}. Answers no: {no + missed}. A yes that was not found is answered no.",
            f"So (no to a no) + (yes to a yes) = {no + yes} and (no to a no) + {question['half']} - (yes to a yes) = "
            f"{no + missed}. Add the two.",
        ]

    def solution(self, question):
        return " ".join(map(str, self.answer(question)))
