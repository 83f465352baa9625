"""Expressions over a run's figures, worked out: where each name gets its value (lessons/language.py reads the text).

    accuracy(method='head', k=8) + 0.05         abs(last(training_loss) - book(training_loss))

A name is a figure: of the claim's step or, where that step has run and did not measure it, of the one other step that
did; `peak_memory(step='small_lora')` names another step. What stands in the call is the figure's case; a name alone is
the figure without a case, or with its only one. A curve is `training_loss`, `validation_loss` or CURVE_METRIC, and
alone stands for its last value.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deepdive.engine.common.untrusted import visible
from deepdive.engine.lessons.language import FUNCTIONS, _is_book
from deepdive.engine.lessons.tutorial import BookFigure
from deepdive.engine.results.evidence import Evidence, Measured, Missing, Points, Value, middle
from deepdive.engine.runs.events import Case, Scalar

TEXT_SHOWN = 60  # characters of a text figure in the evidence


# ---- working it out ---------------------------------------------------------------------------------------------


@dataclass
class Scope:
    """Where figures come from while one expression is worked out over `seeds` (None: not yet decided).

    `used` collects, for every figure looked up, the seeds that it exists for.
    """

    evidence: Evidence
    step: str
    bound: Mapping[str, Any] = field(default_factory=dict)
    seeds: Sequence[int] | None = None
    used: list[frozenset[int]] = field(default_factory=list)

    def common_seeds(self) -> list[int] | None:
        """The seeds that all figures have; None if there was no figure of a run."""
        return sorted(frozenset.intersection(*self.used)) if self.used else None

    def value(self, node: ast.expr) -> Value:
        """Raises Missing."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name) and node.id in self.bound:
            bound = self.bound[node.id]
            return bound if isinstance(bound, str) else float(bound)
        if isinstance(node, ast.UnaryOp):
            number = self.number(node.operand)
            return -number if isinstance(node.op, ast.USub) else number
        if isinstance(node, ast.BinOp):
            return self.arithmetic(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            return self.function(node.func.id, node.args[0])
        return self.figure(node)

    def number(self, node: ast.expr) -> float:
        value = self.value(node)
        if isinstance(value, str):
            raise Missing(f"{ast.unparse(node)} is the text {quoted(value)}, not a number")
        return value

    def arithmetic(self, node: ast.BinOp) -> float:
        left, right = self.number(node.left), self.number(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if right == 0:
            raise Missing(f"{ast.unparse(node.right)} is 0: nothing can be divided by it")
        return left / right

    def function(self, name: str, argument: ast.expr) -> Value:
        if name == "abs":
            return abs(self.number(argument))
        if name == "book":
            return self.book(argument)
        if name in ("low", "high"):
            return self.bound_of(name, argument)
        if _is_book(argument, frozenset(self.bound)):
            inner = argument.args[0]  # type: ignore[attr-defined]
            series = [
                (b.x, b.value) for b in self.book_figures(inner) if b.x is not None and not isinstance(b.value, str)
            ]
            if not series:
                raise Missing(f"the book has no curve {ast.unparse(inner)}")
            return reduced(name, series)
        measured, curves = self.evidence.curves(self.step, *self.named(argument))
        return self.mean({seed: reduced(name, series) for seed, series in curves.items()}, measured, argument)

    def named(self, node: ast.expr) -> tuple[str, Case]:
        """Name and case of `accuracy` or `accuracy(method='prompt', k=k)`."""
        if isinstance(node, ast.Call):
            case = {keyword.arg or "": self.condition(keyword.value) for keyword in node.keywords}
            return node.func.id, case  # type: ignore[attr-defined]
        return node.id, {}  # type: ignore[attr-defined]

    def condition(self, node: ast.expr) -> Scalar:
        if isinstance(node, ast.Name):
            bound: Scalar = self.bound[node.id]
            return bound
        value: Scalar = ast.literal_eval(node)
        return value

    def figure(self, node: ast.expr) -> Value:
        """A figure, or the last value of a curve of that name."""
        name, case = self.named(node)
        try:
            measured, figures = self.evidence.figures(self.step, name, case)
        except Missing as missing:
            try:
                measured, curves = self.evidence.curves(self.step, name, case)
            except Missing:
                raise missing from None
            return self.mean({seed: reduced("last", series) for seed, series in curves.items()}, measured, node)
        why = next((figure.note for figure in figures.values() if figure.value is None and figure.note), "")
        return self.mean({seed: figure.value for seed, figure in figures.items()}, measured, node, why)

    def bound_of(self, side: str, node: ast.expr) -> float:
        """An end of the interval: over several seeds of their range, of one seed the sampling interval."""
        measured, figures = self.evidence.figures(self.step, *self.named(node))
        picked = {id(figure): figure for figure in self.picked(figures, measured).values()}
        if len(picked) > 1:
            values = [float(figure.value) for figure in picked.values() if isinstance(figure.value, (int, float))]
            if not values:
                raise Missing(f"{ast.unparse(node)} is no number")
            return min(values) if side == "low" else max(values)
        only = next(iter(picked.values()))
        end = only.low if side == "low" else only.high
        if end is None:
            raise Missing(f"{ast.unparse(node)} was measured without an interval")
        return float(end)

    def book(self, node: ast.expr) -> Value:
        figures = self.book_figures(node)
        if not figures:
            raise Missing(f"the book does not report {ast.unparse(node)}")
        return figures[-1].value

    def book_figures(self, node: ast.expr) -> list[BookFigure]:
        name, case = self.named(node)
        return self.evidence.in_book(self.step, name, case)

    def picked(self, by_seed: Mapping[int, Any], measured: Measured) -> dict[int, Any]:
        """What the seeds of this scope have. A step that has one seed by design stands for all of another's."""
        stands_for_all = measured.seeds == 1 and measured.step != self.step
        if not stands_for_all:
            self.used.append(frozenset(by_seed))
        if self.seeds is None:
            return dict(by_seed)
        first = min(by_seed)
        return {seed if seed in by_seed else first: by_seed.get(seed, by_seed[first]) for seed in self.seeds}

    def mean(self, by_seed: Mapping[int, Any], measured: Measured, node: ast.expr, why: str = "") -> Value:
        value = middle(self.picked(by_seed, measured).values())
        if value is None:
            why = why or "it diverged, or there was nothing to measure"
            raise Missing(f"{ast.unparse(node)} is not a number ({why})")
        return value


def reduced(function: str, series: Points) -> float:
    """A curve as one number: a value, or the x at which it is lowest or highest (the first such x)."""
    if function == "first":
        return series[0][1]
    if function == "last":
        return series[-1][1]
    choose = min if function in ("lowest", "at_lowest") else max
    x, value = choose(series, key=lambda point: point[1])
    return x if function.startswith("at_") else value


# ---- telling it -------------------------------------------------------------------------------------------------


def told(values: Sequence[Value]) -> list[str]:
    """Values as short text, with as many digits as it takes to tell different ones apart."""
    texts: list[str] = []
    for digits in (4, 6, 9, 17):
        texts = [quoted(value) if isinstance(value, str) else number(value, digits) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def number(value: float, digits: int = 4) -> str:
    """A measured number: 0.8125, 1,234, 3.2e-5."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1000 <= abs(value) < 1e15:
        return f"{value:,.{max(0, digits - 4)}f}"
    return f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")


def quoted(text: str) -> str:
    """A text figure, cut to a line's length; its controls made visible, because a model may have written it."""
    text = visible(text, newlines=False)
    return f'"{text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"}"'
