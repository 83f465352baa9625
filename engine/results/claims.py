"""Claims: a lesson's shape as one comparison over figures (see lessons/language.py), judged over the seeds.

50 <= at_lowest(validation_loss) <= 200
accuracy(method='prompt', k=k) >= accuracy(method='head', k=k) + 0.05
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepdive.engine.lessons.language import FUNCTIONS, Wrong, check_claim, check_expression, parse, several
from deepdive.engine.lessons.tutorial import Claim
from deepdive.engine.results.evidence import Diverged, Evidence, Missing, Value
from deepdive.engine.results.scope import Scope, quoted, told

WORDS: dict[type[ast.cmpop], str] = {
    ast.Eq: "equal to",
    ast.NotEq: "different from",
    ast.LtE: "at most",
    ast.GtE: "at least",
    ast.Lt: "below",
    ast.Gt: "above",
}
MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
}


@dataclass(frozen=True)
class Verdict:
    """`held` is None while it is not yet measured; `evidence` is the comparison with the numbers put in."""

    held: bool | None
    evidence: str


def names(claim: Claim) -> frozenset[str]:
    """The figures and curves that a claim speaks of. Raises Wrong."""
    tree = parse(claim.holds)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return frozenset(found - set(FUNCTIONS) - set(claim.each))


def expression(text: str, evidence: Evidence, step: str) -> list[Value | bool]:
    """The value of an expression over the mean of the seeds: of several separated by commas one each.

    A comparison is True or False. Raises Wrong for text that is none and Missing for what is not yet measured.
    """
    if problem := check_expression(text):
        raise Wrong(problem)
    found: list[Value | bool] = []
    for node in several(parse(text)):
        scope = Scope(evidence, step)
        if isinstance(node, ast.Compare):
            found.append(_compare(node, scope).held)
        else:
            found.append(scope.value(node))
    return found


# ---- judging ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Comparison:
    held: bool
    evidence: str
    margin: float  # how far it is from turning over, as a share of the numbers compared


def evaluate(claim: Claim, evidence: Evidence) -> Verdict:
    """Whether the claim held: of a training that diverged it did not. With `each` it must hold for all combinations:
    the first that fails is named."""
    if problem := check_claim(claim):
        return Verdict(None, problem)
    tree = parse(claim.holds)
    assert isinstance(tree, ast.Compare)
    judged = []
    for values in itertools.product(*claim.each.values()):
        bound = dict(zip(claim.each, values, strict=True))
        try:
            judged.append(_over_seeds(claim, tree, Scope(evidence, claim.step, bound)))
        except Missing as missing:
            judged.append((False if isinstance(missing, Diverged) else None, str(missing), math.inf))
    for wanted in (False, None):
        for held, text, _ in judged:
            if held is wanted:
                return Verdict(held, text)
    closest = min(judged, key=lambda one: one[2])
    return Verdict(True, closest[1] + (f"; the closest of {len(judged)} cases" if len(judged) > 1 else ""))


def _over_seeds(claim: Claim, tree: ast.Compare, scope: Scope) -> tuple[bool | None, str, float]:
    overall = _compare(tree, scope)
    seeds = scope.common_seeds()
    needed = max(claim.least, claim.on) if isinstance(claim.on, int) else claim.least
    if seeds is None:
        return overall.held, overall.evidence, overall.margin
    if len(seeds) < needed:
        return None, f"{len(seeds)} of {needed} seeds measured", math.inf
    if claim.on == "mean":
        mean = _compare(tree, Scope(scope.evidence, scope.step, scope.bound, seeds))
        return mean.held, mean.evidence + (f" (mean of {len(seeds)} seeds)" if len(seeds) > 1 else ""), mean.margin
    each = {seed: _compare(tree, Scope(scope.evidence, scope.step, scope.bound, [seed])) for seed in seeds}
    holding = [seed for seed, one in each.items() if one.held]
    failing = [seed for seed in seeds if seed not in holding]
    held = len(holding) >= (claim.on if isinstance(claim.on, int) else len(seeds))
    shown = failing[0] if failing else min(each, key=lambda seed: each[seed].margin)
    text = f"in {len(holding)} of {len(seeds)} seeds"
    if isinstance(claim.on, int):
        text += f", {claim.on} wanted"
    return held, f"{text}; seed {shown}: {each[shown].evidence}", each[shown].margin


def _compare(tree: ast.Compare, scope: Scope) -> _Comparison:
    nodes = [tree.left, *tree.comparators]
    values = [scope.value(node) for node in nodes]
    pairs = list(zip(values, tree.ops, values[1:], strict=False))
    truths = [_holds(left, operator, right) for left, operator, right in pairs]
    margin = min(_margin(left, right) for left, _, right in pairs)
    texts = [_side(node, scope, value) for node, value in zip(nodes, told(values), strict=True)]
    return _Comparison(all(truths), _sentence(tree.ops, texts, truths), margin)


def _holds(left: Value, operator: ast.cmpop, right: Value) -> bool:
    """Numbers that differ by rounding only are equal."""
    if isinstance(left, str) or isinstance(right, str):
        equal = left == right
        if not isinstance(operator, (ast.Eq, ast.NotEq)):
            raise Missing(f"{quoted(str(left))} and {quoted(str(right))} have no order")
    else:
        equal = math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(operator, ast.Eq):
        return equal
    if isinstance(operator, ast.NotEq):
        return not equal
    if equal:
        return isinstance(operator, (ast.LtE, ast.GtE))
    less = left < right  # type: ignore[operator]
    return less if isinstance(operator, (ast.Lt, ast.LtE)) else not less


def _margin(left: Value, right: Value) -> float:
    if isinstance(left, str) or isinstance(right, str):
        return math.inf
    return abs(left - right) / (max(abs(left), abs(right)) or 1.0)


def _sentence(operators: Sequence[ast.cmpop], texts: list[tuple[str, bool]], truths: list[bool]) -> str:
    """ "at_lowest(validation_loss) = 110, between 50 and 200"; `texts` says of each side whether it was measured."""
    sides = [text for text, _ in texts]
    no = "" if all(truths) else "not "
    if len(operators) == 2 and texts[1][1]:
        if all(isinstance(operator, (ast.Lt, ast.LtE)) for operator in operators):
            return f"{sides[1]}, {no}between {sides[0]} and {sides[2]}"
        if all(isinstance(operator, (ast.Gt, ast.GtE)) for operator in operators):
            return f"{sides[1]}, {no}between {sides[2]} and {sides[0]}"
    if len(operators) == 1 and not texts[0][1]:
        return f"{sides[1]}, {no}{WORDS[MIRRORED[type(operators[0])]]} {sides[0]}"
    words = [WORDS[type(operator)] for operator in operators]
    parts = [
        f"{'' if truth else 'not '}{word} {side}" for word, side, truth in zip(words, sides[1:], truths, strict=True)
    ]
    return ", ".join([sides[0], *parts])


def _side(node: ast.expr, scope: Scope, value: str) -> tuple[str, bool]:
    """The text of a side with its value, and whether anything in it was measured."""
    bound = frozenset(scope.bound)
    inner = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in bound and n.id not in FUNCTIONS]
    if not inner:
        return value, False
    return f"{ast.unparse(_Bind(scope.bound).visit(ast.parse(ast.unparse(node), mode='eval').body))} = {value}", True


class _Bind(ast.NodeTransformer):
    """Puts values in for the names that `each` binds."""

    def __init__(self, bound: Mapping[str, Any]) -> None:
        self.bound = bound

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.bound[node.id]) if node.id in self.bound else node
