"""What a step's calls to paid endpoints cost: spent, expected in all, the cap."""

from __future__ import annotations

from collections.abc import Iterable

from deepdive.engine.common.untrusted import visible
from deepdive.engine.runs.events import Spend
from deepdive.tui.shown.marks import Bar
from deepdive.tui.widgets.bars import Bars
from textual.app import ComposeResult

from .base import Moment, Panel, Words


def cost_bars(spends: Iterable[Spend]) -> list[Bar]:
    """Of each role whose prices are known what is spent and what it is expected to come to; then the run's cap."""
    bars, cap = [], None
    for spend in spends:
        if not spend.cost and not spend.estimate:
            continue
        role, cap = visible(spend.role, False), spend.cap
        bars.append(Bar(f"{role}, spent", spend.cost, color="training"))
        if spend.estimate:
            bars.append(Bar(f"{role}, in all", spend.estimate, color="text-3"))
    return [*bars, Bar("cap", cap, color="failed")] if bars and cap is not None else bars


def cost_words(spends: Iterable[Spend]) -> str:
    """A line a role: how many calls, how many tokens, to which model."""
    lines = []
    for spend in spends:
        about = f"{visible(spend.role, False)}: {spend.calls:,} calls to {visible(spend.model, False)}"
        priced = "" if spend.cost or spend.estimate else ", prices not known"
        lines.append(f"{about}, {spend.tokens:,} tokens{priced}")
    return "\n".join(lines)


class CostPanel(Panel):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.bars, self.words = Bars(title="Cost", unit="US dollars", highlight=None), Words()

    def compose(self) -> ComposeResult:
        yield self.bars
        yield self.words

    def tell(self, moment: Moment) -> None:
        spends = list(moment.job.spend.values())
        self.bars.show(cost_bars(spends), highlight=None)
        self.words.say(cost_words(spends))
