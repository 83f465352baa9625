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


@dataclass(frozen=True, kw_only=True)
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


_EVERY = "home tutorial runs doctor keys fit"
_AGAIN = (("done", "run again"), ("stopped", "go on"))
_BACK = (("zoomed", "zoom back"),)
_HOME = "Back to the tutorials; what runs goes on"

_HELP = {
    "open": "Open what the bar stands on",
    "choose": "Move the bar",
    "runs": "All runs: open, stop, delete",
    "doctor": "What works on this machine and what to do about the rest",
    "keys": "Keys of Hugging Face, OpenAI and Kaggle: set, check, delete",
    "set_key": "Give a new key to what the bar stands on",
    "check": "Ask the service whether the key works and what it may",
    "delete_key": "Delete the key; it asks first",
    "undo_delete": "Put the deleted key back",
    "unlock": "Unlock the encrypted file",
    "where_stored": "Change where a new key goes",
    "next_page": "The next page",
    "previous_page": "The page before",
    "run_step": "Run this page's step, and first what it needs",
    "stop": "Stop after this batch and save; once more: at once",
    "run_stale": "Run again what is stale",
    "settings": "Change the step's settings, and where its models and data are",
    "try": "Ask the model something of your own",
    "ask_row": "Ask the model about the row under the cursor",
    "along_curve": "Loss, memory and text of that moment",
    "answer": "Answer the question on this page",
    "next_panel": "To the next panel; shift+tab: back",
    "zoom": "The panel in front fills the screen",
    "earlier": "Look at the run of this step before",
    "outline": "Jump to a page",
    "fit": "Memory of each configuration, before anything is downloaded",
    "code": "The step's whole source on one screen",
    "finish": "End this loop and carry on with the step",
    "defaults": "Set all of this step's settings back",
    "copy": "Copy the panel in front as text",
    "scale": "Change between the pocket world and the book's models",
    "next_row": "The next configuration",
    "previous_row": "The configuration before",
    "larger_batch": "Twice the batch; - halves it",
    "smaller_batch": "Half the batch",
    "length": "Longer texts; after the longest the shortest",
    "checkpointing": "Keep fewer activations, compute them twice",
    "optimizer": "Adam, Adam in 8 bits, none",
    "use": "Give the step what you tried here",
    "as_planned": "Undo what you tried",
    "stop_run": "Stop this run's worker",
    "delete_run": "Delete this run with its files",
    "look_again": "Look at everything again",
    "theme": "Choose the colours",
    "help": "Keys and terms",
    "palette": "All actions by name",
    "leave": "Back",
    "quit": "Leave; what runs goes on",
}


def _row(
    action: str,
    key: str,
    label: str,
    *,
    on: str,
    footer: int = 0,
    when: str = "",
    palette: bool = True,
    shown_key: str = "",
    relabel: tuple[tuple[str, str], ...] = (),
    help: str = "",
) -> Command:
    """A row of the table below. `on`: its screens. `when`: facts that it needs, and with a - those that rule it out."""
    facts = when.split()
    return Command(
        action=action,
        key=key,
        label=label,
        help=help or _HELP[action],
        screens=tuple(on.split()),
        footer=footer,
        needs=tuple(fact for fact in facts if not fact.startswith("-")),
        unless=tuple(fact[1:] for fact in facts if fact.startswith("-")),
        palette=palette,
        shown_key=shown_key,
        relabel=relabel,
    )


_ALL = (
    _row("open", "enter", "open", on="home runs", footer=1, when="choice"),
    _row("choose", "", "choose", on="home runs", footer=2, palette=False, shown_key="↑ ↓"),
    _row("runs", "u", "runs", on="home", footer=3),
    _row("runs", "u", "runs", on="tutorial"),
    _row("doctor", "d", "doctor", on="home", footer=4),
    _row("keys", "y", "keys", on="home", footer=5),
    _row("keys", "", "keys", on="tutorial runs doctor", help="Keys of Hugging Face, OpenAI and Kaggle"),
    _row("set_key", "enter", "set", on="keys", footer=1),
    _row("check", "c", "check", on="keys", footer=2, when="looked"),
    _row("delete_key", "x", "delete", on="keys", footer=3, when="ours"),
    _row("undo_delete", "z", "undo", on="keys", footer=4, when="undo"),
    _row("unlock", "p", "passphrase", on="keys", footer=5, when="locked"),
    _row("where_stored", "w", "where it is stored", on="keys", footer=6, when="looked"),
    _row("next_page", "n", "next", on="tutorial", footer=1, when="-last -zoomed"),
    _row("previous_page", "p", "previous", on="tutorial", footer=2, when="-first -zoomed"),
    _row("run_step", "r", "run", on="tutorial", footer=3, when="step -running", relabel=_AGAIN),
    _row("stop", "s", "stop", on="tutorial", footer=4, when="running"),
    _row("run_stale", "R", "run stale", on="tutorial", footer=5, when="stale -running"),
    _row("settings", "e", "settings", on="tutorial", footer=6, when="step settings -zoomed"),
    _row("try", "t", "try", on="tutorial", footer=7, when="probes -zoomed"),
    _row("ask_row", "", "ask of this row", on="tutorial", footer=1, when="askable", shown_key="enter"),
    _row("along_curve", "", "along the curve", on="tutorial", footer=8, when="curve", palette=False, shown_key="← →"),
    _row("answer", "a", "answer", on="tutorial", footer=7, when="question -zoomed"),
    _row("next_panel", "tab", "panel", on="tutorial", footer=9, when="panels", palette=False),
    _row("zoom", "z", "zoom", on="tutorial", footer=10, when="panels", relabel=_BACK),
    _row("earlier", "c", "earlier run", on="tutorial", when="earlier"),
    _row("outline", "o", "outline", on="tutorial", footer=11, when="-wide"),
    _row("fit", "w", "will it fit", on="tutorial", footer=12),
    _row("code", "v", "whole code", on="tutorial", when="step"),
    _row("finish", "f", "finish", on="tutorial", when="running"),
    _row("defaults", "x", "defaults", on="tutorial", when="edited"),
    _row("copy", "y", "copy", on="tutorial"),
    _row("scale", "", "other scale", on="tutorial"),
    _row("next_row", "down", "row", on="fit", footer=1, when="rows", palette=False, shown_key="↑ ↓"),
    _row("previous_row", "up", "row before", on="fit", when="rows", palette=False),
    _row("larger_batch", "plus", "batch", on="fit", footer=2, when="counted", shown_key="+ -"),
    _row("smaller_batch", "minus", "smaller batch", on="fit", when="counted", shown_key="-"),
    _row("length", "l", "length", on="fit", footer=4, when="counted"),
    _row("checkpointing", "g", "checkpointing", on="fit", footer=5, when="trained"),
    _row("optimizer", "o", "optimizer", on="fit", footer=6, when="trained"),
    _row("use", "enter", "use these settings", on="fit", footer=7, when="usable"),
    _row("as_planned", "x", "as planned", on="fit", footer=8, when="changed"),
    _row("stop_run", "s", "stop", on="runs", footer=3, when="choice running"),
    _row("delete_run", "x", "delete", on="runs", footer=4, when="choice -running"),
    _row("look_again", "r", "look again", on="runs doctor keys", footer=7),
    _row("theme", "t", "theme", on="home", footer=20),
    _row("theme", "T", "theme", on="tutorial runs doctor keys fit"),
    _row("help", "question_mark", "help", on=_EVERY, footer=21, shown_key="?"),
    _row("palette", "colon", "commands", on=_EVERY, footer=22, palette=False, shown_key=":"),
    _row("leave", "escape", "home", on="tutorial", footer=23, shown_key="esc", help=_HOME),
    _row("leave", "escape", "back", on="runs doctor keys fit", footer=23, shown_key="esc"),
    _row("quit", "q", "quit (runs go on)", on="home", footer=24),
    _row("quit", "Q", "quit", on="tutorial runs doctor keys fit"),
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
