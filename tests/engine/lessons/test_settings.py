"""A step's settings come from its signature; what is typed is read, checked and shown without loss or surprise."""

from __future__ import annotations

import ast
import math
from typing import Any

import pytest
from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.words import shown
from deepdive.engine.lessons.settings import Setting, about, from_function
from hypothesis import given
from hypothesis import strategies as st

SOURCE = """
def tune(
    lab: Lab,
    size: Literal["small", "large"] = "small",
    rank: Annotated[int, Range(1, 64)] = 8,
    learning_rate: Annotated[float, Range(1e-6, 1e-1)] = 3e-4,
    freeze: bool = True,
    shots: Annotated[list[int], Range(0, 128)] = [1, 8],
    prompts: list[str] = ["Life is"],
    words: dict[str, list[str]] = {"good": ["great"], "bad": ["awful"]},
    template: Annotated[str, Slots(("text", "mask"), ("mask",))] = "{text} It was {mask}.",
    code: Annotated[str, Kind("lines")] = "x = 1",
    *,
    name: str = "a",
    delta: float = -1.5,
):
    pass
"""


def settings_of(source: str) -> dict[str, Setting]:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    return {setting.name: setting for setting in from_function(function)}


FORM = settings_of(SOURCE)


def test_the_signature_is_the_form() -> None:
    assert [(s.name, s.kind) for s in FORM.values()] == [
        *[("size", "choice"), ("rank", "int"), ("learning_rate", "float"), ("freeze", "bool"), ("shots", "list")],
        *[("prompts", "list"), ("words", "words"), ("template", "template"), ("code", "lines"), ("name", "str")],
        ("delta", "float"),
    ]
    assert (FORM["rank"].low, FORM["rank"].high, FORM["rank"].default) == (1, 64, 8)
    assert (FORM["shots"].item, FORM["shots"].high) == ("int", 128)
    assert (FORM["template"].slots, FORM["template"].required) == (("text", "mask"), ("mask",))
    assert FORM["learning_rate"].label == "learning rate"


@pytest.mark.parametrize(
    ("signature", "what"),
    [
        ("self", "must take `lab` first"),
        ("", "must take `lab` first"),
        ("lab, *sizes", "settings have names"),
        ("lab, **sizes", "settings have names"),
        ("lab, rank: int", "rank needs a type and a default"),
        ("lab, rank=8", "rank needs a type and a default"),
        ("lab, *, rank: int", "rank needs a type and a default"),
        ("lab, rank: int = RANK", "must be a literal"),
        ("lab, rank: dict = {[]: 1}", "must be a literal"),
        ("lab, rank: complex = 1", "not one that a form can show"),
        ("lab, rank: int | None = None", "not one that a form can show"),
        ("lab, rank: Annotated[int, Range(1)] = 1", "none of Range"),
        ("lab, rank: Annotated[int, 5] = 1", "none of Range"),
        ("lab, rank: Annotated[int, Range(1, 4)] = 5", "default of rank is not allowed"),
        ("lab, rank: Literal['a'] = 'b'", "default of rank is not allowed"),
        ("lab, rank: Annotated[str, Slots()] = '{a}'", "default of rank is not allowed"),
        ("lab, rank: list[int] = []", "default of rank is not allowed"),
        ("lab, rank: int = 1.5", "default of rank is not allowed"),
    ],
)
def test_what_no_form_can_show_is_named(signature: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        settings_of(f"def step({signature}): pass")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("size", " large ", "large"),
        ("rank", "16", 16),
        ("rank", "1e1", 10),
        ("learning_rate", "3e-5", 3e-5),
        ("freeze", "No", False),
        ("freeze", "on", True),
        ("shots", "1 8, 32", [1, 8, 32]),
        ("prompts", "Life is, The river", ["Life is", "The river"]),
        ("prompts", '["Life, it is", "a"]', ["Life, it is", "a"]),
        ("words", "good: great, fine / bad: awful", {"good": ["great", "fine"], "bad": ["awful"]}),
        ("words", '{"good": ["great"], "bad": ["awful"]}', {"good": ["great"], "bad": ["awful"]}),
        ("template", "{mask}: {text}", "{mask}: {text}"),
        ("template", "{{json}} {mask}", "{{json}} {mask}"),
        ("name", "  kept as typed ", "  kept as typed "),
        ("delta", "1,250.5", 1250.5),
    ],
)
def test_what_is_typed_is_read(name: str, text: str, value: Any) -> None:
    assert FORM[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "text", "why", "allowed"),
    [
        ("size", "medium", "not one of the choices", "small, large"),
        ("rank", "0", "out of range", "1 … 64"),
        ("rank", "2.5", "not a whole number", "1 … 64"),
        ("rank", "many", "not a whole number", "1 … 64"),
        ("rank", "", "not a whole number", "1 … 64"),
        ("rank", "inf", "not a whole number", "1 … 64"),
        ("rank", "nan", "not a whole number", "1 … 64"),
        ("rank", "1e999", "not a whole number", "1 … 64"),
        ("delta", "inf", "not a number", "a number"),
        ("learning_rate", "1", "out of range", "1e-6 … 0.1"),
        ("freeze", "maybe", "neither true nor false", "true, false"),
        ("shots", "", "at least one value", "0 … 128"),
        ("shots", "1 200", "out of range", ""),
        ("shots", "1 two", "not a whole number", ""),
        ("prompts", "[1, 2]", "not a text", "texts, separated by commas"),
        ("prompts", "[1, ", "can't be read", ""),
        ("words", "good", "can't be read", "class: word, word / class: word"),
        ("words", "good:", "no label word", "at least one word"),
        ("words", "good: fine / bad: fine", "share the word", "one class"),
        ("words", '{"good": 3}', "not a list of texts", "class: word"),
        ("words", '{"good": "great"}', "not a list of texts", "class: word"),
        ("words", "{}", "needs label words", "class: word"),
        ("template", "no slot", "{mask} is missing", "{text}, {mask}"),
        ("template", "{mask} {label}", "no slot {label}", "{text}, {mask}"),
        ("template", "{mask} {}", "no slot {}", ""),
        ("template", "{mask", "braces don't match", ""),
        ("template", "{mask.__class__}", "no slot", ""),
        ("template", "{mask:{text}}", "no slot", ""),
        ("template", "{mask:999999999}", "no slot", ""),
        ("template", "{mask!z}", "no slot", ""),
    ],
)
def test_what_is_not_allowed_is_refused_with_what_is(name: str, text: str, why: str, allowed: str) -> None:
    with pytest.raises(Refusal) as refused:
        FORM[name].parse(text)
    assert refused.value.setting == name
    assert why in refused.value.why
    assert allowed in refused.value.allowed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("rank", True), ("rank", "8"), ("rank", None), ("rank", math.inf), ("rank", 10**400), ("freeze", 1)],
        *[
            ("shots", 5),
            ("shots", [True]),
            ("prompts", [5]),
            ("words", []),
            ("template", 5),
            ("name", None),
            ("size", []),
        ],
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(Refusal):
        FORM[name].check(value)


def test_what_loses_nothing_is_converted() -> None:
    assert FORM["rank"].check(8.0) == 8
    assert isinstance(FORM["rank"].check(8.0), int)
    assert isinstance(FORM["delta"].check(3), float)
    assert FORM["shots"].check((1, 2)) == [1, 2]


WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.one_of(
    st.tuples(st.just("size"), st.sampled_from(["small", "large"])),
    st.tuples(st.just("rank"), st.integers(1, 64)),
    st.tuples(st.just("learning_rate"), st.floats(1e-6, 1e-1)),
    st.tuples(st.just("delta"), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just("freeze"), st.booleans()),
    st.tuples(st.just("shots"), st.lists(st.integers(0, 128), min_size=1)),
    st.tuples(st.just("prompts"), st.lists(WORD, min_size=1, max_size=3)),
    st.tuples(st.just("words"), st.dictionaries(WORD, st.lists(WORD, min_size=1, max_size=1), min_size=1, max_size=1)),
    st.tuples(st.just("name"), st.text()),
)


@given(VALUES)
def test_what_is_shown_reads_back(case: tuple[str, Any]) -> None:
    name, value = case
    assert FORM[name].parse(FORM[name].show(value)) == value


@given(st.sampled_from(sorted(FORM)), st.text(max_size=30))
def test_any_text_is_a_value_or_a_refusal(name: str, text: str) -> None:
    try:
        value = FORM[name].parse(text)
    except Refusal:
        return
    assert FORM[name].check(value) == value


def test_large_whole_numbers_are_exact() -> None:
    assert Setting("seed", "int", 0).parse("12345678901234567891") == 12345678901234567891


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (3e-05, "3e-5"), (2000.0, "2000"), (1.0, "1.0"), (0.001, "0.001"), (math.inf, "inf"), ("a", "a")],
)
def test_values_are_written_as_a_learner_would(value: Any, text: str) -> None:
    assert shown(value) == text


# ---- constants, aliases and help -----------------------------------------------------------------------------------

LESSON = '''
NO_YES = {"no": ["no"], "yes": ["yes", "true"]}
Words = dict[str, list[str]]
MOST = 50
Count = Annotated[int, Range(1, MOST)]
FEW = SOME
SOME = 3


def classify(lab, words: Words = NO_YES, top_k: Count = FEW, temperature: Annotated[float, Range(0, 2)] = 1.0):
    """Sort sentences.

    The second paragraph is about this: that.

    words: the label words of each class
    top_k: how many guesses are shown; more
        of them take more room
    """
'''


def lesson(text: str = LESSON) -> tuple[Setting, ...]:
    tree = ast.parse(text)
    known = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    return from_function(function, known.get)


def test_a_default_may_be_a_constant_and_a_type_an_alias_of_the_module() -> None:
    words, top_k, _ = lesson()
    assert (words.kind, words.default) == ("words", {"no": ["no"], "yes": ["yes", "true"]})
    assert (top_k.kind, top_k.low, top_k.high, top_k.default) == ("int", 1, 50, 3)


def test_a_line_of_the_docstring_is_a_settings_help() -> None:
    assert [setting.help for setting in lesson()] == [
        "the label words of each class",
        "how many guesses are shown; more of them take more room",
        "",
    ]


def test_the_rest_of_the_docstring_is_about_the_step() -> None:
    doc = "Sort.\n\nIt is so: true.\n\nwords: which\n    ones\ntop_k: how many"
    assert about(doc, {"words", "top_k"}) == "Sort.\n\nIt is so: true."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("A = B\nB = A\ndef f(lab, a: int = A):\n    pass", "must be a literal or a constant of the module"),
        ("A = open('x')\ndef f(lab, a: int = A):\n    pass", "must be a literal or a constant of the module"),
        ("def f(lab, a: int = GONE):\n    pass", "must be a literal or a constant of the module"),
    ],
)
def test_a_constant_that_is_none_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        lesson(text)
