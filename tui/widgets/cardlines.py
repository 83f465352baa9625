"""A step's card in lines: state, code, settings, needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.settings import Setting
from deepdive.engine.runs.events import FAULTS
from deepdive.tui.shown.form import TYPED, Form, bounds
from deepdive.tui.shown.ink import FAINT, MUTED, STRONG, TEXT, Ink
from deepdive.tui.shown.lines import ELLIPSIS, Line, Run, fit, shorten, spread, width_of
from deepdive.tui.shown.signs import SIGNS, Sign
from deepdive.tui.widgets.code import body_of
from deepdive.tui.widgets.fold import folded
from deepdive.tui.widgets.prose import wrap
from deepdive.tui.widgets.wrap import CARRIER
from rich.cells import cell_len

INDENT = 3  # of what stands in the card: bar, blank, blank
RIGHT = 1
VALUE = Ink("text-1", back="edit")
CHOSEN = Ink("text-1", back="edit", bold=True, underline=True)
CHANGED = Ink("accent", back="background", invert=True)
CARET = Ink("text-1", back="background", invert=True)
KEY = Ink("accent", bold=True)
TOLD = ("stale", *FAULTS, "stopped", "cut")  # states whose reason is told in their colour


@dataclass(frozen=True)
class Card:
    """What a step's card shows. `needs`: (name, state of that step). `about`: how long and how much, here."""

    step: str
    title: str
    state: str = "never"
    state_text: str = ""
    code: str = ""
    settings: tuple[Setting, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[tuple[str, str], ...] = ()
    writes: str = ""
    about: str = ""
    reason: str = ""

    @property
    def sign(self) -> Sign:
        return SIGNS.get(self.state, SIGNS["never"])


@dataclass
class Drawing:
    """The lines of a card and where its fields are: {row: index of the setting}."""

    lines: list[Line] = field(default_factory=list)
    fields: dict[int, int] = field(default_factory=dict)


def draw_card(card: Card, form: Form, width: int, compact: bool = False, code_rows: int | None = None) -> Drawing:
    """The card `width` cells wide. `compact`: settings in one line. `code_rows`: the most lines of code to show."""
    drawing = Drawing()
    bar: Run = ("▌", Ink("rule" if card.state == "never" else card.sign.ink))
    blank: list[Line] = [] if compact else [()]
    rows: list[Line] = _head(card, width - 2) + _reason(card, width - 4) + blank
    code = _code(card, width - INDENT - RIGHT, code_rows)
    rows += [((" ", TEXT), *line) for line in code] + (blank if code else [])
    if card.settings:
        if compact:
            rows += [((" ", TEXT), *line) for line in _settings_line(form, width - INDENT - RIGHT)]
        else:
            for at, setting in enumerate(card.settings):
                drawing.fields[len(rows)] = at
                rows += _field(form, setting, _Columns.of(form, width))
                if form.active and setting is form.setting:
                    rows += _help(setting, width - INDENT - RIGHT)
            rows += blank
    if not compact:
        below = _needs(card, width - INDENT - RIGHT)
        rows += [((" ", TEXT), *line) for line in below] + ([()] if below else [])
    if form.active and not compact:
        rows[-1] = _keys(form, width - INDENT)  # in place of the last blank line, so that nothing moves
    drawing.lines = [fit([bar, *_marked(line)], width) for line in rows]
    return drawing


def _marked(line: Line) -> Line:
    """A line after its bar: one that brings its own marker, or a blank."""
    return line if line and line[0][0].startswith("›") else ((" ", TEXT), *line)


def _head(card: Card, width: int) -> list[Line]:
    ink = Ink(card.sign.ink, bold=card.state != "never")
    title = visible(card.title, newlines=False)
    state = visible(card.state_text or str(card.sign), newlines=False)
    if cell_len(title) + 2 + cell_len(state) + RIGHT <= width:
        return [spread([(title, STRONG)], [(state, ink), (" " * RIGHT, TEXT)], width)]
    return [((shorten(title, width - RIGHT), STRONG),), ((shorten(state, width - RIGHT), ink),)]


def _reason(card: Card, width: int) -> list[Line]:
    if not card.reason:
        return []
    return wrap([(visible(card.reason), Ink(card.sign.ink) if card.state in TOLD else MUTED)], width)


@lru_cache(maxsize=64)
def _set_code(code: str, width: int) -> tuple[Line, ...]:
    """A page is drawn several times while it is laid out; its code is set once."""
    return tuple(folded(body_of(code), width))


def _code(card: Card, width: int, most: int | None) -> list[Line]:
    if not card.code:
        return []
    lines = list(_set_code(card.code, width))
    drawn = lines if most is None or len(lines) <= most else lines[: max(most - 1, 1)]
    if (left := len(lines) - len(drawn)) > 0:
        drawn.append(((f"… {left} more line{'s' if left > 1 else ''}  ", FAINT), ("v", KEY), (" whole code", FAINT)))
    return drawn


# ---- settings -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Columns:
    """Where the fields of a form stand, so that their values are under each other."""

    width: int
    label: int
    field: int
    bounds: int

    @classmethod
    def of(cls, form: Form, width: int) -> _Columns:
        label = min(max(cell_len(setting.label) for setting in form.settings) + 2, max(10, width // 3))
        short = [setting for setting in form.settings if setting.kind not in TYPED]
        values = [cell_len(form.shown(setting)) for setting in short]
        defaults = [cell_len(setting.show(form.defaults.get(setting.name, setting.default))) for setting in short]
        edge = max([*values, *defaults, 4]) + 2
        ranges = max([cell_len(bounds(setting)) for setting in short], default=0)
        return cls(width, label, min(edge, max(8, width // 3)), ranges)

    @property
    def left(self) -> int:
        """Cells before a field, the bar among them."""
        return INDENT + self.label


def _field(form: Form, setting: Setting, columns: _Columns) -> list[Line]:
    """Name, value, range, and the default where it was changed; refused: why, in place of range and default."""
    chosen = form.active and setting is form.setting
    label = shorten(setting.label, columns.label - 1).ljust(columns.label)
    left: list[Run] = [("› " if chosen else " ", KEY), (label, STRONG if chosen else MUTED)]
    room = columns.width - columns.left - RIGHT
    value = _value(form, setting, columns, room, chosen)
    used = columns.left + width_of(value)
    if form.refused and form.refused_name == setting.name:
        return _refused([*left, *value], form.refused, used + 1, columns)
    runs = [*left, *value]
    beside, default = bounds(setting) if chosen or setting.kind != "place" else "", ""
    if form.differs(setting):
        default = "default " + _one_line(setting.show(form.defaults.get(setting.name, setting.default)))
    left_over = columns.width - used - RIGHT - 1
    if default and setting.kind == "place" and 3 + cell_len(default) > left_over:  # whole, below: places are long
        return [tuple(runs), ((" " * (columns.left - 1), TEXT), (shorten(default, room), MUTED))]
    if default and cell_len(beside) + 3 + cell_len(default) > left_over:
        beside = ""  # the default says more than the range
    if beside and cell_len(beside) <= left_over:
        runs += [(" ", TEXT), (beside, FAINT)]
        left_over -= cell_len(beside)
    if default and left_over > 10:
        short = setting.kind not in TYPED
        gap = columns.bounds - cell_len(beside) + 4 if short else 3
        gap = gap if gap + cell_len(default) <= left_over else (3 if beside else 1)
        runs += [(" " * gap, TEXT), (shorten(default, left_over - gap), MUTED)]
    return [tuple(runs)]


def _help(setting: Setting, width: int) -> list[Line]:
    """What the chosen setting does; a line also where nothing is told, so that the card keeps its height."""
    return [((" " * 2, TEXT), (shorten(visible(setting.help, newlines=False), width - 2), Ink("accent")))]


def _value(form: Form, setting: Setting, columns: _Columns, room: int, chosen: bool) -> list[Run]:
    text = _one_line(form.shown(setting))
    ink = CHANGED if form.differs(setting) else VALUE
    if chosen:
        ink = CHOSEN if ink == VALUE else ink._replace(bold=True)
    typed = setting.kind in TYPED
    if form.editing and chosen:
        width = min(room, cell_len(text) + 3) if typed else columns.field
        return _typing(form.shown(setting), form.caret, max(6, width), typed)
    if typed:
        shown = shorten(text, room - 2)
        return [(" ", ink._replace(underline=False)), (shown, ink), (" ", ink._replace(underline=False))]
    shown = shorten(text, columns.field - 1)
    return [(" " * (columns.field - cell_len(shown)), ink._replace(underline=False)), (shown, ink)]


def _typing(text: str, caret: int, width: int, left: bool) -> list[Run]:
    """The part of the text around the caret, which stands on a cell of its own at the text's end.

    `left`: set from the left edge, as a text is; figures stand at the right.
    """
    before, at, after = (_one_line(part) for part in (text[:caret], text[caret : caret + 1] or " ", text[caret + 1 :]))
    if not cell_len(at):
        at = CARRIER + at
    room = max(1, width - cell_len(at) - (1 if left else 0))
    mark = ELLIPSIS if cell_len(before) > room else ""
    before = _tail(before, room - cell_len(mark)) if mark else before
    after = shorten(after, room - cell_len(mark) - cell_len(before))
    pad = room - cell_len(mark) - cell_len(before) - cell_len(after)
    edges = (" ", " " * pad) if left else (" " * pad, "")
    faint = FAINT._replace(back="edit")
    return [(edges[0], VALUE), (mark, faint), (before, VALUE), (at, CARET), (after, VALUE), (edges[1], VALUE)]


def _tail(text: str, width: int) -> str:
    """As much of the text's end as fits."""
    start = len(text)
    while start and (width := width - cell_len(text[start - 1])) >= 0:
        start -= 1
    return text[start:]


def _refused(runs: list[Run], why: str, used: int, columns: _Columns) -> list[Line]:
    ink = Ink("failed")
    words = f"✗ {visible(why, newlines=False)}"
    if used + 1 + cell_len(words) <= columns.width - RIGHT:
        return [(*runs, (" ", TEXT), (words, ink))]
    indent = columns.left - 1
    return [
        tuple(runs),
        *(((" " * (indent - 1), TEXT), *line) for line in wrap([(words, ink)], columns.width - indent - 2)),
    ]


def _one_line(text: str) -> str:
    return visible(text.replace("\n", "↵"), newlines=False)


def _keys(form: Form, width: int) -> Line:
    kind = form.setting.kind
    arrows = "move" if kind in TYPED or form.editing else "change"
    default = "ctrl+d" if kind in TYPED or form.editing else "d"
    keys = [("↑ ↓", "choose"), ("← →", arrows), (default, "default"), ("enter", "done"), ("esc", "cancel")]
    runs: list[Run] = [(" ", TEXT)]
    for key, word in keys:
        if width_of(runs) + cell_len(key) + cell_len(word) + 1 > width:
            break
        runs += [(key, KEY), (f" {word}  ", MUTED)]
    return tuple(runs)


def _settings_line(form: Form, width: int) -> list[Line]:
    """updates 300   learning rate 0.003*   batch 16, and below it what the star means. Of roles, what is elsewhere."""
    runs: list[Run] = []
    changed: list[tuple[str, str]] = []
    settings = [setting for setting in form.settings if setting.kind != "place" or form.differs(setting)]
    for setting in settings:
        name = setting.label.replace(" ", "\u00a0")
        value = shorten(_one_line(setting.show(form.values[setting.name])), max(8, width // 2)).replace(" ", "\u00a0")
        differs = form.differs(setting)
        if differs:
            default = _one_line(setting.show(form.defaults.get(setting.name, setting.default)))
            changed.append((setting.label, default))
        # three cells between two settings: two that hold to the one before, one that breaks
        runs += [(f"{name}\u00a0", MUTED), (f"{value}{'*' if differs else ''}", Ink("text-1") if differs else MUTED)]
        runs.append(("\u00a0\u00a0 ", MUTED))
    lines = wrap(runs[:-1], width)
    if len(changed) == 1:
        lines += wrap([(f"* changed, default {changed[0][1]}", FAINT)], width)
    elif changed:
        lines += wrap([(f"* changed, defaults: {', '.join(map(' '.join, changed))}", FAINT)], width)
    return [tuple((text.replace("\u00a0", " "), ink) for text, ink in line) for line in lines]


# ---- needs ----------------------------------------------------------------------------------------------------------


def _needs(card: Card, width: int) -> list[Line]:
    """needs  ✓ articles  ✓ blocks     writes  memoriser / about  65 s on this machine"""
    lines: list[Line] = []
    needs: list[Run] = []
    for name, state in card.needs:
        sign = SIGNS.get(state, SIGNS["never"])
        needs += [(f"{sign.glyph} {visible(name, newlines=False)}".replace(" ", "\u00a0"), Ink(sign.ink)), ("  ", TEXT)]
    writes: list[Run] = [("writes  ", MUTED), (visible(card.writes, newlines=False), TEXT)] if card.writes else []
    if needs:
        head: Run = ("needs  ", MUTED)
        if 7 + width_of(needs) + 6 + width_of(writes) <= width:
            lines.append((head, *needs, ("      ", TEXT), *writes))
            writes = []
        else:
            inner = wrap([(text if text.strip() else " ", ink) for text, ink in needs], width - 7)
            lines += [(head if at == 0 else (" " * 7, TEXT), *line) for at, line in enumerate(inner)]
    if writes:
        lines.append(tuple(writes))
    if card.about:
        lines.append((("about  ", MUTED), (visible(card.about, newlines=False), TEXT)))
    return [tuple((text.replace("\u00a0", " "), ink) for text, ink in line) for line in lines]
