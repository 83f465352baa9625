"""X7: count the numbers of a GPT-2."""

from deepdive.engine.methods.answers import close, numbers


class ParameterCount:
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
            f"A GPT-2 has {layers} layers of width {width}, {vocabulary:,} tokens, {positions:,} positions, and its "
            "head is its token embedding. How many parameters has it?"
        )
        return {"text": text, "layers": layers, "width": width, "vocabulary": vocabulary, "positions": positions}

    def parts(self, question):
        layers, width = question["layers"], question["width"]
        return {
            "attention and feed-forward, 12·L·d²": 12 * layers * width**2,
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
        if given[0] == right + question["vocabulary"] * question["width"]:
            return False, "The head is tied: its matrix is counted once."
        for name, size in parts.items():
            if given[0] == right - size:
                return False, f"Something is missing: {name.partition(',')[0]}."
        near = close(given[0], right, 0.02)
        return False, "Close: some small part." if near else "Not yet."

    def hints(self, question):
        return [
            "A block holds 12·d² weights: 4·d² in attention, 8·d² in the feed-forward part, and 13·d biases and norms.",
            "12·L·d² + 13·L·d + V·d + P·d + 2·d",
        ]

    def solution(self, question):
        parts = self.parts(question)
        lines = [f"{size:>13,}  {name}" for name, size in parts.items()]
        return "\n".join([*lines, f"{sum(parts.values()):>13,}"])
