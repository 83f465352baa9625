"""The panel of a learning curve."""

from __future__ import annotations

from deepdive.tui.shown import learning
from deepdive.tui.widgets.learning import Stops
from textual.app import ComposeResult

from .base import Moment, Panel


class LearningPanel(Panel):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.curve = Stops()

    def compose(self) -> ComposeResult:
        yield self.curve

    def tell(self, moment: Moment) -> None:
        found = learning.learned(moment.lesson, moment.job, self.key.partition(":")[2])
        if found is None:
            return
        stops = self.curve
        stops.title, stops.unit, stops.x_name = found.title, found.subtitle, found.axis.replace("_", " ")
        stops.show_at(
            found.stops,
            found.series,
            found.told,
            f"and {found.left_out} more" if found.left_out else "",
        )
