"""Every action once: its key, its word in the footer, its line in the help, and when it can be pressed.

Footer, key bindings, palette and help screen are four readings of this one table. What can be pressed depends on a
few facts of the screen in front ("step", "running", "stale" ...): a command lists those that it needs and those that
rule it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding

Facts = frozenset[str]


@dataclass(frozen=True)
class Command:
    """`footer` orders the footer, most wanted first; 0 keeps a command out of it."""

    action: str
    key: str
    label: str
    help: str
    screens: tuple[str, ...]
    footer: int = 0
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    palette: bool = True
    shown_key: str = ""  # how the key is written; default: the key itself
    relabel: tuple[tuple[str, str], ...] = ()  # (fact, label): the first fact that holds names it otherwise

    def available(self, facts: Facts) -> bool:
        return facts.issuperset(self.needs) and facts.isdisjoint(self.unless)

    def word(self, facts: Facts) -> str:
        return next((label for fact, label in self.relabel if fact in facts), self.label)

    @property
    def key_text(self) -> str:
        return self.shown_key or self.key.partition(",")[0]


_EVERY = ("home", "tutorial", "runs", "doctor", "keys", "fit")
_ALL = (
    Command("open", "enter", "open", "Open what the bar stands on", ("home", "runs"), 1, ("choice",)),
    Command("choose", "", "choose", "Move the bar", ("home", "runs"), 2, palette=False, shown_key="↑ ↓"),
    Command("runs", "u", "runs", "All runs: open, stop, delete", ("home",), 3),
    Command("runs", "u", "runs", "All runs: open, stop, delete", ("tutorial",), 0),
    Command("doctor", "d", "doctor", "What works on this machine and what to do about the rest", ("home",), 4),
    Command("keys", "y", "keys", "Keys of Hugging Face, OpenAI and Kaggle: set, check, delete", ("home",), 5),
    Command("keys", "", "keys", "Keys of Hugging Face, OpenAI and Kaggle", ("tutorial", "runs", "doctor"), 0),
    Command("set_key", "enter", "set", "Give a new key to what the bar stands on", ("keys",), 1),
    Command("check", "c", "check", "Ask the service whether the key works and what it may", ("keys",), 2, ("looked",)),
    Command("delete_key", "x", "delete", "Delete the key; it asks first", ("keys",), 3, ("ours",)),
    Command("undo_delete", "z", "undo", "Put the deleted key back", ("keys",), 4, ("undo",)),
    Command("unlock", "p", "passphrase", "Unlock the encrypted file", ("keys",), 5, ("locked",)),
    Command("where_stored", "w", "where it is stored", "Change where a new key goes", ("keys",), 6, ("looked",)),
    Command("next_page", "n", "next", "The next page", ("tutorial",), 1, unless=("last", "zoomed")),
    Command("previous_page", "p", "previous", "The page before", ("tutorial",), 2, unless=("first", "zoomed")),
    Command(
        *("run_step", "r", "run", "Run this page's step, and first what it needs", ("tutorial",), 3),
        needs=("step",),
        unless=("running",),
        relabel=(("done", "run again"), ("stopped", "go on")),
    ),
    Command("stop", "s", "stop", "Stop after this batch and save; once more: at once", ("tutorial",), 4, ("running",)),
    Command("run_stale", "R", "run stale", "Run again what is stale", ("tutorial",), 5, ("stale",), ("running",)),
    Command(
        "settings",
        "e",
        "settings",
        "Change the step's settings, and where its models and data are",
        ("tutorial",),
        6,
        ("step", "settings"),
        ("zoomed",),
    ),
    Command("try", "t", "try", "Ask the model something of your own", ("tutorial",), 7, ("probes",), ("zoomed",)),
    Command(
        *("ask_row", "", "ask of this row", "Ask the model about the row under the cursor", ("tutorial",), 1),
        needs=("askable",),
        shown_key="enter",
    ),
    Command(
        *("along_curve", "", "along the curve", "Loss, memory and text of that moment", ("tutorial",), 8, ("curve",)),
        palette=False,
        shown_key="← →",
    ),
    Command("answer", "a", "answer", "Answer the question on this page", ("tutorial",), 7, ("question",), ("zoomed",)),
    Command(
        *("next_panel", "tab", "panel", "To the next panel; shift+tab: back", ("tutorial",), 9, ("panels",)),
        palette=False,
    ),
    Command(
        *("zoom", "z", "zoom", "The panel in front fills the screen", ("tutorial",), 10, ("panels",)),
        relabel=(("zoomed", "zoom back"),),
    ),
    Command("earlier", "c", "earlier run", "Look at the run of this step before", ("tutorial",), 0, ("earlier",)),
    Command("outline", "o", "outline", "Jump to a page", ("tutorial",), 11, unless=("wide",)),
    Command(
        "fit", "w", "will it fit", "Memory of each configuration, before anything is downloaded", ("tutorial",), 12
    ),
    Command("code", "v", "whole code", "The step's whole source on one screen", ("tutorial",), 0, ("step",)),
    Command("finish", "f", "finish", "End this loop and carry on with the step", ("tutorial",), 0, ("running",)),
    Command("defaults", "x", "defaults", "Set all of this step's settings back", ("tutorial",), 0, ("edited",)),
    Command("copy", "y", "copy", "Copy the panel in front as text", ("tutorial",), 0),
    Command("scale", "", "other scale", "Change between the pocket world and the book's models", ("tutorial",)),
    Command(
        *("next_row", "down", "row", "The next configuration", ("fit",), 1, ("rows",)),
        palette=False,
        shown_key="↑ ↓",
    ),
    Command("previous_row", "up", "row before", "The configuration before", ("fit",), 0, ("rows",), palette=False),
    Command(
        *("larger_batch", "plus", "batch", "Twice the batch; - halves it", ("fit",), 2, ("counted",)),
        shown_key="+ -",
    ),
    Command("smaller_batch", "minus", "smaller batch", "Half the batch", ("fit",), 0, ("counted",), shown_key="-"),
    Command("length", "l", "length", "Longer texts; after the longest the shortest", ("fit",), 4, ("counted",)),
    Command(
        "checkpointing", "g", "checkpointing", "Keep fewer activations, compute them twice", ("fit",), 5, ("trained",)
    ),
    Command("optimizer", "o", "optimizer", "Adam, Adam in 8 bits, none", ("fit",), 6, ("trained",)),
    Command("use", "enter", "use these settings", "Give the step what you tried here", ("fit",), 7, ("usable",)),
    Command("as_planned", "x", "as planned", "Undo what you tried", ("fit",), 8, ("changed",)),
    Command("stop_run", "s", "stop", "Stop this run's worker", ("runs",), 3, ("choice", "running")),
    Command("delete_run", "x", "delete", "Delete this run with its files", ("runs",), 4, ("choice",), ("running",)),
    Command("look_again", "r", "look again", "Look at everything again", ("runs", "doctor", "keys"), 7),
    Command("theme", "t", "theme", "Choose the colours", ("home",), 20),
    Command("theme", "T", "theme", "Choose the colours", ("tutorial", "runs", "doctor", "keys", "fit"), 0),
    Command("help", "question_mark", "help", "Keys and terms", _EVERY, 21, shown_key="?"),
    Command("palette", "colon", "commands", "All actions by name", _EVERY, 22, shown_key=":", palette=False),
    Command("leave", "escape", "home", "Back to the tutorials; what runs goes on", ("tutorial",), 23, shown_key="esc"),
    Command("leave", "escape", "back", "Back", ("runs", "doctor", "keys", "fit"), 23, shown_key="esc"),
    Command("quit", "q", "quit (runs go on)", "Leave; what runs goes on", ("home",), 24),
    Command("quit", "Q", "quit", "Leave; what runs goes on", ("tutorial", "runs", "doctor", "keys", "fit"), 0),
)


def of_screen(screen: str) -> list[Command]:
    """The commands of a screen in the order of its footer, the others after them."""
    mine = [command for command in _ALL if screen in command.screens]
    return sorted(mine, key=lambda command: command.footer or 99)


def bindings(screen: str) -> list[Binding]:
    """The key bindings of a screen."""
    return [
        Binding(c.key, c.action, c.label, show=False, id=f"{screen}.{c.action}") for c in of_screen(screen) if c.key
    ]


def available(screen: str, action: str, facts: Facts) -> bool:
    """Whether an action can be taken; one that this table does not know can."""
    mine = [command for command in of_screen(screen) if command.action == action]
    return not mine or any(command.available(facts) for command in mine)


def footer(screen: str, facts: Facts) -> list[tuple[str, str]]:
    """(key, word) of what can be pressed now."""
    return [(c.key_text, c.word(facts)) for c in of_screen(screen) if c.footer and c.available(facts)]


def palette(screen: str, facts: Facts) -> list[Command]:
    """What the palette offers now."""
    return [c for c in of_screen(screen) if c.palette and c.available(facts)]


def help_lines(commands: Iterable[Command]) -> list[tuple[str, str, str]]:
    """(key, word, sentence) for the help screen."""
    return [(command.key_text or "–", command.label, command.help) for command in commands]
