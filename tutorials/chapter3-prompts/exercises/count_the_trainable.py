"""How many numbers three ways of tuning change."""

import json

from deepdive.engine.methods.answers import numbers

from .shared import POCKET


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
            f"matrices of d × {forward:,} and two norms of d numbers; a decoder layer has two such attentions, two "
            f"such matrices and three norms. There are {encoder} encoder and {decoder} decoder layers, one more norm "
            f"after each of the two stacks, two tables of 32 × {heads} for the positions, and an embedding of "
            f"{words:,} × d, which is the output layer too. No biases. How many numbers are tuned with a soft prompt "
            f"of {vectors} vectors? When the whole model is tuned? By LoRA of rank {rank} on the query and the value "
            "matrix of each attention? Three whole numbers."
        )
        return {"text": text, "sizes": sizes[name], "vectors": vectors, "rank": rank}

    def parts(self, question):
        width, forward, encoder, decoder, heads, words = question["sizes"]
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
            return False, "Three numbers: the soft prompt, the whole model, LoRA."
        if given[0] != right[0]:
            return False, "A vector of the soft prompt stands where a word's embedding would stand: it is as wide."
        if given[1] != right[1]:
            return False, self.explain(question, given[1] - right[1])
        width, _, encoder, decoder, *_ = question["sizes"]
        if given[2] == right[2]:
            return True, ""
        if 2 * given[2] == right[2]:
            return (
                False,
                "The first two are right. LoRA: a pair of matrices each time, d × rank and rank × d, and two such "
                "pairs in each attention.",
            )
        if given[2] == question["rank"] * 4 * width * (encoder + decoder):
            return False, "The first two are right. A decoder layer has two attentions."
        return False, "The first two are right. LoRA adds rank × (inputs + outputs) to a matrix."

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
