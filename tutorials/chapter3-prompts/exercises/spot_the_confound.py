"""What else differs between two runs."""

import re


class SpotTheConfound:
    """X5: what else differs between two runs?"""

    SETTINGS = {  # name: two values, each in the ways it is written
        "learning rate": (("5e-4", "0.0005"), ("1e-4", "0.0001")),
        "epochs": (("5",), ("8",)),
        "batch": (("4",), ("8",)),
        "examples": (("128 of each class", "256, half of them yes"), ("256 of each class", "512, half of them yes")),
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
            for row, value in zip(rows, (first, second), strict=True):
                row.append(f"{name} {random.choice(values[value])}")
        told = "\n".join(f"{run}: {'; '.join(row)}" for run, row in zip("AB", rows, strict=True))
        text = (
            f"{told}\nB is more accurate than A. Besides the template, which settings may be the reason? Their names, "
            "or: none."
        )
        return {"text": text, "differs": differs}

    def check(self, question, answer):
        said = {name for name, pattern in self.SAID.items() if re.search(pattern, answer, re.I)}
        if not said and not re.search(r"\b(none|nothing)\b", answer, re.I):
            return False, f"Names of settings ({', '.join(self.SAID)}), or: none."
        right = set(question["differs"])
        if same := sorted(said - right):
            return False, f"The {same[0]}: is that not the same value, however it is written?"
        if missing := len(right - said):
            more = "One more differs" if missing == 1 else f"{missing} more differ"
            return False, f"{more} between A and B."
        return True, ""

    def hints(self, question):
        return [
            "Go through the two lines setting by setting, and read values, not spellings.",
            f"Besides the template there are {len(question['differs'])}.",
        ]

    def solution(self, question):
        return ", ".join(question["differs"]) or "none"
