"""`deepdive --plain`: the same lessons as linear text, for screen readers, logs and poor terminals.

Nothing here moves the cursor. With a person at the keyboard it asks after each page; without one it prints the whole
tutorial and the figures of its latest run.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import TextIO

from deepdive.engine.command.console import say, say_all
from deepdive.engine.command.run import follow
from deepdive.engine.command.telling import answer_lines, bar_lines, results_table
from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.words import label, number
from deepdive.engine.lessons import catalogue
from deepdive.engine.lessons.pages import directives, substitute
from deepdive.engine.lessons.roles import Role, roles_of
from deepdive.engine.lessons.settings import Setting
from deepdive.engine.lessons.tutorial import Page, Step, Tutorial
from deepdive.engine.results.evidence import gather
from deepdive.engine.results.measured import results
from deepdive.engine.runs import plan
from deepdive.engine.runs.events import FAULTS
from deepdive.engine.runs.log import replay
from deepdive.engine.runs.spilled import filled
from deepdive.engine.runs.store import Run, Store
from deepdive.engine.runs.view import JobView, RunView, of
from deepdive.engine.work import submission

WIDTH = 72
SLOT = re.compile(r"^\{\{(step|exercise|predict)\s+(\S+)\}\}$")
KEYS = "enter next, b back, r run, e SETTING=VALUE or ROLE=PLACE, d defaults, q quit"


def read_aloud(tutorial_id: str | None, out: TextIO | None = None, read: Callable[[str], str] | None = None) -> int:
    """Print the lesson; `read` asks the reader (None: nobody is there). Returns the exit code."""
    found = catalogue.load()
    if tutorial_id is None:
        say_all("Deep Dive: large language models, hands on\n", out)
        for tutorial in found.tutorials:
            state = "" if tutorial.ready else "  (not built yet)"
            say(f"{tutorial.id:18} chapter {tutorial.chapter}: {tutorial.title}{state}", out)
        if read is None:
            say_all("\n`deepdive --plain TUTORIAL` reads one, `deepdive run TUTORIAL` runs one.", out)
            return 0
        tutorial_id = read("\nWhich one? [chapter2] ").strip() or "chapter2"
    tutorial = catalogue.find(tutorial_id)
    if not tutorial.ready:
        raise Refusal("TUTORIAL", f"{tutorial.id} is not built yet")
    return Reading(tutorial, out, read).go()


class Reading:
    def __init__(self, tutorial: Tutorial, out: TextIO | None, read: Callable[[str], str] | None) -> None:
        self.tutorial, self.out, self.read = tutorial, out, read
        self.store = Store()
        self.run: Run | None = self.store.latest(tutorial.id)

    def say(self, text: str = "") -> None:
        say_all(text, self.out)

    @property
    def scale(self) -> str:
        return self.run.record.scale if self.run else "pocket"

    def view(self) -> RunView:
        return of(filled(self.run.folder, replay(self.run.log)[0])) if self.run else RunView()

    def go(self) -> int:
        self.say(f"Chapter {self.tutorial.chapter}: {self.tutorial.title}")
        number = 0
        while number < len(self.tutorial.pages):
            page = self.tutorial.pages[number]
            self.page(page)
            if self.read is None:
                number += 1
                continue
            answer = self.ask(page)
            if answer == "quit":
                return 0
            number = max(0, number + (-1 if answer == "back" else 1))
        self.say()
        for line in results_table(results(self.tutorial, self.scale, self.view())):
            self.say(line)
        return 0

    def ask(self, page: Page) -> str:
        """What the reader wants: next, back or quit; runs and settings are done here."""
        assert self.read is not None
        while True:
            try:
                words = self.read(f"\n[{KEYS}] ").strip()
            except (EOFError, KeyboardInterrupt):
                return "quit"
            try:
                match words.partition(" "):
                    case ("" | "n", _, _):
                        return "next"
                    case ("b" | "p", _, _):
                        return "back"
                    case ("q", _, _):
                        return "quit"
                    case ("r", _, _) if page.steps:
                        self.run_step(page.steps[0])
                    case ("e", _, change) if page.steps:
                        self.change(page.steps[0], change)
                    case ("d", _, _) if page.steps:
                        self.set_back(page.steps[0])
                    case _:
                        self.say(f"That can't be done on this page. {KEYS}")
            except Fault as fault:
                self.say(str(fault))

    def opened(self) -> Run:
        if self.run is None:
            self.run = submission.opened(self.store, self.tutorial, "pocket")
        return self.run

    def change(self, step_id: str, change: str) -> None:
        run, step = self.opened(), self.tutorial.step(step_id)
        name, _, value = change.partition("=")
        known = {setting.name: setting for setting in self.form(step)}
        name = name.strip().replace(" ", "_")
        if name not in known:
            raise Refusal(name, f"{step_id} has no such setting", ", ".join(known))
        wanted = known[name].parse(value.strip())
        if isinstance(known[name], Role):
            run.point({name: wanted})
        else:
            run.edit(step_id, {**run.edits().get(step_id, {}), name: wanted})
        self.say(f"{known[name].label} is {known[name].show(wanted)} now.")

    def set_back(self, step_id: str) -> None:
        run = self.opened()
        run.edit(step_id, {})
        run.point({role.name: "" for role in roles_of(self.tutorial, self.scale, self.tutorial.step(step_id))})
        self.say("The defaults are back.")

    def form(self, step: Step) -> tuple[Setting, ...]:
        """What can be changed at a step: its settings, and where its roles are."""
        return (*step.settings, *roles_of(self.tutorial, self.scale, step))

    def run_step(self, step_id: str) -> None:
        run = self.opened()
        before = self.view()
        orders = submission.planned(
            self.store,
            self.tutorial,
            self.scale,
            before,
            [step_id],
            edits=run.edits(),
            roles=run.record.roles,
            seeds=[0],
        )
        jobs = follow(run, before, as_json=False, handed=submission.submit(self.store, run, orders))
        for job in jobs:
            if job.outcome in FAULTS:
                self.say(f"{job.step} {job.outcome}: {job.cause}. {job.action}")
        if jobs:
            self.outcome(jobs[-1])

    # ---- what a page says -------------------------------------------------------------------------------------
    def page(self, page: Page) -> None:
        view = self.view()
        found = results(self.tutorial, self.scale, view)
        step = page.steps[0] if page.steps else ""
        asked = [argument for kind, argument, _ in directives(page.text) if kind == "figure"]
        evidence = gather(self.tutorial, view)
        figures = {name: number(found.on_page(name, evidence, step)) for name in asked}
        held = {claim.text: claim.held for claim in found.claims}
        self.say(f"\n{page.number} of {len(self.tutorial.pages)}: {page.title}\n")
        for id in page.steps:
            if announcement := self.tutorial.step(id).announcement:
                self.say(f"! {announcement}\n")
        for block in substitute(page.text, figures, held).split("\n\n"):
            slot = SLOT.match(block.strip())
            if slot is None:
                self.say(_wrapped(block) + "\n")
            elif slot.group(1) == "step":
                self.step(self.tutorial.step(slot.group(2)), view)
            else:
                self.asked(slot.group(1), slot.group(2))

    def asked(self, kind: str, id: str) -> None:
        if kind == "predict":
            prediction = next(p for p in self.tutorial.predictions if p.id == id)
            self.say(_wrapped(f"Before you run it: {prediction.ask}") + "\n")
        else:
            exercise = next(e for e in self.tutorial.exercises if e.id == id)
            self.say(f"Exercise {exercise.id}: {exercise.title} (answer it in the full interface)\n")

    def step(self, step: Step, view: RunView) -> None:
        edits, roles = (self.run.edits(), self.run.record.roles) if self.run else ({}, {})
        defaults = self.tutorial.defaults(step, self.scale)
        state = plan.Plan(self.tutorial, self.scale, view, edits, roles).states.get(step.id)
        if state is None:
            self.say(f"Step {step.id}: not at the scale {self.scale}.\n")
            return
        self.say(f"Step {step.id}: {step.title}. State: {state.state}. {' '.join(state.reasons)}")
        self.say(textwrap.indent(step.function.source, "    "))
        for setting in self.form(step):
            role = isinstance(setting, Role)
            kept, default = (roles, "") if role else (edits.get(step.id, {}), defaults[setting.name])
            changed = f", default {setting.show(default)}" if setting.name in kept else ""
            value = setting.show(kept.get(setting.name, default))
            what = "role" if role else "setting"
            self.say(f"  {what} {setting.label}: {value} ({setting.allowed or setting.kind}{changed})")
            if setting.help:
                self.say(f"    {setting.help}")
        if (job := view.latest(step.id, done=False)) is not None:
            self.outcome(job)
        self.say()

    def outcome(self, job: JobView) -> None:
        """What a job told: figures, text, plots and rows in words."""
        self.say(f"  Outcome of {job.step}: {job.outcome or 'running'}. {job.cause}")
        for (name, _), figure in job.figures.items():
            self.say(f"  {label(name, figure.case)}: {number(figure.value)} {figure.unit}".rstrip())
        for name, plot in job.plots.items():
            self.say(f"  {name}:")
            if plot.kind == "bars":
                for line in bar_lines(plot.data):
                    self.say(line)
        for stream, pieces in job.streams.items():
            self.say(f"  {stream}: {''.join(piece.text for piece in pieces)}")
        for name, rows in job.rows.items():
            self.say(f"  {name}:")
            for line in answer_lines([rows])[:20]:
                self.say("    " + line)


def _wrapped(block: str) -> str:
    """A paragraph set to the measure; lists, tables, code and quotes keep their lines."""
    lines = block.split("\n")
    if any(line.startswith(("|", "    ", "```", ">", "#")) for line in lines):
        return block
    if any(re.match(r"^\s*([-*]|\d+\.) ", line) for line in lines):
        return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in lines)
    return textwrap.fill(" ".join(lines).replace("**", "").replace("*", "").replace("`", ""), WIDTH)
