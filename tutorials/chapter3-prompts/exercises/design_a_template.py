"""A template of the learner's own, tried on hidden questions."""

import json
import re

from .shared import POCKET

WORDS = {"no": ["no", "No"], "yes": ["yes", "Yes"]}


class DesignATemplate:
    """X4: a wording that beats the standard one; the pocket T5 reads."""

    SIMPLEST = "{passage} {question} {mask}"
    PUNCTUATED = "{passage} . {question} ? {mask}"
    STANDARD = "hypothesis: {passage}. premise: {question}? The answer was {mask} ."
    QUESTIONS, MORE = 800, 16  # hidden ones; right on so many more

    def question(self, random):
        text = (
            f"The pocket T5, not tuned, answers {self.QUESTIONS} hidden questions in the standard wording, "
            f"`{self.STANDARD}`. Write another template with {{passage}}, {{question}} and {{mask}} in which it is "
            f"right on at least {self.MORE} more of them. The three templates of the lesson do not count."
        )
        return {"text": text, "part": random.randrange(3)}

    def check(self, question, answer):
        slots = re.findall(r"\{(\w*)\}", answer)
        if slots.count("mask") != 1:
            return False, "A template has one blank, {mask}."
        if missing := {"passage", "question"} - set(slots):
            return False, f"Without the {missing.pop()} it can only guess."
        if len(slots) > 3:
            return False, "Each slot once, and no other ones."
        try:
            standard, yours, no = self.ask(answer.strip(), question["part"])
        except ValueError as error:
            return False, f"{error}."[0].upper() + f"{error}."[1:]
        if yours >= standard + self.MORE:
            return True, ""
        return (
            False,
            f"Yours is right on {yours} of them, the standard one on {standard}. To yours the answer is no in "
            f"{no:.0%}.",
        )

    def ask(self, text, part):
        """Right in the standard wording, in `text`; its share of no."""
        import torch
        from deepdive.engine.methods.prompting import PromptModel, Template, Verbalizer
        from transformers import AutoTokenizer, T5ForConditionalGeneration

        torch.set_num_threads(1)
        folder = POCKET / "models" / "questions-t5"
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = T5ForConditionalGeneration.from_pretrained(folder)
        words = Verbalizer.of(tokenizer, WORDS)
        rows = self.hidden(part)

        def prompts(text):
            wording = Template(text, shorten="passage")
            return PromptModel(model, tokenizer, wording, words)

        def first(text):
            return prompts(text).encode(rows[:1])

        known = self.SIMPLEST, self.PUNCTUATED, self.STANDARD
        if first(text) in [first(other) for other in known]:
            raise ValueError("to the model that is a template of the lesson")
        truth = torch.tensor([row["label"] for row in rows])
        standard, yours = (
            asked.predict(asked.encode(rows)).argmax(-1) for asked in (prompts(self.STANDARD), prompts(text))
        )
        return (standard == truth).sum().item(), (yours == truth).sum().item(), (yours == 0).float().mean().item()

    def hidden(self, part):
        """A third of the training questions, 400 of each answer.

        No wording of the lesson has been tried on them, and the pocket
        T5 was not pre-trained on them.
        """
        file = POCKET / "data" / "questions-train.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return [row for label in (0, 1) for row in [r for r in rows if r["label"] == label][part::3]]

    def hints(self, question):
        return [
            "Passages end without a full stop, questions without a question mark.",
            "A model reads best what looks like the texts it was trained on: short ones.",
            "What stands in the punctuated template, and what would a text go on with behind its blank?",
        ]

    def solution(self, question):
        return "{passage}. {question}? {mask}."
