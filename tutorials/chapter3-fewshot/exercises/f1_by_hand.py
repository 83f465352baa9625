"""One row of predictions, scored by starts and by whole entities."""

from deepdive.engine.methods.answers import numbers
from deepdive.engine.methods.entities import spans

TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]


def score(right, said, true):
    precision, recall = right / said if said else 0.0, right / true if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return precision, recall, f1


class F1ByHand:
    """X2: one row of predictions, two ways to score it."""

    def question(self, random):
        while True:
            true = [0] * 12
            for at in random.sample([0, 3, 6, 9], 3):
                tag = random.choice([1, 3, 5, 7])
                true[at : at + 2] = [tag, tag + 1 if random.random() < 0.6 else 0]
            said = list(true)
            for at in random.sample(range(12), 4):
                said[at] = random.choice([0, 1, 3, 5]) if true[at] % 2 or not true[at] else 0
            question = {"true": true, "said": said}
            if len(set(self.answer(question))) == 4 and self.answer(question)[2] > 0:
                break
        rows = [" ".join(TAGS[tag] for tag in row) for row in (true, said)]
        text = (
            f"true: {rows[0]}\nsaid: {rows[1]}\nCount B- tags only: precision, recall and F1? Then F1 of whole "
            "entities, where both ends and the class must be right. Four numbers, to 0.005."
        )
        return {"text": text, **question}

    def answer(self, question):
        true, said = question["true"], question["said"]
        right = sum(t == s and t % 2 for t, s in zip(true, said, strict=True))
        of_starts = score(right, sum(s % 2 for s in said), sum(t % 2 for t in true))
        a, b = spans(said), spans(true)
        return *of_starts, score(len(a & b), len(a), len(b))[2]

    def check(self, question, answer):
        given, right = numbers(answer, 4), self.answer(question)
        if not given:
            return False, "Four numbers: precision, recall, F1, and F1 of whole entities."
        names = ("precision", "recall", "F1", "F1 of whole entities")
        for name, a, b in zip(names, given, right, strict=True):
            if abs(a - b) > 0.005:
                if name in names[:2] and abs(a - right[1 - names.index(name)]) <= 0.005:
                    return False, "Precision divides by what was said, recall by what is true."
                return False, f"The {name} is not right yet."
        return True, ""

    def hints(self, question):
        said, true = (sum(t % 2 for t in question[row]) for row in ("said", "true"))
        return [f"{said} B- tags were said, {true} are true.", "F1 is 2PR / (P + R)."]

    def solution(self, question):
        return " ".join(f"{value:.3f}" for value in self.answer(question))
