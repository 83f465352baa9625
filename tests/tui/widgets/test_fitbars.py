"""Guards the bars of "will it fit?": lengths, marks of the sizes, the chosen row, narrow screens."""

from __future__ import annotations

import pytest
from deepdive.tui.shown.lines import text_of, width_of
from deepdive.tui.shown.marks import Holder
from deepdive.tui.widgets.fitbars import Change, FitBar, FitBars
from textual.app import App, ComposeResult

GB = 1e9


def bar(name: str, *amounts: float, **more: object) -> FitBar:
    kinds = ("weights", "gradients", "optimizer", "activations", "other")
    holders = tuple(Holder(kind, amount * GB, kind) for kind, amount in zip(kinds, amounts, strict=False))
    return FitBar(name, holders, **more)  # type: ignore[arg-type]


BARS = [
    bar("full", 27, 27, 54, 12, says="does not fit 80 GB", verdict="failed"),
    bar("adapters", 5, 0, 0, 7, says="fits 16 GB with 4.0 to spare"),
]


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.bars = FitBars()

    def compose(self) -> ComposeResult:
        yield self.bars


async def drawn(bars: list[FitBar], width: int, chosen: int = 0, changes: tuple[Change, ...] = ()) -> list[str]:
    app = Host()
    async with app.run_test(size=(width, 40)) as pilot:
        app.bars.show(bars, chosen, (16, 24, 80), "What would help" if changes else "", changes)
        await pilot.pause()
        assert app.bars.size.height == app.bars.rows_needed(width)
        lines = app.bars.draw(width, 40)
        assert all(width_of(line) == width for line in lines)
        return [text_of(line) for line in lines]


async def test_bars_are_as_long_as_their_totals_and_the_sizes_are_marked() -> None:
    lines = await drawn(BARS, 100)
    full, adapters = lines[1], lines[4]
    filled = [sum(line.count(fill) for fill in "█▓▒▚░") for line in (full, adapters)]
    assert filled[1] / filled[0] == pytest.approx(0.1, abs=0.02)
    assert full.endswith("120 GB")
    assert adapters.endswith("12 GB")
    assert full.count("▒") == pytest.approx(2 * full.count("█"), abs=2)
    assert lines[0].split() == ["16", "24", "80", "GB"]
    for size in ("16", "24", "80 GB"):
        assert adapters[lines[0].index(size)] == "┊"
    assert "┊" not in full  # the bar covers them


async def test_the_chosen_one_is_marked_and_its_ways_out_stand_below() -> None:
    way = Change("gradient checkpointing", 10 * GB, 110 * GB, "one more forward pass", "held")
    lines = await drawn(BARS, 80, chosen=1, changes=(way,))
    assert [line[0] for line in lines if "full" in line or "adapters" in line] == [" ", "▸"]
    assert lines[-1].split() == [
        "gradient",
        "checkpointing",
        "-10",
        "GB",
        "110",
        "GB",
        "one",
        "more",
        "forward",
        "pass",
    ]
    assert "What would help" in lines[-2]


@pytest.mark.parametrize("width", [40, 80, 200])
async def test_every_width_holds_names_numbers_and_verdicts(width: int) -> None:
    many = [bar(f"configuration number {n}", 3 + n, 1, says="fits 16 GB") for n in range(7)]
    lines = await drawn(many, width)
    assert sum("fits 16 GB" in line for line in lines) == 7
    assert sum(line.endswith("GB") and "config" in line for line in lines) == 7
    assert len(lines) == 1 + 7 * 2 + 1  # seven fit a screen of 24 lines


async def test_what_was_measured_stands_under_what_was_planned() -> None:
    seen = (Holder("weights", 27 * GB, "weights"), Holder("gradients", 20 * GB, "gradients"))
    lines = await drawn([bar("full", 27, 21, measured=seen, says="fits")], 100)
    assert "measured" in lines[2]
    assert lines[2].endswith("47 GB")


async def test_what_is_less_than_half_a_cell_takes_none_from_the_others() -> None:
    lines = await drawn([bar("full", 60, 60), bar("8 bits", 8, 0.02, 0.03, 4, 4)], 80)
    small = lines[4]
    assert "▓" not in small and "▒" not in small
    assert small.count("█") == small.count("▚") + small.count("░")


async def test_a_configuration_that_is_unknown_has_its_reason_and_no_bar() -> None:
    lines = await drawn([FitBar("lost", says="no such model", verdict="failed"), *BARS], 80)
    assert lines[1].split() == ["▸", "lost"]
    assert "no such model" in lines[2]
