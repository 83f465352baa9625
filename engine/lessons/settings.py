"""A step's settings: their types, bounds and checks, read from the signature without importing it."""

from __future__ import annotations

import ast
import copy
import itertools
import json
import math
import re
import string
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.words import shown

MOST_CHARACTERS = 100_000
MOST_VALUES = 100  # of a list
HALF = re.compile("[\ud800-\udfff]")
SIMPLE = ("bool", "int", "float", "str")
TEXTS = ("str", "template", "lines")
KINDS = {
    "bool": "true, false",
    "int": "a whole number",
    "float": "a number",
    "words": "class: word, word / class: word",
}
LISTS = {"int": "whole numbers, separated by spaces", "float": "numbers, separated by spaces"}
TRUTHS = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}


@dataclass(frozen=True)
class Setting:
    """`kind`: bool, int, float, str, choice, list, words (a dict of lists), template or lines; of a role
    (roles.py) place."""

    name: str
    kind: str
    default: Any
    item: str = ""  # of a list: the type of its items
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    slots: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    help: str = ""  # one line: what it does

    @property
    def label(self) -> str:
        return self.name.replace("_", " ")

    @property
    def allowed(self) -> str:
        """What may be entered, in the learner's words."""
        if self.kind == "choice":
            return ", ".join(str(choice) for choice in self.choices)
        if self.low is not None and self.high is not None:
            return f"{shown(self.low)} … {shown(self.high)}"
        if self.kind == "template":
            return "slots " + ", ".join("{" + slot + "}" for slot in self.slots)
        if self.kind == "list":
            return LISTS.get(self.item, "texts, separated by commas")
        return KINDS.get(self.kind, "")

    def parse(self, text: str) -> Any:
        """The value that `text` stands for, as typed in the form or after `--set`. Raises Refusal."""
        return self.check(self._read(text.strip() if self.kind in ("bool", "int", "float", "choice") else text))

    def _read(self, text: str) -> Any:
        if self.kind in TEXTS:
            return text
        if self.kind == "bool":
            if text.lower() not in TRUTHS:
                raise Refusal(self.name, f"{text!r} is neither true nor false", self.allowed)
            return TRUTHS[text.lower()]
        if self.kind == "choice":
            for choice in self.choices:
                if str(choice) == text:
                    return choice
            raise Refusal(self.name, f"{text!r} is not one of the choices", self.allowed)
        if self.kind in ("int", "float"):
            return _number(self, text)
        if self.kind == "list" and self.item in ("int", "float"):
            return [_number(self, part) for part in text.replace(",", " ").split()]
        try:
            if self.kind == "list":
                return json.loads(text) if text.lstrip().startswith("[") else _lines(text)
            return json.loads(text) if text.lstrip().startswith("{") else _words(text)
        except (ValueError, RecursionError) as error:
            raise Refusal(self.name, f"{text!r} can't be read", self.allowed) from error

    def check(self, value: Any) -> Any:
        """The value, converted where that loses nothing. Raises Refusal naming the fault and what is allowed."""
        if self.kind == "bool" and not isinstance(value, bool):
            raise Refusal(self.name, f"{value!r} is neither true nor false", self.allowed)
        if self.kind in ("int", "float"):
            value = self._within(value)
        elif self.kind == "choice":
            if value not in self.choices:
                raise Refusal(self.name, f"{value!r} is not one of the choices", self.allowed)
        elif self.kind == "list":
            if not isinstance(value, (list, tuple)) or not value:
                raise Refusal(self.name, "needs at least one value", self.allowed)
            if len(value) > MOST_VALUES:
                raise Refusal(self.name, f"has {len(value):,} values", f"at most {MOST_VALUES}")
            value = [self._within(v) if self.item in ("int", "float") else self._text(v) for v in value]
        elif self.kind == "words":
            _check_words(self.name, value)
            for word in itertools.chain(value, *value.values()):
                self._text(word)
        elif self.kind == "template":
            _check_slots(self, self._text(value))
        elif self.kind in TEXTS:
            self._text(value)
        return value

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Refusal(self.name, f"{value!r} is not a text", self.allowed)
        if HALF.search(value):
            raise Refusal(self.name, "holds half a character (an unpaired surrogate)", "text in UTF-8")
        if len(value) > MOST_CHARACTERS:
            raise Refusal(self.name, f"has {len(value):,} characters", f"at most {MOST_CHARACTERS:,}")
        return value

    def _within(self, value: Any) -> Any:
        whole = (self.item or self.kind) == "int"
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and _finite(value)
        if not number or (whole and value != int(value)):
            raise Refusal(self.name, f"{value!r} is not a {'whole ' if whole else ''}number", self.allowed)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise Refusal(self.name, f"{shown(value)} is out of range", self.allowed)
        return int(value) if whole else float(value)

    def written(self, value: Any) -> str:
        """The value as text that `parse` reads back."""
        return self.show(value)

    def show(self, value: Any) -> str:
        """The value as it is told."""
        if isinstance(value, dict):
            text = " / ".join(f"{name}: {', '.join(words)}" for name, words in value.items())
            return text if _reads_as(_words, text, value) else json.dumps(value, ensure_ascii=False)
        if isinstance(value, (list, tuple)) and self.item == "str":
            text = ", ".join(value)
            return text if _reads_as(_lines, text, list(value)) else json.dumps(value, ensure_ascii=False)
        if isinstance(value, (list, tuple)):
            return " ".join(shown(v) for v in value)
        return shown(value)


def _number(setting: Setting, text: str) -> float | int:
    whole = (setting.item or setting.kind) == "int"
    digits = text.replace(",", "").replace("_", "")
    try:
        number = float(digits)
        if not _finite(number):
            raise ValueError(text)
        return int(digits) if whole and digits.strip("+- ").isdecimal() else number
    except ValueError:
        raise Refusal(setting.name, f"{text!r} is not a {'whole ' if whole else ''}number", setting.allowed) from None


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond every float
        return False


def _reads_as(read: Callable[[str], Any], text: str, value: Any) -> bool:
    try:
        return bool(read(text) == value) and text[:1] not in ("[", "{")
    except ValueError:
        return False


def _lines(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def _words(text: str) -> dict[str, list[str]]:
    classes = {}
    for part in text.split("/"):
        name, colon, words = part.partition(":")
        if not colon:
            raise ValueError(part)
        classes[name.strip()] = _lines(words)
    return classes


def _check_words(name: str, value: Any) -> None:
    if not isinstance(value, dict) or not value:
        raise Refusal(name, "needs label words", KINDS["words"])
    seen: dict[str, str] = {}
    for label, words in value.items():
        if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
            raise Refusal(name, f"the label words of {label!r} are not a list of texts", KINDS["words"])
        if not words:
            raise Refusal(name, f"the class {label!r} has no label word", "at least one word for each class")
        for word in words:
            if word in seen:
                raise Refusal(
                    name, f"{label!r} and {seen[word]!r} share the word {word!r}", "a word belongs to one class"
                )
            seen[word] = label


def _check_slots(setting: Setting, value: str) -> None:
    try:
        fields = [field for field in string.Formatter().parse(value) if field[1] is not None]
    except ValueError as error:
        raise Refusal(setting.name, f"the braces don't match ({error})", setting.allowed) from error
    used = [name for _, name, _, _ in fields]
    for _, slot, form, conversion in fields:
        if slot not in setting.slots or form or conversion:
            more = (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            raise Refusal(setting.name, f"there is no slot {{{slot}{more}}}", setting.allowed)
    for slot in setting.required:
        if slot not in used:
            raise Refusal(setting.name, f"the slot {{{slot}}} is missing", setting.allowed)


# ---- from the syntax tree ---------------------------------------------------------------------------------------

Lookup = Callable[[str], ast.expr | None]  # what is assigned to a name at the top of the file
DEEPEST = 20  # names that stand for names


def from_function(function: ast.FunctionDef, lookup: Lookup = lambda name: None) -> tuple[Setting, ...]:
    """The settings of a step or probe: every parameter after `lab`.

    A default may be a constant of the module, a type an alias of it. A line `name: help` of the docstring is a
    setting's help. Raises ValueError with the parameter's name where type or default can't be read.
    """
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    if not positional or positional[0].arg != "lab":
        raise ValueError(f"{function.name} must take `lab` first")
    if arguments.vararg or arguments.kwarg:
        raise ValueError(f"{function.name} may not take *args or **kwargs: settings have names")
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = list(zip(positional, missing + list(arguments.defaults), strict=True))[1:]
    pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    helps = help_lines(ast.get_docstring(function) or "", {argument.arg for argument, _ in pairs})
    return tuple(_setting(argument, default, helps.get(argument.arg, ""), lookup) for argument, default in pairs)


def help_lines(doc: str, names: Collection[str]) -> dict[str, str]:
    """The help of each name that a docstring explains: `name: help`, going on in deeper lines."""
    found: dict[str, str] = {}
    last, margin = "", 0
    for line in doc.split("\n"):
        name, colon, text = line.strip().partition(": ")
        depth = len(line) - len(line.lstrip())
        if colon and name in names:
            last, margin, found[name] = name, depth, text.strip()
        elif last and line.strip() and depth > margin:
            found[last] += " " + line.strip()
        else:
            last = ""
    return found


def about(doc: str, names: Collection[str]) -> str:
    """A docstring without its lines of help."""
    kept, margin = [], -1
    for line in doc.split("\n"):
        name, colon, _ = line.strip().partition(": ")
        depth = len(line) - len(line.lstrip())
        if colon and name in names:
            margin = depth
        elif margin < 0 or not line.strip() or depth <= margin:
            margin = -1
            kept.append(line)
    return "\n".join(kept).strip()


class _Known(ast.NodeTransformer):
    """Puts in for a name what the module assigns to it."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup, self.depth = lookup, 0

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.lookup(node.id)
        if value is None:
            return node
        if self.depth == DEEPEST:
            raise ValueError(f"{node.id} stands for itself")
        self.depth += 1
        known: ast.expr = self.visit(copy.deepcopy(value))
        self.depth -= 1
        return known


def _setting(argument: ast.arg, default: ast.expr | None, help: str, lookup: Lookup) -> Setting:
    name = argument.arg
    if argument.annotation is None or default is None:
        raise ValueError(f"{name} needs a type and a default")
    try:
        value = ast.literal_eval(_Known(lookup).visit(copy.deepcopy(default)))
    except (ValueError, TypeError):
        raise ValueError(f"the default of {name} must be a literal or a constant of the module") from None
    setting = replace(_typed(name, _Known(lookup).visit(copy.deepcopy(argument.annotation)), value), help=help)
    try:
        setting.check(value)
    except Refusal as refusal:
        raise ValueError(f"the default of {name} is not allowed: {refusal.why}") from None
    return setting


def _typed(name: str, annotation: ast.expr, value: Any) -> Setting:
    if isinstance(annotation, ast.Name) and annotation.id in SIMPLE:
        return Setting(name, annotation.id, value)
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        outer, inner = annotation.value.id, annotation.slice
        if outer == "Literal":
            choices = ast.literal_eval(inner)
            return Setting(name, "choice", value, choices=choices if isinstance(choices, tuple) else (choices,))
        if outer == "list" and isinstance(inner, ast.Name) and inner.id in SIMPLE:
            return Setting(name, "list", value, item=inner.id)
        if outer == "dict":
            return Setting(name, "words", value)
        if outer == "Annotated" and isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
            return _annotated(_typed(name, inner.elts[0], value), inner.elts[1])
    raise ValueError(f"the type of {name} is not one that a form can show: {ast.unparse(annotation)}")


def _annotated(setting: Setting, mark: ast.expr) -> Setting:
    if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name):
        values = [ast.literal_eval(argument) for argument in mark.args]
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in mark.keywords}
        if mark.func.id == "Range" and len(values) == 2:
            return replace(setting, low=values[0], high=values[1])
        if mark.func.id == "Slots":
            allowed = tuple(values[0] if values else named.get("allowed", ()))
            required = tuple(values[1] if len(values) > 1 else named.get("required", ()))
            return replace(setting, kind="template", slots=allowed, required=required)
        if mark.func.id == "Kind" and len(values) == 1:
            return replace(setting, kind=values[0])
    raise ValueError(f"the mark of {setting.name} is none of Range, Slots, Kind: {ast.unparse(mark)}")
