"""X1: how many blocks, how many tokens dropped?"""

from deepdive.engine.methods.answers import numbers


class BlockArithmetic:
    def question(self, random):
        length = random.choice([64, 128, 256])
        articles = [
            random.randint(length + 1, 6 * length),
            random.randint(length // 4, length - 1),
            length,
            random.randint(length + 1, 4 * length),
        ]
        random.shuffle(articles)
        told = ", ".join(str(tokens) for tokens in articles)
        text = (
            f"Four articles have {told} tokens. They are cut into blocks of {length}; only full blocks are kept. How "
            "many blocks are there, and how many tokens are dropped? Two numbers."
        )
        return {"text": text, "length": length, "articles": articles}

    def answer(self, question):
        length, articles = question["length"], question["articles"]
        blocks = sum(tokens // length for tokens in articles)
        return blocks, sum(articles) - blocks * length

    def check(self, question, answer):
        given, right = numbers(answer, 2), self.answer(question)
        if not given:
            return False, "Two numbers: blocks, then dropped tokens."
        if given == list(right):
            return True, ""
        together = sum(question["articles"]) // question["length"]
        if given[0] == together != right[0]:
            return False, "Articles are not joined before they are cut."
        if given[0] != right[0]:
            return False, "The number of blocks is not right yet."
        return False, "The blocks are right. What is left of each article?"

    def hints(self, question):
        first, length = question["articles"][0], question["length"]
        return [
            "Each article is cut alone; no block spans two of them.",
            f"{first} tokens hold {first // length} full blocks of {length}; the rest is dropped.",
        ]

    def solution(self, question):
        length = question["length"]
        lines = [f"{n} = {n // length} × {length} + {n % length}" for n in question["articles"]]
        blocks, dropped = self.answer(question)
        return "\n".join([*lines, f"{blocks} blocks, {dropped} dropped"])
