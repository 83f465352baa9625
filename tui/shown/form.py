"""A step's settings while they are edited: what is chosen, what is typed, what was refused. Pure.

A key is told by Textual's name for it and the character it types; the answer says whether the form took it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.words import shown
from deepdive.engine.lessons.settings import Setting
from deepdive.engine.places.places import holds_key

Answer = Literal["", "taken", "changed", "left"]

NUMBERS = ("int", "float")
TYPED = ("str", "template", "lines", "words", "list", "place")
_OF_NUMBERS = frozenset("0123456789.,-+eE_ ")
_LADDER = (1.0, 2.0, 3.0, 5.0)  # from one decade to the next


@dataclass
class Form:
    """`text` is what has been typed into the chosen field and not taken yet; None: nothing."""

    settings: tuple[Setting, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    active: bool = False
    at: int = 0
    text: str | None = None
    caret: int = 0
    refused: str = ""  # why the chosen field's text can't be taken
    refused_name: str = ""
    changed: list[tuple[str, Any]] = field(default_factory=list)  # values set and not reported yet

    @property
    def setting(self) -> Setting:
        return self.settings[self.at]

    @property
    def editing(self) -> bool:
        return self.active and self.text is not None

    @property
    def secret(self) -> bool:
        """Whether a key is being typed where a place belongs: it is neither shown nor kept."""
        return self.editing and self.setting.kind == "place" and holds_key(self.text or "")

    def take(self, settings: Sequence[Setting], values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        """Values from outside; what is being typed stays."""
        self.settings, self.values, self.defaults = tuple(settings), dict(values), dict(defaults)
        if self.at >= len(self.settings):
            self.at, self.text = 0, None
        if not self.settings:
            self.active = False

    def differs(self, setting: Setting) -> bool:
        """Whether the value is not the default."""
        default = self.defaults.get(setting.name, setting.default)
        return bool(setting.written(self.values[setting.name]) != setting.written(default))

    def shown(self, setting: Setting) -> str:
        """What stands in a field: its value, or what is being typed."""
        if self.editing and setting is self.setting:
            return "•" * len(self.text or "") if self.secret else self.text or ""
        return setting.show(self.values[setting.name])

    def enter(self) -> bool:
        """Begin; False where there is nothing to set."""
        self.active = bool(self.settings)
        return self.active

    def leave(self) -> None:
        """Leave as it is: what was typed and not taken is gone."""
        self.active, self.text = False, None
        self._clear()

    def refuse(self, name: str, why: str) -> bool:
        """Say at a setting why it can't be (the worker was asked); False where there is no such setting."""
        for at, setting in enumerate(self.settings):
            if setting.name == name:
                self.at, self.refused, self.refused_name = at, why, name
                return True
        return False

    def choose(self, at: int) -> bool:
        """Go to a field; refused while what is typed here can't be taken."""
        if not self.commit():
            return False
        if at != self.at:
            self._clear()
        self.at = max(0, min(at, len(self.settings) - 1))
        return True

    def commit(self) -> bool:
        """Take what is typed. False where it was refused; it stays there to be mended."""
        if self.text is None:
            return True
        try:
            value = self.setting.parse(self.text)
        except Refusal as refusal:
            allowed = f": {refusal.allowed}" if refusal.allowed else ""
            self.refused, self.refused_name = f"{refusal.why}{allowed}", self.setting.name
            self.text = None if self.secret else self.text
            return False
        except Fault as fault:  # a model of the learner's that is not whole
            self.refused, self.refused_name = str(fault), self.setting.name
            return False
        self.text = None
        self._set(value)
        return True

    # ---- keys -----------------------------------------------------------------------------------------------------
    def press(self, key: str, character: str | None = None) -> Answer:
        """Take a key. "" leaves it to others; "changed": see `changed`; "left": the form is done."""
        if not self.active:
            return ""
        known = len(self.changed)
        answer = self._press(key, character)
        return "changed" if answer == "taken" and len(self.changed) > known else answer

    def _press(self, key: str, character: str | None) -> Answer:
        if key == "escape":
            if self.text is None and not self.refused:
                self.leave()
                return "left"
            self.text = None
            self._clear()
        elif key == "enter":
            if not self.commit():
                return "taken"
            self.active = False
            self._clear()
            return "left"
        elif key in ("up", "down"):
            self.choose(self.at + (1 if key == "down" else -1))
        elif key in ("home", "end") and self.text is None:
            self.choose(0 if key == "home" else len(self.settings) - 1)
        elif key == "ctrl+d" or (self.text is None and self._to_default(key)):
            self.text = None
            self._set(self.defaults.get(self.setting.name, self.setting.default))
        elif self.text is not None:
            return self._edit(key, character)
        else:
            return self._begin(key, character)
        return "taken"

    def _to_default(self, key: str) -> bool:
        """Whether a field's first key sets its default back; where text is typed, d is a letter."""
        return key == "delete" or (key == "d" and self.setting.kind not in TYPED)

    def _begin(self, key: str, character: str | None) -> Answer:
        """The first key in a field: an arrow moves the value, a character replaces it."""
        setting = self.setting
        value = self.values[setting.name]
        if setting.kind in ("bool", "choice"):
            options: list[Any] = [False, True] if setting.kind == "bool" else list(setting.choices)
            at = options.index(value) if value in options else 0
            if key in ("left", "right", "space"):
                self._set(options[(at + (-1 if key == "left" else 1)) % len(options)])
                return "taken"
            if character and character.isalnum():
                later = options[at + 1 :] + options[: at + 1]
                found = [option for option in later if setting.show(option).lower().startswith(character.lower())]
                if found:
                    self._set(found[0])
                    return "taken"
            return ""
        if key in ("left", "right") and setting.kind in NUMBERS:
            self._set(nudged(setting, value, 1 if key == "right" else -1))
            return "taken"
        if key in ("left", "right", "backspace"):
            self.text = setting.written(value)
            self.caret = len(self.text)
            if key != "right":
                self._edit(key, None)
            return "taken"
        if not character or not character.isprintable() or not self._fits(character):
            return ""
        self.insert(character)
        return "taken"

    def _edit(self, key: str, character: str | None) -> Answer:
        text, caret = self.text or "", self.caret
        if key == "backspace":
            self.text, self.caret = text[: max(0, caret - 1)] + text[caret:], max(0, caret - 1)
        elif key == "delete":
            self.text = text[:caret] + text[caret + 1 :]
        elif key == "ctrl+u":
            self.text, self.caret = text[caret:], 0
        elif key == "left":
            self.caret = max(0, caret - 1)
        elif key == "right":
            self.caret = min(len(text), caret + 1)
        elif key in ("home", "ctrl+a"):
            self.caret = 0
        elif key in ("end", "ctrl+e"):
            self.caret = len(text)
        elif key == "ctrl+j" and self.setting.kind in ("template", "code", "lines", "str"):
            self.insert("\n")
        elif character and character.isprintable():
            if self._fits(character):
                self.insert(character)
        else:
            return ""
        return "taken"

    def insert(self, text: str) -> None:
        """Typed or pasted text at the caret."""
        if not self.active or self.setting.kind in ("bool", "choice"):
            return
        if self.setting.kind not in ("template", "code", "lines", "str"):
            text = " ".join(text.split()) if len(text) > 1 else text
        before = self.text or ""
        caret = self.caret if self.text is not None else 0
        self.text, self.caret = before[:caret] + text + before[caret:], caret + len(text)
        self._clear()
        if self.secret and len(text) > 1:  # pasted: it is refused before it is on the screen
            self.commit()

    def _fits(self, character: str) -> bool:
        numeric = self.setting.kind in NUMBERS or (self.setting.kind == "list" and self.setting.item in NUMBERS)
        return not numeric or character in _OF_NUMBERS

    def _set(self, value: Any) -> None:
        self._clear()
        if self.setting.written(value) != self.setting.written(self.values[self.setting.name]):
            self.values[self.setting.name] = value
            self.changed.append((self.setting.name, value))

    def _clear(self) -> None:
        self.refused = self.refused_name = ""

    def reported(self) -> list[tuple[str, Any]]:
        """What has been set since the last time."""
        changed, self.changed = self.changed, []
        return changed


def nudged(setting: Setting, value: float, way: int) -> float:
    """The next value of a slider: 1, 2, 3, 5, 10 ... over several decades, else a twentieth or so of the range."""
    low, high = setting.low, setting.high
    if low is None or high is None:
        step = 1.0 if setting.kind == "int" else _nice(abs(value) / 10 or 0.1)
        moved = value + way * step
    elif (
        high > 0
        and (low > 0 or setting.kind == "int")
        and high / max(low, 1e-12 if setting.kind == "float" else 1) >= 1000
    ):
        moved = _rung(value, way)
    else:
        step = _nice((high - low) / 20)
        if setting.kind == "int":
            step = max(1.0, round(step))
        whole = math.floor if way > 0 else math.ceil
        moved = (whole(value / step + 1e-9 * way) + way) * step
    moved = min(max(moved, low if low is not None else moved), high if high is not None else moved)
    return round(moved) if setting.kind == "int" else float(f"{moved:.6g}")


def _rung(value: float, way: int) -> float:
    if value <= 0:
        return 1.0 if way > 0 else value - 1
    decade = 10.0 ** math.floor(math.log10(value) + 1e-9)
    rungs = [decade / 10 * _LADDER[-1], *(decade * rung for rung in _LADDER), decade * 10]
    if way > 0:
        return next(rung for rung in rungs if rung > value * (1 + 1e-9))
    return next(rung for rung in reversed(rungs) if rung < value * (1 - 1e-9))


def _nice(step: float) -> float:
    """1, 2 or 5 times a power of ten, at most `step`."""
    decade = 10.0 ** math.floor(math.log10(step) + 1e-9)
    return decade * next(factor for factor in (5, 2, 1) if factor * decade <= step * (1 + 1e-9))


def bounds(setting: Setting) -> str:
    """The range beside a field: 50 … 2,000; choices where there are few; how a place is written; nothing for text."""
    if setting.low is not None and setting.high is not None:
        return f"{grouped(setting.low)} … {grouped(setting.high)}"
    return setting.allowed if setting.kind in ("choice", "bool", "template", "place") else ""


def grouped(value: float) -> str:
    """A bound as it is read: 2,000."""
    text = shown(value)
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() and len(whole) > 3 else text
