"""X3: which row of the logits holds the answer?"""

from deepdive.engine.methods.answers import numbers

SENTENCES = (
    "the dog sleeps under the table",
    "a bowl of soup stands on the stove",
    "the train to the coast was late again",
    "she bought six rolls at the bakery",
    "the last bus leaves at nine",
)


class WhichRow:
    def question(self, random):
        words = random.choice(SENTENCES).split()
        masked = random.random() < 0.5
        if masked:
            row = random.randrange(1, len(words) + 1)
            tokens = ["[CLS]", *words, "[SEP]"]
            tokens[row] = "[MASK]"
            what = "BERT is asked for the hidden word"
        else:
            tokens = words[: random.randint(3, len(words))]
            row = len(tokens) - 1
            what = "GPT-2 is asked for the next word"
        text = f"{what}: {' '.join(tokens)} (one token each, first row 0). Which row of the logits do you read?"
        return {"text": text, "tokens": tokens, "row": row, "masked": masked}

    def check(self, question, answer):
        given, row = numbers(answer, 1), question["row"]
        if not given:
            return False, "One number: the index of a row."
        if given[0] == row or (not question["masked"] and given[0] == -1):
            return True, ""
        if given[0] == row + 1:
            return False, "Rows are counted from 0."
        if question["masked"]:
            return False, "A masked model answers where the gap is."
        return False, "There is one row per token, and none for the future."

    def hints(self, question):
        return [
            "There are as many rows as tokens, [CLS] and [SEP] included.",
            "The row of [MASK] in a masked model, the last in a causal one.",
        ]

    def solution(self, question):
        token = question["tokens"][question["row"]]
        return f"row {question['row']}, the row of {token!r}"
