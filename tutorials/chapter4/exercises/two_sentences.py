"""X8: a rule for the ends of sentences, tried on 100 summaries."""

from random import Random

import regex


class TwoSentences:
    FIRST = (
        "The customer says that order No. 5 has not come",
        "The customer was charged 3.50 twice",
        "The customer could not log in at 9 p.m. on Sunday",
        "The customer was promised a call by Dr. Hill",
        "The customer wants version 2.1 back",
        "The customer complains (2/2) that a bag is lost",
        "The customer has forgotten the password",
        "The customer got the wrong size, e.g. 38 for 42",
        "The customer sees an error on example.com only",
        "The customer waits ... and waits for a refund",
        "The customer asks Mr. Reed for a receipt",
        "The customer missed the 7.30 train",
    )
    SECOND = (
        "The agent asks for a direct message",
        "The agent sends half of the answer, 1/2",
        "The agent asks to wait until 5 p.m. tomorrow",
        "The agent says that form No. 12 is needed",
        "The agent is sorry and will look into it",
        "The agent offers a refund of 12.99",
        "The agent points to help.example.com for more",
        "The agent passes it on to Mrs. Lane",
    )
    COUNT, LEAST = 100, 95
    SECONDS, LENGTH = 0.2, 200

    def question(self, random):
        seed = random.randrange(1000)
        made = self.summaries(seed)
        good, bad = (next(text for text, label in made if label == wanted) for wanted in (True, False))
        text = (
            "Write a regular expression that finds the ends of sentences, and nothing else. A summary passes if "
            "exactly two ends are found, both periods, the second one being the last character. It is tried on 100 "
            f"summaries with stored labels and must agree on at least {self.LEAST}. One that has to pass: {good}\nOne "
            f"that must not: {bad}"
        )
        return {"text": text, "seed": seed}

    def summaries(self, seed):
        """Hidden ones, and whether each has the form asked for."""
        random = Random(seed)
        made = []
        for _ in range(self.COUNT):
            first = random.choice(self.FIRST)
            second = random.choice(self.SECOND)
            joined = f"{first}, and {second[0].lower()}{second[1:]}."
            text, label = random.choice(
                [
                    *[(f"{first}. {second}.", True)] * 6,
                    (f"{first}. {second}", False),
                    (f"{first}. {second}!", False),
                    (f"{first}. Why? {second}.", False),
                    (f"{first}. {second}. The customer agrees.", False),
                    (joined, False),
                    (f"{first}.", False),
                ]
            )
            made.append((text, label))
        return made

    def check(self, question, answer):
        if not answer.strip() or len(answer) > self.LENGTH:
            return False, f"A regular expression of at most {self.LENGTH} characters."
        try:
            rule = regex.compile(answer.strip())
            wrong = self.wrong(rule, question["seed"])
        except regex.error as error:
            return False, f"That is no regular expression: {error}."
        except TimeoutError:
            return False, "On one summary the rule took too long. A repetition inside a repetition does that."
        right = self.COUNT - len(wrong)
        if right >= self.LEAST:
            return True, f"Right on {right} of {self.COUNT}."
        text, label, count = wrong[0]
        ends = "1 end" if count == 1 else f"{count} ends"
        form = "It has the form." if label else "It does not have the form."
        return False, f"Right on {right} of {self.COUNT}. Here it finds {ends}: {text} {form}"

    def wrong(self, rule, seed):
        """Where the rule and the label differ: text, label, count."""
        wrong = []
        for text, label in self.summaries(seed):
            found = list(rule.finditer(text, timeout=self.SECONDS))
            ends = [match.group().rstrip() for match in found]
            said = len(ends) == 2 and all(end.endswith(".") for end in ends) and found[1].end() == len(text)
            if said != label:
                wrong.append((text, label, len(ends)))
        return wrong

    def hints(self, question):
        return [
            "A sentence ends in one of three characters, and before what?",
            "Behind the end of a sentence stands the end of the text, or a blank and a capital letter: (?=...) looks "
            "ahead.",
            "A title such as Dr. stands before a capital letter too: (?<!...) looks back.",
        ]

    def solution(self, question):
        return r"(?<!\b(?:Dr|Mr|Mrs))[.!?](?=\s+[A-Z]|$)"
