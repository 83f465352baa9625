"""Templates by where the answer stands, and whether there is a passage."""

import re


def family(template):
    """By where the answer stands, and whether the passage is there."""
    if "{passage}" not in template:
        return "retrieval"
    behind = template.partition("{mask}")[2]
    return "cloze" if "{" in behind else "prefix"


class SortTemplates:
    """X7: prefix, cloze or retrieval?"""

    PASSAGES = ("{passage}.", "Context: {passage}.", "Information: {passage}.", "hypothesis: {passage}.")
    QUESTIONS = ("{question}?", "Question: {question}?", "premise: {question}?", "Is it true or false: {question}?")
    ANSWERS = ("{mask}", "Answer: {mask}.", "The answer was {mask}.", "Of yes and no, {mask} is right.")
    FAMILIES = ("prefix", "cloze", "retrieval")

    def question(self, random):
        def made(order):
            parts = {"p": self.PASSAGES, "q": self.QUESTIONS, "a": self.ANSWERS}
            return " ".join(random.choice(parts[part]) for part in order)

        orders = [
            *random.sample(["pqa", "qpa"], random.randint(1, 2)),
            *random.sample(["qap", "paq", "aqp"], random.randint(1, 2)),
            *random.sample(["qa", "aq"], random.randint(1, 2)),
        ]
        random.shuffle(orders)
        templates = [made(order) for order in orders]
        told = "\n".join(f"{n}: {text}" for n, text in enumerate(templates, 1))
        text = (
            f"{told}\nPassage and question both stand before {{mask}}: prefix. One of them stands behind it: cloze. "
            "There is no passage to look the answer up in: retrieval, wherever {mask} stands. Sort the "
            f"templates: {len(templates)} words or their first letters, in order."
        )
        return {"text": text, "templates": templates}

    def answer(self, question):
        return [family(text) for text in question["templates"]]

    def check(self, question, answer):
        right = self.answer(question)
        given = re.findall(r"\b(p|c|r|prefix|cloze|retrieval)\b", answer.lower())
        if len(given) != len(right):
            return False, f"{len(right)} words or letters, one for each template: {', '.join(self.FAMILIES)}."
        for n, (said, name) in enumerate(zip(given, right, strict=True)):
            if said[0] == name[0]:
                continue
            why = {
                "prefix": "nothing is filled in behind its blank",
                "cloze": "text is filled in behind its blank",
                "retrieval": "what does it give the model to read?",
            }
            return False, f"Look at {n + 1} again: {why[name]}."
        return True, ""

    def hints(self, question):
        return [
            "First ask whether the passage is there at all, then where {mask} stands.",
            f"{self.answer(question).count('retrieval')} of them have no passage.",
        ]

    def solution(self, question):
        return " ".join(self.answer(question))
