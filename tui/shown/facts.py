"""From a job to what its panels show at the moment x of the cursor. Pure: no Textual, no disk."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from deepdive.engine.common.untrusted import visible
from deepdive.engine.common.words import is_number
from deepdive.engine.lessons.tutorial import Tutorial
from deepdive.engine.runs.events import FAULTS, Memory, Plot, Rows
from deepdive.engine.runs.events import Piece as Told
from deepdive.engine.runs.view import Curve, JobView

from .cells import look, spans_of
from .marks import Bar, Cell, Column, Holder, Kind, Mark, Piece, Point, Row, Series, Span, confusion
from .readings import reading

HOLDER_NAMES: dict[str, tuple[Kind, str]] = {
    "weights": ("weights", "weights"),
    "gradients": ("gradients", "gradients"),
    "optimizer": ("optimizer", "Adam"),
    "activations": ("activations", "activations"),
    "other": ("other", "other"),
}
MARKS: tuple[Mark, ...] = ("line", "triangle", "dots", "diamond", "square")
COLORS = ("training", "validation", "book", "held", "stale")
MAIN_CURVES = ("training", "validation")


@dataclass(frozen=True)
class LossFacts:
    title: str
    unit: str
    series: tuple[Series, ...]
    planned: float | None
    facts: tuple[str, ...]


@dataclass(frozen=True)
class MemoryFacts:
    holders: tuple[Holder, ...]
    total: float
    free: float
    peak: float


@dataclass(frozen=True)
class OutputFacts:
    """A text of a stream: of the samples the one at `at`, among `xs`."""

    stream: str
    pieces: tuple[Piece, ...]
    at: float | None = None
    xs: tuple[float, ...] = ()


def panel_keys(job: JobView | None, learned: Sequence[str] = ()) -> list[str]:
    """The panels that a job fills, most telling first; `learned` are the figures that make a learning curve."""
    if job is None:
        return []
    keys = ["failure"] if job.outcome in FAULTS or (job.outcome == "done" and job.cause) else []
    told = [(kind, name) for kind, name in job.order]
    has_curve = any(kind == "curve" for kind, _ in told)
    if any(name in MAIN_CURVES for kind, name in told if kind == "curve"):
        keys.append("curve:loss")
    keys += [f"curve:{name}" for kind, name in told if kind == "curve" and name not in MAIN_CURVES]
    keys += [f"learning:{name}" for name in learned[:1]]
    if has_curve and job.memory:
        keys.append("memory")
    keys += [f"{kind}:{name}" for kind, name in told if kind in ("text", "plot", "rows")]
    keys += [f"learning:{name}" for name in learned[1:]]
    if job.spend:
        keys.append("cost")
    if job.notes:
        keys.append("notes")
    if not has_curve and job.memory:
        keys.append("memory")
    return keys


# ---- curves ---------------------------------------------------------------------------------------------------------


def loss_facts(job: JobView, key: str, x: float | None, before: JobView | None, book: Sequence[Point]) -> LossFacts:
    """The curve panel `key` ("curve:loss" or "curve:NAME") with the values at x in its facts."""
    name = key.partition(":")[2]
    if name != "loss":
        return _other_curve(job, name)
    series = []
    training, validation = job.curves.get("training"), job.curves.get("validation")
    old = before.curves.get("validation") if before is not None else None
    if old is not None and validation is not None:
        series.append(Series("before", old.series("eval_loss"), "dashes", "text-4", smooth=False))
    if book:
        series.append(Series("book", book, "dashes", "book", smooth=False))
    if training is not None:
        series.append(Series("training", training.series("loss"), "line", "training"))
    if validation is not None:
        series.append(Series("validation", validation.series("eval_loss"), "triangle", "validation"))
    return LossFacts("Loss", "nats a token", tuple(series), _planned(job), tuple(_loss_words(training, validation, x)))


def _loss_words(training: Curve | None, validation: Curve | None, x: float | None) -> list[str]:
    words = []
    now, unseen = _at(training, "loss", x), _at(validation, "eval_loss", x)
    if now is not None and unseen is not None:
        words.append(f"gap {reading(unseen - now)}")
    if (rate := _at(training, "learning_rate", x)) is not None:
        words.append(f"lr {reading(rate)}")
    if (norm := _at(training, "grad_norm", x)) is not None:
        words.append(f"grad norm {reading(norm)}")
    if (pace := _at(training, "tokens_per_second", x)) is not None:
        words.append(f"{pace / 1000:.1f}k tokens/s" if pace >= 1000 else f"{pace:.0f} tokens/s")
    if validation is not None:
        known = [(value, at) for at, value in validation.series("eval_loss") if value is not None]
        if len(known) > 3 and min(known)[1] != known[-1][1]:
            words.append(f"lowest validation at {min(known)[1]:,.0f}")
    return words


def _other_curve(job: JobView, name: str) -> LossFacts:
    curve = job.curves[name]
    series = tuple(
        Series(visible(metric, False).replace("_", " "), curve.series(metric), MARKS[at % 5], COLORS[at % 5])
        for at, metric in enumerate(m for m in curve.values if m != "epoch")
    )
    return LossFacts(visible(name, False).replace("_", " ").capitalize(), "", series[:5], _planned(job), ())


def _planned(job: JobView) -> float | None:
    """The last update of a training, so that the x axis stands still."""
    progress = job.progress
    if progress is not None and progress.unit == "updates" and progress.total:
        return float(progress.total)
    return None


def _at(curve: Curve | None, metric: str, x: float | None) -> float | None:
    """The last known value at or before x."""
    if curve is None:
        return None
    end = len(curve.x) if x is None else bisect_right(curve.x, x)
    return next((v for v in reversed(curve.values.get(metric, [])[:end][-50:]) if v is not None), None)


# ---- memory ---------------------------------------------------------------------------------------------------------


def memory_facts(job: JobView, x: float | None) -> MemoryFacts | None:
    """Who holds the memory at x: the nearest sample at or before it."""
    samples = [memory for memory in job.memory if memory.rank == 0]
    if not samples:
        return None
    now = _memory_at(samples, x)
    held = {name: amount for name, amount in now.held.items() if name not in ("libraries", "other")}
    held["other"] = max(now.used - sum(held.values()), 0)  # the libraries themselves, and what nobody claims
    holders = []
    for name, amount in held.items():
        kind, words = HOLDER_NAMES.get(name, ("other", visible(name, False)))
        if amount * 1000 > now.used:
            holders.append(Holder(words, amount, kind))
    order = list(HOLDER_NAMES)
    holders.sort(key=lambda holder: order.index(holder.kind))
    free = max(0, now.total - now.used - now.others)
    peak = max(memory.peak for memory in samples)
    return MemoryFacts(tuple(holders), _scale_of(peak, now.total), free, peak)


def _scale_of(peak: int, total: int) -> float:
    """What the bar's full width stands for: the device where the job fills a tenth of it, else a bit above the peak."""
    return float(total) if peak * 10 > total else peak * 1.25


def _memory_at(samples: list[Memory], x: float | None) -> Memory:
    if x is None:
        return samples[-1]
    best = samples[0]
    for memory in samples:
        if memory.x is not None and memory.x <= x:
            best = memory
    return best


# ---- text -----------------------------------------------------------------------------------------------------------


def output_facts(job: JobView, stream: str, x: float | None) -> OutputFacts:
    """The text of a stream; of samples the last one at or before x."""
    samples = job.samples.get(stream)
    if samples:
        xs = sorted(samples)
        at = xs[-1] if x is None else xs[max(0, bisect_right(xs, x) - 1)]
        return OutputFacts(stream, tuple(map(_piece, samples[at])), at, tuple(xs))
    return OutputFacts(stream, tuple(map(_piece, job.streams.get(stream, []))))


def _piece(told: Told) -> Piece:
    value = told.values.get("probability", next(iter(told.values.values()), None))
    return Piece(told.text, value, tuple((text, share) for text, share in told.alternatives if share is not None))


def sample_note(facts: OutputFacts) -> str:
    """◄ 90 · 120 · 150 ►: the samples around the one shown."""
    if facts.at is None or len(facts.xs) < 2:
        return ""
    here = facts.xs.index(facts.at)
    around = facts.xs[max(0, here - 1) : here + 2]
    return "◄ " + " · ".join(f"{x:,.0f}" for x in around) + " ►"


def alternatives(piece: Piece, most: int = 5) -> tuple[list[Bar], int | None]:
    """What could have stood in a token's place, the likeliest first, and which of them stands there."""
    listed = list(piece.alternatives)
    if piece.value is not None and piece.text not in [text for text, _ in listed]:
        listed.append((piece.text, piece.value))
    listed.sort(key=lambda pair: -pair[1])
    rows = listed[:most]
    if piece.value is not None and piece.text not in [text for text, _ in rows]:
        rows = [*rows[: most - 1], (piece.text, piece.value)]
    chosen = next((at for at, (text, _) in enumerate(rows) if text == piece.text), None)
    return [Bar(token_name(text), share) for text, share in rows], chosen


def token_name(text: str) -> str:
    """A token as a word: its leading space goes, what is only space is told."""
    bare = visible(text.strip(" "), False)
    return bare or ("␠" * len(text) if text else "∅")


# ---- rows and plots -------------------------------------------------------------------------------------------------


def table_facts(rows: Rows) -> tuple[list[Column], list[Row]]:
    """A `rows` event as a table; of a confusion the matrix."""
    if rows.view == "confusion" and rows.rows and {"truth", "said"} <= rows.rows[0].keys():
        return _confusion(rows.rows)
    names = list(dict.fromkeys(name for row in rows.rows for name in row))
    numeric = {name: all(is_number(row.get(name)) or row.get(name) is None for row in rows.rows) for name in names}
    columns = [
        Column(visible(name, False).replace("_", " "), "right" if numeric[name] else "left", shrink=not numeric[name])
        for name in names
    ]
    return columns, [[_cell(row.get(name)) for name in names] for row in rows.rows]


def _confusion(rows: list[dict[str, Any]]) -> tuple[list[Column], list[Row]]:
    """Rows of {"truth", "said", "count"}, or one row an item."""
    labels = list(dict.fromkeys([str(row["truth"]) for row in rows] + [str(row["said"]) for row in rows]))
    counts = [[0] * len(labels) for _ in labels]
    for row in rows:
        counts[labels.index(str(row["truth"]))][labels.index(str(row["said"]))] += int(row.get("count", 1))
    return confusion(labels, counts)


def table_words(rows: Rows) -> tuple[str, str]:
    """What stands beside a table's name, and at the right edge."""
    if rows.view == "confusion":
        items = sum(int(row.get("count", 1)) for row in rows.rows)
        return "", f"{items:,} in all" if items else ""
    return (f"{len(rows.rows):,} rows" if len(rows.rows) > 8 else ""), ""


def _cell(value: Any) -> Cell:
    if value is None:
        return Cell("–", "text-4")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, float):
        return Cell(reading(value))
    if isinstance(value, int):
        return Cell(f"{value:,}" if abs(value) >= 10_000 else str(value))
    if isinstance(value, dict):
        return _rich_cell(value)
    return Cell(visible(str(value), False))


def _rich_cell(value: dict[str, Any]) -> Cell:
    if "spans" in value:
        text, spans = "", []
        for part, label in spans_of(value):
            if label:
                how = look(label)
                spans.append(Span(len(text), len(text) + len(part), how.color, how.invert, how.underline))
            text += part
        return Cell(text, spans=tuple(spans))
    if "bars" in value:
        return Cell(_greatest(value["bars"]))
    return Cell(visible(str(value.get("about") or value.get("image") or value), False))


def _greatest(shares: dict[str, Any]) -> str:
    """The label with the greatest share: in a table's cell there is room for one."""
    known = {str(name): float(share) for name, share in shares.items() if is_number(share)}
    if not known:
        return "–"
    name = max(known, key=known.__getitem__)
    return f"{visible(name, False)} {reading(known[name])}"


def plot_bars(plot: Plot, most: int = 12) -> list[Bar]:
    """A plot that bars can show: bars as they are, histograms by bin."""
    if plot.kind == "bars":
        return [
            Bar(token_name(str(name)), share if is_number(share) else None)
            for name, share in list(plot.data.items())[:most]
        ]
    return [bar for name, values in plot.data.items() for bar in _histogram(str(name), values)]


def _histogram(name: str, values: Sequence[float], bins: int = 10) -> list[Bar]:
    known = [float(value) for value in values if is_number(value)]
    if not known:
        return []
    low, high = min(known), max(known)
    if low == high:
        return [Bar(f"{name} {reading(low)}", float(len(known)))]
    edges = [low + (high - low) * at / bins for at in range(bins + 1)]
    counts = [sum(a <= value < b or (b == high and value == high) for value in known) for a, b in pairwise(edges)]
    return [
        Bar(f"{name} {reading(a)} … {reading(b)}", float(count))
        for (a, b), count in zip(pairwise(edges), counts, strict=True)
    ]


def scattered(points: Sequence[Sequence[Any]]) -> list[tuple[float, float | None]]:
    """Points in order of x; one without an x has no place, one without a y is a gap."""
    placed = [(float(x), float(y) if is_number(y) else None) for x, y in points if is_number(x)]
    return sorted(placed, key=lambda point: point[0])


def heat_rows(plot: Plot) -> tuple[list[Column], list[Row]]:
    """A heatmap as a table whose cells are shaded bars."""
    across = [visible(str(name), False) for name in plot.data.get("columns", [])]
    down = [visible(str(name), False) for name in plot.data.get("rows", [])]
    values = plot.data.get("values", [])
    most = max((abs(v) for row in values for v in row if is_number(v)), default=0.0) or 1.0
    rows: list[Row] = [
        [Cell(name, "text-3"), *(_shade(value, most) for value in row)] for name, row in zip(down, values, strict=False)
    ]
    return [Column(""), *(Column(name, "right", shrink=False) for name in across)], rows


def _shade(value: Any, most: float) -> Cell:
    if not is_number(value):
        return Cell("–", "text-4")
    share = abs(value) / most
    return Cell(" ░▒▓█"[min(4, round(share * 4))] * 2 + f" {reading(float(value))}", fade=0.5 * (1 - share))


def book_curve(tutorial: Tutorial, scale: str, step: str) -> list[Point]:
    """The book's validation loss over updates, where the run is of the book's size."""
    if scale != "book":
        return []
    return [
        (figure.x, float(figure.value))
        for figure in tutorial.book
        if figure.step == step and figure.name == "validation_loss" and figure.x is not None and is_number(figure.value)
    ]
