"""How BERT and GPT-2 predict, and how one is pre-trained from nothing.

Every step is one experiment. Its parameters are the settings on the
page, its defaults the book's values.
"""

from .continuing import next_token, word_by_word
from .corpus import articles, blocks
from .pretraining import pretrain
from .questions import complete, gap, next_word
from .reading import (
    both_sides,
    fill_the_gap,
    look_inside,
    tokenise,
    true_share,
)
from .reciting import recite

__all__ = [
    "articles",
    "blocks",
    "both_sides",
    "complete",
    "fill_the_gap",
    "gap",
    "look_inside",
    "next_token",
    "next_word",
    "pretrain",
    "recite",
    "tokenise",
    "true_share",
    "word_by_word",
]
