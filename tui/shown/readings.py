"""How numbers are written in little room: a measured value in a legend, the label of a tick."""

from __future__ import annotations

from math import floor, log10

from deepdive.engine.common.words import is_number


def label(value: float, step: float) -> str:
    """A tick's label with the decimals that its step needs: 0.05, 2,000, 20k, 1e-05."""
    if value == 0:
        return "0" if step >= 1 or step <= 0 else f"{0:.{min(6, max(0, -floor(log10(step) + 1e-9)))}f}"
    size = max(abs(value), step)
    for limit, unit, suffix in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= limit:
            return f"{value / unit:.10g}".replace("e+", "e") + suffix
    if size < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-")
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:,.{min(decimals, 6)}f}"


def reading(value: float | None) -> str:
    """A measured value for a legend: three significant figures, two decimals from 1 to 100."""
    if not is_number(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e7:
        return f"{value:.2e}".replace("e-0", "e-").replace("e+0", "e")
    if size < 1:
        return f"{value:.3g}" if size < 0.1 else f"{value:.2f}"
    if size < 100:
        return f"{value:.2f}"
    return f"{value:,.0f}"
