"""How a theme turns inks into colours: its variables, with a fallback for a bare App, and the finished styles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from deepdive.tui.shown.ink import Ink
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color, ColorParseError

# The dark shipped theme in short. Every value is of the 256-colour palette.
FALLBACK: Mapping[str, str] = {
    "background": "#121212",
    "surface": "#262626",
    "card": "#1c1c1c",
    "edit": "#303030",
    "rule": "#3a3a3a",
    "accent": "#5fd7d7",
    "training": "#5fafff",
    "validation": "#ffaf5f",
    "book": "#af87d7",
    "held": "#87d787",
    "stale": "#d7af5f",
    "failed": "#ff5f5f",
    "text-1": "#eeeeee",
    "text-2": "#d0d0d0",
    "text-3": "#a8a8a8",
    "text-4": "#8a8a8a",
    "holder-weights": "#5fafff",
    "holder-gradients": "#d78700",
    "holder-optimizer": "#875faf",
    "holder-activations": "#87d787",
    "holder-other": "#626262",
    "shade-1": "#1c1c1c",
    "shade-2": "#303030",
    "shade-3": "#444444",
    "shade-4": "#585858",
    "code-keyword": "#d787af",
    "code-string": "#87d787",
    "code-comment": "#8a8a8a",
    "code-call": "#5fd7d7",
    "code-type": "#87afd7",
    "code-number": "#d7af87",
}


@lru_cache(maxsize=512)
def _parse(value: str) -> Color | None:
    try:
        return Color.parse(value)
    except ColorParseError:
        return None


@lru_cache(maxsize=512)
def _mixed(color: Color, background: Color, share: float) -> RichColor:
    """`color` mixed into `background`, moved to the nearest of the 256 so that SSH shows the same shade."""
    blend = color.blend(background, share).rich_color
    return RichColor.from_triplet(blend.downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


class Palette:
    """The styles of one theme, made on demand and kept."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._styles: dict[Ink, Style] = {}

    def color(self, token: str) -> Color:
        """The colour of a token; the fallback where the theme lacks it or its value is no plain colour."""
        value = self._variables.get(token)
        found = _parse(value) if value else None
        if found is None:
            found = _parse(FALLBACK.get(token, FALLBACK["text-2"]))
        assert found is not None
        return found

    def style(self, ink: Ink) -> Style:
        """The Rich style of an ink."""
        style = self._styles.get(ink)
        if style is None:
            style = self._styles[ink] = self._make(ink)
        return style

    def _make(self, ink: Ink) -> Style:
        color, background = self.color(ink.color), self.color("background")
        dim = False
        if ink.fade and color.ansi is None and background.ansi is None:
            front = _mixed(color, background, ink.fade)
        else:
            dim = ink.fade > 0.3
            front = color.rich_color
        back = self.color(ink.back).rich_color if ink.back else None
        return Style(
            color=front,
            bgcolor=back,
            bold=ink.bold or None,
            underline=ink.underline or None,
            italic=ink.italic or None,
            reverse=ink.invert or None,
            dim=dim or None,
        )
