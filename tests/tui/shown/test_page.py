"""A page read into blocks: directives become slots, markup in figures is text, terms are found once."""

from __future__ import annotations

from collections import Counter

from deepdive.engine.lessons.pages import directives
from deepdive.tui.shown.lines import text_of
from deepdive.tui.shown.page import (
    CodeBlock,
    ExerciseSlot,
    Footnote,
    Heading,
    ListItem,
    Paragraph,
    PredictionSlot,
    Quote,
    Span,
    StepSlot,
    Table,
    plain,
    read,
    segments,
)
from deepdive.tui.widgets.prose import set_prose
from hypothesis import given
from hypothesis import strategies as st

PAGE = """# Fifty articles by heart

A network spreads its bets[^why] over *all* **2,048** pieces of `vocab`: ln 2048 = 7.62, see [the curve](#loss).
{{step pretrain}}
It said <mask> and learning_rate stayed.
{{ predict P1 }}

1. first
2. second
   - inner

   more of second

> who said so

| k | accuracy |
|---|---------:|
| 8 | 0.85 |

```python
{{step not_a_slot}}
```

{{exercise X1}}

[^why]: Nobody told it *anything*.
"""


def test_every_kind_of_block() -> None:
    blocks = read(PAGE)
    kinds = [type(block) for block in blocks]
    assert kinds == [
        *(Heading, Paragraph, StepSlot, Paragraph, PredictionSlot, ListItem, ListItem, ListItem, ListItem, Quote),
        *(Table, CodeBlock, ExerciseSlot, Footnote),
    ]
    assert blocks[2] == StepSlot("pretrain")
    assert blocks[4] == PredictionSlot("P1")
    assert blocks[12] == ExerciseSlot("X1")
    assert blocks[11] == CodeBlock("{{step not_a_slot}}", "python")
    items = [block for block in blocks if isinstance(block, ListItem)]
    assert [(item.marker, item.depth) for item in items] == [("1.", 0), ("2.", 0), ("-", 1), ("", 0)]
    table = blocks[10]
    assert isinstance(table, Table) and table.align == ("", "right") and plain(table.rows[0][1]) == "0.85"


def test_looks_of_spans() -> None:
    paragraph = read(PAGE)[1]
    assert isinstance(paragraph, Paragraph)
    looks = {span.text: span.look for span in paragraph.spans}
    assert looks["all"] == "emphasis" and looks["2,048"] == "strong" and looks["vocab"] == "code"
    assert Span("the curve", "accent", "#loss") in paragraph.spans
    assert Span("1", "note", "1") in paragraph.spans


def test_html_is_text_and_words_keep_their_underscores() -> None:
    assert read("It said <mask> & learning_rate <b>x</b>.") == [
        Paragraph((Span("It said <mask> & learning_rate <b>x</b>."),))
    ]


def test_the_slots_are_the_engines_directives() -> None:
    slots = [block.id for block in read(PAGE) if isinstance(block, StepSlot | ExerciseSlot | PredictionSlot)]
    found = [argument for kind, argument, _ in directives(PAGE.replace("{{step not_a_slot}}", ""))]
    assert slots == found


def test_segments_keep_order_and_number() -> None:
    parts = segments(read(PAGE))
    assert [type(part).__name__ for part in parts] == [
        *("list", "StepSlot", "list", "PredictionSlot", "list", "ExerciseSlot", "list")
    ]
    page = "{{step a}}\n{{held It rises: It rose. | It fell.}}"
    assert len(segments(read(page))) == len(segments(read(page, held={"It rises": True}))) == 3


def test_outcome_and_figures_stand_in_the_text() -> None:
    text = "The loss is {{figure validation_loss}}. {{held It rises: It rose. | It fell.}}"
    assert plain(read(text, {"validation_loss": "3.9"}, {"It rises again": False})[0].spans) == (  # type: ignore[union-attr]
        "The loss is 3.9. It fell."
    )
    assert plain(read(text)[0].spans).startswith("The loss is –.")  # type: ignore[union-attr]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_a_figure_is_text_whatever_stands_in_it(value: str) -> None:
    blocks = read("Before {{figure x}} after", {"x": value})
    assert len(blocks) == 1
    paragraph = blocks[0]
    assert isinstance(paragraph, Paragraph)
    assert {span.look for span in paragraph.spans} == {"plain"}


def test_the_first_mention_of_a_term_is_marked() -> None:
    glossary = {"perplexity": "...", "token": "...", "byte": "..."}
    blocks = read("Perplexity counts tokens.\n\nA token has a perplexity; `byte` is code.", glossary=glossary)
    terms = [span for block in blocks if isinstance(block, Paragraph) for span in block.spans if span.look == "term"]
    assert terms == [Span("Perplexity", "term", "perplexity"), Span("tokens", "term", "token")]


def test_controls_in_a_page_are_seen() -> None:
    assert "␛" in plain(read("red \x1b[31m text")[0].spans)  # type: ignore[union-attr]


@given(st.text(st.sampled_from("ab *_`[]()<>{}|\n-#>1.: ^!\\"), max_size=120))
def test_no_page_is_too_broken_to_read(text: str) -> None:
    segments(read(text, {}, {}, {"a": "..."}))


FORMS = (
    *("{}", "## {}", "- {}", "1. {}", "> {}", "*{}*", "**{}**", "`{}`", "[{}](#x)"),
    *("| a |\n|---|\n| {} |", "```\n{}\n```", "x[^n]\n\n[^n]: {}"),
)
words = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), min_size=1, max_size=6).map(" ".join)


@given(st.lists(st.tuples(st.sampled_from(FORMS), words), max_size=8))
def test_no_text_of_a_page_is_lost(parts: list[tuple[str, str]]) -> None:
    page = "\n\n".join(form.replace("^n", f"^n{at}").format(text) for at, (form, text) in enumerate(parts))
    set_words = " ".join(text_of(line) for line in set_prose(read(page), 60)).split()
    assert sorted(Counter(word for _, text in parts for word in text.split()) - Counter(set_words)) == []
