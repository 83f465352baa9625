"""Questions on prompts with answers that a program can check; fresh
numbers each time."""

import csv
import json
import re
from math import ceil, sqrt
from pathlib import Path

HERE = Path(__file__).parent
POCKET = HERE.parent / "pocket"
WORDS = {"no": ["no", "No"], "yes": ["yes", "Yes"]}


def numbers(text, wanted):
    """The numbers in an answer, [] if they are not as many as wanted.

    "15,360" is two numbers where two are wanted, else one.
    """
    for way in text, re.sub(r"(?<=\d),(?=\d{3}\b)", "", text):
        found = re.findall(r"\d*\.?\d+(?:e[+-]?\d+)?", way, re.I)
        if len(found) == wanted:
            return [float(number) for number in found]
    return []


def close(value, right, share=0.01):
    return abs(value - right) <= share * abs(right)


def of_book(step, name):
    """What the book reports for a step: (case, value) of each figure."""
    with (HERE / "book.csv").open(encoding="utf-8") as file:
        return [
            (json.loads(row["case"]), float(row["value"]))
            for row in csv.DictReader(file)
            if (row["step"], row["name"]) == (step, name)
        ]


class RebuildTheTable:
    """X1: accuracy and the share of no tell all four counts."""

    BOOK = ((500, 185, 341), (500, 496, 5))

    def question(self, random):
        half = random.choice([100, 250, 500])
        drawn = (
            half,
            random.randint(half // 5, half - 1),
            random.randint(half // 5, half - 1),
        )
        half, no, yes = random.choice([drawn, drawn, *self.BOOK])
        accuracy = (no + yes) / (2 * half)
        share = (no + half - yes) / (2 * half)
        text = (
            f"{half} questions have the answer yes, {half} the answer no. A model is right on {accuracy:.3f} of them all, "
            f"and {share:.1%} of its answers are no. How often did it say no to a no, no to a yes, yes to a yes, and yes "
            "to a no? Four whole numbers, in this order."
        )
        return {"text": text, "half": half, "no": no, "yes": yes}

    def answer(self, question):
        half, no, yes = (question[n] for n in ("half", "no", "yes"))
        return no, half - yes, yes, half - no

    def check(self, question, answer):
        given, right = numbers(answer, 4), self.answer(question)
        half = question["half"]
        if not given:
            return (
                False,
                "Four numbers: no to a no, no to a yes, yes to a yes, yes to a no.",
            )
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
            return (
                False,
                f"No to a no and yes to a yes are its right answers: {right[0] + right[2]}.",
            )
        return (
            False,
            f"No to a no and no to a yes are all the times it said no: {right[0] + right[1]}.",
        )

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


class CountTheTrainable:
    """X2: a soft prompt, the whole model, LoRA."""

    SIZES = {  # width, feed-forward, layers of each stack, heads
        "t5-small": (512, 2048, 6, 6, 8, 32128),
        "t5-base": (768, 3072, 12, 12, 12, 32128),
        "t5-large": (1024, 4096, 24, 24, 16, 32128),
    }

    def sizes(self):
        """Those of the book's family, and the pocket model's own."""
        file = POCKET / "models" / "questions-t5" / "config.json"
        own = json.loads(file.read_text(encoding="utf-8"))
        names = ("d_model", "d_ff", "num_layers", "num_decoder_layers")
        pocket = [own[n] for n in (*names, "num_heads", "vocab_size")]
        return {**self.SIZES, "the pocket T5": tuple(pocket)}

    def question(self, random):
        sizes = self.sizes()
        name = random.choice(sorted(sizes))
        width, forward, encoder, decoder, heads, words = sizes[name]
        vectors = random.choice([8, 10, 20, 50, 100])
        rank = random.choice([1, 2, 4, 8, 16])
        text = (
            f"This is {name}, of width d = {width}. An encoder layer has one attention of four d × d matrices, two "
            f"matrices of d × {forward:,} and two norms of d numbers; a decoder layer has two such attentions, two such "
            f"matrices and three norms. There are {encoder} encoder and {decoder} decoder layers, one more norm after each "
            f"of the two stacks, two tables of 32 × {heads} for the positions, and an embedding of {words:,} × d, which is "
            f"the output layer too. No biases. How many numbers are tuned with a soft prompt of {vectors} vectors? When "
            f"the whole model is tuned? By LoRA of rank {rank} on the query and the value matrix of each attention? Three "
            "whole numbers."
        )
        return {
            "text": text,
            "sizes": sizes[name],
            "vectors": vectors,
            "rank": rank,
        }

    def parts(self, question):
        width, forward, encoder, decoder, heads, words = question[
            "sizes"
        ]
        attentions = encoder + 2 * decoder
        return {
            "attention": 4 * width**2 * attentions,
            "feed-forward": 2 * width * forward * (encoder + decoder),
            "norms": width * (2 * encoder + 3 * decoder + 2),
            "positions": 2 * 32 * heads,
            "embedding": words * width,
        }

    def answer(self, question):
        width, _, encoder, decoder, *_ = question["sizes"]
        matrices = 2 * (encoder + 2 * decoder)
        return (
            question["vectors"] * width,
            sum(self.parts(question).values()),
            question["rank"] * 2 * width * matrices,
        )

    def check(self, question, answer):
        given, right = numbers(answer, 3), self.answer(question)
        if not given:
            return (
                False,
                "Three numbers: the soft prompt, the whole model, LoRA.",
            )
        if given[0] != right[0]:
            return (
                False,
                "A vector of the soft prompt stands where a word's embedding would stand: it is as wide.",
            )
        if given[1] != right[1]:
            return False, self.explain(question, given[1] - right[1])
        width, _, encoder, decoder, *_ = question["sizes"]
        if given[2] == right[2]:
            return True, ""
        if 2 * given[2] == right[2]:
            return (
                False,
                "The first two are right. LoRA: a pair of matrices each time, d × rank and rank × d, and two such pairs "
                "in each attention.",
            )
        if given[2] == question["rank"] * 4 * width * (
            encoder + decoder
        ):
            return (
                False,
                "The first two are right. A decoder layer has two attentions.",
            )
        return (
            False,
            "The first two are right. LoRA adds rank × (inputs + outputs) to a matrix.",
        )

    def explain(self, question, difference):
        """Which part is too much or too little in the whole model."""
        for name, size in self.parts(question).items():
            if difference == size:
                return f"The first is right. Of the whole model something is counted twice: {name}."
            if difference == -size:
                return f"The first is right. Of the whole model something is missing: {name}."
        return "The first is right. The whole model: add attention, feed-forward, norms, positions and embedding."

    def hints(self, question):
        parts = self.parts(question)
        return [
            "Vectors × width; the sum of all parts; rank × (inputs + outputs) for each matrix.",
            ", ".join(f"{n} {size:,}" for n, size in parts.items()),
            f"{2 * parts['attention'] // (4 * question['sizes'][0] ** 2)} matrices have a LoRA pair.",
        ]

    def solution(self, question):
        soft, whole, lora = self.answer(question)
        return f"soft prompt {soft:,}; whole model {whole:,}; LoRA {lora:,}"


class WhichRate:
    """X3: how far does the warm-up come in a short run?"""

    def question(self, random):
        k = random.choice([16, 32, 64, 128, 256, 512])
        batch, epochs = random.choice([4, 8]), random.choice([5, 8])
        warm_up = random.choice([300, 500, 1000])
        peak = random.choice([0.05, 0.3, 0.4])
        text = (
            f"A soft prompt is tuned on {k} questions of each of two classes, in batches of {batch}, for {epochs} epochs. "
            f"Its learning rate rises in a straight line from 0 to {peak} in {warm_up} updates, then falls to 0 at the end "
            "of the run. How many updates has the run, and what is the highest rate that it reaches? Two numbers, the rate "
            "to 1 %."
        )
        return {
            "text": text,
            "examples": 2 * k,
            "batch": batch,
            "epochs": epochs,
            "warm_up": warm_up,
            "peak": peak,
        }

    def answer(self, question):
        batches = ceil(question["examples"] / question["batch"])
        updates = question["epochs"] * batches
        reached = min(1.0, updates / question["warm_up"])
        return updates, question["peak"] * reached

    def check(self, question, answer):
        given, (updates, rate) = (
            numbers(answer, 2),
            self.answer(question),
        )
        if not given:
            return False, "Two numbers: updates, then a rate."
        if given[0] == updates / 2:
            return False, "There are two classes."
        if given[0] == updates / question["epochs"]:
            return False, "Those are the updates of one epoch."
        if given[0] != updates:
            return (
                False,
                "Updates are batches in an epoch, times epochs.",
            )
        last = question["peak"] * (updates - 1) / question["warm_up"]
        short = updates < question["warm_up"]
        if close(given[1], rate) or (short and close(given[1], last)):
            return True, ""
        if close(given[1], question["peak"]):
            return (
                False,
                f"The updates are right. Does the warm-up of {question['warm_up']} updates end within the run?",
            )
        if not short:
            return (
                False,
                "The updates are right, and they are more than the warm-up takes.",
            )
        return (
            False,
            "The updates are right. After u updates of a warm-up of w the rate is peak × u / w.",
        )

    def hints(self, question):
        return [
            "Batches in an epoch, times epochs: compare that with the length of the warm-up.",
            f"{question['examples']} examples in batches of {question['batch']}, {question['epochs']} times.",
            f"{self.answer(question)[0]} updates of a warm-up of {question['warm_up']}.",
        ]

    def solution(self, question):
        updates, rate = self.answer(question)
        return f"{updates} updates; {rate:.4g}"


class DesignATemplate:
    """X4: a wording that beats the standard one; the pocket T5 reads."""

    SIMPLEST = "{passage} {question} {mask}"
    PUNCTUATED = "{passage} . {question} ? {mask}"
    STANDARD = "hypothesis: {passage}. premise: {question}? The answer was {mask} ."
    QUESTIONS, MORE = 800, 16  # hidden ones; right on so many more

    def question(self, random):
        text = (
            f"The pocket T5, not tuned, answers {self.QUESTIONS} hidden questions in the standard wording, `{self.STANDARD}`. Write "
            f"another template with {{passage}}, {{question}} and {{mask}} in which it is right on at least "
            f"{self.MORE} more of them. The three templates of the lesson do not count."
        )
        return {"text": text, "part": random.randrange(3)}

    def check(self, question, answer):
        slots = re.findall(r"\{(\w*)\}", answer)
        if slots.count("mask") != 1:
            return False, "A template has one blank, {mask}."
        if missing := {"passage", "question"} - set(slots):
            return (
                False,
                f"Without the {missing.pop()} it can only guess.",
            )
        if len(slots) > 3:
            return False, "Each slot once, and no other ones."
        try:
            standard, yours, no = self.ask(
                answer.strip(), question["part"]
            )
        except ValueError as error:
            return False, f"{error}."[0].upper() + f"{error}."[1:]
        if yours >= standard + self.MORE:
            return True, ""
        return (
            False,
            f"Yours is right on {yours} of them, the standard one on {standard}. To yours the answer is no in {no:.0%}.",
        )

    def ask(self, text, part):
        """Right in the standard wording, in `text`; its share of no."""
        import torch
        from deepdive.engine.methods.prompting import (
            PromptModel,
            Template,
            Verbalizer,
        )
        from transformers import (
            AutoTokenizer,
            T5ForConditionalGeneration,
        )

        torch.set_num_threads(1)
        folder = POCKET / "models" / "questions-t5"
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = T5ForConditionalGeneration.from_pretrained(folder)
        words = Verbalizer.of(tokenizer, WORDS)
        rows = self.hidden(part)

        def prompts(text):
            wording = Template(text, shorten="passage")
            return PromptModel(model, tokenizer, wording, words)

        def first(text):
            return prompts(text).encode(rows[:1])

        known = self.SIMPLEST, self.PUNCTUATED, self.STANDARD
        if first(text) in [first(other) for other in known]:
            raise ValueError(
                "to the model that is a template of the lesson"
            )
        truth = torch.tensor([row["label"] for row in rows])
        standard, yours = (
            asked.predict(asked.encode(rows)).argmax(-1)
            for asked in (prompts(self.STANDARD), prompts(text))
        )
        return (
            (standard == truth).sum().item(),
            (yours == truth).sum().item(),
            (yours == 0).float().mean().item(),
        )

    def hidden(self, part):
        """A third of the training questions, 400 of each answer.

        No wording of the lesson has been tried on them, and the pocket
        T5 was not pre-trained on them.
        """
        file = POCKET / "data" / "questions-train.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return [
            row
            for label in (0, 1)
            for row in [r for r in rows if r["label"] == label][part::3]
        ]

    def hints(self, question):
        return [
            "Passages end without a full stop, questions without a question mark.",
            "A model reads best what looks like the texts it was trained on: short ones.",
            "What stands in the punctuated template, and what would a text go on with behind its blank?",
        ]

    def solution(self, question):
        return "{passage}. {question}? {mask}."


class SpotTheConfound:
    """X5: what else differs between two runs?"""

    SETTINGS = {  # name: two values, each in the ways it is written
        "learning rate": (("5e-4", "0.0005"), ("1e-4", "0.0001")),
        "epochs": (("5",), ("8",)),
        "batch": (("4",), ("8",)),
        "examples": (
            ("128 of each class", "256, half of them yes"),
            ("256 of each class", "512, half of them yes"),
        ),
        "label words": (("no / yes",), ("no, No / yes, Yes",)),
        "seed": (("13",), ("14",)),
    }
    SAID = {
        "learning rate": r"\brate",
        "epochs": r"\bepoch",
        "batch": r"\bbatch",
        "examples": r"\bexample|\bk\b",
        "label words": r"\bword|\bverbali[sz]er",
        "seed": r"\bseed",
    }

    def question(self, random):
        names = list(self.SETTINGS)
        count = random.choice([0, 1, 2, 2, 3])
        differs = sorted(random.sample(names, count), key=names.index)
        rows = [["template 1"], ["template 3"]]
        for name, values in self.SETTINGS.items():
            first = random.randrange(2)
            second = 1 - first if name in differs else first
            for row, value in zip(rows, (first, second)):
                row.append(f"{name} {random.choice(values[value])}")
        told = "\n".join(
            f"{run}: {'; '.join(row)}" for run, row in zip("AB", rows)
        )
        text = (
            f"{told}\nB is more accurate than A. Besides the template, which settings may be the reason? Their names, or: "
            "none."
        )
        return {"text": text, "differs": differs}

    def check(self, question, answer):
        said = {
            name
            for name, pattern in self.SAID.items()
            if re.search(pattern, answer, re.I)
        }
        if not said and not re.search(
            r"\b(none|nothing)\b", answer, re.I
        ):
            return (
                False,
                f"Names of settings ({', '.join(self.SAID)}), or: none.",
            )
        right = set(question["differs"])
        if same := sorted(said - right):
            return (
                False,
                f"The {same[0]}: is that not the same value, however it is written?",
            )
        if missing := len(right - said):
            more = (
                "One more differs"
                if missing == 1
                else f"{missing} more differ"
            )
            return False, f"{more} between A and B."
        return True, ""

    def hints(self, question):
        return [
            "Go through the two lines setting by setting, and read values, not spellings.",
            f"Besides the template there are {len(question['differs'])}.",
        ]

    def solution(self, question):
        return ", ".join(question["differs"]) or "none"


class Significance:
    """X6: is this a difference?"""

    def question(self, random):
        """The book's two tests, or two runs whose answers were kept."""
        while True:
            n = random.choice([500, 800, 1000])
            if kept := random.random() < 0.6:
                only = [random.randint(n // 50, n // 8) for _ in "AB"]
                both = round(random.uniform(0.5, 0.65) * n)
                a, b = ((both + one) / n for one in only)
                told = (
                    f"Of {n} questions A and B are both right on {both}, A alone on {only[0]}, B alone on {only[1]}, "
                    f"neither on {n - both - sum(only)}. What is the standard error of A's accuracy? What is the standard "
                    "error of the difference A - B, question by question?"
                )
            else:
                n, only = 1000, None
                pool = [
                    v
                    for _, v in of_book(
                        "ten_templates", "test accuracy"
                    )
                ]
                a, b = sorted(random.sample(pool, 2), reverse=True)
                told = (
                    f"The book reports the test accuracies {a} and {b} of two templates, on {n} questions; which questions "
                    "each was right on was not kept. What is the standard error of the first? What is the standard error "
                    "of the difference, as of two separate samples?"
                )
            text = f"{told} Is the difference more than two of those? Two numbers, to 5 %, and yes or no."
            question = {"text": text, "n": n, "a": a, "b": b}
            question["only"] = only if kept else None
            _, error, _ = self.answer(question)
            if abs(abs(a - b) / error - 2) > 0.1:
                return question

    def answer(self, question):
        n, a, b = (question[name] for name in "nab")
        single = sqrt(a * (1 - a) / n)
        if question["only"]:
            one, other = question["only"]
            error = sqrt(one + other - (one - other) ** 2 / n) / n
        else:
            error = self.separate(question)
        return single, error, abs(a - b) > 2 * error

    def separate(self, question):
        n, a, b = (question[name] for name in "nab")
        return sqrt((a * (1 - a) + b * (1 - b)) / n)

    def check(self, question, answer):
        given, (single, error, differs) = (
            numbers(answer, 2),
            self.answer(question),
        )
        words = re.findall(r"\b(yes|no)\b", answer.lower())
        if not given or len(words) != 1:
            return False, "Two numbers, and yes or no."
        if close(given[0], 100 * single, 0.05):
            return (
                False,
                "That is in points. As a share it is a hundredth of it.",
            )
        if not close(given[0], single, 0.05):
            return (
                False,
                "The standard error of a share p over n questions is the root of p(1 - p) / n.",
            )
        if not close(given[1], error, 0.05):
            if question["only"] and close(
                given[1], self.separate(question), 0.05
            ):
                return (
                    False,
                    "That is for two separate samples. These are the same questions: those on which A and B agree say "
                    "nothing about their difference.",
                )
            if question["only"]:
                return (
                    False,
                    "The first is right. A question counts +1 where A alone is right, -1 where B alone is, else 0: how far "
                    "does the mean of these scatter?",
                )
            return (
                False,
                "The first is right. Errors of separate samples add up as squares.",
            )
        if words != ["yes" if differs else "no"]:
            return (
                False,
                "Both numbers are right. Compare the difference with twice the second.",
            )
        return True, ""

    def hints(self, question):
        n, a, b = (question[name] for name in "nab")
        if not question["only"]:
            return [
                "The root of p(1 - p) / n for each; the root of the sum of both squares for the difference.",
                f"p = {a}, then p = {b}; n = {n}.",
            ]
        one, other = question["only"]
        return [
            f"A is right on {round(a * n)} of {n}. For the difference only the {one + other} questions count on which they "
            "disagree.",
            "With x questions for A alone and y for B alone: the root of x + y - (x - y)² / n, divided by n.",
        ]

    def solution(self, question):
        single, error, differs = self.answer(question)
        return f"{single:.4f} {error:.4f} {'yes' if differs else 'no'}"


def family(template):
    """By where the answer stands, and whether the passage is there."""
    if "{passage}" not in template:
        return "retrieval"
    behind = template.partition("{mask}")[2]
    return "cloze" if "{" in behind else "prefix"


class SortTemplates:
    """X7: prefix, cloze or retrieval?"""

    PASSAGES = (
        "{passage}.",
        "Context: {passage}.",
        "Information: {passage}.",
        "hypothesis: {passage}.",
    )
    QUESTIONS = (
        "{question}?",
        "Question: {question}?",
        "premise: {question}?",
        "Is it true or false: {question}?",
    )
    ANSWERS = (
        "{mask}",
        "Answer: {mask}.",
        "The answer was {mask}.",
        "Of yes and no, {mask} is right.",
    )
    FAMILIES = ("prefix", "cloze", "retrieval")

    def question(self, random):
        def made(order):
            parts = {
                "p": self.PASSAGES,
                "q": self.QUESTIONS,
                "a": self.ANSWERS,
            }
            return " ".join(
                random.choice(parts[part]) for part in order
            )

        orders = [
            *random.sample(["pqa", "qpa"], random.randint(1, 2)),
            *random.sample(["qap", "paq", "aqp"], random.randint(1, 2)),
            *random.sample(["qa", "aq"], random.randint(1, 2)),
        ]
        random.shuffle(orders)
        templates = [made(order) for order in orders]
        told = "\n".join(
            f"{n}: {text}" for n, text in enumerate(templates, 1)
        )
        text = (
            f"{told}\nPassage and question both stand before {{mask}}: prefix. One of them stands behind it: cloze. There is no "
            "passage to look the answer up in: retrieval, wherever {mask} stands. Sort the "
            f"templates: {len(templates)} words or their first letters, in order."
        )
        return {"text": text, "templates": templates}

    def answer(self, question):
        return [family(text) for text in question["templates"]]

    def check(self, question, answer):
        right = self.answer(question)
        given = re.findall(
            r"\b(p|c|r|prefix|cloze|retrieval)\b", answer.lower()
        )
        if len(given) != len(right):
            return (
                False,
                f"{len(right)} words or letters, one for each template: {', '.join(self.FAMILIES)}.",
            )
        for n, (said, name) in enumerate(zip(given, right)):
            if said[0] == name[0]:
                continue
            why = {
                "prefix": "nothing is filled in behind its blank",
                "cloze": "text is filled in behind its blank",
                "retrieval": "what does it give the model to read?",
            }
            return False, f"Look at {n + 1} again: {why[name]}."
        return True, ""

    def hints(self, question):
        return [
            "First ask whether the passage is there at all, then where {mask} stands.",
            f"{self.answer(question).count('retrieval')} of them have no passage.",
        ]

    def solution(self, question):
        return " ".join(self.answer(question))


class PredictTheDip:
    """X8: above or below zero-shot, size by size; the book's run."""

    SIZES = (16, 32, 64, 128, 256, 512)

    def question(self, random):
        """A template with a passage: without one nothing dips."""
        number = random.randint(1, 6)
        curve = {
            case["k"]: value
            for case, value in of_book("ten_templates", "accuracy")
            if case["template"] == number
        }
        text = (
            f"The book's template {number} is right on {curve[0]} of 1,000 questions before any tuning. Then the whole "
            "model is tuned in it, each time from the start, on 16, 32, 64, 128, 256 and 512 examples of each class: 5 "
            "epochs in batches of 4, at a learning rate of 5e-4. For each size: is the accuracy above (a) or below (b) the "
            f"{curve[0]}? Six letters, in this order. The first and the last must be right, and two of the four between."
        )
        return {
            "text": text,
            "number": number,
            "curve": [curve[k] for k in (0, *self.SIZES)],
        }

    def answer(self, question):
        zero, *tuned = question["curve"]
        return ["a" if value > zero else "b" for value in tuned]

    def check(self, question, answer):
        right = self.answer(question)
        marks = re.sub(
            r"above|below", lambda m: m[0][0], answer.lower()
        )
        given = [c for c in marks if c in "ab"]
        if len(given) != 6 or re.search(r"[^ab\s,;./-]", marks):
            return False, "Six letters: a for above, b for below."
        if given[0] != right[0]:
            return (
                False,
                "At 16 of each class there are 40 updates, at a rate at which each moves all of the weights. What is lost "
                "first, what is learned last?",
            )
        if given[-1] != right[-1]:
            return (
                False,
                "With 512 of each class it has had 1,280 updates, and a passage to read in each example.",
            )
        wrong = sum(a != b for a, b in zip(given, right))
        if wrong > 2:
            return (
                False,
                f"The ends are right, {wrong} of the four between are not: when has it learned more than it has lost?",
            )
        return True, ""

    def hints(self, question):
        return [
            "The first updates move the model away from what it could do. Reading the passage is learned later.",
            "Draw a curve that falls, and comes back at about 64 to 128 examples of each class.",
        ]

    def solution(self, question):
        return " ".join(self.answer(question))
