"""X5: be the decoder."""

import re

TABLES = (
    ("Rain in the night is", "good", "for", "gardens"),
    ("The baker opens at", "seven", "every", "day"),
    ("Fishing at the lake is", "a", "quiet", "pastime"),
)
OTHERS = ["old", "red", "late", "warm", "near", "soft", "open", "half", "one", "far"]


class ContinueByHand:
    def question(self, random):
        start, *path = random.choice(TABLES)
        rows = []
        for word in path:
            others = random.sample(OTHERS, 4)
            scores = sorted((round(random.uniform(-2.0, 6.0), 1) for _ in range(4)), reverse=True)
            row = [[word, round(scores[0] + random.uniform(0.2, 2), 1)]]
            row += [list(pair) for pair in zip(others, scores, strict=True)]
            random.shuffle(row)
            rows.append(row)
        told = "\n".join(
            f"row {n}: " + ", ".join(f"{word} {score}" for word, score in row) for n, row in enumerate(rows, start=1)
        )
        text = (
            f"{start} ... The five largest logits of the last row, three times in turn:\n{told}\nWhich three tokens "
            "does greedy search append? Then: does a second run give the `same` text, or may it be `different`? Four "
            "words."
        )
        return {"text": text, "rows": rows}

    def answer(self, question):
        best = [max(row, key=lambda pair: pair[1]) for row in question["rows"]]
        return [word for word, _ in best] + ["same"]

    def check(self, question, answer):
        given = re.findall(r"[a-z]+", answer.lower())
        right = self.answer(question)
        if len(given) != 4:
            return False, "Four words: three tokens, then same or different."
        if given == right:
            return True, ""
        for n, (said, true) in enumerate(zip(given[:3], right[:3], strict=True), start=1):
            if said != true:
                return False, f"Row {n}: {said!r} does not have the largest logit."
        return False, "The tokens are right. Where would chance come in?"

    def hints(self, question):
        return [
            "Softmax keeps the order: the largest logit is the likeliest.",
            "Greedy search draws nothing, it takes a maximum.",
        ]

    def solution(self, question):
        *path, _ = self.answer(question)
        return f"{' '.join(path)}, and the same again: nothing is drawn"
