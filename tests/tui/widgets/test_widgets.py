"""The widgets in an app: keys, messages, what is repainted and how much of it."""

from __future__ import annotations

import math
import time

import pytest
from deepdive.tui.shown.lines import Line, text_of
from deepdive.tui.shown.marks import Bar, Column, Holder, Piece, Series
from deepdive.tui.widgets.bars import Bars
from deepdive.tui.widgets.curve import CurveChart
from deepdive.tui.widgets.drawn import Drawn
from deepdive.tui.widgets.holders import Holders
from deepdive.tui.widgets.table import Table
from deepdive.tui.widgets.tokens import Tokens
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.message import Message
from textual.theme import Theme
from textual.widget import Widget


class Host(App[None]):
    """Shows one widget and keeps the messages that it posts."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def on_curve_chart_cursor_moved(self, message: CurveChart.CursorMoved) -> None:
        self.heard.append(message)

    def on_tokens_token_selected(self, message: Tokens.TokenSelected) -> None:
        self.heard.append(message)

    def on_table_row_selected(self, message: Table.RowSelected) -> None:
        self.heard.append(message)

    def on_table_row_opened(self, message: Table.RowOpened) -> None:
        self.heard.append(message)


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)


def screen_text(widget: Drawn) -> list[str]:
    return [widget.render_line(y).text for y in range(widget.size.height)]


def falling(count: int) -> list[tuple[float, float | None]]:
    return [(float(x), 8 * math.exp(-x / 100)) for x in range(count)]


def measured(count: int, *more: tuple[float, float]) -> list[Series]:
    """A training of so many updates and `more` points."""
    every = [(float(x), 5.0) for x in range(0, count, 30)]
    return [Series("training", [*falling(count), *more]), Series("validation", every, "triangle", "validation")]


def loss(count: int = 100, planned: float = 300) -> CurveChart:
    return CurveChart(measured(count), title="Loss", unit="nats a token", planned=planned)


async def test_the_cursor_goes_along_the_curve_and_says_so() -> None:
    app = Host(curve := loss())
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.press("left")
        assert curve.cursor_x == 99
        await pilot.press("left")
        assert curve.cursor_x is not None
        assert curve.cursor_x < 99
        await pilot.press("end")
        assert curve.cursor_x == 99
        await pilot.press("home")
        assert curve.cursor_x == 0
        await pilot.press("right")
        first = curve.cursor_x
        await pilot.press("shift+right")
        assert curve.cursor_x > first + 20
        await pilot.press("left", "left", "left")
        assert "cursor at update" in screen_text(curve)[0]
        moved = [message for message in app.heard if isinstance(message, CurveChart.CursorMoved)]
        assert moved[-1].x == curve.cursor_x
        await pilot.press("home", "left", "left")
        assert curve.cursor_x == 0


async def test_every_marked_point_can_be_reached_by_single_steps() -> None:
    app = Host(curve := loss(300))
    async with app.run_test(size=(40, 16)) as pilot:
        curve.cursor_home()
        seen = {curve.cursor_x}
        for _ in range(60):
            curve.move_cursor(1)
            seen.add(curve.cursor_x)
        await pilot.pause()
        assert {float(x) for x in range(0, 300, 30)} <= seen


async def test_a_cursor_at_the_end_follows_new_points() -> None:
    app = Host(curve := loss())
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.press("end")
        curve.show(measured(100, (100.0, 3.0), (101.0, 3.0)))
        assert curve.cursor_x == 101
        await pilot.press("left")
        stood = curve.cursor_x
        curve.show(measured(100, (100.0, 3.0), (101.0, 3.0), (102.0, 3.0)))
        assert curve.cursor_x == stood


async def test_a_click_puts_the_cursor_on_the_nearest_point() -> None:
    app = Host(curve := loss(300))
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.click(curve, offset=(31, 6))
        assert curve.cursor_x == pytest.approx(150, abs=6)


async def test_values_at_the_cursor_stand_in_the_legend() -> None:
    app = Host(curve := loss())
    async with app.run_test(size=(60, 16)) as pilot:
        curve.set_cursor(0)
        await pilot.pause()
        text = "\n".join(screen_text(curve))
        assert "training 8.00" in text
        assert "▲ validation 5.00" in text


async def test_only_what_changed_is_repainted() -> None:
    app = Host(curve := loss())
    async with app.run_test(size=(120, 36)) as pilot:
        curve.interval = 0.0
        await pilot.pause()
        asked: list[Region] = []
        kept = curve.refresh

        def refresh(*regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Widget:
            asked.extend(regions or [curve.size.region])
            return kept(*regions, repaint=repaint, layout=layout, recompose=recompose)

        curve.refresh = refresh  # type: ignore[method-assign]
        curve.show(measured(100, (100.0, 2.9)))
        await pilot.pause()
        assert 0 < sum(region.area for region in asked) <= 60
        asked.clear()
        curve.redraw()
        await pilot.pause()
        assert asked == []


async def test_axes_stay_while_the_curve_grows() -> None:
    app = Host(curve := loss(20))
    async with app.run_test(size=(60, 16)) as pilot:
        curve.interval = 0.0
        await pilot.pause()
        before = [line[:3] for line in screen_text(curve)]
        for count in range(21, 301):
            curve.show(measured(count))
        await pilot.pause()
        assert [line[:3] for line in screen_text(curve)] == before


async def test_new_data_are_painted_at_the_interval_and_keys_at_once() -> None:
    painted: list[float] = []

    class Counted(CurveChart):
        def draw(self, width: int, height: int) -> list[Line]:
            painted.append(time.monotonic())
            return super().draw(width, height)

    curve = Counted([Series("training", falling(10))], planned=300)
    app = Host(curve)
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.pause()
        curve.interval = 0.2
        painted.clear()
        for x in range(10, 60):
            curve.show([Series("training", falling(x + 1))])
            await pilot.pause(0.005)
        in_stream = len(painted)
        assert in_stream <= 5
        await pilot.pause(0.3)
        assert len(painted) > 0
        painted.clear()
        await pilot.press("left")
        assert painted


@pytest.mark.parametrize("size", [(16, 4), (20, 5), (30, 8), (54, 15), (200, 50)])
@pytest.mark.parametrize("mode", ["dots", "blocks", "ascii"])
async def test_a_curve_fits_any_size(size: tuple[int, int], mode: str) -> None:
    curve = CurveChart(
        [Series("training", falling(200)), Series("book", [(0.0, 7.0), (300.0, 2.0)], "dashes", "book")],
        title="Loss",
        planned=300,
        facts=["gap 1.11"],
        mode=mode,  # type: ignore[arg-type]
    )
    async with Host(curve).run_test(size=size) as pilot:
        await pilot.press("left")
        lines = screen_text(curve)
        assert all(len(line) == size[0] for line in lines)
        assert lines[0].startswith("Loss")


async def test_a_theme_switch_recolours_and_draws_the_same_cells() -> None:
    app = Host(curve := loss())
    async with app.run_test(size=(60, 16)) as pilot:
        app.register_theme(Theme("red", primary="#ff0000", variables={"training": "#ff0000"}))
        before = screen_text(curve)
        app.theme = "red"
        await pilot.pause()
        assert screen_text(curve) == before
        colors = {
            segment.style.color.name
            for y in range(curve.size.height)
            for segment in curve.render_line(y)
            if segment.style and segment.style.color
        }
        assert "#ff0000" in colors


async def test_series_differ_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Host(curve := loss())
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.pause()
        text = "\n".join(screen_text(curve))
        assert "▲" in text
        assert "━ training" in text
        assert "▲ validation" in text


def story() -> list[Piece]:
    return [Piece("the river town of orla is known for"), *(Piece(f" word{at}", at / 40) for at in range(40))]


async def test_tokens_are_chosen_with_the_arrows() -> None:
    app = Host(tokens := Tokens(story()))
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.press("right")
        assert tokens.cursor == 1
        await pilot.press("right", "right", "left")
        assert tokens.cursor == 2
        await pilot.press("down")
        assert tokens.cursor > 4
        await pilot.press("up", "end")
        assert tokens.cursor == 40
        await pilot.press("right")
        assert tokens.cursor == 40
        heard = [message for message in app.heard if isinstance(message, Tokens.TokenSelected)]
        assert heard[-1].index == 40
        await pilot.click(tokens, offset=(1, 0))
        assert tokens.cursor == 0


async def test_a_stream_is_painted_five_times_a_second_and_whole_at_the_end() -> None:
    painted = 0

    class Counted(Tokens):
        def draw(self, width: int, height: int) -> list[Line]:
            nonlocal painted
            painted += 1
            return super().draw(width, height)

    app = Host(tokens := Counted())
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        painted = 0
        start = time.monotonic()
        for piece in story():
            tokens.show([*tokens.pieces, piece])
            await pilot.pause(0.01)
        lasted = time.monotonic() - start
        assert painted <= lasted / 0.2 + 2
        await pilot.pause(0.3)
        assert "word39" in "".join(screen_text(tokens))


async def test_a_longer_text_scrolls_to_its_cursor() -> None:
    tokens = Tokens([Piece(f" token{at}", 0.5) for at in range(300)])
    app = Host(scroll := VerticalScroll(tokens))
    async with app.run_test(size=(40, 10)) as pilot:
        tokens.focus()
        await pilot.press("end")
        await pilot.pause()
        assert scroll.scroll_y > 20
        await pilot.press("home")
        await pilot.pause()
        assert scroll.scroll_y == 0


async def test_a_text_longer_than_its_widget_follows_its_end_until_the_cursor_goes_back() -> None:
    tokens = Tokens([Piece(f" token{at}", 0.5) for at in range(300)])
    tokens.styles.max_height = 8
    app = Host(tokens)
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        assert tokens.size.height == 8
        assert "token299" in screen_text(tokens)[-1]
        tokens.show([*tokens.pieces, *[Piece(" token300", 0.5)] * 9])
        await pilot.pause(0.3)
        assert "token300" in screen_text(tokens)[-1]
        await pilot.press("home")
        await pilot.pause()
        assert "token0" in screen_text(tokens)[0]
        tokens.show([*tokens.pieces, *[Piece(" token301", 0.5)] * 9])
        await pilot.pause(0.3)
        assert "token0" in screen_text(tokens)[0]
        await pilot.click(tokens, offset=(30, 7))
        assert tokens.cursor is not None
        assert tokens.cursor > 20


async def test_showing_a_grown_text_keeps_the_cursor_and_another_text_does_not() -> None:
    app = Host(tokens := Tokens(story()[:5]))
    async with app.run_test(size=(40, 20)) as pilot:
        tokens.select(3)
        tokens.show(story())
        assert tokens.cursor == 3
        tokens.show([Piece("other")])
        await pilot.pause(0.3)
        assert tokens.cursor is None
        assert screen_text(tokens)[0].strip() == "other"


async def test_escape_sequences_of_a_model_never_reach_the_terminal() -> None:
    app = Host(Tokens([Piece("a\x1b[31mb\x07", 0.5)]), Bars([Bar("\x1b]0;", 0.3)]), Table([Column("x")], [["\x9b2J"]]))
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        for widget in app.query(Drawn):
            assert all(line.isprintable() for line in screen_text(widget))


async def test_table_rows_are_chosen_opened_and_scrolled() -> None:
    table = Table([Column("n", "right")], [[str(at)] for at in range(30)], selectable=True)
    table.styles.height = 6
    app = Host(table)
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.press("down", "down", "enter")
        assert [(type(message).__name__, message.index) for message in app.heard] == [  # type: ignore[attr-defined]
            ("RowSelected", 1),
            ("RowSelected", 2),
            ("RowOpened", 2),
        ]
        await pilot.press("end")
        await pilot.pause()
        assert "▌" in screen_text(table)[-1]
        assert "29" in screen_text(table)[-1]


async def test_heights_follow_the_data() -> None:
    bars = Bars([Bar("a", 0.5)], title="Fills the gap")
    holders = Holders([Holder("weights", 12.6e6, "weights"), Holder("Adam", 25.2e6, "optimizer")], total=1e8, peak=5e7)
    app = Host(bars, holders)
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        assert bars.size.height == 2
        bars.show([Bar("a", 0.5), Bar("b", 0.2)])
        await pilot.pause()
        assert bars.size.height == 3
        text = screen_text(holders)
        assert text[0].startswith("Memory  MB, this run")
        assert "weights 12.6" in text[2]
        assert text[2].rstrip().endswith("peak 50")


async def test_the_strip_form_of_memory() -> None:
    holders = Holders([Holder("weights", 12.6e6, "weights")], total=1e8, peak=1.03e8)
    async with Host(holders).run_test(size=(24, 6)) as pilot:
        await pilot.pause()
        lines = [line.rstrip() for line in screen_text(holders)]
        assert lines[0] == "Memory  103 MB"
        assert lines[2] == "█ weights 12.6"


def test_line_text_is_what_is_drawn() -> None:
    assert text_of(CurveChart(title="Loss").draw(30, 9)[0]).startswith("Loss")
