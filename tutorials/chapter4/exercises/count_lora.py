"""X1: rank times (inputs + outputs) of each matrix."""

from deepdive.engine.methods.answers import numbers


class CountLora:
    MODELS = {  # layers, and the matrices in each: (name, in, out)
        "DistilGPT2": (6, [("c_attn", 768, 2304)]),
        "GPT-2": (12, [("c_attn", 768, 2304), ("attn.c_proj", 768, 768)]),
        "Llama-2 7B": (32, [("q_proj", 4096, 4096), ("v_proj", 4096, 4096)]),
        "SmolLM2 1.7B": (24, [("q_proj", 2048, 2048), ("v_proj", 2048, 2048)]),
        "Qwen2.5 7B": (28, [("q_proj", 3584, 3584), ("v_proj", 3584, 512)]),
        "the large pocket model": (
            3,
            [
                *((f"{n}_proj", 128, 128) for n in "qkvo"),
                ("gate_proj", 128, 384),
                ("up_proj", 128, 384),
                ("down_proj", 384, 128),
            ],
        ),
    }

    def question(self, random):
        name = random.choice(list(self.MODELS))
        rank = random.choice([1, 2, 4, 8, 16, 32])
        layers, matrices = self.MODELS[name]
        shapes = ", ".join(f"{matrix} of {inputs:,} → {outputs:,}" for matrix, inputs, outputs in matrices)
        text = (
            f"LoRA of rank {rank}, alpha {2 * rank}, dropout 0.05 is put beside these linear layers of {name}, in "
            f"each of its {layers} blocks: {shapes}. How many numbers are trained?"
        )
        return {"text": text, "rank": rank, "layers": layers, "matrices": [list(matrix) for matrix in matrices]}

    def answer(self, question):
        sides = sum(i + o for _, i, o in question["matrices"])
        return question["layers"] * question["rank"] * sides

    def check(self, question, answer):
        given, right = numbers(answer, 1), self.answer(question)
        if not given:
            return False, "One whole number."
        layers, rank = question["layers"], question["rank"]
        matrices = question["matrices"]
        inputs = sum(i for _, i, _ in matrices)
        outputs = sum(o for _, _, o in matrices)
        frozen = sum(i * o for _, i, o in matrices)
        slips = {
            right // layers: f"That is one of {layers} blocks.",
            layers * rank * inputs: "That is A alone. B has a column for each of its rank as well.",
            layers * rank * outputs: "That is B alone. A has a row for each of its rank as well.",
            layers * frozen: "Those are the frozen matrices themselves.",
            layers
            * rank
            * frozen: "The rank is not a factor of the frozen matrix: A is rank × inputs, B is outputs × rank.",
            2 * rank * right: "Alpha is one number that scales B A. It adds none.",
            right // rank: "That is rank 1.",
        }
        if given[0] == right:
            return True, ""
        return False, slips.get(
            given[0], "A has rank × inputs numbers, B outputs × rank: for each matrix, in each block."
        )

    def hints(self, question):
        sides = sum(i + o for _, i, o in question["matrices"])
        return [
            "The update of a matrix of outputs × inputs is B A: outputs × rank, times rank × inputs.",
            f"Inputs and outputs of one block add up to {sides:,}.",
        ]

    def solution(self, question):
        return f"{self.answer(question):,}"
