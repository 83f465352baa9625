"""Questions on chapter 2 with answers that a program can check; fresh
numbers each time."""

import math
import re


def numbers(text, wanted):
    """The numbers in an answer, [] if they are not as many as wanted.

    "273,312" is two numbers where two are wanted, else one.
    """
    for way in text, re.sub(r"(?<=\d),(?=\d{3}\b)", "", text):
        found = re.findall(
            r"(?:(?<!\d)-)?\d+(?:\.\d+)?(?:e[+-]?\d+)?", way, re.I
        )
        if len(found) == wanted:
            return [float(number) for number in found]
    return []


def close(value, right, share=0.01):
    return abs(value - right) <= share * abs(right)


class BlockArithmetic:
    """X1: how many blocks, how many tokens dropped?"""

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
            f"Four articles have {told} tokens. They are cut into blocks "
            f"of {length}; only full blocks are kept. How many blocks "
            "are there, and how many tokens are dropped? Two numbers."
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
        return (
            False,
            "The blocks are right. What is left of each article?",
        )

    def hints(self, question):
        first, length = question["articles"][0], question["length"]
        return [
            "Each article is cut alone; no block spans two of them.",
            f"{first} tokens hold {first // length} full blocks of "
            f"{length}; the rest is dropped.",
        ]

    def solution(self, question):
        length = question["length"]
        lines = [
            f"{n} = {n // length} × {length} + {n % length}"
            for n in question["articles"]
        ]
        blocks, dropped = self.answer(question)
        return "\n".join(
            [*lines, f"{blocks} blocks, {dropped} dropped"]
        )


class Anchors:
    """X2: what a loss means."""

    def question(self, random):
        vocabulary = random.choice([2048, 30522, 32000, 50257, 128256])
        loss = round(random.uniform(0.5, 9.9), 2)
        text = (
            f"A model guesses uniformly over {vocabulary:,} tokens. What "
            "is its loss in nats? Another has a loss of "
            f"{loss} nats. What is its perplexity? Two numbers, to 1 %."
        )
        return {"text": text, "vocabulary": vocabulary, "loss": loss}

    def answer(self, question):
        return math.log(question["vocabulary"]), math.exp(
            question["loss"]
        )

    def check(self, question, answer):
        given, (uniform, perplexity) = (
            numbers(answer, 2),
            self.answer(question),
        )
        if not given:
            return False, "Two numbers: a loss, then a perplexity."
        if close(given[0], uniform) and close(given[1], perplexity):
            return True, ""
        if close(given[0], uniform / math.log(2)):
            return (
                False,
                "That is in bits. Nats use the natural logarithm.",
            )
        if not close(given[0], uniform):
            return (
                False,
                "Each token gets 1/V. The loss is -ln of that.",
            )
        return False, "The loss is right. Perplexity is e to the loss."

    def hints(self, question):
        return [
            "Loss and perplexity are the same thing on two scales: "
            "loss = ln(perplexity).",
            f"A uniform guess over {question['vocabulary']:,} tokens has "
            f"the perplexity {question['vocabulary']:,}.",
        ]

    def solution(self, question):
        uniform, perplexity = self.answer(question)
        return (
            f"ln {question['vocabulary']:,} = {uniform:.3f} nats; "
            f"e^{question['loss']} = {perplexity:,.4g}"
        )


SENTENCES = (
    "the dog sleeps under the table",
    "a bowl of soup stands on the stove",
    "the train to the coast was late again",
    "she bought six rolls at the bakery",
    "the last bus leaves at nine",
)


class WhichRow:
    """X3: which row of the logits holds the answer?"""

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
        text = (
            f"{what}: {' '.join(tokens)} (one token each, first row 0). "
            "Which row of the logits do you read?"
        )
        return {
            "text": text,
            "tokens": tokens,
            "row": row,
            "masked": masked,
        }

    def check(self, question, answer):
        given, row = numbers(answer, 1), question["row"]
        if not given:
            return False, "One number: the index of a row."
        if given[0] == row or (
            not question["masked"] and given[0] == -1
        ):
            return True, ""
        if given[0] == row + 1:
            return False, "Rows are counted from 0."
        if question["masked"]:
            return False, "A masked model answers where the gap is."
        return (
            False,
            "There is one row per token, and none for the future.",
        )

    def hints(self, question):
        return [
            "There are as many rows as tokens, [CLS] and [SEP] included.",
            "The row of [MASK] in a masked model, the last in a causal one.",
        ]

    def solution(self, question):
        token = question["tokens"][question["row"]]
        return f"row {question['row']}, the row of {token!r}"


class StepsPerEpoch:
    """X4: from the updates back to the data."""

    def question(self, random):
        epochs, batch = (
            random.choice([20, 50, 100]),
            random.choice([4, 8, 16]),
        )
        low = random.randint(20, 60) * epochs
        high = low + random.randint(2, 5) * epochs
        text = (
            f"{epochs} epochs at batch {batch} took at least {low:,} and "
            f"fewer than {high:,} updates. An incomplete last batch counts "
            "as an update. What is the smallest and the largest number of "
            "training blocks? Two numbers."
        )
        return {
            "text": text,
            "epochs": epochs,
            "batch": batch,
            "low": low,
            "high": high,
        }

    def answer(self, question):
        epochs, batch = question["epochs"], question["batch"]
        fewest = math.ceil(question["low"] / epochs)
        most = (question["high"] - 1) // epochs
        return batch * (fewest - 1) + 1, batch * most

    def check(self, question, answer):
        given, right = numbers(answer, 2), self.answer(question)
        if not given:
            return False, "Two numbers: the fewest and the most blocks."
        if sorted(given) == list(right):
            return True, ""
        if given[1] == right[1]:
            return (
                False,
                "The last batch of an epoch may hold one block.",
            )
        if given[0] == right[0]:
            return (
                False,
                "The fewest is right. How many batches at most?",
            )
        return False, "First the batches in one epoch, then the blocks."

    def hints(self, question):
        return [
            "Updates divided by epochs gives the batches in one epoch.",
            f"n batches of {question['batch']} hold at most "
            f"{question['batch']} × n blocks, and at least one more than "
            f"{question['batch']} × (n - 1).",
        ]

    def solution(self, question):
        epochs, batch = question["epochs"], question["batch"]
        fewest = math.ceil(question["low"] / epochs)
        most = (question["high"] - 1) // epochs
        low, high = self.answer(question)
        return (
            f"{fewest} to {most} batches in an epoch: from "
            f"{batch} × {fewest - 1} + 1 = {low} to "
            f"{batch} × {most} = {high} blocks"
        )


TABLES = (
    ("Rain in the night is", "good", "for", "gardens"),
    ("The baker opens at", "seven", "every", "day"),
    ("Fishing at the lake is", "a", "quiet", "pastime"),
)
OTHERS = [
    "old",
    "red",
    "late",
    "warm",
    "near",
    "soft",
    "open",
    "half",
    "one",
    "far",
]


class ContinueByHand:
    """X5: be the decoder."""

    def question(self, random):
        start, *path = random.choice(TABLES)
        rows = []
        for word in path:
            others = random.sample(OTHERS, 4)
            scores = sorted(
                (round(random.uniform(-2.0, 6.0), 1) for _ in range(4)),
                reverse=True,
            )
            row = [[word, round(scores[0] + random.uniform(0.2, 2), 1)]]
            row += [list(pair) for pair in zip(others, scores)]
            random.shuffle(row)
            rows.append(row)
        told = "\n".join(
            f"row {n}: "
            + ", ".join(f"{word} {score}" for word, score in row)
            for n, row in enumerate(rows, start=1)
        )
        text = (
            f"{start} ... The five largest logits of the last row, three "
            f"times in turn:\n{told}\nWhich three tokens does greedy search "
            "append? Then: does a second run give the `same` text, or may "
            "it be `different`? Four words."
        )
        return {"text": text, "rows": rows}

    def answer(self, question):
        best = [
            max(row, key=lambda pair: pair[1])
            for row in question["rows"]
        ]
        return [word for word, _ in best] + ["same"]

    def check(self, question, answer):
        given = re.findall(r"[a-z]+", answer.lower())
        right = self.answer(question)
        if len(given) != 4:
            return (
                False,
                "Four words: three tokens, then same or different.",
            )
        if given == right:
            return True, ""
        for n, (said, true) in enumerate(
            zip(given[:3], right), start=1
        ):
            if said != true:
                return (
                    False,
                    f"Row {n}: {said!r} does not have the largest logit.",
                )
        return (
            False,
            "The tokens are right. Where would chance come in?",
        )

    def hints(self, question):
        return [
            "Softmax keeps the order: the largest logit is the likeliest.",
            "Greedy search draws nothing, it takes a maximum.",
        ]

    def solution(self, question):
        *path, _ = self.answer(question)
        return f"{' '.join(path)}, and the same again: nothing is drawn"


class FindTheTurn:
    """X6: where does the validation loss stop falling?"""

    def question(self, random):
        every, turn = random.choice([10, 20, 25]), random.randint(4, 9)
        low = random.uniform(1.9, 2.6)
        points = []
        for n in range(1, 15):
            fall = 3.0 * math.exp(-0.9 * n) - 3.0 * math.exp(
                -0.9 * turn
            )
            rise = 0.09 * max(0, n - turn)
            valley = 0.02 * abs(n - turn)
            validation = low + max(0.0, fall) + rise + valley
            training = 0.1 + 4.5 * math.exp(-0.35 * n)
            points.append(
                [n * every, round(training, 2), round(validation, 2)]
            )
        told = "\n".join(
            "{:>5} {:>6.2f} {:>6.2f}".format(*p) for p in points
        )
        text = (
            f"update, training loss, validation loss:\n{told}\n"
            "At which update would you stop if new text is what counts?"
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
            return (
                False,
                "There the training loss is lowest. Is that asked?",
            )
        return False, "Look at the third column alone."

    def hints(self, question):
        return [
            "New text is what the validation loss speaks of.",
            "Find the smallest number of the third column.",
        ]

    def solution(self, question):
        return f"update {self.answer(question)}"


class ParameterCount:
    """X7: count the numbers of a GPT-2."""

    SIZES = (
        (4, 128, 2048, 128),
        (4, 128, 2048, 64),
        (6, 384, 8000, 256),
        (12, 768, 50257, 1024),
        (24, 1024, 50257, 1024),
    )

    def question(self, random):
        layers, width, vocabulary, positions = random.choice(self.SIZES)
        text = (
            f"A GPT-2 has {layers} layers of width {width}, {vocabulary:,} "
            f"tokens, {positions:,} positions, and its head is its token "
            "embedding. How many parameters has it?"
        )
        return {
            "text": text,
            "layers": layers,
            "width": width,
            "vocabulary": vocabulary,
            "positions": positions,
        }

    def parts(self, question):
        layers, width = question["layers"], question["width"]
        return {
            "attention and feed-forward, 12·L·d²": 12
            * layers
            * width**2,
            "biases and layer norms, 13·L·d": 13 * layers * width,
            "token embedding, V·d": question["vocabulary"] * width,
            "positions, P·d": question["positions"] * width,
            "last layer norm, 2·d": 2 * width,
        }

    def check(self, question, answer):
        given, parts = numbers(answer, 1), self.parts(question)
        right = sum(parts.values())
        if not given:
            return False, "One number."
        if given[0] == right:
            return True, ""
        if (
            given[0]
            == right + question["vocabulary"] * question["width"]
        ):
            return (
                False,
                "The head is tied: its matrix is counted once.",
            )
        for name, size in parts.items():
            if given[0] == right - size:
                return (
                    False,
                    f"Something is missing: {name.partition(',')[0]}.",
                )
        near = close(given[0], right, 0.02)
        return False, "Close: some small part." if near else "Not yet."

    def hints(self, question):
        return [
            "A block holds 12·d² weights: 4·d² in attention, 8·d² in the "
            "feed-forward part, and 13·d biases and norms.",
            "12·L·d² + 13·L·d + V·d + P·d + 2·d",
        ]

    def solution(self, question):
        parts = self.parts(question)
        lines = [f"{size:>13,}  {name}" for name, size in parts.items()]
        return "\n".join([*lines, f"{sum(parts.values()):>13,}"])
