"""Durations, sizes and times as a learner reads them. Pure."""

from __future__ import annotations

import time

from deepdive.engine.runs.view import JobView

SHORT_NAMES = {"learning_rate": "lr", "per_device_train_batch_size": "batch"}


def short_name(name: str) -> str:
    return SHORT_NAMES.get(name, name.replace("_", " "))


def clock(seconds: float) -> str:
    """0:38, 12:04, 1:02:03; under ten seconds with a tenth: 3.2 s."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def countdown(seconds: float) -> str:
    """0:38 left: whole seconds, so that the header changes once a second."""
    whole = round(seconds)
    return (
        f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02}"
    )


def duration(job: JobView, now: float | None = None) -> float:
    """Seconds that a job took, or has taken so far."""
    end = job.ended if job.ended is not None else (now if now is not None else job.last or job.began)
    return max(0.0, end - job.began)


def megabytes(count: float) -> str:
    """Bytes as a learner reads them: 110 MB, 23.4 GB."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    size = count / 1e6
    return f"{size:.0f} MB" if size >= 100 else f"{size:.1f} MB"


def when(moment: float, now: float | None = None) -> str:
    """14:02 today, yesterday, then the date."""
    present = time.localtime(time.time() if now is None else now)
    then = time.localtime(moment)
    days = (time.mktime((*present[:3], 0, 0, 0, 0, 0, -1)) - time.mktime((*then[:3], 0, 0, 0, 0, 0, -1))) / 86400
    if days < 0.5:
        return time.strftime("%H:%M", then)
    return "yesterday" if days < 1.5 else time.strftime("%d %b", then)
