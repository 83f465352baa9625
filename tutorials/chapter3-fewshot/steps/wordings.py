"""The book's wordings and label words, and the types of settings."""

from typing import Annotated, Literal

from deepdive.engine.lab import Kind, Range, Slots

Wording = Annotated[str, Slots(("sentence", "mask"), ("mask",))]
AboutOne = Annotated[
    str,
    Slots(("sentence", "candidate", "mask"), ("candidate", "mask")),
]
Lines = Annotated[str, Kind("lines")]
Words = dict[str, list[str]]
Rate = Annotated[float, Range(1e-6, 1e-2)]
Sizes = Annotated[list[int], Range(0, 20_000)]
Sentences = Annotated[int, Range(1, 3250)]
Policy = Literal["every piece", "first piece"]

IT_IS = "{sentence} it is {mask} ."
TERRIBLE_GREAT = {"negative": ["terrible"], "positive": ["great"]}
FOUR = (
    "{sentence} it is {mask} .\n"
    "it is {mask} . {sentence}\n"
    "{sentence} {mask}\n"
    "{sentence} we left {mask} ."
)
PAIRS = "terrible / great\nbad / good\ngreat / terrible"

IS_A = "{sentence}. {candidate} is a {mask} entity."
KINDS = {
    "O": ["non"],
    "PER": ["person"],
    "ORG": ["organization"],
    "LOC": ["location"],
    "MISC": ["other"],
}
FEYENOORD = (
    "Feyenoord midfielder Jean-Paul van Gastel was also named to "
    "make his debut in the 18-man squad ."
)
ITS_TAGS = "B-ORG O B-PER I-PER I-PER O O O O O O O O O O O O"
