"""X2: which tensor was it, in how many bits?"""

import re

from deepdive.engine.methods.answers import numbers

MIB = 1024**2


class ReadTheError:
    MODELS = {
        "Llama-2 7B": {
            "the embedding": (32_000, 4096),
            "a query matrix": (4096, 4096),
            "a matrix of the MLP": (11_008, 4096),
            "the weights of a norm": (4096,),
        },
        "Llama-2 13B": {
            "the embedding": (32_000, 5120),
            "a query matrix": (5120, 5120),
            "a matrix of the MLP": (13_824, 5120),
            "the weights of a norm": (5120,),
        },
        "Mistral 7B": {
            "the embedding": (32_768, 4096),
            "a query matrix": (4096, 4096),
            "a key matrix": (1024, 4096),
            "a matrix of the MLP": (14_336, 4096),
        },
        "OLMo-2 7B": {
            "the embedding": (100_352, 4096),
            "a query matrix": (4096, 4096),
            "a matrix of the MLP": (11_008, 4096),
            "the weights of a norm": (4096,),
        },
    }

    def size(self, shape, bits):
        """In MiB."""
        count = 1
        for side in shape:
            count *= side
        return count * bits / 8 / MIB

    def question(self, random):
        """PyTorch asks for whole pieces of 2 MiB from 10 MiB on: only
        such tensors are asked for under their own size."""
        name = random.choice(list(self.MODELS))
        tensors = list(self.MODELS[name].items())
        wanted, bits = random.choice(
            [
                (n, bits)
                for n, (_, shape) in enumerate(tensors)
                for bits in (32, 16)
                if self.size(shape, bits) >= 10 and self.size(shape, bits) % 2 == 0
            ]
        )
        size = self.size(tensors[wanted][1], bits)
        free = random.uniform(2, min(size, 30))
        choices = "; ".join(
            f"{letter}: {told} of {' × '.join(f'{n:,}' for n in shape)}"
            for letter, (told, shape) in zip("abcd", tensors, strict=True)
        )
        text = (
            f"{name} is moved to a card: CUDA out of memory. Tried to allocate {size:.2f} MiB. GPU 0 has a total "
            f"capacity of 15.77 GiB of which {free:.2f} MiB is free. Which tensor was it ({choices}), with how many "
            "bits to a number, 32 or 16? And how many MiB would it be with the other of the two? A letter and two "
            "numbers."
        )
        return {"text": text, "shapes": [list(shape) for _, shape in tensors], "wanted": wanted, "bits": bits}

    def answer(self, question):
        other = 48 - question["bits"]
        shape = question["shapes"][question["wanted"]]
        return "abcd"[question["wanted"]], question["bits"], self.size(shape, other)

    def check(self, question, answer):
        letter, bits, other = self.answer(question)
        said = re.findall(r"\b[abcd]\b", answer.lower())
        given = numbers(answer, 2)
        if len(said) != 1 or not given:
            return False, "A letter, the bits to a number, and a size in MiB."
        if said[0] != letter:
            shape = question["shapes"]["abcd".index(said[0])]
            wide, half = (self.size(shape, b) for b in (32, 16))
            return False, f"That one takes {wide:.4g} MiB in 32 bits and {half:.4g} MiB in 16."
        if given[0] != bits:
            return False, "The tensor is right. Its numbers times the bytes of each are the size in the message."
        if given[1] == other:
            return True, ""
        if abs(given[1] / other - 1.0486) < 0.005:
            return False, "That is in MB, a million bytes. A MiB has 1,024 × 1,024."
        return False, f"The same numbers, of {(48 - bits) // 8} bytes each."

    def hints(self, question):
        return [
            "A tensor takes its numbers × bits / 8 bytes; a MiB has 1,024 × 1,024 = 1,048,576 bytes.",
            "Divide the size in the message by 4 bytes and by 2 bytes: which count of numbers is one of the four?",
        ]

    def solution(self, question):
        letter, bits, other = self.answer(question)
        return f"{letter}: {bits} bits; {other:g} MiB"
