"""What every panel is made of: the moment that it shows, its head, its words."""

from __future__ import annotations

from dataclasses import dataclass

from deepdive.engine.runs.view import JobView
from deepdive.tui.shown.lesson import Lesson
from deepdive.tui.shown.lines import Line, heading, text_of
from deepdive.tui.widgets.drawn import Drawn
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


@dataclass(frozen=True)
class Moment:
    """What all panels show: a job, the one before it, and where the cursor stands on its curve."""

    lesson: Lesson
    job: JobView
    x: float | None = None


class HeadLine(Drawn):
    """A panel's first line: bold name, unit, one muted fact at the right edge."""

    DEFAULT_CSS = "HeadLine { height: 1; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words = ("", "", "")

    def show(self, title: str, unit: str = "", note: str = "") -> None:
        if (title, unit, note) != self.words:
            self.words = (title, unit, note)
            self.redraw()

    def draw(self, width: int, height: int) -> list[Line]:
        return [heading(*self.words, width)]

    @property
    def text(self) -> str:
        return "  ".join(word for word in self.words if word)


class Words(Static):
    """Text that is laid out anew only when it is another one."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Content(""), id=id, classes=classes, markup=False)

    def say(self, words: Content | str) -> None:
        content = Content(words) if isinstance(words, str) else words
        if content != self.content:
            self.update(content)


class Panel(Vertical):
    """The base: `tell` brings it up to a moment; `front` is what takes the keys."""

    def __init__(self, key: str) -> None:
        super().__init__(classes=key.partition(":")[0])
        self.key = key

    @property
    def front(self) -> Widget | None:
        return next((child for child in self.query("*") if child.can_focus), None)

    def tell(self, moment: Moment) -> None:
        raise NotImplementedError

    def as_text(self) -> str:
        """What stands in the panel, for the clipboard."""
        lines = []
        for child in self.query(Drawn):
            if child.size:
                lines += [text_of(line).rstrip() for line in child.draw(child.size.width, max(child.size.height, 1))]
        return "\n".join(lines)
