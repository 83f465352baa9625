"""Steps that ask paid and gated services; the engine's tests run them against servers on loopback."""

from typing import Annotated

from deepdive.engine.lab import Lab, Range, step
from deepdive.engine.methods import judging

RUBRIC = {"customer": "Is the complaint right?", "agent": "Is the advice right?"}
CRITERIA = {"customer": "yes where the number is even", "agent": "always partly"}


def by_program(item: str) -> dict[str, tuple[str, str]]:
    number = int(item.rpartition(" ")[2])
    return {"customer": ("no" if number % 2 else "yes", f"{number} it is"), "agent": ("partly", "as always")}


@step
def grade(lab: Lab, count: Annotated[int, Range(1, 200)] = 24, at_once: Annotated[int, Range(1, 8)] = 2):
    """Let a judge mark some dialogues."""
    judge = lab.client("judge", local=judging.Local(by_program, CRITERIA))
    items = [f"dialogue {number}" for number in range(count)]
    verdicts = judging.grade(judge, lab.model("judge"), RUBRIC, items, lab.loop, at_once)
    lab.rows("verdicts", [{"item": item, **verdict.row()} for item, verdict in zip(items, verdicts, strict=True)])
    for criterion in RUBRIC:
        lab.measure("score", **judging.score(verdicts, criterion, out_of=count), criterion=criterion)
    lab.measure("total", **judging.score(verdicts, out_of=2 * count))


@step
def leak(lab: Lab):
    """Show what a server sends back, and fail with its words."""
    judge = lab.client("judge")
    asked = {"model": lab.model("judge"), "messages": [{"role": "user", "content": "dialogue"}]}
    said = judge.chat.completions.create(**asked, max_completion_tokens=50).choices[0].message.content
    lab.text(said)
    lab.note(said)
    lab.rows("said", [{"words": said * 200}])
    raise RuntimeError(f"the judge said {said}")


@step
def fetch(lab: Lab):
    """Have a gated model and a file of Kaggle brought."""
    lab.note(lab.model("gated"))
    lab.note(lab.files("tweets").name)
