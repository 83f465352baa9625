"""Colour themes: ours and the learner's own, read from small files, checked, and made Textual's.

A file that can't be used is a sentence that names file, key and what is allowed; the others load all the same.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepdive.engine.common import folders
from deepdive.engine.common.untrusted import visible
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual._color_constants import ANSI_COLORS
from textual.app import App
from textual.color import Color
from textual.theme import Theme

DARK, LIGHT, SIXTEEN = "deep-dark", "deep-light", "sixteen"
OURS = (DARK, LIGHT, "high-contrast", "colour-blind", SIXTEEN)
SURFACES = ("background", "surface", "card", "edit")
TEXTS = ("text-1", "text-2", "text-3", "text-4")
STATES = ("accent", "held", "stale", "failed")
SERIES = ("training", "validation", "book")
CODE = ("code-keyword", "code-string", "code-comment", "code-call", "code-type", "code-number")
SHADES = ("shade-1", "shade-2", "shade-3", "shade-4")
HOLDERS = tuple(f"holder-{name}" for name in ("weights", "gradients", "optimizer", "activations", "other"))
TOKENS = (*SURFACES, "rule", *TEXTS, *STATES, *SERIES, *HOLDERS, *SHADES, *CODE)
LEAST_CONTRAST = 4.5  # WCAG 2, level AA

# Which text is set on which ground.
_READ_ON = (
    *((text, ground) for text in ("text-1", "text-2", "text-3") for ground in SURFACES),
    *((text, ground) for text in ("text-4", *CODE) for ground in ("background", "card")),
    *((state, ground) for state in STATES for ground in ("background", "surface", "card")),
    *((series, "background") for series in SERIES),
    *((text, shade) for text in ("text-1", "text-2") for shade in SHADES),
)
_HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_NAMES = frozenset({"default", *ANSI_COLORS})
_LARGEST_FILE = 64 * 1024


class ThemeProblem(ValueError):
    """Why a theme file can't be used."""


@dataclass(frozen=True)
class DeepTheme:
    """`colors` has every token: `#rrggbb`, or `ansi_NAME` where `ansi` is true."""

    name: str
    about: str
    dark: bool
    ansi: bool
    colors: Mapping[str, str]

    def textual(self) -> Theme:
        """The same as Textual's own kind of theme; its widgets get our colours too."""
        color = {token: exact(value) for token, value in self.colors.items()}
        return Theme(
            name=self.name,
            primary=color["accent"],
            secondary=color["training"],
            accent=color["accent"],
            warning=color["stale"],
            error=color["failed"],
            success=color["held"],
            foreground=color["text-2"],
            background=color["background"],
            surface=color["surface"],
            panel=color["edit"],
            boost=color["card"],
            dark=self.dark,
            ansi=self.ansi,
            variables={**color, **_widgets(color)},
        )


def _widgets(color: Mapping[str, str]) -> dict[str, str]:
    """Textual's own variables that it would mix into colours outside the 256."""
    chosen = color["shade-4"] if color["shade-4"] != color["background"] else color["accent"]
    return {
        "ansi-background": color["background"],
        "ansi-foreground": color["text-2"],
        "surface-active": color["edit"],
        "foreground-disabled": color["text-4"],
        "text": color["text-2"],
        "text-muted": color["text-3"],
        "text-disabled": color["text-4"],
        "border": color["accent"],
        "border-blurred": color["rule"],
        "block-cursor-background": color["accent"],
        "block-cursor-foreground": color["background"],
        "block-cursor-blurred-background": color["edit"],
        "block-cursor-blurred-foreground": color["text-1"],
        "block-hover-background": color["edit"],
        "input-cursor-background": color["text-1"],
        "input-cursor-foreground": color["background"],
        "input-selection-background": chosen,
        "screen-selection-background": chosen,
        "screen-selection-foreground": color["text-1"],
        "link-color": color["accent"],
        "link-background-hover": color["edit"],
        "link-color-hover": color["text-1"],
        "scrollbar": color["rule"],
        "scrollbar-hover": color["text-4"],
        "scrollbar-active": color["accent"],
        "scrollbar-background": color["background"],
        "scrollbar-background-hover": color["background"],
        "scrollbar-background-active": color["background"],
        "scrollbar-corner-color": color["background"],
    }


@cache
def exact(value: str) -> str:
    """A grey of the 256 so that it is still this grey where there is no true colour; any other value as it is.

    Rich takes light greys one step too dark (#eeeeee as #e4e4e4); those it finds from a value up to 2 of 255 lighter.
    """
    if not _HEX.fullmatch(value) or len({value[1:3], value[3:5], value[5:7]}) > 1:
        return value
    level = int(value[1:3], 16)
    for near in range(level, min(level + 3, 256)):
        if RichColor.from_rgb(near, near, near).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().red == level:
            return f"#{near:02x}{near:02x}{near:02x}"
    return value


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2)."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = Color.parse(color).rgb
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def read(name: str, text: str, bases: Mapping[str, DeepTheme] | None = None) -> DeepTheme:
    """A theme from the text of its file; what it leaves out comes from its `base`, if it names one.

    Raises ThemeProblem.
    """
    bases = bases or {}
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ThemeProblem(f"this is not TOML: {error}") from error
    known = ("about", "base", "dark", "ansi", "colors")
    for key in data:
        if key not in known:
            raise ThemeProblem(f"{key!r} is no key of a theme; allowed are {', '.join(known)}")
    base_name = data.get("base", "")
    if base_name and base_name not in bases:
        raise ThemeProblem(f"base is {base_name!r}; allowed are {', '.join(bases)}")
    base = bases[base_name] if base_name else None
    dark = _flag(data, "dark", base.dark if base else True)
    ansi = _flag(data, "ansi", base.ansi if base else False)
    given = data.get("colors", {})
    if not isinstance(given, dict):
        raise ThemeProblem('colors is no table; it stands as [colors] above lines like accent = "#5fd7d7"')
    colors = dict(base.colors) if base else {}
    for token, value in given.items():
        if token not in TOKENS:
            raise ThemeProblem(f"{token!r} is no colour of a theme; allowed are {', '.join(TOKENS)}")
        colors[token] = _color(token, value, ansi)
    if missing := [token for token in TOKENS if token not in colors]:
        raise ThemeProblem(f"{', '.join(missing)} missing in [colors]; or name a base to take the rest from")
    if not ansi:
        _check_contrast(colors)
    return DeepTheme(name, visible(str(data.get("about", "")), newlines=False), dark, ansi, colors)


def _flag(data: Mapping[str, Any], key: str, default: bool) -> bool:
    value = data.get(key, default)
    if not isinstance(value, bool):
        raise ThemeProblem(f"{key} is {value!r}; allowed are true and false")
    return value


def _color(token: str, value: object, ansi: bool) -> str:
    text = str(value)
    if ansi:
        if not isinstance(value, str) or text.removeprefix("ansi_") not in _NAMES:
            raise ThemeProblem(
                f"{token} is {value!r}; with ansi = true allowed are ansi_{', ansi_'.join(sorted(_NAMES))}"
            )
        return f"ansi_{text.removeprefix('ansi_')}"
    if not isinstance(value, str) or not _HEX.fullmatch(text):
        raise ThemeProblem(f"{token} is {value!r}; allowed is a colour like #5fd7d7")
    return text.lower()


def _check_contrast(colors: Mapping[str, str]) -> None:
    for token, value in colors.items():
        if not _HEX.fullmatch(value):
            raise ThemeProblem(
                f"{token} is {value!r} and can't be checked; without ansi = true it is a colour like #5fd7d7"
            )
    for text, ground in _READ_ON:
        ratio = contrast(colors[text], colors[ground])
        if ratio < LEAST_CONTRAST:
            raise ThemeProblem(
                f"{text} {colors[text]} on {ground} {colors[ground]} has a contrast of {ratio:.1f}; "
                f"allowed is {LEAST_CONTRAST} or more"
            )


@cache
def ours() -> Mapping[str, DeepTheme]:
    """The shipped themes by name."""
    folder = files("deepdive.themes")
    return {name: read(name, (folder / f"{name}.toml").read_text(encoding="utf-8")) for name in OURS}


def load(folder: Path | None = None) -> tuple[dict[str, DeepTheme], list[str]]:
    """Ours and the learner's own (`themes/*.toml` of the folder for settings), and what is wrong with which file."""
    folder = folders.config() / "themes" if folder is None else folder
    themes, problems = dict(ours()), []
    try:
        found = sorted(folder.glob("*.toml"))
    except OSError as error:
        return themes, [f"{visible(str(folder))}: {error.strerror}"]
    for path in found:
        try:
            themes[path.stem] = _read_own(path)
        except ThemeProblem as problem:
            problems.append(visible(f"{path}: {problem}", newlines=False))
    return themes, problems


def _read_own(path: Path) -> DeepTheme:
    if path.stem in ours():
        raise ThemeProblem("this name is taken by a shipped theme; give the file another")
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ThemeProblem(f"a theme has at most {_LARGEST_FILE // 1024} KB")
        return read(path.stem, path.read_text(encoding="utf-8"), ours())
    except OSError as error:
        raise ThemeProblem(f"it can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ThemeProblem("it is not text in UTF-8") from error


def offered(themes: Mapping[str, DeepTheme], no_color: bool) -> list[DeepTheme]:
    """What a learner may choose: under NO_COLOR an ANSI theme would be black on black (Textual 8.2.8)."""
    return [theme for theme in themes.values() if not (no_color and theme.ansi)]


def choose(themes: Mapping[str, DeepTheme], wanted: str, no_color: bool, fallback: str = DARK) -> tuple[str, str]:
    """The name of the theme to take, and a sentence where it is not the one wanted."""
    names = [theme.name for theme in offered(themes, no_color)]
    fallback = fallback if fallback in names else DARK
    if not wanted or wanted in names:
        return wanted or fallback, ""
    if wanted in themes:
        return fallback, f"{wanted} can't be shown without colour (NO_COLOR is set); this is {fallback}"
    return fallback, f"There is no theme {visible(wanted, newlines=False)!r}; there are {', '.join(names)}"


def suited(colors: str, light: bool | None) -> str:
    """The theme for a terminal of these colours ("truecolor", "256", "standard") and this background."""
    return SIXTEEN if colors == "standard" else LIGHT if light else DARK


def defaults() -> dict[str, str]:
    """Every variable that our stylesheets name, for a theme that lacks it."""
    return dict(ours()[DARK].textual().variables)


def install(app: App[Any], wanted: str = "", fallback: str = DARK) -> None:
    """Register all themes and take one; what is wrong with a file is told in a notification."""
    themes, problems = load()
    for theme in themes.values():
        app.register_theme(theme.textual())
    name, sentence = choose(themes, wanted, app.no_color, fallback)
    app.theme = name
    for problem in [*problems, *([sentence] if sentence else [])]:
        app.notify(problem, severity="warning", timeout=10, markup=False)
