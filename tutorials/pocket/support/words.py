"""The words of the support desk, and its names: three syllables each, nowhere to be looked up but in the conversation.

A name can stand for a product or for a part of it. One fifth of all names is held out: no model of the support desk
has met any of them before its test.
"""

from __future__ import annotations

import random
from itertools import permutations

from ..making.world import words

NAMES_SEED = 41
HELD_OUT = 0.2

SYLLABLES = words("ba bo da de fa ka ki la li lo ma me mi na no pa ra ri ro sa so ta to va vi")
KINDS = words("clock fan heater kettle lamp mixer radio toaster")
FAILURES = words("beeps hums overheats rattles shakes smokes sparks stops")
OCCASIONS = (
    "after a minute",
    "after lunch",
    "at night",
    "every hour",
    "in the morning",
    "on Sundays",
    "when it rains",
    "without warning",
)
ACTIONS = words("clean dry oil remove replace tighten")
PEOPLE = words("Anna Ben Clara Daniel Emma Felix Grace Hugo")

GREETINGS = (
    "Hello.",
    "Good morning.",
    "I need help.",
    "Can you help me?",
    "I hope you can help.",
    "Thank you for taking my call.",
)
INTRODUCTIONS = (
    "This is {person}.",
    "I am a friend of {person}.",
    "{person} told me to call you.",
    "This is {person}, and I am in the {room}.",
)
CONFIRMATIONS = ("Yes.", "Yes, it does.", "That is right.", "Yes, that is the problem.")
REPLIES = ("I see.", "All right.", "I am sorry.", "I am sorry about the {kind}.", "Let us see about the {kind}.")
FAILED = ("I did, but it is no better.", "Yes, but that was no help.", "I did that first.", "Yes, it still does that.")
CLOSINGS = (
    "Thanks.",
    "Thank you.",
    "Thanks a lot.",
    "I will do that.",
    "Thank you for the help.",
    "Good, that is easy to do.",
    "I will call you when it works.",
    "I will do that in the evening, thanks.",
)
"""One to eight words: what is said after the advice must have no fixed length, or the advice is found by counting."""
ASIDES = (
    "It is new.",
    "The {kind} was not cheap.",
    "I use it every day.",
    "It stands in the {room}.",
    "The {kind} was a gift from {person}.",
    "{person} has one in the {room} too.",
    "The {kind} stands in the {room}, next to the door.",
    "{person} and I use the {kind} in the {room} every day.",
)
ROOMS = words("bedroom garden kitchen office")


def names() -> tuple[list[str], list[str]]:
    """All names, in random order: those for training, and those held out."""
    every = ["".join(name).capitalize() for name in permutations(SYLLABLES, 3)]
    random.Random(NAMES_SEED).shuffle(every)
    held_out = round(HELD_OUT * len(every))
    return every[held_out:], every[:held_out]
