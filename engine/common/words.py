"""Numbers, sizes, durations and times as a learner reads them: the only formatters of the program."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from deepdive.engine.common.untrusted import visible


def shown(value: Any) -> str:
    """A value as a learner would write it: 3e-05 as 3e-5, 2000.0 as 2000, true and false in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and abs(value) < 1e15 and value == int(value):
        return str(int(value)) if abs(value) >= 10 else str(value)
    if isinstance(value, float):
        return repr(value).replace("e-0", "e-").replace("e+0", "e")
    return str(value)


LARGEST = sys.float_info.max


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number that can be drawn: no truth value, not NaN, within floating point."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


def number(value: Any) -> str:
    """A figure with as many digits as a reader needs: 3.38, 0.1764, 15,000, 124,439,808, 1.5e20."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return visible(str(value), newlines=False)
    if not is_number(value):
        return str(value) if isinstance(value, float) else "over 1e308" if value > 0 else "under -1e308"
    if abs(value) >= 1e15:
        return f"{float(value):.4g}".replace("e+", "e")
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.4g}"


def label(name: str, case: Mapping[str, Any]) -> str:
    """A figure's name with its conditions: accuracy (method prompt, k 16)."""
    conditions = ", ".join(f"{key} {shown(value)}" for key, value in case.items())
    return visible(name.replace("_", " ") + (f" ({conditions})" if conditions else ""), newlines=False)


SHORT_NAMES = {"learning_rate": "lr", "per_device_train_batch_size": "batch"}


def short_name(name: str) -> str:
    """A setting's name where there is little room."""
    return SHORT_NAMES.get(name, name.replace("_", " "))


# ---- bytes, in powers of ten as on a disk's label -----------------------------------------------------------------


def size(bytes: float) -> str:
    """Three significant figures: 999 B, 12.6 MB, 548 MB, 1.25 GB."""
    value, unit = float(bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if abs(value) < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:,.0f} {unit}" if abs(value) >= 999.5 else f"{value:.3g} {unit}"


def gigabytes(bytes: float) -> str:
    """107.8, 4.8, 0.067: in GB, with as many digits as are known."""
    value = bytes / 1e9
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def dollars(amount: float) -> str:
    """$0.0042, $0.02, $12.30; of less than a hundredth of a cent two digits: $0.000012"""
    if 0 < amount < 0.0001:
        return f"${Decimal(f'{amount:.1e}'):f}"
    return f"${amount:.4f}".removesuffix("00") if 0 < amount < 0.1 else f"${amount:,.2f}"


# ---- durations and moments ----------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """3.2 s, 0:38, 12:04, 1:02:03"""
    return f"{max(seconds, 0.0):.1f} s" if seconds < 9.95 else countdown(seconds)


def countdown(seconds: float) -> str:
    """0:03, 0:38, 1:02:03: whole seconds, for what changes once a second."""
    whole = round(max(seconds, 0.0))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def moment(t: float) -> str:
    """2026-11-28 14:02"""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(t))


def ago(t: float, now: float | None = None) -> str:
    """14:02 today, yesterday, 12 Nov, 12 Nov 2025"""
    then, today = time.localtime(t), time.localtime(now if now is not None else time.time())
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    if 0 < time.mktime((*today[:3], 0, 0, 0, 0, 0, -1)) - t <= 86400:
        return "yesterday"
    return time.strftime("%-d %b" if then[0] == today[0] else "%-d %b %Y", then)
