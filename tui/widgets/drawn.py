"""The base of the drawing widgets: pure lines in, cached strips out, only changed spans repainted."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from deepdive.tui.shown.lines import Line, changed_spans, fit, safe
from deepdive.tui.widgets.palette import Palette
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.timer import Timer


class Drawn(Widget):
    """A widget that draws itself as lines of theme-token ink.

    Subclasses override `draw(width, height)`, and `rows_needed(width)` if `height: auto` is to work. After a change
    they call `redraw()`: the lines are drawn once, compared with the ones on the screen, and only the spans that
    differ are sent to the terminal.
    """

    # Seconds between two repaints that new data asks for; what the learner does is painted at once.
    INTERVAL: ClassVar[float] = 0.0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.interval = self.INTERVAL
        self._lines: list[Line] = []
        self._strips: list[Strip | None] = []
        self._drawn_size = Size(0, 0)
        self._rows: int | None = None
        self._stale = True
        self._painted_at = float("-inf")
        self._timer: Timer | None = None
        self._background: Color | None = None
        self._palette: Palette | None = None

    def draw(self, width: int, height: int) -> list[Line]:
        """The lines for a content area of `width` by `height` cells."""
        raise NotImplementedError

    def rows_needed(self, width: int) -> int | None:
        """Lines wanted at this width when the height is `auto`; None: as many as the container has."""
        return None

    @property
    def palette(self) -> Palette:
        """The styles of the theme in force."""
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables)
        return self._palette

    def redraw(self, urgent: bool = True) -> None:
        """Draw again soon; with `urgent` false at most once per `interval` seconds."""
        self._stale = True
        if not self.is_mounted:
            return
        wait = 0.0 if urgent else self._painted_at + self.interval - monotonic()
        if wait > 0:
            if self._timer is None:
                self._timer = self.set_timer(wait, self._repaint)
        else:
            self.call_next(self._repaint)

    def _repaint(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not self._stale:
            return
        if not self.size:
            if self.styles.is_auto_height:
                self.refresh(layout=True)  # it was empty so far: how high it is now is for the layout to find out
            return
        if self.styles.is_auto_height and (rows := self.rows_needed(self.size.width)) != self._rows:
            capped = self._rows is not None and rows is not None and min(rows, self._rows) > self.size.height
            self._rows = rows
            self.refresh(repaint=not capped, layout=True)
            if not capped:
                self._painted_at = monotonic()
                return
        old, same_size = self._lines, self._drawn_size == self.size
        self._draw_now()
        if not same_size or len(old) != len(self._lines):
            self.refresh()
            return
        regions = [
            Region(start, y, end - start, 1)
            for y, (before, after) in enumerate(zip(old, self._lines, strict=True))
            for start, end in changed_spans(before, after)
        ]
        if regions:
            self.refresh(*regions)

    def _draw_now(self) -> None:
        width, height = self._drawn_size = self.size
        lines = [fit(safe(line), width) for line in self.draw(width, height)[:height]]
        kept = dict(zip(enumerate(self._lines), self._strips, strict=True))
        self._strips = [kept.get(place) for place in enumerate(lines)]
        self._lines = lines
        self._stale = False
        self._painted_at = monotonic()

    def render_line(self, y: int) -> Strip:
        """The strip of line `y`, from the cache unless its text, its ink or the theme changed."""
        if self._stale or self._drawn_size != self.size:
            self._draw_now()
        if y >= len(self._lines):
            return Strip.blank(self.size.width, Style(bgcolor=self.background_colors[1].rich_color))
        background = self.background_colors[1]
        if background != self._background:
            self._background, self._strips = background, [None] * len(self._lines)
        strip = self._strips[y]
        if strip is None:
            style, base = self.palette.style, Style(bgcolor=background.rich_color)
            segments = [Segment(text, base + style(ink)) for text, ink in self._lines[y]]
            strip = self._strips[y] = Strip(segments, self.size.width)
        return strip

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Drawings take the width that there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows needed, or the container's."""
        rows = self._rows = self.rows_needed(width) if width else 0
        return container.height if rows is None else rows

    def _on_mount(self, event: Any) -> None:
        super()._on_mount(event)
        self.app.theme_changed_signal.subscribe(self, self._on_theme_changed)

    def _on_theme_changed(self, _: Theme) -> None:
        self._palette = None
        self._strips = [None] * len(self._lines)
        self.refresh()

    def notify_style_update(self) -> None:
        """The stylesheet was applied again, perhaps for another theme: forget colours."""
        super().notify_style_update()
        self._palette = None
        self._strips = [None] * len(self._lines)
