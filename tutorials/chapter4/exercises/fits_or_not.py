"""X3: the bytes of weights, gradients and moments."""

import re

from deepdive.engine.methods.answers import listed


class FitsOrNot:
    MODELS = {  # all numbers, those in linear layers of blocks, LoRA's
        "DistilGPT2": (81_912_576, 42_467_328, 294_912),
        "SmolLM2 1.7B": (1_711_376_384, 1_610_612_736, 1_572_864),
        "Llama-2 7B": (6_738_415_616, 6_476_005_376, 4_194_304),
        "Qwen2.5 7B": (7_615_616_512, 6_525_288_448, 2_523_136),
    }
    METHODS = {  # bytes of a linear weight, of any other, both frozen
        "all weights, in 32 bits": None,
        "LoRA on 32 bits": (4, 4),
        "LoRA on 16 bits": (2, 2),
        "LoRA on 8 bits": (1, 4),
        "QLoRA": (4.5 / 8, 4),
    }
    ROOMS = (0.25, 0.5, 1, 2, 4, 8, 12, 16, 24, 32, 48, 80, 128)  # GB
    STATE = 16  # bytes of a trained number: itself, gradient, moments

    def need(self, model, method):
        """In GB, without activations."""
        whole, linear, added = self.MODELS[model]
        if not self.METHODS[method]:
            return whole * self.STATE / 1e9
        inside, outside = self.METHODS[method]
        frozen = linear * inside + (whole - linear) * outside
        return (frozen + added * self.STATE) / 1e9

    def question(self, random):
        while True:
            pairs = [(m, w) for m in self.MODELS for w in self.METHODS]
            rows = []
            for model, method in random.sample(pairs, 5):
                need = self.need(model, method)
                near = [r for r in self.ROOMS if 0.3 < r / need < 3]
                clear = [r for r in near if abs(r / need - 1) > 0.1]
                rows.append([model, method, random.choice(clear)])
            if sum(self.fits(*row) for row in rows) in (2, 3):
                break
        models = sorted({model for model, *_ in rows})
        sizes = "; ".join(
            "{}: {:,} numbers, {:,} of them in the linear layers of its blocks, LoRA adds {:,}".format(
                model, *self.MODELS[model]
            )
            for model in models
        )
        told = listed(f"{model}, {method}, into {room:g} GB" for model, method, room in rows)
        text = (
            f"{sizes}.\n{told}\nWhich of these trainings fit? Adam in 32 bits; 8 and 4 bits hold the linear layers of "
            "the blocks, 4 bits with a scale of 32 bits for 64 weights, and all else stays in 32 bits. Activations "
            "are left out; a GB is 1e9 bytes. Five times yes or no."
        )
        return {"text": text, "rows": rows}

    def fits(self, model, method, room):
        return self.need(model, method) <= room

    def answer(self, question):
        return [self.fits(*row) for row in question["rows"]]

    def check(self, question, answer):
        given = re.findall(r"\b(yes|no|y|n)\b", answer.lower())
        if len(given) != 5:
            return False, "Five times yes or no, in order."
        right = self.answer(question)
        for n, (said, fits) in enumerate(zip(given, right, strict=True)):
            if (said[0] == "y") != fits:
                return False, f"{n + 1}: {self.why(question, n)}"
        return True, ""

    def why(self, question, n):
        """What a training asks for; the comparison is left out."""
        model, method, _ = question["rows"][n]
        whole, linear, added = self.MODELS[model]
        if not self.METHODS[method]:
            return (
                f"a weight, its gradient and two moments take {self.STATE} bytes, and there are {whole:,} weights. "
                f"How many GB is that?"
            )
        inside, outside = self.METHODS[method]
        if inside == outside:
            frozen = f"{whole:,} frozen numbers take {inside} bytes each"
        else:
            frozen = f"{linear:,} frozen numbers take {inside:g} bytes each, the other {whole - linear:,} {outside}"
        return f"{frozen}; only the {added:,} of LoRA have gradients and moments. How many GB is that?"

    def hints(self, question):
        needs = (self.need(*row[:2]) for row in question["rows"])
        return [
            "A trained number takes 16 bytes: itself, its gradient, two moments, 4 bytes each. A frozen one takes "
            "itself.",
            "4 bits and a share of a scale, 32/64 of a bit, are 4.5 bits or 0.5625 bytes.",
            "In GB: " + ", ".join(f"{need:.3g}" for need in needs) + ".",
        ]

    def solution(self, question):
        words = ("no", "yes")
        return " ".join(words[fits] for fits in self.answer(question))
