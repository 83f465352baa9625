"""Grading by a rubric: what a judge is asked, and a judge that is a
program."""

import json
import re

from deepdive.engine.lab import Lab, step
from deepdive.engine.methods import judging

RUBRIC = {
    "customer": "Does the first sentence tell the customer's problem "
    "as the conversation does?",
    "agent": "Does the second sentence tell the agent's answer as the "
    "conversation does?",
    "form": "Are there exactly two sentences, each ending in a period?",
}
CRITERIA = {  # what the local judge goes by
    "customer": "yes: device and fault are told as they were, by the "
    "product's name; partly: one of the two. Without known facts: "
    "half of the reference's words; partly: a quarter",
    "agent": "yes: the action and the part's name; partly: the action. "
    "Without known facts: as above",
    "form": "exactly two sentences, each ending in a period",
}
SUMMARY = "\n\nSummary: "


def by_program(rows):
    """A judge that needs no model: it knows what was said."""
    known = {row["conversation"]: row for row in rows}

    def check(item):
        conversation, summary = item.split(SUMMARY, 1)
        row, sentences = known[conversation], sentences_of(summary)
        first, second = [*sentences, "", ""][:2]
        if "part" in row:
            problem = f"{row['kind']} {row['fault']}"
            advice = f"{row['action']} the {row['part']} part"
            customer = mark_of([row["name"], problem], first)
            agent = mark_of([row["action"], advice], second)
        else:
            wanted = [*sentences_of(row["wanted"]), "", ""]
            customer = shared(wanted[0], first)
            agent = shared(wanted[1], second)
        closed = sum(one.endswith(".") for one in sentences)
        two = len(sentences) == closed == 2
        count = f"sentences: {len(sentences)}, periods: {closed}"
        return {
            "customer": customer,
            "agent": agent,
            "form": ("yes" if two else "no", count),
        }

    return judging.Local(check, CRITERIA)


def sentences_of(text):
    """A sentence ends before a capital letter; "Dr." ends none."""
    ends = r"(?<![DM]r\.)(?<!Mrs\.)(?<=[.!?])\s+(?=[A-Z])"
    return [part for part in re.split(ends, text.strip()) if part]


def mark_of(facts, sentence):
    """Yes, if all facts stand in a sentence; partly, if one does."""
    words = f" {sentence.rstrip('.!?')} "
    missing = [fact for fact in facts if f" {fact} " not in words]
    mark = ("yes", "partly", "no")[len(missing)]
    return mark, f"missing: {', '.join(missing)}" if missing else "all"


def shared(wanted, sentence):
    """How many of the reference's words a sentence has."""
    words = set(re.findall(r"\w+", wanted.lower()))
    there = words & set(re.findall(r"\w+", sentence.lower()))
    share = len(there) / max(1, len(words))
    mark = (
        "yes" if share >= 0.5 else "partly" if share >= 0.25 else "no"
    )
    return mark, f"{share:.0%} of the reference's words"


@step
def grade(lab: Lab, systems: str = "small_base small_full"):
    """Grade what the systems wrote, by a rubric of three criteria.

    systems: the steps whose summaries are graded, in the table's order
    """
    rows, costs = [], {}
    for system in systems.split():
        folder = lab.files(system)
        for row in lines_of(folder / "summaries.jsonl"):
            rows.append({"system": system, **row})
        if (folder / "cost.jsonl").is_file():
            [costs[system]] = lines_of(folder / "cost.jsonl")

    judge = lab.client("judge", local=by_program(rows))
    items = [
        f"{r['conversation']}{SUMMARY}{r['summary']}" for r in rows
    ]
    verdicts = judging.grade(
        judge, lab.model("judge"), RUBRIC, items, lab.loop
    )
    table = []
    for system in systems.split():
        mine = [
            verdict
            for row, verdict in zip(rows, verdicts)
            if row["system"] == system
        ]
        told = tell_scores(lab, system, mine)
        table.append(
            {"system": system, **told, **costs.get(system, {})}
        )
    lab.rows("systems", table)
    lab.rows(
        "verdicts",
        [
            {name: row[name] for name in ("system", "summary")}
            | verdict.row()
            for row, verdict in zip(rows, verdicts)
        ],
    )


def lines_of(path):
    """The rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def tell_scores(lab, system, verdicts):
    """Points of 50 for each criterion, and of 150 in all."""
    told = {}
    for criterion in RUBRIC:
        score = judging.score(verdicts, criterion, out_of=50)
        lab.measure(
            "score", **score, system=system, criterion=criterion
        )
        told[criterion] = score["value"]
    total = judging.score(verdicts, out_of=150)
    lab.measure("total", **total, system=system)
    content = ["customer", "agent"]
    whole = judging.score(verdicts, content, out_of=100, whole=True)
    lab.measure("whole content", **whole, system=system)
    return told | {"total": total["value"], "whole": whole["value"]}
