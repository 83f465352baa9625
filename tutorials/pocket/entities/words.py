"""The sentences of the news, with slots for made-up names. Words stand apart, as in CoNLL-2003."""

from __future__ import annotations

from ..making.world import words

FIRMS = words("Bank United Motors Mills")
EVENTS = words("Cup Open Prize")

FRONT = (
    "as the postman told us ,",
    "if one may believe the baker ,",
    "to the surprise of the whole market ,",
    "after a long week of rain ,",
    "as we learned last night ,",
    "although few people had expected it ,",
    "as our readers will know ,",
    "after two long meetings ,",
    "when the fog had gone ,",
    "in spite of the heavy rain ,",
    "while most of us were at breakfast ,",
    "without a word to the newspapers ,",
    "for the first time in years ,",
    "as the radio said this morning ,",
    "much later than planned ,",
    "after a quiet start to the week ,",
    "as a note on the library door says ,",
    "before the week was over ,",
)
"""What comes before the news."""

NEWS = (
    "{PER} came first in the {EVENT} on {DAY}",
    "{PER} won the {EVENT} in {LOC} by a few seconds",
    "{PER} of {ORG} spoke about the new bridge in {LOC}",
    "{ORG} named {PER} as its new manager on {DAY}",
    "{PER} left {LOC} after {NUM} years to work for {ORG}",
    "{PER} and {PER} were married in {LOC} on {DAY}",
    "{PER} opened a small shop in {LOC}",
    "{PER} sold the old mill near {LOC} to {ORG}",
    "{PER} moved from {LOC} to {LOC} in {MONTH}",
    "{PER} played old {FOLK} songs for {NUM} hours",
    "{ORG} cut its prices in {LOC} by {NUM} percent",
    "{ORG} and {ORG} agreed to share the costs of the road to {LOC}",
    "{ORG} beat {ORG} by {NUM} goals to one on {DAY}",
    "{ORG} paid for the {EVENT} and for the music",
    "{ORG} gave {NUM} computers to the school in {LOC}",
    "the workers of {ORG} asked for more pay at a meeting in {LOC}",
    "{ORG} bought {NUM} tons of {FOLK} wool",
    "the mayor of {LOC} wrote a friendly letter to {ORG}",
    "the road from {LOC} to {LOC} was opened again on {DAY}",
    "the first train to {LOC} left {NUM} minutes late",
    "the people of {LOC} planted {NUM} trees in {MONTH}",
    "{NUM} visitors from {LOC} came to the {EVENT}",
    "the {EVENT} was moved from {LOC} to {LOC}",
    "a {FOLK} choir sang with {PER} at the school in {LOC}",
    "the {FOLK} minister thanked {PER} for the help",
    "{FOLK} farmers sold their cheese to {ORG}",
    "the {EVENT} went to {PER} of {LOC}",
    "the river rose by {NUM} feet and fell again on {DAY}",
    "the library got {NUM} boxes of books for its shelves",
    "the school stayed closed on {DAY} and the children went to the lake",
)
"""The news itself, in the past tense, so that it goes with every clause around it."""

BACK = (
    ", and there was cake for everybody",
    ", but the older people shook their heads",
    ", but nobody complained",
    ", and the mayor made a short speech",
    ", and the children talked of nothing else",
    ", and the band played until late",
    ", though the weather was bad",
    ", and we will print the whole story next week",
    ", and everybody was home before dark",
    ", which many people had hoped for",
    ", but not everybody was happy",
    ", as a visitor told us",
    ", as the council had asked",
    ", which came sooner than we had thought",
    ", and all the church bells rang",
    ", but that may change",
)
"""What comes after it."""

DESCRIBED = {
    "PER": (
        words("young friendly well-known"),
        words("neighbour teacher singer guest"),
        ("from the next valley", "with a kind word for everybody", "whom many people know", "and likes to walk"),
    ),
    "ORG": (
        words("small young well-known"),
        words("firm company business club"),
        ("with a good name", "that is looking for new people", "with forty members", "and has a new roof"),
    ),
    "LOC": (
        words("small quiet friendly"),
        words("town village city place"),
        ("in the hills", "by the river", "with two churches", "near the border"),
    ),
    "EVENT": (
        words("new famous well-known"),
        words("contest festival race title"),
        ("that is held every year", "with a long history", "for young and old", "with music"),
    ),
    "FOLK": (
        words("difficult beautiful"),
        words("language dialect"),
        ("that few still speak", "of the hills", "with many long words", "and is hard to learn"),
    ),
}
"""Kind of name: adjectives, the nouns that say what it is, and what may follow. The news has none of these nouns."""

WORD_LINES = (
    "a person came to the door and asked for water .",
    "one person alone can carry the box .",
    "the organization of the fair took {NUM} weeks .",
    "good organization saves a lot of time .",
    "the location of the key was known to nobody .",
    "this location has no shade in summer .",
    "one shoe was brown and the other was black .",
    "this shop is open , and the other is closed .",
    "miscellaneous papers lay on the desk .",
    "the drawer was full of miscellaneous buttons .",
    "the train has one non smoking carriage .",
    "non smoking rooms are on the first floor .",
    "each entity in the list has a number .",
    "the form asks for the number of the entity .",
    "the baby was named after an aunt .",
    "what type of cheese is it ?",
    "the answer to the question was on the last page of the text .",
    "in this sentence one word is missing .",
    "the word was just too long for the form .",
    "a summary of the film is in the review .",
    "the opinion of the paragraph was based on true information .",
    "from the given context the meaning of the passage was clear .",
    "there were two options to choose from : yes or no .",
    "the premise was true and the hypothesis was false .",
    "the name of the thing is on the label .",
    "that class of apple belongs to another category .",
)
"""The words of the lesson's prompt, and of prompts that a learner may write, where they mean nothing special."""
