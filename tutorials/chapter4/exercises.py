"""Questions on tuning in a small memory with answers that a program
can check; fresh numbers each time."""

import json
import re
from math import ceil
from pathlib import Path

POCKET = Path(__file__).parent.parent / "pocket"
MIB = 1024**2


def numbers(text, wanted):
    """The numbers in an answer, [] if they are not as many as wanted.

    "294,912" is two numbers where two are wanted, else one.
    """
    for way in text, re.sub(r"(?<=\d),(?=\d{3}\b)", "", text):
        found = re.findall(r"\d*\.?\d+(?:e[+-]?\d+)?", way, re.I)
        if len(found) == wanted:
            return [float(number) for number in found]
    return []


def listed(lines):
    """Numbered from 1."""
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))


class CountLora:
    """X1: rank times (inputs + outputs) of each matrix."""

    MODELS = {  # layers, and the matrices in each: (name, in, out)
        "DistilGPT2": (6, [("c_attn", 768, 2304)]),
        "GPT-2": (
            12,
            [("c_attn", 768, 2304), ("attn.c_proj", 768, 768)],
        ),
        "Llama-2 7B": (
            32,
            [("q_proj", 4096, 4096), ("v_proj", 4096, 4096)],
        ),
        "SmolLM2 1.7B": (
            24,
            [("q_proj", 2048, 2048), ("v_proj", 2048, 2048)],
        ),
        "Qwen2.5 7B": (
            28,
            [("q_proj", 3584, 3584), ("v_proj", 3584, 512)],
        ),
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
        shapes = ", ".join(
            f"{matrix} of {inputs:,} → {outputs:,}"
            for matrix, inputs, outputs in matrices
        )
        text = (
            f"LoRA of rank {rank}, alpha {2 * rank}, dropout 0.05 is put beside these linear layers of {name}, in each of "
            f"its {layers} blocks: {shapes}. How many numbers are trained?"
        )
        return {
            "text": text,
            "rank": rank,
            "layers": layers,
            "matrices": [list(matrix) for matrix in matrices],
        }

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
            layers
            * rank
            * inputs: "That is A alone. B has a column for each of its rank as well.",
            layers
            * rank
            * outputs: "That is B alone. A has a row for each of its rank as well.",
            layers
            * frozen: "Those are the frozen matrices themselves.",
            layers
            * rank
            * frozen: "The rank is not a factor of the frozen matrix: A is rank × inputs, B is outputs × rank.",
            2
            * rank
            * right: "Alpha is one number that scales B A. It adds none.",
            right // rank: "That is rank 1.",
        }
        if given[0] == right:
            return True, ""
        return False, slips.get(
            given[0],
            "A has rank × inputs numbers, B outputs × rank: for each matrix, in each block.",
        )

    def hints(self, question):
        sides = sum(i + o for _, i, o in question["matrices"])
        return [
            "The update of a matrix of outputs × inputs is B A: outputs × rank, times rank × inputs.",
            f"Inputs and outputs of one block add up to {sides:,}.",
        ]

    def solution(self, question):
        return f"{self.answer(question):,}"


class ReadTheError:
    """X2: which tensor was it, in how many bits?"""

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
                if self.size(shape, bits) >= 10
                and self.size(shape, bits) % 2 == 0
            ]
        )
        size = self.size(tensors[wanted][1], bits)
        free = random.uniform(2, min(size, 30))
        choices = "; ".join(
            f"{letter}: {told} of {' × '.join(f'{n:,}' for n in shape)}"
            for letter, (told, shape) in zip("abcd", tensors)
        )
        text = (
            f"{name} is moved to a card: CUDA out of memory. Tried to allocate {size:.2f} MiB. GPU 0 has a total capacity of "
            f"15.77 GiB of which {free:.2f} MiB is free. Which tensor was it ({choices}), with how many bits to a number, "
            "32 or 16? And how many MiB would it be with the other of the two? A letter and two numbers."
        )
        return {
            "text": text,
            "shapes": [list(shape) for _, shape in tensors],
            "wanted": wanted,
            "bits": bits,
        }

    def answer(self, question):
        other = 48 - question["bits"]
        shape = question["shapes"][question["wanted"]]
        return (
            "abcd"[question["wanted"]],
            question["bits"],
            self.size(shape, other),
        )

    def check(self, question, answer):
        letter, bits, other = self.answer(question)
        said = re.findall(r"\b[abcd]\b", answer.lower())
        given = numbers(answer, 2)
        if len(said) != 1 or not given:
            return (
                False,
                "A letter, the bits to a number, and a size in MiB.",
            )
        if said[0] != letter:
            shape = question["shapes"]["abcd".index(said[0])]
            wide, half = (self.size(shape, b) for b in (32, 16))
            return (
                False,
                f"That one takes {wide:.4g} MiB in 32 bits and {half:.4g} MiB in 16.",
            )
        if given[0] != bits:
            return (
                False,
                "The tensor is right. Its numbers times the bytes of each are the size in the message.",
            )
        if given[1] == other:
            return True, ""
        if abs(given[1] / other - 1.0486) < 0.005:
            return (
                False,
                "That is in MB, a million bytes. A MiB has 1,024 × 1,024.",
            )
        return (
            False,
            f"The same numbers, of {(48 - bits) // 8} bytes each.",
        )

    def hints(self, question):
        return [
            "A tensor takes its numbers × bits / 8 bytes; a MiB has 1,024 × 1,024 = 1,048,576 bytes.",
            "Divide the size in the message by 4 bytes and by 2 bytes: which count of numbers is one of the four?",
        ]

    def solution(self, question):
        letter, bits, other = self.answer(question)
        return f"{letter}: {bits} bits; {other:g} MiB"


class FitsOrNot:
    """X3: the bytes of weights, gradients and moments."""

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
        told = listed(
            f"{model}, {method}, into {room:g} GB"
            for model, method, room in rows
        )
        text = (
            f"{sizes}.\n{told}\nWhich of these trainings fit? Adam in 32 bits; 8 and 4 bits hold the linear layers of the "
            "blocks, 4 bits with a scale of 32 bits for 64 weights, and all else stays in 32 bits. Activations are left "
            "out; a GB is 1e9 bytes. Five times yes or no."
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
        for n, (said, fits) in enumerate(zip(given, right)):
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
            frozen = (
                f"{whole:,} frozen numbers take {inside} bytes each"
            )
        else:
            frozen = f"{linear:,} frozen numbers take {inside:g} bytes each, the other {whole - linear:,} {outside}"
        return f"{frozen}; only the {added:,} of LoRA have gradients and moments. How many GB is that?"

    def hints(self, question):
        needs = (self.need(*row[:2]) for row in question["rows"])
        return [
            "A trained number takes 16 bytes: itself, its gradient, two moments, 4 bytes each. A frozen one takes itself.",
            "4 bits and a share of a scale, 32/64 of a bit, are 4.5 bits or 0.5625 bytes.",
            "In GB: "
            + ", ".join(f"{need:.3g}" for need in needs)
            + ".",
        ]

    def solution(self, question):
        words = ("no", "yes")
        return " ".join(words[fits] for fits in self.answer(question))


class BitsPerWeight:
    """X4: scales are bits too."""

    def question(self, random):
        block = random.choice([16, 32, 64, 128, 256])
        group = random.choice([16, 32, 64, 256])
        block, group = random.choice([(block, group), (64, 256)])
        text = (
            f"A weight is stored as one of 16 levels. Every {block} weights share a scale of 32 bits. How many bits does a "
            f"weight take, its share of the scale included? And with double quantisation, where the scales are stored in 8 "
            f"bits and every {group} of them share one of 32 bits? Two numbers, to 0.01."
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
        near = [abs(g - r) <= 0.01 for g, r in zip(given, right)]
        if all(near):
            return True, ""
        if abs(given[0] - right[0] / 8) <= 0.01:
            return False, "That is in bytes."
        if abs(given[0] - 4) <= 0.001:
            return (
                False,
                "Those are the levels. The scales take room too.",
            )
        if abs(given[0] - 4 - 4 / block) <= 0.001:
            return False, "A scale of 32 bits is not one of 4."
        if not near[0]:
            return (
                False,
                f"16 levels are so many bits, and a weight's share of a scale is one {block}th.",
            )
        if abs(given[1] - 4 - 8 / block) <= 0.01:
            return (
                False,
                "The first is right. The scales of the second level are missing: 32 bits for "
                f"{question['group']} × {block} weights.",
            )
        if (
            abs(given[1] - 4 - 8 / block - 32 / question["group"])
            < 0.01
        ):
            return (
                False,
                "The first is right. The second-level scale is shared by blocks, not by weights.",
            )
        return (
            False,
            "The first is right. Levels, plus a share of an 8-bit scale, plus a share of a share of a 32-bit one.",
        )

    def hints(self, question):
        block, group = question["block"], question["group"]
        return [
            "16 levels are 4 bits.",
            f"Plain: 4 + 32/{block}.",
            f"Double: 4 + 8/{block} + 32/({block} × {group}).",
        ]

    def solution(self, question):
        plain, double = self.answer(question)
        return f"{plain:.4g} bits; {double:.4g} bits"


WORDS = {"y": "yes", "p": "partly", "n": "no"}


class BeTheJudge:
    """X5: ten summaries by the rubric, and Cohen's kappa."""

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
            + "\nGrade the ten summaries. customer: y if the first sentence has the product's name and tells device and "
            "fault as they were, p if one of the two, n if none. agent: y if the second sentence has the action and the "
            "name of the part that the agent asks for, p for the right action alone, else n. form: y if there are two "
            "sentences, each ending in a period, else n. Ten groups of three letters, such as: yyy ypn."
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
            problem = (
                f"{call['kind']} {self.another(call, 'fault', other)}"
            )
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
            return (
                False,
                f"Ten groups of three letters, each y, p or n: {len(given)} letters came.",
            )
        kappa, same, chance = agreement(given, right)
        told = f"κ = {kappa:.2f}: the same mark {same} times of {len(right)}, by chance {chance:.1f} times."
        if same < len(right):
            told += f" {self.difference(question, given, right)}"
        if kappa >= self.ENOUGH:
            return True, told if same < len(right) else ""
        return False, told

    def difference(self, question, given, right):
        """The first mark that the program sets otherwise."""
        place = next(
            n for n, (a, b) in enumerate(zip(given, right)) if a != b
        )
        number, which = divmod(place, 3)
        mark, why = question["marks"][number][which]
        return f"Summary {number + 1}, {self.CRITERIA[which]}: {WORDS[mark]}, {why}."

    def hints(self, question):
        return [
            "Mark each sentence alone: a name of the first sentence earns nothing in the second.",
            "A friend's device and a part that was tried in vain are not what the call is about.",
        ]

    def solution(self, question):
        return " ".join(
            "".join(mark for mark, _ in row)
            for row in question["marks"]
        )


def agreement(one, other):
    """Cohen 1960: kappa, equal marks, and how many chance would give."""
    n = len(one)
    same = sum(a == b for a, b in zip(one, other))
    chance = sum(one.count(m) * other.count(m) for m in set(other)) / n
    return (same - chance) / (n - chance), same, chance


class CountTheUpdates:
    """X6: rows, batches, accumulation, epochs."""

    BOOK = (2629, 1, 2, 5)

    def question(self, random):
        drawn = (
            random.choice([400, 879, 2629, random.randint(300, 5000)]),
            random.choice([1, 2, 4, 8]),
            random.choice([2, 3, 4, 8]),
            random.choice([2, 3, 5, 10]),
        )
        rows, batch, accumulation, epochs = random.choice(
            [drawn, drawn, drawn, self.BOOK]
        )
        text = (
            f"{rows:,} rows, {batch} to a batch, gradients of {accumulation} batches added up before an update, {epochs} "
            "epochs: how many updates?"
        )
        return {
            "text": text,
            "rows": rows,
            "batch": batch,
            "accumulation": accumulation,
            "epochs": epochs,
        }

    def answer(self, question):
        """As the library counts today, and as it did for the book."""
        batches = ceil(question["rows"] / question["batch"])
        up = ceil(batches / question["accumulation"])
        down = max(1, batches // question["accumulation"])
        return up * question["epochs"], down * question["epochs"]

    def check(self, question, answer):
        given, (up, down) = numbers(answer, 1), self.answer(question)
        if not given:
            return False, "One whole number."
        if given[0] == up:
            return True, ""
        if given[0] == down:
            return (
                True,
                f"So the book's library counts, which drops what is left of an epoch. Today's makes an update of it: {up:,}.",
            )
        epochs = question["epochs"]
        batches = ceil(question["rows"] / question["batch"])
        if given[0] in (up / epochs, down / epochs):
            return False, f"That is one of {epochs} epochs."
        if given[0] == batches * epochs:
            return (
                False,
                "Those are batches. An update comes after each "
                f"{question['accumulation']} of them.",
            )
        if given[0] == question["rows"] * epochs:
            return False, "Those are rows read."
        if abs(given[0] - up) < epochs + 1:
            return (
                False,
                "Nearly: batches are counted in whole ones, updates as well, epoch by epoch.",
            )
        return (
            False,
            "Batches of an epoch, divided by those of an update, times epochs.",
        )

    def hints(self, question):
        batches = ceil(question["rows"] / question["batch"])
        return [
            "How many batches has an epoch, the last one included that is not full?",
            f"{batches:,} batches to an epoch, {question['accumulation']} to an update. The rest of an epoch is one more.",
        ]

    def solution(self, question):
        return f"{self.answer(question)[0]:,}"


class FindTheArtefact:
    """X7: which of several differences made the time?"""

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
        shown = random.sample(
            differs, 2
        )  # the third is left to work out
        runs = [set(), set(differs), *({name} for name in shown)]
        lines = []
        for letter, changed in zip("ABCD", runs):
            minutes = start * random.uniform(0.99, 1.01)
            for name in changed:
                minutes *= factors[name]
            values = ", ".join(
                f"{name} {self.SETTINGS[name][name in changed]}"
                for name in names
            )
            lines.append(f"{letter}: {values}: {minutes:.1f} minutes")
        told = "\n".join(lines)
        text = (
            f"{told}\nFour runs on {card}; the minutes are made up, the way they come about is not. 8 bits are multiplied "
            "fast from capability 7.5 on, bfloat16 from 8.0 on; below that both are emulated. Which setting does most to "
            "make B slower than A: base, compute, checkpointing or updates? And would that difference be there on a card of "
            "capability 9.0? A word, and yes or no."
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
            return (
                False,
                f"One of {', '.join(self.SETTINGS)}, and yes or no.",
            )
        cause, shown = question["cause"], question["shown"]
        if said[0] not in question["differs"]:
            return False, f"The {said[0]} of A and B: the same."
        if said[0] != cause:
            if said[0] in shown:
                line = "CD"[shown.index(said[0])]
                return (
                    False,
                    f"{line} differs from A in that alone. How many times longer does it take, and B?",
                )
            return (
                False,
                "No run differs from A in that alone. Divide B by A, then take out what C and D show.",
            )
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


class TwoSentences:
    """X8: a rule for the ends of sentences, tried on 100 summaries."""

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
        good, bad = (
            next(text for text, label in made if label == wanted)
            for wanted in (True, False)
        )
        text = (
            "Write a regular expression that finds the ends of sentences, and nothing else. A summary passes if exactly two "
            "ends are found, both periods, the second one being the last character. It is tried on 100 summaries with stored "
            f"labels and must agree on at least {self.LEAST}. One that has to pass: {good}\nOne that must not: {bad}"
        )
        return {"text": text, "seed": seed}

    def summaries(self, seed):
        """Hidden ones, and whether each has the form asked for."""
        from random import Random

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
        import regex

        if not answer.strip() or len(answer) > self.LENGTH:
            return (
                False,
                f"A regular expression of at most {self.LENGTH} characters.",
            )
        try:
            rule = regex.compile(answer.strip())
            wrong = self.wrong(rule, question["seed"])
        except regex.error as error:
            return False, f"That is no regular expression: {error}."
        except TimeoutError:
            return (
                False,
                "On one summary the rule took too long. A repetition inside a repetition does that.",
            )
        right = self.COUNT - len(wrong)
        if right >= self.LEAST:
            return True, f"Right on {right} of {self.COUNT}."
        text, label, count = wrong[0]
        ends = "1 end" if count == 1 else f"{count} ends"
        form = (
            "It has the form."
            if label
            else "It does not have the form."
        )
        return (
            False,
            f"Right on {right} of {self.COUNT}. Here it finds {ends}: {text} {form}",
        )

    def wrong(self, rule, seed):
        """Where the rule and the label differ: text, label, count."""
        wrong = []
        for text, label in self.summaries(seed):
            found = list(rule.finditer(text, timeout=self.SECONDS))
            ends = [match.group().rstrip() for match in found]
            said = (
                len(ends) == 2
                and all(end.endswith(".") for end in ends)
                and found[1].end() == len(text)
            )
            if said != label:
                wrong.append((text, label, len(ends)))
        return wrong

    def hints(self, question):
        return [
            "A sentence ends in one of three characters, and before what?",
            "Behind the end of a sentence stands the end of the text, or a blank and a capital letter: (?=...) looks ahead.",
            "A title such as Dr. stands before a capital letter too: (?<!...) looks back.",
        ]

    def solution(self, question):
        return r"(?<!\b(?:Dr|Mr|Mrs))[.!?](?=\s+[A-Z]|$)"
