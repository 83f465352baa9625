"""How many prompts a sentence makes."""

import re

from deepdive.engine.methods.answers import numbers

from .names import COMMON, made_up


class Candidates:
    """X5: how many prompts does a sentence make?"""

    def question(self, random):
        words = []
        for _ in range(random.randint(2, 3)):
            kind = random.choice(["PER", "ORG", "LOC"])
            names = [made_up(random)[0] for _ in range(random.randint(1, 3))]
            words += [(n, f"{'I' if i else 'B'}-{kind}") for i, n in enumerate(names)]
            words += [(w, "O") for w in random.sample(COMMON, random.randint(1, 2))]
        text = " ".join(f"{word}/{tag}" for word, tag in words) + (
            "\nEach entity and each other word is asked about once. How many prompts? And which candidates have "
            "several words? A number, then the candidates, separated by commas (or: none)."
        )
        return {"text": text, "words": words}

    def answer(self, question):
        joined = []
        for word, tag in question["words"]:
            if tag[0] == "I":
                joined[-1] += " " + word
            else:
                joined.append(word)
        return len(joined), sorted(name for name in joined if " " in name)

    def check(self, question, answer):
        given, (count, several) = numbers(answer, 1), self.answer(question)
        if not given:
            return False, "A number, then the candidates of several words."
        if given[0] == len(question["words"]) != count:
            return False, "A name of several words is asked about once."
        if given[0] != count:
            return False, "The number of prompts is not right yet."
        said = [" ".join(part.split()) for part in re.split(r"[,;\n]", re.sub(r"\d+", ",", answer))]
        if sorted(filter(None, (p for p in said if p.lower() not in ("none", "prompts")))) == several:
            return True, ""
        return False, "The number is right. Which B- tags are followed by I- tags?"

    def hints(self, question):
        return ["O and B- begin a candidate, I- continues one.", "So count the tags that are not I-."]

    def solution(self, question):
        count, several = self.answer(question)
        return f"{count}; {', '.join(several) or 'none'}"
