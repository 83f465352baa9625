"""One row of a table in full: its texts with their marked parts, its shares as bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import is_number
from deepdive.engine.runs.events import Rows
from deepdive.tui.shown.cells import look, plain, spans_of
from deepdive.tui.shown.ink import MUTED, TEXT, Ink
from deepdive.tui.shown.lines import Line, Run, heading
from deepdive.tui.shown.marks import Bar
from deepdive.tui.widgets.bars import bar_lines
from deepdive.tui.widgets.prose import wrap
from rich.cells import cell_len

LONG_TEXT = 12  # characters from which a cell may be worth reading in full
TRUTHS = ("truth", "label", "answer", "expected")  # columns that say what is right


def example_lines(rows: Rows, at: int, width: int) -> list[Line]:
    """The row under the cursor where a table `width` cells wide can't show it: heading, texts, bars; else nothing."""
    if rows.view != "table" or not 0 <= at < len(rows.rows):
        return []
    row = rows.rows[at]
    rich = any(isinstance(value, dict) and ("spans" in value or "bars" in value) for value in row.values())
    texts = {name: value for name, value in row.items() if _is_text(value)}
    size = sum(cell_len(plain(value)) + 2 for value in row.values())
    if not rich and size <= width and not any("\n" in str(value) for value in texts.values()):
        return []
    told = {name: value for name, value in texts.items() if len(plain(value)) > LONG_TEXT or isinstance(value, dict)}
    lines = [heading("Row", f"{at + 1:,} of {len(rows.rows):,}", "↑ ↓", width)]
    for name, value in told.items():
        named: list[Run] = [(_name(name) + "  ", MUTED)] if len(told) > 1 else []
        lines += wrap([*named, *_runs(value)], width)
    for name, value in row.items():
        if isinstance(value, dict) and "bars" in value:
            lines += [(), *_bars(name, value["bars"], row, width)]
    return lines


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and "spans" in value)


def _name(name: str) -> str:
    return visible(name, False).replace("_", " ")


def _runs(value: Any) -> list[Run]:
    if isinstance(value, str):
        return [(visible(value), TEXT)]
    runs: list[Run] = []
    for text, label in spans_of(value):
        if not label:
            runs.append((text, TEXT))
            continue
        how = look(label)
        text = text.replace(" ", "\u00a0") if how.invert else text  # a blank stays one piece
        back = "background" if how.invert else ""
        runs.append((text, Ink(how.color, back=back, bold=True, underline=how.underline, invert=how.invert)))
    return runs


def _bars(name: str, shares: Mapping[str, Any], row: Mapping[str, Any], width: int) -> list[Line]:
    """The shares as bars, the true one strong; without a truth the greatest."""
    truth = next((plain(row[key]) for key in TRUTHS if key in row and not isinstance(row[key], dict)), "")
    bars = [Bar(str(label), float(share) if is_number(share) else None) for label, share in shares.items()]
    known = [bar.value for bar in bars if bar.value is not None]
    full = 1.0 if known and min(known) >= 0 and max(known) <= 1 else None
    greatest = max(range(len(bars)), key=lambda at: bars[at].value or 0.0, default=None)
    right = next((at for at, bar in enumerate(bars) if bar.label == truth), None)
    title = _name(name)
    note = f"truth: {visible(truth, False)}" if truth else ""
    chosen = right if right is not None else greatest
    return [
        heading(title[:1].upper() + title[1:], "", note, width),
        *bar_lines(bars, width, highlight=chosen, full=full),
    ]
