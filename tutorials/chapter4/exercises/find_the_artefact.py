"""X7: which of several differences made the time?"""

import re


class FindTheArtefact:
    CARDS = {  # capability: fast in 8 bits, has bfloat16
        "a V100 (7.0)": (False, False),
        "a T4 (7.5)": (True, False),
        "an A100 (8.0)": (True, True),
        "an L4 (8.9)": (True, True),
    }
    SETTINGS = {  # name: value in A, in B
        "base": ("4 bits", "8 bits"),
        "compute": ("float16", "bfloat16"),
        "checkpointing": ("no", "yes"),
        "updates": ("1,315", "2,630"),
    }

    def factors(self, random, card):
        """How much longer each setting of B makes a training."""
        fast, real = self.CARDS[card]
        slow8, slow16 = random.uniform(3, 3.8), random.uniform(2.3, 2.8)
        return {
            "base": random.uniform(1.02, 1.15) if fast else slow8,
            "compute": random.uniform(0.98, 1.03) if real else slow16,
            "checkpointing": random.uniform(1.25, 1.4),
            "updates": 2.0,
        }

    def question(self, random):
        card = random.choice(list(self.CARDS))
        names = list(self.SETTINGS)
        differs = sorted(random.sample(names, 3), key=names.index)
        factors = self.factors(random, card)
        cause = max(differs, key=factors.get)
        start = random.uniform(10, 25)
        shown = random.sample(differs, 2)  # the third is left to work out
        runs = [set(), set(differs), *({name} for name in shown)]
        lines = []
        for letter, changed in zip("ABCD", runs, strict=True):
            minutes = start * random.uniform(0.99, 1.01)
            for name in changed:
                minutes *= factors[name]
            values = ", ".join(f"{name} {self.SETTINGS[name][name in changed]}" for name in names)
            lines.append(f"{letter}: {values}: {minutes:.1f} minutes")
        told = "\n".join(lines)
        text = (
            f"{told}\nFour runs on {card}; the minutes are made up, the way they come about is not. 8 bits are "
            "multiplied fast from capability 7.5 on, bfloat16 from 8.0 on; below that both are emulated. Which "
            "setting does most to make B slower than A: base, compute, checkpointing or updates? And would that "
            "difference be there on a card of capability 9.0? A word, and yes or no."
        )
        return {
            "text": text,
            "cause": cause,
            "differs": differs,
            "shown": shown,
            "stays": cause in ("checkpointing", "updates"),
        }

    def check(self, question, answer):
        words = re.findall(r"[a-z]+", answer.lower())
        said = [name for name in self.SETTINGS if name in words]
        stays = [word for word in words if word in ("yes", "no")]
        if len(said) != 1 or len(stays) != 1:
            return False, f"One of {', '.join(self.SETTINGS)}, and yes or no."
        cause, shown = question["cause"], question["shown"]
        if said[0] not in question["differs"]:
            return False, f"The {said[0]} of A and B: the same."
        if said[0] != cause:
            if said[0] in shown:
                line = "CD"[shown.index(said[0])]
                return False, f"{line} differs from A in that alone. How many times longer does it take, and B?"
            return False, "No run differs from A in that alone. Divide B by A, then take out what C and D show."
        if (stays[0] == "yes") != question["stays"]:
            why = {
                "base": "is there a fast product of 8 bits on that card?",
                "compute": "does that card emulate bfloat16?",
                "checkpointing": "does any card get the second computation of the activations for nothing?",
                "updates": "does any card get updates for nothing?",
            }
            return False, f"The {cause} it is. But {why[cause]}"
        return True, ""

    def hints(self, question):
        return [
            "C and D each change one setting of A. What remains between A and B is the third one's.",
            "Divide minutes: B by A, C by A, D by A. Factors multiply.",
        ]

    def solution(self, question):
        return f"{question['cause']}, {'yes' if question['stays'] else 'no'}"
