"""What it costs to tell and to read: one metric event written, a long log reopened."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from deepdive.engine.runs.events import Point
from deepdive.engine.runs.log import Writer, replay
from deepdive.engine.runs.view import of

from .table import Row

EVENTS = 100_000


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        writer = Writer(path)
        costs = []
        values = {
            "loss": 2.34567,
            "grad_norm": 0.81234,
            "learning_rate": 0.00081,
            "epoch": 1.25,
            "tokens_per_second": 9800.0,
        }
        for x in range(EVENTS):
            began = time.thread_time_ns()
            writer.append(Point(t=1.7e9 + x, job="j1", curve="training", x=x, values=values))
            costs.append((time.thread_time_ns() - began) / 1000)
        writer.close()
        costs.sort()
        began = time.perf_counter()
        view = of(replay(path)[0])
        reopened = time.perf_counter() - began
        assert view.version == EVENTS
    return [
        Row("one metric event, median", f"{statistics.median(costs):.1f} us", "20 us", statistics.median(costs) <= 20),
        Row(
            "one metric event, p99",
            f"{costs[int(EVENTS * 0.99)]:.1f} us",
            "1,000 us",
            costs[int(EVENTS * 0.99)] <= 1000,
        ),
        Row(f"a run of {EVENTS:,} events read and folded", f"{reopened:.2f} s", "1 s", reopened <= 1),
    ]
