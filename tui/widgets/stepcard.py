"""The one object of a lesson: a step with its state, its real code and its settings, which are edited in place."""

from __future__ import annotations

from typing import Any

from deepdive.tui.shown.form import Form
from deepdive.tui.shown.lines import Line, text_of
from deepdive.tui.widgets.cardlines import Card, Drawing, draw_card
from deepdive.tui.widgets.drawn import Drawn
from textual import events
from textual.geometry import Region, Spacing
from textual.message import Message
from textual.widget import Widget

__all__ = ["Card", "StepCard"]

NARROW, LOW = 100, 30  # a terminal smaller than this gets the card with its settings in one line


class StepCard(Drawn):
    """Shows a `Card`. `edit()` moves the keys into its settings until `enter` or `escape`."""

    DEFAULT_CSS = "StepCard { height: auto; background: $card; }"

    class SettingChanged(Message):
        """The learner has set a value that its type and range allow."""

        def __init__(self, step: str, name: str, value: Any) -> None:
            super().__init__()
            self.step, self.name, self.value = step, name, value

    class FormLeft(Message):
        """The keys are no longer in the settings."""

        def __init__(self, step: str) -> None:
            super().__init__()
            self.step = step

    class RunRequested(Message):
        """The step's state was clicked."""

        def __init__(self, step: str) -> None:
            super().__init__()
            self.step = step

    def __init__(self, card: Card | None = None, *, code_rows: int | None = None) -> None:
        super().__init__()
        self.card = card or Card("", "")
        self.code_rows = code_rows
        self.form = Form()
        self.form.take(self.card.settings, self.card.values, self.card.defaults)
        self._drawing = Drawing()
        self._before: Widget | None = None

    @property
    def busy(self) -> bool:
        """Whether the keys are in the settings."""
        return self.form.active

    @property
    def compact(self) -> bool:
        size = self.app.size
        return (size.width < NARROW or size.height < LOW) and not self.form.active

    @property
    def text(self) -> str:
        """The card as it stands, for the clipboard."""
        return "\n".join(text_of(line)[2:].rstrip() for line in self._draw_card(self.size.width or 66).lines)

    def show(self, card: Card) -> None:
        """Show another state of the step; a field that is being typed in keeps its text."""
        if card != self.card:
            self.card = card
            self.form.take(card.settings, card.values, card.defaults)
            self.redraw()

    def edit(self) -> bool:
        """Move the keys into the settings; False where there are none."""
        if not self.form.enter():
            return False
        self._before = self.screen.focused
        self.can_focus = True
        self.focus(scroll_visible=False)
        self._show_chosen()
        return True

    def refuse(self, setting: str, why: str) -> bool:
        """Say at a setting why the worker refuses it; False where it is no setting of this step."""
        known = self.form.refuse(setting, why)
        self.redraw()
        return known

    # ---- drawing --------------------------------------------------------------------------------------------------
    def _draw_card(self, width: int) -> Drawing:
        return draw_card(self.card, self.form, width, self.compact, self.code_rows)

    def rows_needed(self, width: int) -> int:
        return len(self._draw_card(width).lines)

    def draw(self, width: int, height: int) -> list[Line]:
        self._drawing = self._draw_card(width)
        return self._drawing.lines

    # ---- keys and mouse -------------------------------------------------------------------------------------------
    def on_key(self, event: events.Key) -> None:
        answer = self.form.press(event.key, event.character)
        if not answer:
            if self.form.editing and event.is_printable:
                event.stop()  # not a letter for this field, and no command either while one types
            return
        event.stop()
        event.prevent_default()
        self._report()
        if answer == "left":
            self._leave()
        self._show_chosen()

    def on_paste(self, event: events.Paste) -> None:
        if self.form.active:
            event.stop()
            self.form.insert(event.text)
            self._show_chosen()

    def on_click(self, event: events.Click) -> None:
        at = self._drawing.fields.get(event.y)
        if at is not None:
            event.stop()
            if self.form.active or self.edit():
                self.form.choose(at)
                self._report()
            self._show_chosen()
        elif event.y == 0 and event.x > self.size.width // 2 and self.card.step:
            self.post_message(self.RunRequested(self.card.step))

    def on_blur(self) -> None:
        """Another widget was chosen: what can be taken is taken. Another window: everything stays."""
        if self.form.active and self.app.app_focus:
            self.form.commit()
            self._report()
            self.form.leave()
            self._before = None
            self._leave()
            self.redraw()

    def _report(self) -> None:
        for name, value in self.form.reported():
            self.post_message(self.SettingChanged(self.card.step, name, value))

    def _leave(self) -> None:
        before, self._before = self._before, None
        if self.has_focus:
            self.screen.set_focus(before if before is not None and before.is_attached else None)
        self.can_focus = False
        self.post_message(self.FormLeft(self.card.step))

    def _show_chosen(self) -> None:
        """Draw again, and bring the chosen field into sight."""
        self.redraw()
        if self.form.active:
            self.call_after_refresh(self._scroll_to_chosen)

    def _scroll_to_chosen(self) -> None:
        row = next((row for row, at in self._drawing.fields.items() if at == self.form.at), None)
        if row is not None and isinstance(self.parent, Widget):
            here = self.virtual_region
            line = Region(here.x, here.y + row, here.width, 1)
            self.parent.scroll_to_region(line, spacing=Spacing(2, 0, 2, 0), animate=False)
