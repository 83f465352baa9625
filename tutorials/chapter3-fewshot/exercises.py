"""Questions on few-shot prompting with answers that a program can
check; fresh numbers each time."""

import re
from math import ceil, sqrt
from pathlib import Path

TAGS = [
    "O",
    "B-PER",
    "I-PER",
    "B-ORG",
    "I-ORG",
    "B-LOC",
    "I-LOC",
    "B-MISC",
    "I-MISC",
]
POCKET = Path(__file__).parent.parent / "pocket"


def numbers(text, wanted):
    """The numbers in an answer, [] if they are not as many as wanted."""
    found = re.findall(
        r"-?\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    )
    return [float(n) for n in found] if len(found) == wanted else []


SYLLABLES = [
    "bel",
    "dor",
    "fen",
    "gar",
    "lin",
    "mor",
    "nov",
    "pol",
    "ras",
    "tul",
    "ven",
    "zan",
]
COMMON = [
    "said",
    "left",
    "met",
    "near",
    "thanked",
    "opened",
    "visited",
    "again",
]


def made_up(random):
    """A name and the pieces that a tokenizer cuts it into."""
    parts = random.sample(SYLLABLES, random.randint(2, 3))
    return "".join(parts).capitalize(), [
        parts[0],
        *(f"##{p}" for p in parts[1:]),
    ]


class Align:
    """X1: carry the tags over to the pieces."""

    def question(self, random):
        first, last, place = (made_up(random) for _ in range(3))
        verb, more = random.sample(COMMON, 2)
        words = [first, last, (verb, [verb]), place, (more, [more])]
        tags = [1, 2, 0, random.choice([3, 5, 7]), 0]
        pieces = " ".join(" ".join(cut) for _, cut in words)
        told = ", ".join(
            f"{word} {tag}" for (word, _), tag in zip(words, tags)
        )
        labels = [
            tag for (_, cut), tag in zip(words, tags) for _ in cut
        ]
        text = (
            f"Words and tags: {told}. The pieces: [CLS] {pieces} [SEP]. Every piece takes the tag of its word; "
            "a place that does not count takes -100. Type the row of labels."
        )
        return {
            "text": text,
            "labels": [-100, *labels, -100],
            "starts": [len(cut) for _, cut in words],
        }

    def check(self, question, answer):
        given, right = (
            [int(n) for n in re.findall(r"-?\d+", answer)],
            question["labels"],
        )
        if given == right:
            return True, ""
        if given == right[1:-1]:
            return (
                False,
                "The pieces are right. [CLS] and [SEP] stand in the row too.",
            )
        if len(given) != len(right):
            return (
                False,
                f"A row of {len(right)} labels, one for each piece, [CLS] and [SEP] included.",
            )
        wrong = next(
            n for n, (a, b) in enumerate(zip(given, right)) if a != b
        )
        return False, f"Look at place {wrong}, counted from 0."

    def hints(self, question):
        return [
            "A piece that begins with ## belongs to the word before it.",
            "B- is repeated as B-, it does not become I-.",
        ]

    def solution(self, question):
        return " ".join(map(str, question["labels"]))


def spans(tags):
    """{(first, after the last, class)} of a row of tag ids."""
    found, start = set(), None
    for place, tag in enumerate([*tags, 0]):
        if start is not None and not (
            tag and tag % 2 == 0 and tag == tags[start] + 1
        ):
            found.add((start, place, tags[start]))
            start = None
        if tag % 2:
            start = place
    return found


def score(right, said, true):
    precision, recall = (
        right / said if said else 0.0,
        right / true if true else 0.0,
    )
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return precision, recall, f1


class F1ByHand:
    """X2: one row of predictions, two ways to score it."""

    def question(self, random):
        while True:
            true = [0] * 12
            for at in random.sample([0, 3, 6, 9], 3):
                tag = random.choice([1, 3, 5, 7])
                true[at : at + 2] = [
                    tag,
                    tag + 1 if random.random() < 0.6 else 0,
                ]
            said = list(true)
            for at in random.sample(range(12), 4):
                said[at] = (
                    random.choice([0, 1, 3, 5])
                    if true[at] % 2 or not true[at]
                    else 0
                )
            question = {"true": true, "said": said}
            if (
                len(set(self.answer(question))) == 4
                and self.answer(question)[2] > 0
            ):
                break
        rows = [
            " ".join(TAGS[tag] for tag in row) for row in (true, said)
        ]
        text = (
            f"true: {rows[0]}\nsaid: {rows[1]}\nCount B- tags only: precision, recall and F1? Then F1 of whole "
            "entities, where both ends and the class must be right. Four numbers, to 0.005."
        )
        return {"text": text, **question}

    def answer(self, question):
        true, said = question["true"], question["said"]
        right = sum(t == s and t % 2 for t, s in zip(true, said))
        of_starts = score(
            right, sum(s % 2 for s in said), sum(t % 2 for t in true)
        )
        a, b = spans(said), spans(true)
        return *of_starts, score(len(a & b), len(a), len(b))[2]

    def check(self, question, answer):
        given, right = numbers(answer, 4), self.answer(question)
        if not given:
            return (
                False,
                "Four numbers: precision, recall, F1, and F1 of whole entities.",
            )
        names = ("precision", "recall", "F1", "F1 of whole entities")
        for name, a, b in zip(names, given, right):
            if abs(a - b) > 0.005:
                if (
                    name in names[:2]
                    and abs(a - right[1 - names.index(name)]) <= 0.005
                ):
                    return (
                        False,
                        "Precision divides by what was said, recall by what is true.",
                    )
                return False, f"The {name} is not right yet."
        return True, ""

    def hints(self, question):
        said, true = (
            sum(t % 2 for t in question[row])
            for row in ("said", "true")
        )
        return [
            f"{said} B- tags were said, {true} are true.",
            "F1 is 2PR / (P + R).",
        ]

    def solution(self, question):
        return " ".join(
            f"{value:.3f}" for value in self.answer(question)
        )


class WhichConstant:
    """X3: what did a head with that accuracy answer?"""

    def question(self, random):
        n = random.choice([872, 600, 1000])
        positive = 444 if n == 872 else n // 2 + random.randint(5, 40)
        text = (
            f"A test set has {n} sentences, {positive} of them positive. An untrained head gets exactly {positive} "
            "right, and it gives the same answer to all of them. Which answer, and what accuracy would the other "
            "one have had? A word and a number, to 0.001."
        )
        return {"text": text, "n": n, "positive": positive}

    def answer(self, question):
        return "positive", round(
            1 - question["positive"] / question["n"], 4
        )

    def check(self, question, answer):
        given, (word, other) = numbers(answer, 1), self.answer(question)
        if not given or not re.search(
            "positive|negative", answer.lower()
        ):
            return (
                False,
                "A word, positive or negative, and one number.",
            )
        if word not in answer.lower():
            return (
                False,
                "Who always says negative is right on the negative ones.",
            )
        if abs(given[0] - other) > 0.001:
            return (
                False,
                "The word is right. The other constant is right on all the rest.",
            )
        return True, ""

    def hints(self, question):
        return [
            "A constant answer is right as often as its class occurs.",
            f"{question['n']} - {question['positive']}",
        ]

    def solution(self, question):
        n, positive = question["n"], question["positive"]
        return f"positive; the other constant: {n - positive} of {n} = {1 - positive / n:.4f}"


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
            return (
                False,
                "Two numbers: the head's updates, then the prompt's.",
            )
        if tuple(given) == right:
            return True, ""
        half = 3 * ceil(question["k"] / 8), 5 * ceil(question["k"] / 4)
        if tuple(given) == half:
            return False, "There are two classes."
        return False, "The head's is not right yet." if given[
            0
        ] != right[0] else "The head's is right, the prompt's is not."

    def hints(self, question):
        return [
            "Batches in an epoch, then epochs.",
            f"{2 * question['k']} examples in batches of 8, the last may be short.",
        ]

    def solution(self, question):
        head, prompt = self.answer(question)
        return f"head {head}, prompt {prompt}"


class Candidates:
    """X5: how many prompts does a sentence make?"""

    def question(self, random):
        words = []
        for _ in range(random.randint(2, 3)):
            kind = random.choice(["PER", "ORG", "LOC"])
            names = [
                made_up(random)[0] for _ in range(random.randint(1, 3))
            ]
            words += [
                (n, f"{'I' if i else 'B'}-{kind}")
                for i, n in enumerate(names)
            ]
            words += [
                (w, "O")
                for w in random.sample(COMMON, random.randint(1, 2))
            ]
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
        return len(joined), sorted(
            name for name in joined if " " in name
        )

    def check(self, question, answer):
        given, (count, several) = (
            numbers(answer, 1),
            self.answer(question),
        )
        if not given:
            return (
                False,
                "A number, then the candidates of several words.",
            )
        if given[0] == len(question["words"]) != count:
            return False, "A name of several words is asked about once."
        if given[0] != count:
            return False, "The number of prompts is not right yet."
        said = [
            " ".join(part.split())
            for part in re.split(r"[,;\n]", re.sub(r"\d+", ",", answer))
        ]
        if (
            sorted(
                filter(
                    None,
                    (
                        p
                        for p in said
                        if p.lower() not in ("none", "prompts")
                    ),
                )
            )
            == several
        ):
            return True, ""
        return (
            False,
            "The number is right. Which B- tags are followed by I- tags?",
        )

    def hints(self, question):
        return [
            "O and B- begin a candidate, I- continues one.",
            "So count the tags that are not I-.",
        ]

    def solution(self, question):
        count, several = self.answer(question)
        return f"{count}; {', '.join(several) or 'none'}"


class Significance:
    """X6: is this a difference?"""

    def question(self, random):
        n = random.choice([872, 600, 500])
        low = random.uniform(0.84, 0.87)
        a, b = (
            round(low + random.uniform(0.003, 0.009), 4),
            round(low, 4),
        )
        text = (
            f"Two methods have the accuracies {a} and {b} on the same {n} sentences. What is the standard error of "
            "the first, and is this a difference? A number, to 10 %, and yes or no."
        )
        return {"text": text, "n": n, "a": a}

    def answer(self, question):
        return sqrt(question["a"] * (1 - question["a"]) / question["n"])

    def check(self, question, answer):
        given, right = numbers(answer, 1), self.answer(question)
        words = re.findall("yes|no", answer.lower())
        if not given or len(words) != 1:
            return False, "One number, and yes or no."
        if abs(given[0] - 100 * right) <= 10 * right:
            return (
                False,
                "That is in points. As a share it is a hundredth of it.",
            )
        if abs(given[0] - right) > 0.1 * right:
            return (
                False,
                "The standard error is the root of p(1 - p)/n.",
            )
        if words == ["yes"]:
            return (
                False,
                "The number is right. Compare the difference with it.",
            )
        return True, ""

    def hints(self, question):
        return [
            "The standard error of a share p over n items is the root of p(1 - p)/n.",
            f"p = {question['a']}, n = {question['n']}",
        ]

    def solution(self, question):
        return f"{self.answer(question):.4f}, no: two such errors would be needed at least"


class PickLabelWords:
    """X7: words that stand for the classes; the pocket encoder reads."""

    THRESHOLD = 0.8

    def question(self, random):
        taken = random.choice([("terrible", "great"), ("bad", "good")])
        text = (
            f"The blank is in `{{sentence}} it is {{mask}} .` Choose one label word for negative reviews and one for "
            f"positive ones, other than {taken[0]} and {taken[1]}. On 150 hidden reviews they must be right in "
            f"{self.THRESHOLD:.0%} of the cases or more. Two words, the negative one first."
        )
        return {
            "text": text,
            "taken": taken,
            "part": random.randrange(4),
        }

    def check(self, question, answer):
        words = re.findall(r"[a-z]+", answer.lower())
        if len(words) != 2:
            return False, "Two words: for negative, then for positive."
        if set(words) & set(question["taken"]):
            return False, "Other words than those two."
        try:
            right = self.accuracy(words, question["part"])
        except ValueError as error:
            return False, f"{error}."[0].upper() + f"{error}."[1:]
        if right >= self.THRESHOLD:
            return True, ""
        if 1 - right >= self.THRESHOLD:
            return (
                False,
                f"They are right in {right:.0%} of the cases: the wrong way round?",
            )
        return (
            False,
            f"They are right in {right:.0%} of the cases only.",
        )

    def accuracy(self, words, part):
        import json

        import torch
        from deepdive.engine.methods.prompting import (
            PromptModel,
            Template,
            Verbalizer,
        )
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        torch.set_num_threads(1)
        tokenizer = AutoTokenizer.from_pretrained(
            POCKET / "models" / "sentiment-bert"
        )
        pairs = dict(
            zip(("negative", "positive"), ([word] for word in words))
        )
        verbalizer = Verbalizer.of(tokenizer, pairs)
        for word, [pieces] in zip(words, verbalizer.ids):
            if len(pieces) > 1:
                raise ValueError(
                    f"{word!r} is not one word of the vocabulary"
                )
        model = AutoModelForMaskedLM.from_pretrained(
            POCKET / "models" / "sentiment-bert"
        )
        wording = Template(
            "{sentence} it is {mask} .", shorten="sentence"
        )
        asked = PromptModel(model, tokenizer, wording, verbalizer)
        lines = (
            (POCKET / "data" / "reviews-validation.jsonl")
            .read_text(encoding="utf-8")
            .splitlines()
        )
        rows = [
            json.loads(line)
            for line in lines[150 * part : 150 * part + 150]
        ]
        said = asked.predict(asked.encode(rows)).argmax(-1).tolist()
        return sum(
            s == row["label"] for s, row in zip(said, rows)
        ) / len(rows)

    def hints(self, question):
        return [
            "What would a reviewer write after `it is`? The bars of the blank show more than two such words.",
            "Both words should be about equally common.",
        ]

    def solution(self, question):
        return (
            "bad good"
            if "terrible" in question["taken"]
            else "terrible great"
        )


class ExplainTheDip:
    """X8: why does F1 fall to nothing?"""

    REASONS = (
        "the updates have destroyed what pre-training had learned",
        "it answers O everywhere, because most labels are O",
        "the learning rate is so high that the loss has grown",
    )

    def question(self, random):
        share = round(random.uniform(0.78, 0.84), 2)
        o = round(random.uniform(0.96, 0.995), 3)
        order = random.sample(range(3), 3)
        told = "\n".join(
            f"{letter}: {self.REASONS[n]}"
            for letter, n in zip("abc", order)
        )
        text = (
            f"A tagger's F1 fell from 0.07 to 0.003. In the same stage its share of O rose from 0.30 to {o}, its "
            f"accuracy from 0.29 to {share}; {share:.0%} of the true labels are O.\n{told}\nWhich is it? And what is the "
            "accuracy of answering O always? A letter and a number."
        )
        return {
            "text": text,
            "share": share,
            "letter": "abc"[order.index(1)],
        }

    def check(self, question, answer):
        letters, given = (
            re.findall(r"\b[abc]\b", answer.lower()),
            numbers(answer, 1),
        )
        if len(letters) != 1 or not given:
            return False, "A letter and a number."
        if letters[0] != question["letter"]:
            return (
                False,
                "If that were so, would the accuracy have risen?",
            )
        if (
            min(
                abs(given[0] - question["share"]),
                abs(given[0] / 100 - question["share"]),
            )
            > 0.005
        ):
            return (
                False,
                "The letter is right. A constant answer is right as often as its class occurs.",
            )
        return True, ""

    def hints(self, question):
        return [
            "Compare the accuracy before and after.",
            "F1 counts names alone, accuracy counts every label.",
        ]

    def solution(self, question):
        return f"{question['letter']}, {question['share']}"
