"""The book's wordings and label words, and the types of settings."""

from typing import Annotated, Literal

from deepdive.engine.lab import Kind, Range, Slots

Wording = Annotated[
    str, Slots(("passage", "question", "mask"), ("mask",))
]
Wordings = Annotated[str, Kind("lines")]  # "name: template" in each
Words = dict[str, list[str]]
Sizes = Annotated[list[int], Range(0, 20_000)]
Rounds = Annotated[list[int], Range(0, 200)]
Count = Annotated[int, Range(1, 2500)]
Epochs = Annotated[int, Range(1, 50)]
Batch = Annotated[int, Range(1, 64)]
Rate = Annotated[float, Range(1e-6, 1e-1)]
Vectors = Annotated[int, Range(1, 200)]
SoftRate = Annotated[float, Range(1e-5, 10.0)]
Schedule = Literal["repaired", "the source's"]

NO_YES = {"no": ["no", "No"], "yes": ["yes", "Yes"]}
SIZES = [0, 16, 32, 64, 128, 256, 512]

SUITABLE = (
    "hypothesis: {passage}. premise: {question}? "
    "The answer was {mask} ."
)
PUNCTUATED = "{passage} . {question} ? {mask}"
ENGINEERED = (
    "hypothesis: {passage} premise: {question} The answer was {mask} ."
)
YOURS = "{passage}. Now tell me: {question}? {mask}"

THREE = (
    "simplest: {passage} {question} {mask}\n"
    "punctuated: {passage} . {question} ? {mask}\n"
    "suitable: hypothesis: {passage}. premise: {question}? "
    "The answer was {mask} ."
)
TEN = (
    "prefix 1: hypothesis: {passage}. premise: {question}? "
    "The answer was {mask} .\n"
    "prefix 2: {passage}. Question: {question} ? "
    "The answer was {mask}\n"
    "prefix 3: Information: {passage}. Question: {question}? "
    "The answer is {mask} .\n"
    "prefix 4: Context: {passage}. Based on the information in "
    "this paragraph, {question}? {mask} .\n"
    "cloze 5: Question: {question} ? Is the answer yes or no? "
    "{mask} . Context: {passage}.\n"
    "cloze 6: Context: {passage}. . Based on this, of the two "
    "options (yes or no), {mask} is the answer to this question: "
    "{question}?\n"
    "retrieval 7: premise: {question}? The answer was {mask} .\n"
    'retrieval 8: The answer to the question " {question}? " '
    "is {mask} .\n"
    "retrieval 9: {question} ? answer: {mask}\n"
    "retrieval 10: {question} ? {mask}"
)
BEFORE_SOFT = (
    "featureless: {passage} {question} {mask}\n"
    "engineered: hypothesis: {passage} premise: {question} "
    "The answer was {mask} ."
)
NATIVE = (
    "native: boolq passage: {passage} question: {question} {mask}\n"
    "suitable: hypothesis: {passage}. premise: {question}? "
    "The answer was {mask} ."
)
