"""Tags of words carried over to their pieces."""

import re

from .names import COMMON, made_up


class Align:
    """X1: carry the tags over to the pieces."""

    def question(self, random):
        first, last, place = (made_up(random) for _ in range(3))
        verb, more = random.sample(COMMON, 2)
        words = [first, last, (verb, [verb]), place, (more, [more])]
        tags = [1, 2, 0, random.choice([3, 5, 7]), 0]
        pieces = " ".join(" ".join(cut) for _, cut in words)
        told = ", ".join(f"{word} {tag}" for (word, _), tag in zip(words, tags, strict=True))
        labels = [tag for (_, cut), tag in zip(words, tags, strict=True) for _ in cut]
        text = (
            f"Words and tags: {told}. The pieces: [CLS] {pieces} [SEP]. Every piece takes the tag of its word; "
            "a place that does not count takes -100. Type the row of labels."
        )
        return {"text": text, "labels": [-100, *labels, -100], "starts": [len(cut) for _, cut in words]}

    def check(self, question, answer):
        given, right = [int(n) for n in re.findall(r"-?\d+", answer)], question["labels"]
        if given == right:
            return True, ""
        if given == right[1:-1]:
            return False, "The pieces are right. [CLS] and [SEP] stand in the row too."
        if len(given) != len(right):
            return False, f"A row of {len(right)} labels, one for each piece, [CLS] and [SEP] included."
        wrong = next(n for n, (a, b) in enumerate(zip(given, right, strict=True)) if a != b)
        return False, f"Look at place {wrong}, counted from 0."

    def hints(self, question):
        return [
            "A piece that begins with ## belongs to the word before it.",
            "B- is repeated as B-, it does not become I-.",
        ]

    def solution(self, question):
        return " ".join(map(str, question["labels"]))
