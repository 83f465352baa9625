"""Label words of the learner's own, tried on hidden reviews."""

import json
import re
from pathlib import Path

POCKET = Path(__file__).parents[2] / "pocket"


class PickLabelWords:
    """X7: words that stand for the classes; the pocket encoder reads."""

    THRESHOLD = 0.8

    def question(self, random):
        taken = random.choice([("terrible", "great"), ("bad", "good")])
        text = (
            f"The blank is in `{{sentence}} it is {{mask}} .` Choose one label word for negative reviews and one for "
            f"positive ones, other than {taken[0]} and {taken[1]}. On 150 hidden reviews they must be right in "
            f"{self.THRESHOLD:.0%} of the cases or more. Two words, the negative one first."
        )
        return {"text": text, "taken": taken, "part": random.randrange(4)}

    def check(self, question, answer):
        words = re.findall(r"[a-z]+", answer.lower())
        if len(words) != 2:
            return False, "Two words: for negative, then for positive."
        if set(words) & set(question["taken"]):
            return False, "Other words than those two."
        try:
            right = self.accuracy(words, question["part"])
        except ValueError as error:
            return False, f"{error}."[0].upper() + f"{error}."[1:]
        if right >= self.THRESHOLD:
            return True, ""
        if 1 - right >= self.THRESHOLD:
            return False, f"They are right in {right:.0%} of the cases: the wrong way round?"
        return False, f"They are right in {right:.0%} of the cases only."

    def accuracy(self, words, part):
        import torch
        from deepdive.engine.methods.prompting import PromptModel, Template, Verbalizer
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        torch.set_num_threads(1)
        tokenizer = AutoTokenizer.from_pretrained(POCKET / "models" / "sentiment-bert")
        pairs = dict(zip(("negative", "positive"), ([word] for word in words), strict=True))
        verbalizer = Verbalizer.of(tokenizer, pairs)
        for word, [pieces] in zip(words, verbalizer.ids, strict=True):
            if len(pieces) > 1:
                raise ValueError(f"{word!r} is not one word of the vocabulary")
        model = AutoModelForMaskedLM.from_pretrained(POCKET / "models" / "sentiment-bert")
        wording = Template("{sentence} it is {mask} .", shorten="sentence")
        asked = PromptModel(model, tokenizer, wording, verbalizer)
        lines = (POCKET / "data" / "reviews-validation.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines[150 * part : 150 * part + 150]]
        said = asked.predict(asked.encode(rows)).argmax(-1).tolist()
        return sum(s == row["label"] for s, row in zip(said, rows, strict=True)) / len(rows)

    def hints(self, question):
        return [
            "What would a reviewer write after `it is`? The bars of the blank show more than two such words.",
            "Both words should be about equally common.",
        ]

    def solution(self, question):
        return "bad good" if "terrible" in question["taken"] else "terrible great"
