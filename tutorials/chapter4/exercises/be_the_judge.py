"""X5: ten summaries by the rubric, and Cohen's kappa."""

import json
import re
from pathlib import Path

POCKET = Path(__file__).parents[2] / "pocket"
WORDS = {"y": "yes", "p": "partly", "n": "no"}


class BeTheJudge:
    CRITERIA = ("customer", "agent", "form")
    ENOUGH = 0.6

    def question(self, random):
        """Five of the shorter calls that have something to mistake."""
        file = POCKET / "data" / "support-test.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines()
        calls = [json.loads(line) for line in lines]
        mixed = [c for c in calls if c["friend"] or c["rejected"]]
        mixed.sort(key=lambda call: len(call["conversation"]))
        told, marks, number = [], [], 0
        for call in random.sample(mixed[:15], 5):
            other = random.choice([c for c in calls if c != call])
            told.append(call["conversation"])
            for summary, mine in self.two(random, call, other):
                number += 1
                told.append(f"→ {number}. {summary}")
                marks.append(mine)
        text = (
            "\n".join(told)
            + "\nGrade the ten summaries. customer: y if the first sentence has the product's name and tells device "
            "and fault as they were, p if one of the two, n if none. agent: y if the second sentence has the action "
            "and the name of the part that the agent asks for, p for the right action alone, else n. form: y if "
            "there are two sentences, each ending in a period, else n. Ten groups of three letters, such as: yyy ypn."
        )
        return {"text": text, "marks": marks}

    def two(self, random, call, other):
        """Different summaries of a call."""
        one = two = self.summary(random, call, other)
        while one == two:
            two = self.summary(random, call, other)
        return one, two

    def summary(self, random, call, other):
        """A summary with some flaws, and its marks with reasons."""
        name, problem = call["name"], f"{call['kind']} {call['fault']}"
        action, part = call["action"], call["part"]
        flaw = random.choice(["", "", "name", "fault", "both"])
        if flaw in ("name", "both"):
            name = call["friend"] or other["name"]
        if flaw in ("fault", "both"):
            problem = f"{call['kind']} {self.another(call, 'fault', other)}"
        customer = {
            "": ("y", "name, device and fault are right"),
            "name": ("p", f"the product is the {call['name']}"),
            "fault": ("p", f"what it does: {call['fault']}"),
            "both": ("n", "name and fault are wrong"),
        }[flaw]
        flaw = random.choice(["", "", "part", "action"])
        if flaw == "part":
            part = call["rejected"] or other["part"]
        if flaw == "action":
            action = self.another(call, "action", other)
        agent = {
            "": ("y", "action and part are right"),
            "part": ("p", f"the part at last is the {call['part']}"),
            "action": ("n", f"the action is: {call['action']}"),
        }[flaw]
        text = f"The customer says the {name} {problem}. The agent asks to {action} the {part} part"
        end, *form = random.choice(
            [
                (".", "y", "two sentences, two periods"),
                (".", "y", "two sentences, two periods"),
                ("", "n", "the last period is missing"),
                (". The customer is grateful.", "n", "there are three"),
            ]
        )
        return text + end, [list(customer), list(agent), form]

    def another(self, call, what, other):
        """The other call's, or a third one where both are the same."""
        spare = {"fault": "hums at night", "action": "oil"}
        if other[what] != call[what]:
            return other[what]
        more = {"fault": "beeps every hour", "action": "dry"}
        return spare[what] if call[what] != spare[what] else more[what]

    def check(self, question, answer):
        right = [mark for row in question["marks"] for mark, _ in row]
        given = re.findall(r"[a-z]", answer.lower())
        if len(given) != len(right) or set(given) - set(WORDS):
            return False, f"Ten groups of three letters, each y, p or n: {len(given)} letters came."
        kappa, same, chance = agreement(given, right)
        told = f"κ = {kappa:.2f}: the same mark {same} times of {len(right)}, by chance {chance:.1f} times."
        if same < len(right):
            told += f" {self.difference(question, given, right)}"
        if kappa >= self.ENOUGH:
            return True, told if same < len(right) else ""
        return False, told

    def difference(self, question, given, right):
        """The first mark that the program sets otherwise."""
        place = next(n for n, (a, b) in enumerate(zip(given, right, strict=True)) if a != b)
        number, which = divmod(place, 3)
        mark, why = question["marks"][number][which]
        return f"Summary {number + 1}, {self.CRITERIA[which]}: {WORDS[mark]}, {why}."

    def hints(self, question):
        return [
            "Mark each sentence alone: a name of the first sentence earns nothing in the second.",
            "A friend's device and a part that was tried in vain are not what the call is about.",
        ]

    def solution(self, question):
        return " ".join("".join(mark for mark, _ in row) for row in question["marks"])


def agreement(one, other):
    """Cohen 1960: kappa, equal marks, and how many chance would give."""
    n = len(one)
    same = sum(a == b for a, b in zip(one, other, strict=True))
    chance = sum(one.count(m) * other.count(m) for m in set(other)) / n
    return (same - chance) / (n - chance), same, chance
