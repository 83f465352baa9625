"""X4: scales are bits too."""

from deepdive.engine.methods.answers import numbers


class BitsPerWeight:
    def question(self, random):
        block = random.choice([16, 32, 64, 128, 256])
        group = random.choice([16, 32, 64, 256])
        block, group = random.choice([(block, group), (64, 256)])
        text = (
            f"A weight is stored as one of 16 levels. Every {block} weights share a scale of 32 bits. How many bits "
            "does a weight take, its share of the scale included? And with double quantisation, where the scales are "
            f"stored in 8 bits and every {group} of them share one of 32 bits? Two numbers, to 0.01."
        )
        return {"text": text, "block": block, "group": group}

    def answer(self, question):
        block, group = question["block"], question["group"]
        return 4 + 32 / block, 4 + 8 / block + 32 / (block * group)

    def check(self, question, answer):
        given = numbers(answer, 2)
        if not given:
            return False, "Two numbers: plain, then double."
        right, block = self.answer(question), question["block"]
        near = [abs(g - r) <= 0.01 for g, r in zip(given, right, strict=True)]
        if all(near):
            return True, ""
        if abs(given[0] - right[0] / 8) <= 0.01:
            return False, "That is in bytes."
        if abs(given[0] - 4) <= 0.001:
            return False, "Those are the levels. The scales take room too."
        if abs(given[0] - 4 - 4 / block) <= 0.001:
            return False, "A scale of 32 bits is not one of 4."
        if not near[0]:
            return False, f"16 levels are so many bits, and a weight's share of a scale is one {block}th."
        if abs(given[1] - 4 - 8 / block) <= 0.01:
            return (
                False,
                "The first is right. The scales of the second level are missing: 32 bits for "
                f"{question['group']} × {block} weights.",
            )
        if abs(given[1] - 4 - 8 / block - 32 / question["group"]) < 0.01:
            return False, "The first is right. The second-level scale is shared by blocks, not by weights."
        return (
            False,
            "The first is right. Levels, plus a share of an 8-bit scale, plus a share of a share of a 32-bit one.",
        )

    def hints(self, question):
        block, group = question["block"], question["group"]
        return ["16 levels are 4 bits.", f"Plain: 4 + 32/{block}.", f"Double: 4 + 8/{block} + 32/({block} × {group})."]

    def solution(self, question):
        plain, double = self.answer(question)
        return f"{plain:.4g} bits; {double:.4g} bits"
