"""The small language of claims and figures, as it may be written: parsed with `ast`, looked at node by node, never run.

    accuracy(method='head', k=8) + 0.05         abs(last(training_loss) - book(training_loss))

A claim is one comparison of two such expressions. What a name stands for is worked out by results/scope.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deepdive.engine.lessons.tutorial import Claim

REDUCTIONS = ("first", "last", "lowest", "highest", "at_lowest", "at_highest")  # of a curve
FUNCTIONS = ("abs", "low", "high", "book", *REDUCTIONS)
OPERATORS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
DEEPEST = 60  # levels of a tree: more is a slip or an attack on the recursion below


class Wrong(ValueError):
    """The text is no expression; the message says what is wrong."""


def check_claim(claim: Claim) -> str | None:
    """What is wrong with a claim as it is written, or None."""
    try:
        tree = parse(claim.holds)
        if not isinstance(tree, ast.Compare):
            raise Wrong("must be a comparison, such as `last(validation_loss) < 3`")
        for name, values in claim.each.items():
            if not isinstance(values, list) or not values:
                raise Wrong(f"each: {name} needs a list of values")
            if not all(isinstance(value, (int, float, str)) for value in values):
                raise Wrong(f"each: the values of {name} must be numbers or texts")
            if name not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
                raise Wrong(f"each: the comparison does not use {name}")
        examine(tree, frozenset(claim.each))
        if isinstance(claim.least, bool) or not isinstance(claim.least, int) or claim.least < 1:
            raise Wrong(f"seeds: least must be 1 or more, it is {claim.least!r}")
        if claim.on not in ("mean", "each") and (not isinstance(claim.on, int) or claim.on < 1):
            raise Wrong(f'seeds: on must be "mean", "each" or a number of seeds, it is {claim.on!r}')
    except Wrong as wrong:
        return str(wrong)
    return None


def check_expression(text: str) -> str | None:
    """What is wrong with an expression (a prediction's `figure`: one, or several separated by commas), or None."""
    try:
        for node in several(parse(text)):
            examine(node, frozenset())
    except Wrong as wrong:
        return str(wrong)
    return None


def parse(text: str) -> ast.expr:
    """Raises Wrong."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Wrong(f"`{text[:80]}` can't be read: {getattr(error, 'msg', error)}") from None
    if any(depth > DEEPEST for depth in _depths(tree)):
        raise Wrong(f"`{text[:80]}` is nested too deeply")
    return tree


def _depths(tree: ast.AST) -> Iterator[int]:
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield depth
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


def several(tree: ast.expr) -> list[ast.expr]:
    """The expressions of `a, b, c`."""
    return tree.elts if isinstance(tree, ast.Tuple) else [tree]


def examine(node: ast.expr, bound: frozenset[str]) -> None:
    """Raises Wrong at the first part that an expression may not have; `bound` are the names that `each` binds."""
    if isinstance(node, ast.Compare):
        for part in (node.left, *node.comparators):
            if isinstance(part, ast.Compare):
                raise Wrong("a comparison can't be compared")
            examine(part, bound)
        for operator in node.ops:
            if not isinstance(operator, OPERATORS):
                raise Wrong("compares with == != < <= > >= only")
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        examine(node.left, bound)
        examine(node.right, bound)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        examine(node.operand, bound)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        if isinstance(node.value, int) and abs(node.value) > 1 << 1000:
            raise Wrong("a number is too large")
    elif isinstance(node, ast.Name):
        if node.id in FUNCTIONS and node.id not in bound:
            raise Wrong(f"{node.id} is a function: {node.id}(...)")
    elif isinstance(node, ast.Call):
        _examine_call(node, bound)
    else:
        raise Wrong(f"`{ast.unparse(node)}` is none of: numbers, texts, figures, + - * /, {', '.join(FUNCTIONS)}")


def _examine_call(node: ast.Call, bound: frozenset[str]) -> None:
    if not isinstance(node.func, ast.Name):
        raise Wrong(f"`{ast.unparse(node.func)}` is not a name")
    name = node.func.id
    if name in FUNCTIONS:
        if len(node.args) != 1 or node.keywords:
            raise Wrong(f"{name} takes one figure")
        argument = node.args[0]
        if name != "abs" and not _is_figure(argument, bound) and not (name in REDUCTIONS and _is_book(argument, bound)):
            raise Wrong(f"{name} takes a {'curve' if name in REDUCTIONS else 'figure'}, not `{ast.unparse(argument)}`")
        examine(argument, bound)
        return
    if node.args:
        raise Wrong(f"there is no function {name}; there is {', '.join(FUNCTIONS)}")
    if name in bound:
        raise Wrong(f"{name} is bound by each and is no figure")
    for keyword in node.keywords:
        if keyword.arg is None or not _is_condition(keyword.value, bound):
            raise Wrong(f"the conditions of {name} must be names from `each` or plain values")


def _is_figure(node: ast.expr, bound: frozenset[str]) -> bool:
    name = node.func if isinstance(node, ast.Call) else node
    return isinstance(name, ast.Name) and name.id not in bound and name.id not in FUNCTIONS


def _is_book(node: ast.expr, bound: frozenset[str]) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "book"
        and len(node.args) == 1
        and _is_figure(node.args[0], bound)
    )


def _is_condition(node: ast.expr, bound: frozenset[str]) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, (int, float))
    if isinstance(node, ast.Name):
        return node.id in bound
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, type(None)))
