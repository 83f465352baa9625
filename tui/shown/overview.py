"""What the home screen says, as lines: the nine tutorials, where the learner was, this machine, recent runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import ago
from deepdive.engine.lessons.tutorial import Catalogue, Tutorial
from deepdive.engine.runs.store import RunInfo
from rich.cells import cell_len

from .ink import MUTED, STRONG, TEXT, Ink
from .lesson import Lesson
from .lines import Line, Run, fit, shorten, width_of
from .signs import SIGNS, Sign

ACCENT = Ink("accent")
ACCENT_BOLD = Ink("accent", bold=True)


@dataclass(frozen=True)
class Entry:
    """A tutorial on the home screen. `signs` are its pages' states, `doing` what runs in it now."""

    tutorial: Tutorial
    signs: tuple[Sign, ...] = ()
    passed: int = 0
    page: int = 1  # where the learner left off
    begun: bool = False
    doing: str = ""
    seen: float = 0.0  # when the learner was last there

    @property
    def ready(self) -> bool:
        return self.tutorial.ready


def entry_of(lesson: Lesson, page: int, begun: bool, seen: float) -> Entry:
    """What a tutorial's lesson comes to on the home screen."""
    running = lesson.view.running
    doing = ""
    if running is not None:
        progress = running.progress
        doing = "running"
        if progress is not None and progress.total:
            unit = progress.unit.removesuffix("s") or "item"
            doing = visible(f"{progress.what}, {unit} {progress.done:,.0f} of {progress.total:,.0f}", False)
    signs = tuple(line.sign for line in lesson.outline())
    return Entry(lesson.tutorial, signs, len(lesson.passed), page, begun, doing, seen)


def unread(catalogue: Catalogue) -> list[Entry]:
    """The entries before anything was looked up: enough for the first paint."""
    return [Entry(t, (SIGNS["unread"],) * len(t.pages)) for t in catalogue.tutorials]


def first_choice(entries: Sequence[Entry]) -> int:
    """What runs, else where the learner was last, else the first that can be opened."""
    best = max(range(len(entries)), key=lambda at: (bool(entries[at].doing), entries[at].seen, entries[at].ready, -at))
    return best if entries else 0


def go_on_line(entry: Entry, width: int) -> Line:
    """The first line: what `enter` does."""
    tutorial = entry.tutorial
    if not tutorial.ready:
        words: list[Run] = [("Chapter ", MUTED), (f"{tutorial.chapter}", STRONG), (" is not built yet", MUTED)]
        return fit(words, width)
    lead = "Go on where you were" if entry.begun else "Begin with"
    title = tutorial.pages[min(entry.page, len(tutorial.pages)) - 1].title if entry.begun else tutorial.title
    left: list[Run] = [(lead, MUTED), ("  ", TEXT), (str(tutorial.chapter), STRONG), ("  ", TEXT), (title, STRONG)]
    if entry.doing:
        left += [("   ", TEXT), (entry.doing, ACCENT)]
    right: list[Run] = [("enter", ACCENT_BOLD), (" open", MUTED)]
    gap = width - width_of(left) - width_of(right)
    if gap < 2:
        return fit(left, width)
    return fit([*left, (" " * gap, TEXT), *right], width)


@dataclass(frozen=True)
class Columns:
    """Where the columns of the list begin; 0: not shown."""

    title: int
    pages: int
    exercises: int
    takes: int
    needs: int
    width: int

    @classmethod
    def of(cls, width: int, longest_pages: int) -> Columns:
        """`width` cells; from the right go first what is good to know, then the exercises."""
        pages_width = max(longest_pages, 5)
        if width >= 104:
            pages = 52 if width < 140 else 60
            return cls(6, pages, pages + pages_width + 3, pages + pages_width + 14, pages + pages_width + 22, width)
        takes = width - 7
        exercises = takes - 11
        return cls(6, exercises - pages_width - 2, exercises, takes, 0, width)


def heading_line(columns: Columns) -> Line:
    cells = [(2, "Chapter"), (columns.pages, "Pages"), (columns.exercises, "Exercises"), (columns.takes, "Takes")]
    if columns.needs:
        cells.append((columns.needs, "Good to know"))
    return _placed([(at, [(text, MUTED)]) for at, text in cells if at], columns.width)


def tutorial_line(entry: Entry, columns: Columns, chosen: bool) -> Line:
    tutorial = entry.tutorial
    strong = STRONG if chosen else TEXT
    title = shorten(tutorial.title, columns.pages - columns.title - 2)
    cells: list[tuple[int, list[Run]]] = [
        (3, [(str(tutorial.chapter), ACCENT_BOLD if tutorial.ready else MUTED)]),
        (columns.title, [(title, strong if tutorial.ready else MUTED)]),
    ]
    if not tutorial.ready:
        cells.append((columns.pages, [("not built yet", MUTED)]))
    else:
        cells.append((columns.pages, [(sign.glyph, Ink(sign.ink)) for sign in entry.signs]))
        if columns.exercises:
            cells.append((columns.exercises, [(f"{entry.passed} of {len(tutorial.exercises)}", MUTED)]))
        if columns.takes and tutorial.minutes is not None:
            cells.append((columns.takes, [(f"{tutorial.minutes:g} min", MUTED)]))
    if columns.needs and tutorial.needs:
        cells.append((columns.needs, [(shorten(tutorial.needs, columns.width - columns.needs), MUTED)]))
    return _placed(cells, columns.width)


def _placed(cells: list[tuple[int, list[Run]]], width: int) -> Line:
    """Runs at their columns."""
    runs: list[Run] = []
    for at, texts in cells:
        gap = at - width_of(runs)
        runs += [(" " * max(gap, 1), TEXT), *texts]
    return fit(runs, width)


def machine_lines(facts: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """`This machine`: name and value under each other."""
    lines = [fit([("This machine", STRONG)], width)]
    for name, value in facts:
        lines.append(fit([(f" {name:<8} ", MUTED), (shorten(visible(value, False), width - 10), TEXT)], width))
    return lines


def run_lines(runs: Sequence[RunInfo], catalogue: Catalogue, width: int, limit: int) -> list[Line]:
    """`Runs`: state, time, chapter and last step of the newest ones."""
    lines = [fit([("Runs", STRONG)], width)]
    if not runs:
        lines.append(fit([(" none yet", MUTED)], width))
    for info in runs[:limit]:
        sign = SIGNS.get(info.state, SIGNS["empty"])
        tutorial = catalogue.get(info.tutorial)
        chapter = str(tutorial.chapter) if tutorial else info.tutorial
        words = visible(f"{chapter} {info.last_step.replace('_', ' ') or sign.word}", False)
        extra = sign.word if info.state not in ("done", "running", "empty") else info.scale
        at = f"{ago(info.started):<9}"
        used = 13 + cell_len(words)
        gap = max(2, 33 - used)
        left: list[Run] = [(f" {sign.glyph} ", Ink(sign.ink)), (at + " ", MUTED), (words, TEXT)]
        lines.append(fit([*left, (" " * gap, TEXT), (extra, MUTED)], width))
    return lines
